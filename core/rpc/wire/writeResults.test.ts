import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CreateTransactionsResponseSchema } from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { Body } from '../../kernel/ledger/body.ts';
import { parseUuid } from '../../kernel/ledger/uuid.ts';
import { COUNTERS, EventType, Flag, POSTING, TARGETED, TX } from '../../kernel/ledger/layout.ts';
import { REFUSALS, type Reason } from '../../kernel/ledger/refusals.ts';
import { outcomesOf } from '../../shard/commandWork.ts';
import { Came, Outcomes } from '../../shard/outcomes.ts';
import { writeResults } from './writeResults.ts';

const INT64_MAX = 9223372036854775807n;
const counter = fc.oneof(
  fc.bigInt({ min: 0n, max: INT64_MAX }),
  fc.constantFrom(0n, 1n, 0xffffffffn, 0x100000000n, INT64_MAX),
);
const version = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);
/** Posted and pending of one side never pass int64 together. */
const side = fc
  .tuple(counter, counter)
  .map(([posted, held]): [bigint, bigint] => [posted, posted + held > INT64_MAX ? INT64_MAX - posted : held]);
const account = fc.record({ debits: side, credits: side, version, creditNormal: fc.boolean() });
const seq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

const booked = fc.record({
  kind: fc.constant('booked' as const),
  postings: fc.array(fc.record({ debit: account, credit: account }), { minLength: 1, maxLength: 6 }),
  targeted: fc.boolean(),
  replayed: fc.boolean(),
  tail: fc.nat({ max: 40 }),
  seq,
});
const refused = fc.record({
  kind: fc.constant('refused' as const),
  reason: fc.constantFrom(...(Object.keys(REFUSALS) as Reason[])),
  field: fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme', maxLength: 60 })),
  posting: fc.integer({ min: -1, max: 300 }),
  account: fc.constantFrom('' as const, parseUuid('00000000-0000-4000-8000-00000000abcd')!),
  remembered: fc.boolean(),
  replayed: fc.boolean(),
  seq: fc.oneof(fc.constant(0), seq),
});

type Account = typeof account extends fc.Arbitrary<infer A> ? A : never;
type Item =
  | (typeof booked extends fc.Arbitrary<infer B> ? B : never)
  | (typeof refused extends fc.Arbitrary<infer R> ? R : never);

function writeEvent(body: Body, item: Item & { kind: 'booked' }): number {
  const stride = item.targeted ? TARGETED.bytes : POSTING.bytes;
  const fixed = TX.bytes + (item.targeted ? 24 : 0);
  const several = item.postings.length > 1;
  const at = body.begin(
    EventType.transaction,
    0,
    fixed + item.postings.length * stride + item.tail + (several ? item.postings.length : 0),
  );
  const { view } = body;
  const sides = item.postings.map(
    ({ debit, credit }) => (debit.creditNormal ? 1 : 0) | (credit.creditNormal ? 2 : 0),
  );
  view.setUint16(at + 6, (item.targeted ? Flag.hasTarget : 0) | (sides[0] << 8), true);
  view.setUint16(at + TX.postings, item.postings.length, true);
  view.setUint16(at + TX.referenceBytes, item.tail, true);
  const put = (one: Account, versionAt: number, countersAt: number) => {
    view.setBigInt64(versionAt, BigInt(one.version), true);
    view.setBigInt64(countersAt + COUNTERS.debitsPosted, one.debits[0], true);
    view.setBigInt64(countersAt + COUNTERS.debitsPending, one.debits[1], true);
    view.setBigInt64(countersAt + COUNTERS.creditsPosted, one.credits[0], true);
    view.setBigInt64(countersAt + COUNTERS.creditsPending, one.credits[1], true);
  };
  item.postings.forEach(({ debit, credit }, i) => {
    const p = at + fixed + i * stride;
    put(debit, p + POSTING.debitVersion, p + POSTING.debitCounters);
    put(credit, p + POSTING.creditVersion, p + POSTING.creditCounters);
    if (several) view.setUint8(at + fixed + item.postings.length * stride + item.tail + i, sides[i]);
  });
  return at;
}

function outcomesFor(items: readonly Item[]): Outcomes {
  const body = new Body(64);
  const outcomes = new Outcomes(items.length);
  items.forEach((item, i) => {
    if (item.kind === 'refused') outcomes.refuse(i, item);
    else
      outcomes.booked(i, body, writeEvent(body, item), item.seq, item.replayed ? Came.replayed : Came.booked);
  });
  return outcomes;
}

