import { create, equals, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CreateTransactionsRequestSchema,
  type NewTransactionSchema,
} from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { CreateTransactionsWriter } from './requestWriter.ts';

type Init = MessageInitShape<typeof NewTransactionSchema>;

/** Texts around the widths at which a length needs another byte, in all planes of Unicode. */
const text = fc.oneof(
  fc.uuid(),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 50 }),
  fc.constantFrom(126, 127, 128, 129, 16_383, 16_384).map((length) => 'x'.repeat(length)),
  fc.constantFrom(42, 43, 63, 64, 127).map((length) => '\u20ac'.repeat(length)),
);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const posting = fc.record({ debitAccount: text, creditAccount: text, amount: int64 }, { requiredKeys: [] });
const transaction = fc.record(
  {
    id: text,
    postings: fc.array(posting, { maxLength: 4 }),
    pending: fc.boolean(),
    expiresAfterSeconds: int64,
    effectiveDate: text,
    reference: text,
    metadata: fc.dictionary(text, text, { maxKeys: 4 }),
    linked: fc.boolean(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Init>;

function written(book: string, transactions: readonly Init[], capacity?: number): Uint8Array {
  const writer = new CreateTransactionsWriter(book, capacity);
  for (const item of transactions) writer.add(item);
  return writer.bytes();
}

test('writes byte for byte what protobuf-es writes', () => {
  fc.assert(
    fc.property(
      text,
      fc.array(transaction, { maxLength: 5 }),
      fc.nat(300),
      (book, transactions, capacity) => {
        const message = create(CreateTransactionsRequestSchema, { book, transactions });
        const bytes = written(book, transactions, capacity);
        const wanted = toBinary(CreateTransactionsRequestSchema, message);
        expect(Buffer.compare(bytes, wanted)).toBe(0);
        expect(
          equals(
            CreateTransactionsRequestSchema,
            fromBinary(CreateTransactionsRequestSchema, bytes),
            message,
          ),
        ).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('takes generated messages as well as plain objects, and passes over what is undefined', () => {
  fc.assert(
    fc.property(fc.record({ id: optional(text), reference: optional(text) }), (fields) => {
      const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
      const message = create(CreateTransactionsRequestSchema, { book: 'b', transactions: [given] });
      expect(written('b', message.transactions)).toEqual(written('b', [fields as Init]));
    }),
  );
});

const bad: [name: string, init: unknown][] = [
  ['an amount beyond int64', { postings: [{ amount: 2n ** 63n }] }],
  ['an amount below int64', { postings: [{ amount: -(2n ** 63n) - 1n }] }],
  ['an amount as a number', { postings: [{ amount: 12 }] }],
  ['an id as a number', { id: 7 }],
  ['a flag as a string', { pending: 'yes' }],
  ['a lone surrogate in a short text', { reference: 'a\ud800b' }],
  ['a lone surrogate in a long text', { reference: `${'x'.repeat(200)}\udc00` }],
  ['a metadata value that is none', { metadata: { key: undefined } }],
];

test.each(bad)('refuses %s, and leaves the request as it was', (_name, init) => {
  const writer = new CreateTransactionsWriter('b');
  writer.add({ id: 'before' });
  expect(() => writer.add({ postings: [{ amount: 1n }], ...(init as Init) })).toThrow(Error);
  writer.add({ id: 'after' });
  expect(Uint8Array.from(writer.bytes())).toEqual(
    Uint8Array.from(written('b', [{ id: 'before' }, { id: 'after' }])),
  );
});
