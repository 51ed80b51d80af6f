import { describe, expect, test } from 'vitest';
import * as t from '../../../test/support/ledger.ts';
import type { LedgerCommand } from './commands.ts';
import { ID_AHEAD_MS_MAX } from './limits.ts';

const [A, B, C, D] = [1, 2, 3, 4].map(t.uuid);
const id = (n: number) => t.uuid(1_000 + n);

function ledger(): t.TestLedger {
  const ledger = new t.TestLedger();
  for (const account of [A, B, C]) ledger.must(t.open(account));
  ledger.must(t.hold(id(900), [t.posting(A, B, 10n), t.posting(A, C, 10n)]));
  ledger.must(t.hold(id(901), [t.posting(A, B, 10n)]));
  ledger.must(t.create(id(902), [t.posting(A, B, 10n), t.posting(A, C, 10n)]));
  ledger.must(t.create(id(903), [t.posting(A, B, 10n)]));
  return ledger;
}

const NOTED = { reference: t.bytes('r'), metadata: t.metadata('k', 'v') };

/** A command, and every other body of the same id with the field in which it differs. */
const bodies: [LedgerCommand, Record<string, LedgerCommand | LedgerCommand[]>][] = [
  [
    t.create(id(1), [t.posting(A, B, 1n)], NOTED),
    {
      postings: t.create(id(1), [t.posting(A, B, 1n), t.posting(A, B, 1n)], NOTED),
      'postings[0].debit_account': t.create(id(1), [t.posting(C, B, 1n)], NOTED),
      'postings[0].credit_account': t.create(id(1), [t.posting(A, C, 1n)], NOTED),
      'postings[0].amount': t.create(id(1), [t.posting(A, B, 2n)], NOTED),
      pending: t.hold(id(1), [t.posting(A, B, 1n)], NOTED),
      effective_date: t.create(id(1), [t.posting(A, B, 1n)], { ...NOTED, effectiveDay: 20_468 }),
      reference: [
        t.create(id(1), [t.posting(A, B, 1n)], { ...NOTED, reference: t.bytes('s') }),
        t.create(id(1), [t.posting(A, B, 1n)], { ...NOTED, reference: t.bytes('') }),
        t.create(id(1), [t.posting(A, B, 1n)], { ...NOTED, reference: t.bytes('\uFEFFr') }),
      ],
      metadata: [
        t.create(id(1), [t.posting(A, B, 1n)], { ...NOTED, metadata: t.metadata('k', 'w') }),
        t.create(id(1), [t.posting(A, B, 1n)], { reference: NOTED.reference }),
      ],
      linked: t.create(id(1), [t.posting(A, B, 1n)], { ...NOTED, linked: true }),
      id: [t.voiding(id(1), id(901)), t.open(id(1)), t.close(id(1), A), t.reverse(id(1), id(902))],
    },
  ],
  [
    t.hold(id(1), [t.posting(A, B, 1n)], { expiresAfterSeconds: 60 }),
    {
      expires_after_seconds: [
        t.hold(id(1), [t.posting(A, B, 1n)], { expiresAfterSeconds: 61 }),
        t.hold(id(1), [t.posting(A, B, 1n)]),
      ],
      pending: t.create(id(1), [t.posting(A, B, 1n)]),
    },
  ],
  [
    t.post(id(1), id(900), {
      ...NOTED,
      amounts: [
        { posting: 0, amount: 3n },
        { posting: 1, amount: 2n },
      ],
      keepOpen: true,
      effectiveDay: 20_000,
    }),
    {
      transaction_id: t.post(id(1), id(901), {
        ...NOTED,
        amounts: [{ posting: 0, amount: 3n }],
        keepOpen: true,
        effectiveDay: 20_000,
      }),
      amounts: [
        t.post(id(1), id(900), {
          ...NOTED,
          amounts: [
            { posting: 0, amount: 2n },
            { posting: 1, amount: 2n },
          ],
          keepOpen: true,
          effectiveDay: 20_000,
        }),
        t.post(id(1), id(900), {
          ...NOTED,
          amounts: [{ posting: 0, amount: 3n }],
          keepOpen: true,
          effectiveDay: 20_000,
        }),
        t.post(id(1), id(900), { ...NOTED, keepOpen: true, effectiveDay: 20_000 }),
      ],
      keep_open: t.post(id(1), id(900), {
        ...NOTED,
        amounts: [
          { posting: 0, amount: 3n },
          { posting: 1, amount: 2n },
        ],
        effectiveDay: 20_000,
      }),
      effective_date: t.post(id(1), id(900), {
        ...NOTED,
        amounts: [
          { posting: 0, amount: 3n },
          { posting: 1, amount: 2n },
        ],
        keepOpen: true,
      }),
      id: t.reverse(id(1), id(902)),
    },
  ],
  [
    t.voiding(id(1), id(900), NOTED),
    {
      transaction_id: t.voiding(id(1), id(901), NOTED),
      reference: t.voiding(id(1), id(900), { metadata: NOTED.metadata }),
      metadata: t.voiding(id(1), id(900), { reference: NOTED.reference }),
      id: t.post(id(1), id(900)),
    },
  ],
  [
    t.reverse(id(1), id(902), { ...NOTED, amounts: [{ posting: 1, amount: 2n }] }),
    {
      transaction_id: t.reverse(id(1), id(903), { ...NOTED, amounts: [{ posting: 1, amount: 2n }] }),
      amounts: [
        t.reverse(id(1), id(902), NOTED),
        t.reverse(id(1), id(902), { ...NOTED, amounts: [{ posting: 0, amount: 2n }] }),
      ],
      effective_date: t.reverse(id(1), id(902), {
        ...NOTED,
        amounts: [{ posting: 1, amount: 2n }],
        effectiveDay: 1,
      }),
      id: t.voiding(id(1), id(900)),
    },
  ],
  [
    t.open(D, { metadata: NOTED.metadata, limits: [null, 5n, 0n, null] }),
    {
      code: t.open(D, { code: 'other', metadata: NOTED.metadata, limits: [null, 5n, 0n, null] }),
      asset: t.open(D, { asset: 'USD', metadata: NOTED.metadata, limits: [null, 5n, 0n, null] }),
      normal_side: t.open(D, { normalSide: 1, metadata: NOTED.metadata, limits: [null, 5n, 0n, null] }),
      'limits.posted_floor': t.open(D, { metadata: NOTED.metadata, limits: [0n, 5n, 0n, null] }),
      'limits.posted_ceiling': t.open(D, { metadata: NOTED.metadata, limits: [null, 6n, 0n, null] }),
      'limits.available_floor': t.open(D, { metadata: NOTED.metadata, limits: [null, 5n, null, null] }),
      'limits.available_ceiling': t.open(D, { metadata: NOTED.metadata, limits: [null, 5n, 0n, 0n] }),
      metadata: t.open(D, { limits: [null, 5n, 0n, null] }),
      id: t.create(D, [t.posting(A, B, 1n)]),
    },
  ],
  [
    t.change(id(1), A, { limits: [null, 5n, null, null], metadata: NOTED.metadata }),
    {
      account_id: t.change(id(1), B, { limits: [null, 50n, null, null], metadata: NOTED.metadata }),
      'limits.posted_ceiling': t.change(id(1), A, {
        limits: [null, 6n, null, null],
        metadata: NOTED.metadata,
      }),
      limits: t.change(id(1), A, { metadata: NOTED.metadata }),
      metadata: t.change(id(1), A, { limits: [null, 5n, null, null] }),
      id: t.close(id(1), A),
    },
  ],
  [
    t.close(id(1), t.uuid(5)),
    { account_id: t.close(id(1), B), id: t.change(id(1), t.uuid(5), { limits: [0n, 0n, 0n, 0n] }) },
  ],
];

