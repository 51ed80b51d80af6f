import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as t from '../../../test/support/ledger.ts';
import { Body } from './body.ts';
import type { LimitValues } from './commands.ts';
import { decide } from './decide.ts';
import { INT64_MAX } from './limits.ts';
import { decideSimple } from './simple.ts';
import { wordsOf } from './uuid.ts';

const [A, B] = [1, 2].map(t.uuid);
const id = t.uuid(1_000);

/** Small enough that balances meet limits exactly, now and then large enough to overflow. */
const small = fc.bigInt({ min: 0n, max: 4n });
const side = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(small, small) },
  { weight: 1, arbitrary: small.map((held): [bigint, bigint] => [INT64_MAX - held - 1n, held]) },
  { weight: 1, arbitrary: small.map((posted): [bigint, bigint] => [posted, INT64_MAX - posted]) },
);
const limit = fc.oneof(fc.constant(null), fc.bigInt({ min: -6n, max: 6n }));
const limits: fc.Arbitrary<LimitValues> = fc.tuple(limit, limit, limit, limit);
const account = fc.record({
  debits: side,
  credits: side,
  limits,
  creditNormal: fc.boolean(),
  closed: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
  reserved: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
  asset: fc.integer({ min: 0, max: 15 }).map((n) => (n === 0 ? 1 : 0)),
  isThere: fc.integer({ min: 0, max: 15 }).map((n) => n !== 0),
  version: fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 52),
});
const asked = fc.record({
  amount: fc.oneof(
    { weight: 6, arbitrary: fc.bigInt({ min: 1n, max: 6n }) },
    { weight: 1, arbitrary: fc.constantFrom(INT64_MAX, INT64_MAX - 3n, 2n ** 62n) },
  ),
  pending: fc.boolean(),
  expiresAfterSeconds: fc.constantFrom(0, 0, 1, 315_360_000),
  effectiveDay: fc.constantFrom(null, 0, -25_567, 376_199),
  reference: fc.constantFrom('', 'r', '12345678', 'é'.repeat(256)).map(t.bytes),
  metadata: fc.constantFrom(t.metadata('k', 'v'), new Uint8Array(0) as ReturnType<typeof t.metadata>),
  nowUs: fc.constantFrom(t.NOON_US, Number.MAX_SAFE_INTEGER - 500_000, Number.MAX_SAFE_INTEGER - 1_000_000),
});

test('the hot path writes the very bytes of the general one, and leaves to it just what it refuses', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(account, account, asked, (debit, credit, { amount, nowUs, ...more }) => {
      const ledger = new t.TestLedger(nowUs);
      [debit, credit].forEach((one, i) => {
        if (!one.isThere) return;
        ledger.state.accounts.insert({
          number: 7 + i,
          book: 1,
          words: wordsOf([A, B][i]),
          asset: one.asset,
          creditNormal: one.creditNormal,
          closed: one.closed,
          reserved: one.reserved,
          version: one.version,
          limits: one.limits,
          lastSeq: 0,
          debitsPosted: one.debits[0],
          debitsPending: one.debits[1],
          creditsPosted: one.credits[0],
          creditsPending: one.credits[1],
        });
      });
      const command = t.create(id, [t.posting(A, B, amount)], {
        ...more,
        expiresAfterSeconds: more.pending ? more.expiresAfterSeconds : 0,
      });
      const general = new Body(8),
        hot = new Body(8);
      // Leftovers of an event that was taken back must not shine through.
      hot.bytes.fill(0xee);
      hot.reserve(2_048);
      hot.bytes.fill(0xee);
      const decision = decide({ ...ledger.context(), body: general }, command);
      const { timeUs } = ledger.block;
      const isThere = ledger.slot(A) >= 0 && ledger.slot(B) >= 0;
      const isBooked =
        isThere &&
        decideSimple(ledger.state.accounts, t.batchOf([command]), 0, ledger.slot(A), ledger.slot(B), {
          book: 1,
          nowUs: timeUs,
          day: Math.floor(timeUs / t.DAY_US),
          body: hot,
        });
      if (decision.done === 'event') {
        expect([isBooked, hot.end, hot.events]).toEqual([true, general.end, 1]);
        expect(Buffer.compare(hot.bytes.subarray(0, hot.end), general.bytes.subarray(0, general.end))).toBe(
          0,
        );
      } else {
        if (decision.done !== 'refused') throw new Error(decision.done);
        expect([isBooked, hot.end, hot.events]).toEqual([false, 0, 0]);
      }
      const what = decision.done === 'refused' ? decision.refusal.reason : 'booked';
      seen.set(what, (seen.get(what) ?? 0) + 1);
    }),
    { numRuns: 3_000 },
  );
  for (const what of [
    'booked',
    'ACCOUNT_NOT_FOUND',
    'ACCOUNT_CLOSED',
    'ASSET_MISMATCH',
    'COUNTER_OVERFLOW',
    'INSUFFICIENT_FUNDS',
    'LIMIT_EXCEEDED',
    'EXPIRY_OUT_OF_RANGE',
  ])
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(0);
});