function effect({ debits, credits, version, creditNormal }: Account) {
  const posted = creditNormal ? credits[0] - debits[0] : debits[0] - credits[0];
  return {
    version: BigInt(version),
    postedBalance: posted,
    availableBalance: posted - (creditNormal ? debits[1] : credits[1]),
  };
}

function expected(item: Item): unknown {
  if (item.kind === 'booked')
    return {
      case: 'booked',
      value: {
        seq: BigInt(item.seq),
        replayed: item.replayed,
        effects: item.postings.map(({ debit, credit }) => ({ debit: effect(debit), credit: effect(credit) })),
      },
    };
  const { reason, field, posting, account, remembered, replayed, seq } = item;
  const value = {
    reason,
    message: REFUSALS[reason].text,
    field,
    accountId: account,
    remembered,
    seq: BigInt(seq),
    replayed,
  };
  return { case: 'refused', value: posting < 0 ? value : { ...value, posting } };
}

const position = { shard: 64, epoch: 7, seq: 2 ** 40, height: 300, blockHash: new Uint8Array(32).fill(0xab) };

function check(items: readonly Item[]): void {
  const response = fromBinary(CreateTransactionsResponseSchema, writeResults(position, outcomesFor(items)));
  expect(response.position).toMatchObject({ shard: 64, epoch: 7n, seq: 2n ** 40n, height: 300n });
  expect([...response.position!.blockHash]).toEqual([...position.blockHash]);
  expect(response.results.length).toBe(items.length);
  response.results.forEach((result, i) => expect(result.outcome).toMatchObject(expected(items[i]) as object));
}

test('protobuf-es reads what was written', () => {
  fc.assert(fc.property(fc.array(fc.oneof(booked, refused), { maxLength: 30 }), check), { numRuns: 150 });
});

test('the outcomes as values say the same as the wire', () => {
  fc.assert(
    fc.property(fc.array(booked, { minLength: 1, maxLength: 5 }), (items) => {
      outcomesOf(outcomesFor(items)).forEach((outcome, i) => {
        const effects = items[i].postings.map(({ debit, credit }) => [effect(debit), effect(credit)]);
        expect(outcome.done && outcome.effects.map(({ debit, credit }) => [debit, credit])).toMatchObject(
          effects.map((both) =>
            both.map((one) => ({
              version: one.version,
              posted: one.postedBalance,
              available: one.availableBalance,
            })),
          ),
        );
      });
    }),
  );
});

test('an answer that outgrows its first buffer is still whole', () => {
  const fault: Item = {
    kind: 'refused',
    reason: 'ID_REUSED',
    field: 'f'.repeat(500),
    posting: 255,
    account: parseUuid('00000000-0000-4000-8000-00000000abcd')!,
    remembered: true,
    replayed: true,
    seq: 2 ** 52,
  };
  check(Array.from({ length: 500 }, () => fault));
  const extreme = {
    debits: [0n, 0n],
    credits: [0n, INT64_MAX],
    version: 2 ** 52,
    creditNormal: false,
  } satisfies Account;
  const postings = Array.from({ length: 256 }, () => ({ debit: extreme, credit: extreme }));
  check([{ kind: 'booked', postings, targeted: false, replayed: true, tail: 1_000, seq: 2 ** 52 }, fault]);
});

test('the end of the int64 range is exact', () => {
  const extremes: Account[] = [
    { debits: [INT64_MAX, 0n], credits: [0n, 0n], version: 1, creditNormal: true },
    { debits: [0n, INT64_MAX], credits: [0n, 0n], version: 1, creditNormal: true },
    { debits: [0n, 0n], credits: [INT64_MAX, 0n], version: 1, creditNormal: true },
    { debits: [0n, 0n], credits: [INT64_MAX, 0n], version: 1, creditNormal: false },
    { debits: [1n, INT64_MAX - 1n], credits: [0n, 0n], version: 1, creditNormal: true },
  ];
  check(
    extremes.map((debit, i): Item => ({
      kind: 'booked',
      postings: [{ debit, credit: extremes[(i + 1) % 5] }],
      targeted: false,
      replayed: false,
      tail: 0,
      seq: 1,
    })),
  );
});
