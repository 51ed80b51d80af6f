import { describe, expect, test } from 'vitest';
import * as t from '../../../test/support/ledger.ts';
import type { LimitValues, Uuid } from './commands.ts';

const [A, B] = [1, 2].map(t.uuid);
const id = (n: number) => t.uuid(1_000 + n);

const only = (index: number, value: bigint) =>
  t.NO_LIMITS.map((none, i) => (i === index ? value : none)) as LimitValues;

/** A ledger whose account A has that normal side; `raise` and `lower` move its balance that far. */
function sided(normalSide: 1 | 2) {
  const given = new t.TestLedger();
  given.must(t.open(A, { normalSide }));
  given.must(t.open(B));
  const move = (up: boolean, amount: bigint) =>
    up === (normalSide === 2) ? t.posting(B, A, amount) : t.posting(A, B, amount);
  let n = 0;
  const next = () => id(n++);
  return {
    given,
    limit: (limits: LimitValues) => given.send(t.change(next(), A, { limits })),
    raise: (amount: bigint) => given.send(t.create(next(), [move(true, amount)])),
    lower: (amount: bigint) => given.send(t.create(next(), [move(false, amount)])),
    holdUp: (amount: bigint, as: Uuid = next()) => given.send(t.hold(as, [move(true, amount)])),
    holdDown: (amount: bigint, as: Uuid = next()) => given.send(t.hold(as, [move(false, amount)])),
    post: (target: Uuid) => given.send(t.post(next(), target)),
    void: (target: Uuid) => given.send(t.voiding(next(), target)),
  };
}

const done = { done: true };
const short = { done: false, reason: 'INSUFFICIENT_FUNDS', account: A };
const over = { done: false, reason: 'LIMIT_EXCEEDED', account: A };
const violated = (field: string) => ({
  done: false,
  reason: 'LIMIT_VIOLATED',
  field: `limits.${field}`,
  account: A,
});

describe.each([
  ['debit', 1],
  ['credit', 2],
] as const)('on a %s-normal account', (_, side) => {
  test('the posted floor stops what is posted below it, not what is held', () => {
    const a = sided(side);
    expect(a.limit(only(0, -5n))).toMatchObject(done);
    expect(a.lower(6n)).toMatchObject(short);
    expect(a.holdDown(6n)).toMatchObject(done);
    expect(a.lower(5n)).toMatchObject(done);
    expect(a.raise(1n)).toMatchObject(done);
    expect(a.lower(2n)).toMatchObject(short);
  });

  test('the posted ceiling stops what is posted above it, not what is held', () => {
    const a = sided(side);
    expect(a.limit(only(1, 5n))).toMatchObject(done);
    expect(a.raise(6n)).toMatchObject(over);
    expect(a.holdUp(6n, id(500))).toMatchObject(done);
    expect(a.post(id(500))).toMatchObject(over);
    expect(a.raise(5n)).toMatchObject(done);
    expect(a.lower(1n)).toMatchObject(done);
    expect(a.raise(2n)).toMatchObject(over);
  });

  test('the available floor counts holds that lower, not those that raise', () => {
    const a = sided(side);
    expect(a.limit(only(2, 0n))).toMatchObject(done);
    expect(a.holdUp(100n)).toMatchObject(done);
    expect(a.lower(1n)).toMatchObject(short);
    expect(a.raise(10n)).toMatchObject(done);
    expect(a.holdDown(4n, id(500))).toMatchObject(done);
    expect(a.lower(7n)).toMatchObject(short);
    expect(a.holdDown(7n)).toMatchObject(short);
    expect(a.holdDown(6n)).toMatchObject(done);
    expect(a.lower(1n)).toMatchObject(short);
    expect(a.void(id(500))).toMatchObject(done);
    expect(a.lower(4n)).toMatchObject(done);
  });

  test('the available ceiling counts holds that raise, not those that lower', () => {
    const a = sided(side);
    expect(a.limit(only(3, 10n))).toMatchObject(done);
    expect(a.holdDown(100n)).toMatchObject(done);
    expect(a.raise(11n)).toMatchObject(over);
    expect(a.holdUp(4n, id(500))).toMatchObject(done);
    expect(a.holdUp(7n)).toMatchObject(over);
    expect(a.raise(6n)).toMatchObject(done);
    expect(a.raise(1n)).toMatchObject(over);
    expect(a.post(id(500))).toMatchObject(done);
    expect(a.raise(1n)).toMatchObject(over);
  });

  test('a change is refused where the present balance violates it, by each limit', () => {
    const a = sided(side);
    a.raise(10n);
    a.holdUp(3n);
    a.holdDown(2n);
    expect(a.limit(only(0, 11n))).toMatchObject(violated('posted_floor'));
    expect(a.limit(only(1, 9n))).toMatchObject(violated('posted_ceiling'));
    expect(a.limit(only(2, 9n))).toMatchObject(violated('available_floor'));
    expect(a.limit(only(3, 12n))).toMatchObject(violated('available_ceiling'));
    expect(a.limit([10n, 10n, 8n, 13n])).toMatchObject(done);
    // Nothing moves between them; taken away again, everything does.
    expect(a.raise(1n)).toMatchObject(over);
    expect(a.lower(1n)).toMatchObject(short);
    expect(a.limit(t.NO_LIMITS)).toMatchObject(done);
    expect(a.lower(100n)).toMatchObject(done);
  });

  test('a new account keeps its limits at a balance of zero', () => {
    const { given } = sided(side);
    const opened = (index: number, value: bigint) =>
      given.send(t.open(t.uuid(50 + index), { normalSide: side, limits: only(index, value) }));
    expect(
      [opened(0, 1n), opened(1, -1n), opened(2, 1n), opened(3, -1n)].map((one) => !one.done && one.field),
    ).toEqual([
      'limits.posted_floor',
      'limits.posted_ceiling',
      'limits.available_floor',
      'limits.available_ceiling',
    ]);
  });

  test('the ends of int64 are limits like others', () => {
    const a = sided(side);
    expect(a.limit([-(2n ** 63n), 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n - 1n])).toMatchObject(done);
    expect(a.raise(2n ** 63n - 1n)).toMatchObject(done);
    expect(a.lower(2n ** 63n - 1n)).toMatchObject(done);
  });
});