const named = bodies.map(([command, others]) => [command.op, command, others] as const);

describe.each(named)('%s', (_, command, others) => {
  test('the same id with the same body replays the original answer, also when the world has changed', () => {
    const given = ledger();
    given.must(t.open(t.uuid(5)));
    const first = given.must(command);
    given.must(t.create(id(800), [t.posting(A, B, 3n)]));
    given.advance(t.DAY_US);
    const before = given.state.nextSeq;
    expect(given.send(command)).toEqual({ ...first, replayed: true });
    expect(given.state.nextSeq).toBe(before);
  });

  const cases = Object.entries(others).flatMap(([field, bodies]) =>
    [bodies].flat().map((body): [string, LedgerCommand] => [field, body]),
  );

  test.each(cases)('another body is refused naming %s', (field, body) => {
    const given = ledger();
    given.must(t.open(t.uuid(5)));
    given.must(command);
    expect(given.send(body)).toMatchObject({
      done: false,
      reason: 'ID_REUSED',
      field,
      remembered: false,
      seq: 0,
    });
  });

  test.each(cases)('another body of a refused one is refused naming %s', (field, body) => {
    // In an empty ledger all of these are refused: there are no accounts.
    const given = new t.TestLedger();
    given.must(t.open(t.uuid(77), { code: t.open(D).code }));
    given.must(t.open(t.uuid(78), { code: 'other' }));
    expect(given.send(command)).toMatchObject({ done: false, remembered: true });
    expect(given.send(body)).toMatchObject({ done: false, reason: 'ID_REUSED', field, remembered: false });
  });
});

