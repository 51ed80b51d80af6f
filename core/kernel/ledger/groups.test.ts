import { describe, expect, test } from 'vitest';
import { REFUSALS_REMEMBERED_A_DAY_MAX } from './limits.ts';
import * as t from '../../../test/support/ledger.ts';

const [A, B, C, MISSING] = [1, 2, 3, 99].map(t.uuid);
const id = (n: number) => t.uuid(1_000 + n);

function ledger(): t.TestLedger {
  const ledger = new t.TestLedger();
  for (const account of [A, B, C]) ledger.must(t.open(account));
  return ledger;
}

const linked = { linked: true };
const pair = (second = B) => [
  t.create(id(1), [t.posting(A, B, 5n)], linked),
  t.create(id(2), [t.posting(A, second, 7n)]),
];

describe('a linked group', () => {
  test('is booked whole', () => {
    const given = ledger();
    expect(given.group(pair())).toMatchObject([
      { done: true, seq: 4 },
      { done: true, seq: 5, effects: [{ debit: { version: 2n }, credit: { posted: 12n } }] },
    ]);
    expect(given.counters(A)).toEqual([12n, 0n, 0n, 0n]);
  });

  test.each([0, 1, 2])('is refused whole where member %i is refused', (bad) => {
    const given = ledger();
    const group = [0, 1, 2].map((n) =>
      t.create(id(n), [t.posting(A, n === bad ? MISSING : B, 1n)], { linked: n < 2 }),
    );
    const outcomes = given.group(group);
    outcomes.forEach((outcome, n) =>
      expect(outcome).toMatchObject({
        done: false,
        remembered: true,
        reason: n === bad ? 'ACCOUNT_NOT_FOUND' : 'LINKED_FAILED',
      }),
    );
    expect([given.counters(A), given.counters(B)]).toEqual([
      [0n, 0n, 0n, 0n],
      [0n, 0n, 0n, 0n],
    ]);
  });

  test('lets a member stand on what the members before it left', () => {
    const given = ledger();
    given.must(t.change(id(50), B, { limits: [null, null, 0n, null] }));
    expect(
      given.group([t.create(id(1), [t.posting(A, B, 5n)], linked), t.create(id(2), [t.posting(B, C, 5n)])]),
    ).toMatchObject([{ done: true }, { done: true }]);
    expect(
      given.group([t.create(id(3), [t.posting(A, B, 5n)], linked), t.create(id(4), [t.posting(B, C, 6n)])]),
    ).toMatchObject([{ reason: 'LINKED_FAILED' }, { reason: 'INSUFFICIENT_FUNDS' }]);
    expect(given.counters(B)).toEqual([5n, 5n, 0n, 0n]);
  });

  test('replays whole', () => {
    const given = ledger();
    const first = given.group(pair());
    expect(given.group(pair())).toEqual(first.map((outcome) => ({ ...outcome, replayed: true })));
    expect(given.counters(A)).toEqual([12n, 0n, 0n, 0n]);
  });

  test('that was refused stays refused, also when it could now succeed', () => {
    const given = ledger();
    const first = given.group(pair(MISSING));
    given.must(t.open(MISSING));
    expect(given.group(pair(MISSING))).toEqual(first.map((outcome) => ({ ...outcome, replayed: true })));
    expect(given.counters(A)).toEqual([0n, 0n, 0n, 0n]);
  });

  test('with a member that was booked before answers that, and refuses the new ones', () => {
    const given = ledger();
    const [first] = given.group(pair());
    const outcomes = given.group([pair()[0], t.create(id(3), [t.posting(A, B, 1n)])]);
    expect(outcomes).toMatchObject([
      { ...first, replayed: true },
      { reason: 'LINKED_FAILED', remembered: true },
    ]);
  });

  test('with an id that was used for another body refuses the others', () => {
    const given = ledger();
    given.must(t.create(id(2), [t.posting(A, B, 1n)]));
    expect(given.group(pair())).toMatchObject([
      { reason: 'LINKED_FAILED', remembered: true },
      { reason: 'ID_REUSED', field: 'postings[0].amount', remembered: false },
    ]);
  });

  test('that names an id twice is refused; the id is spent once', () => {
    const given = ledger();
    const twice = [t.create(id(1), [t.posting(A, B, 5n)], linked), t.create(id(1), [t.posting(A, B, 5n)])];
    expect(given.group(twice)).toMatchObject([
      { reason: 'LINKED_FAILED', remembered: true },
      { reason: 'ID_REUSED', remembered: false },
    ]);
    expect(given.counters(A)).toEqual([0n, 0n, 0n, 0n]);
    expect(given.group(twice)[0]).toMatchObject({ reason: 'LINKED_FAILED', replayed: true });
  });

  test('is remembered up to the quota exactly, and declined whole where its refusals would pass it', () => {
    const given = ledger();
    // A refusal of today, so that the count is of this day.
    given.send(t.create(id(90), [t.posting(A, MISSING, 1n)]));
    const used = (count: number) => given.state.refusalsToday.set(given.book, count);
    const events = () => given.block.body.events;
    const before = events();
    used(REFUSALS_REMEMBERED_A_DAY_MAX - 1);
    for (const outcome of given.group(pair(MISSING)))
      expect(outcome).toMatchObject({ reason: 'REFUSAL_QUOTA', remembered: false });
    expect(events()).toBe(before);
    expect(given.state.refusalsToday.get(given.book)).toBe(REFUSALS_REMEMBERED_A_DAY_MAX - 1);

    used(REFUSALS_REMEMBERED_A_DAY_MAX - 2);
    expect(given.group(pair(MISSING))).toMatchObject([
      { reason: 'LINKED_FAILED', remembered: true },
      { reason: 'ACCOUNT_NOT_FOUND', remembered: true },
    ]);
    expect(given.state.refusalsToday.get(given.book)).toBe(REFUSALS_REMEMBERED_A_DAY_MAX);
    // With the quota used up, what is booked and what was answered before is answered as ever.
    expect(given.group(pair(MISSING))).toMatchObject([{ replayed: true }, { replayed: true }]);
    const sound = [t.create(id(3), [t.posting(A, B, 1n)], linked), t.create(id(4), [t.posting(A, B, 1n)])];
    expect(given.group(sound)).toMatchObject([{ done: true }, { done: true }]);
  });

  test('needs of the quota only what it would have remembered', () => {
    const given = ledger();
    given.send(t.create(id(90), [t.posting(A, MISSING, 1n)]));
    const spent = t.create(id(1), [t.posting(A, B, 5n)], linked);
    given.must(spent);
    given.state.refusalsToday.set(given.book, REFUSALS_REMEMBERED_A_DAY_MAX - 1);
    expect(given.group([spent, t.create(id(2), [t.posting(A, B, 7n)])])).toMatchObject([
      { done: true, replayed: true },
      { reason: 'LINKED_FAILED', remembered: true },
    ]);
  });

  test('names one fault: members behind it are not decided', () => {
    const given = ledger();
    const group = [
      t.create(id(1), [t.posting(A, MISSING, 1n)], linked),
      t.create(id(2), [t.posting(MISSING, A, 1n)]),
    ];
    expect(given.group(group)).toMatchObject([
      { reason: 'ACCOUNT_NOT_FOUND' },
      { reason: 'LINKED_FAILED', field: '', posting: -1 },
    ]);
  });
});
