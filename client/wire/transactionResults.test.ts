import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BookedTransactionSchema,
  CreateTransactionsResponseSchema,
} from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { countOutcomes, readTransactionResults } from './transactionResults.ts';

type Init = MessageInitShape<typeof CreateTransactionsResponseSchema>;

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc
    .nat(62)
    .chain((bits) => fc.constantFrom(2n ** BigInt(bits) - 1n, 2n ** BigInt(bits), -(2n ** BigInt(bits)))),
);
const effect = fc.record({ version: int64, postedBalance: int64, availableBalance: int64 });
const postingEffect = fc.record({ debit: effect, credit: effect }, { requiredKeys: [] });
const booked = fc
  .record({ seq: int64, replayed: fc.boolean(), effects: fc.array(postingEffect, { maxLength: 3 }) })
  .map((value) => ({ outcome: { case: 'booked' as const, value } }));
const refused = fc
  .record({ reason: fc.string(), posting: fc.nat(255), remembered: fc.boolean(), seq: int64 })
  .map((value) => ({ outcome: { case: 'refused' as const, value } }));
const neither = fc.constant({ outcome: { case: undefined } });
const position = fc.record({
  shard: fc.nat(64),
  epoch: int64,
  seq: int64,
  height: int64,
  blockHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
});
const answer = fc.record(
  { position, results: fc.array(fc.oneof(booked, refused, neither), { maxLength: 6 }) },
  { requiredKeys: ['results'] },
) as fc.Arbitrary<Init>;

const encoded = (init: Init) =>
  toBinary(CreateTransactionsResponseSchema, create(CreateTransactionsResponseSchema, init));

test('reads the objects that protobuf-es reads', () => {
  fc.assert(
    fc.property(answer, (init) => {
      const bytes = encoded(init);
      const wanted = fromBinary(CreateTransactionsResponseSchema, bytes);
      const { position, results } = readTransactionResults(bytes);
      expect(position).toEqual(wanted.position);
      expect(results).toEqual(wanted.results);
      // And back: they are messages that protobuf-es can write.
      expect(encoded({ ...wanted, results })).toEqual(bytes);
    }),
    { numRuns: 300 },
  );
});

test('counts the outcomes that it reads', () => {
  fc.assert(
    fc.property(answer, (init) => {
      const bytes = encoded(init);
      const { results } = readTransactionResults(bytes);
      const done = results.flatMap(({ outcome }) =>
        outcome.case === 'booked' ? [outcome.value.replayed] : [],
      );
      expect(countOutcomes(bytes)).toEqual({
        booked: done.filter((replayed) => !replayed).length,
        replayed: done.filter((replayed) => replayed).length,
        refused: results.filter(({ outcome }) => outcome.case === 'refused').length,
      });
    }),
  );
});

test('never takes a cut answer for a whole one of other content, whatever the cut', () => {
  fc.assert(
    fc.property(answer, fc.nat(), (init, cut) => {
      const bytes = encoded(init);
      fc.pre(bytes.length > 0);
      const kept = bytes.subarray(0, cut % bytes.length);
      const read = attempt(() => readTransactionResults(kept));
      const wanted = attempt(() => fromBinary(CreateTransactionsResponseSchema, kept));
      // At the border of a field a cut answer is a shorter valid one: the caller counts the results.
      if (wanted === undefined) expect(read).toBeUndefined();
      else expect(read?.results).toEqual(wanted.results);
    }),
    { numRuns: 300 },
  );
});

test('passes over fields of a newer core, at every level', () => {
  const unknown = (writer: BinaryWriter) =>
    writer
      .tag(100, WireType.Varint)
      .int64(-1n)
      .tag(101, WireType.LengthDelimited)
      .string('new')
      .tag(102, WireType.Bit32)
      .fixed32(7)
      .tag(103, WireType.Bit64)
      .fixed64(7n);
  const seven = toBinary(BookedTransactionSchema, create(BookedTransactionSchema, { seq: 7n }));
  const bookedBytes = unknown(new BinaryWriter()).raw(seven).finish();
  const result = unknown(new BinaryWriter()).tag(1, WireType.LengthDelimited).bytes(bookedBytes).finish();
  const bytes = unknown(new BinaryWriter()).tag(2, WireType.LengthDelimited).bytes(result).finish();
  const { results } = readTransactionResults(bytes);
  expect(results.map(({ outcome }) => outcome)).toEqual([
    { case: 'booked', value: create(BookedTransactionSchema, { seq: 7n }) },
  ]);
  expect(countOutcomes(bytes)).toEqual({ booked: 1, replayed: 0, refused: 0 });
});

test.each([
  ['a group', [0x0b]],
  ['an integer without an end', [0x18, ...Array.from({ length: 11 }, () => 0xff)]],
  ['a length beyond the message', [0x12, 0x05, 0x0a]],
  // Read without the check it would take minutes of zeros.
  ['a length of two gigabytes', [0x12, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0a]],
  ['an integer that goes beyond its message', [0x12, 0x04, 0x0a, 0x02, 0x08, 0x80, 0x0a, 0x00]],
  ['a tag of six bytes', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
])('refuses %s', (_name, bytes) => {
  expect(() => readTransactionResults(Uint8Array.from(bytes))).toThrow(Error);
});

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