describe('a refused id stays refused', () => {
  test('with the same reason, also when it could now succeed', () => {
    const given = ledger();
    const command = t.create(id(1), [t.posting(A, D, 1n)]);
    const first = given.send(command);
    expect(first).toMatchObject({ reason: 'ACCOUNT_NOT_FOUND', remembered: true });
    given.must(t.open(D));
    expect(given.send(command)).toEqual({ ...first, replayed: true });
    expect(given.send({ ...command, id: id(2) })).toMatchObject({ done: true });
    expect(given.counters(D)).toEqual([0n, 1n, 0n, 0n]);
  });

  test('in every kind of command', () => {
    const given = ledger();
    const missing = id(50);
    for (const [i, command] of [
      t.post(id(1), missing),
      t.voiding(id(2), missing),
      t.reverse(id(3), missing),
      t.open(id(4), { code: t.open(A).code }),
      t.change(id(5), missing, { limits: t.NO_LIMITS }),
      t.close(id(6), missing),
    ].entries()) {
      const first = given.send(command);
      expect(first, String(i)).toMatchObject({ done: false, remembered: true, replayed: false });
      expect(given.send(command), String(i)).toEqual({ ...first, replayed: true });
    }
  });
});

test('a transaction cannot have the id of an account, nor an account that of a transaction', () => {
  const given = ledger();
  expect(given.send(t.create(A, [t.posting(A, B, 1n)]))).toMatchObject({ reason: 'ID_REUSED', field: 'id' });
  expect(given.send(t.open(id(902)))).toMatchObject({ reason: 'ID_REUSED', field: 'id' });
});

test('what has the id of something else is no transaction to act on', () => {
  const given = ledger();
  given.send(t.create(id(1), [t.posting(A, D, 1n)]));
  expect(given.send(t.post(id(2), A))).toMatchObject({ reason: 'TRANSACTION_NOT_FOUND' });
  expect(given.send(t.reverse(id(3), id(1)))).toMatchObject({ reason: 'TRANSACTION_NOT_FOUND' });
});

describe('a UUIDv7 stamped more than a day ahead', () => {
  const nowMs = t.NOON_US / 1_000;
  test('is refused and not remembered', () => {
    const given = ledger();
    const early = t.create(t.uuid7(nowMs + ID_AHEAD_MS_MAX + 1, 1), [t.posting(A, B, 1n)]);
    const before = given.state.nextSeq;
    expect(given.send(early)).toMatchObject({ reason: 'ID_TOO_FAR_AHEAD', field: 'id', remembered: false });
    expect(given.state.nextSeq).toBe(before);
    given.advance(1_000);
    expect(given.send(early)).toMatchObject({ done: true });
  });

  test('a day ahead to the millisecond is not', () => {
    expect(ledger().send(t.create(t.uuid7(nowMs + ID_AHEAD_MS_MAX, 1), [t.posting(A, B, 1n)]))).toMatchObject(
      { done: true },
    );
  });

  test('in a linked group leaves nothing remembered of the others either', () => {
    const given = ledger();
    const group = [
      t.create(id(1), [t.posting(A, B, 1n)], { linked: true }),
      t.create(t.uuid7(nowMs + ID_AHEAD_MS_MAX + 1, 1), [t.posting(A, B, 1n)]),
    ];
    const before = given.state.nextSeq;
    expect(given.group(group)).toMatchObject([
      { reason: 'GROUP_MALFORMED', remembered: false },
      { reason: 'ID_TOO_FAR_AHEAD', remembered: false },
    ]);
    expect(given.state.nextSeq).toBe(before);
    given.advance(1_000);
    expect(given.group(group)).toMatchObject([{ done: true }, { done: true }]);
  });
});