describe('an account', () => {
  test('is closed only at zero with nothing pending, and then for good', () => {
    const a = sided(2);
    a.raise(5n);
    expect(a.given.send(t.close(id(900), A))).toMatchObject({ reason: 'ACCOUNT_NOT_ZERO', account: A });
    a.lower(5n);
    a.holdUp(1n, id(500));
    expect(a.given.send(t.close(id(901), A))).toMatchObject({ reason: 'ACCOUNT_HAS_HOLDS', account: A });
    a.void(id(500));
    expect(a.given.send(t.close(id(902), A))).toMatchObject(done);
    expect(a.raise(1n)).toMatchObject({ reason: 'ACCOUNT_CLOSED', account: A });
    expect(a.holdDown(1n)).toMatchObject({ reason: 'ACCOUNT_CLOSED', account: A });
    expect(a.limit(t.NO_LIMITS)).toMatchObject({ reason: 'ACCOUNT_CLOSED', account: A });
    expect(a.given.send(t.close(id(903), A))).toMatchObject({ reason: 'ACCOUNT_CLOSED', account: A });
  });

  test('that is closed has no movement reversed', () => {
    const a = sided(2);
    a.given.must(t.create(id(500), [t.posting(B, A, 5n)]));
    a.lower(5n);
    a.given.must(t.close(id(501), A));
    expect(a.given.send(t.reverse(id(502), id(500)))).toMatchObject({
      reason: 'ACCOUNT_CLOSED',
      account: A,
      posting: 0,
    });
  });

  test('keeps its limits when only its metadata changes', () => {
    const a = sided(2);
    a.limit(only(2, 0n));
    a.given.must(t.change(id(500), A, { metadata: t.metadata('k', 'v') }));
    expect(a.lower(1n)).toMatchObject(short);
  });

  test('of another book is not found', () => {
    const given = new t.TestLedger();
    given.must(t.open(A));
    (given as { book: number }).book = 2;
    given.must(t.open(B));
    expect(given.send(t.create(id(1), [t.posting(A, B, 1n)]))).toMatchObject({
      reason: 'ACCOUNT_NOT_FOUND',
      account: A,
    });
    // Ids and codes are of a book: the same ones are free in another.
    expect(given.send(t.open(A))).toMatchObject(done);
  });
});
