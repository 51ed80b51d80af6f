import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CreateTransactionsRequestSchema,
  NewTransactionSchema,
  PostingSchema,
  type NewTransaction,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { Form, ItemFlag, type TransactionBatch } from '../../kernel/ledger/batch.ts';
import { METADATA } from '../../kernel/ledger/layout.ts';
import { formatWords, parseUuid } from '../../kernel/ledger/uuid.ts';
import { CallRefused } from '../../shard/service.ts';
import { readTransactions } from './readTransactions.ts';

const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { ignoreBOM: true });

/** An item in words that both readings can be brought to. */
type Said =
  | { refused: string; field: string; linked: boolean }
  | { refused: null; body: Record<string, unknown> };

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

function dayOf(date: string): number | null {
  const parts = DAY.exec(date);
  if (parts === null) return null;
  const ms = Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
  const isReal =
    Number(parts[1]) >= 1900 && Number(parts[1]) <= 2999 && new Date(ms).toISOString().slice(0, 10) === date;
  return isReal ? ms / 86_400_000 : null;
}

function textFault(value: string, max: number): string | null {
  if (value.includes('\0')) return 'INVALID_TEXT';
  return Array.from(value).length > max ? 'TOO_LONG' : null;
}

/** What the proto's comments say of an item, from the message that protobuf-es decoded. */
function saidByMessage(item: NewTransaction): Said {
  const no = (refused: string, field: string): Said => ({ refused, field, linked: item.linked });
  const idFault = (id: string) =>
    id === '' ? 'MISSING_FIELD' : parseUuid(id) === null ? 'INVALID_UUID' : null;
  const wrongId = idFault(item.id);
  if (wrongId) return no(wrongId, 'id');
  if (item.postings.length === 0) return no('MISSING_FIELD', 'postings');
  if (item.postings.length > 256) return no('TOO_MANY', 'postings');
  if (item.expiresAfterSeconds < 0n || item.expiresAfterSeconds > 315_360_000n)
    return no('INVALID_VALUE', 'expires_after_seconds');
  if (item.expiresAfterSeconds !== 0n && !item.pending)
    return no('EXPIRY_WITHOUT_PENDING', 'expires_after_seconds');
  const day = item.effectiveDate === '' ? null : dayOf(item.effectiveDate);
  if (item.effectiveDate !== '' && day === null) return no('INVALID_DATE', 'effective_date');
  const reference = textFault(item.reference, 256);
  if (reference) return no(reference, 'reference');
  const entries = Object.entries(item.metadata);
  for (const [key, value] of entries) {
    const fault = key === '' ? 'MISSING_FIELD' : (textFault(key, 40) ?? textFault(value, 500));
    if (fault) return no(fault, 'metadata');
  }
  if (entries.length > 50) return no('TOO_MANY', 'metadata');
  for (const [i, posting] of item.postings.entries()) {
    const at = (field: string) => `postings[${i}].${field}`;
    const debit = idFault(posting.debitAccount),
      credit = idFault(posting.creditAccount);
    if (debit) return no(debit, at('debit_account'));
    if (credit) return no(credit, at('credit_account'));
    if (posting.amount <= 0n) return no('INVALID_AMOUNT', at('amount'));
    if (parseUuid(posting.debitAccount) === parseUuid(posting.creditAccount))
      return no('SAME_ACCOUNT', at('credit_account'));
  }
  return {
    refused: null,
    body: {
      id: parseUuid(item.id),
      linked: item.linked,
      pending: item.pending,
      expires: Number(item.expiresAfterSeconds),
      day,
      reference: item.reference,
      metadata: Object.fromEntries(entries),
      postings: item.postings.map((one) => [
        parseUuid(one.debitAccount),
        parseUuid(one.creditAccount),
        one.amount,
      ]),
    },
  };
}

function metadataOf(bytes: Uint8Array | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  if (bytes === undefined) return found;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const keyBytes = view.getUint8(at + METADATA.keyBytes),
      valueBytes = view.getUint16(at + METADATA.valueBytes, true);
    const key = at + METADATA.bytes;
    found[text.decode(bytes.subarray(key, key + keyBytes))] = text.decode(
      bytes.subarray(key + keyBytes, key + keyBytes + valueBytes),
    );
    at = key + keyBytes + valueBytes;
  }
  return found;
}

function saidByBatch(batch: TransactionBatch, i: number): Said {
  const linked = (batch.flags[i] & ItemFlag.linked) !== 0;
  if (batch.form[i] === Form.malformed) {
    const { reason, field, posting } = batch.malformed.get(i)!;
    const named = /^postings\[(\d+)\]/.exec(field);
    expect(posting).toBe(named === null ? -1 : Number(named[1]));
    return { refused: reason, field, linked };
  }
  if (batch.form[i] === Form.command) {
    const command = batch.commands.get(i)!;
    expect(command.linked).toBe(linked);
    return {
      refused: null,
      body: {
        id: command.id,
        linked,
        pending: command.pending,
        expires: command.expiresAfterSeconds,
        day: command.effectiveDay,
        reference: text.decode(command.reference),
        metadata: metadataOf(command.metadata),
        postings: command.postings.map((one) => [one.debitAccount, one.creditAccount, one.amount]),
      },
    };
  }
  const id = (words: Int32Array) =>
    formatWords(words[i * 4], words[i * 4 + 1], words[i * 4 + 2], words[i * 4 + 3]);
  return {
    refused: null,
    body: {
      id: id(batch.id),
      linked,
      pending: (batch.flags[i] & ItemFlag.pending) !== 0,
      expires: batch.expiresAfterSeconds[i],
      day: (batch.flags[i] & ItemFlag.dated) === 0 ? null : batch.day[i],
      reference: text.decode(batch.source.subarray(batch.referenceStart[i], batch.referenceEnd[i])),
      metadata: metadataOf(batch.metadata.get(i)),
      postings: [[id(batch.debit), id(batch.credit), batch.amount[i]]],
    },
  };
}

const uuid = fc.oneof(
  { weight: 12, arbitrary: fc.uuid() },
  { weight: 2, arbitrary: fc.uuid().map((id) => id.toUpperCase()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      'nonsense',
      '0000000g-0000-4000-8000-000000000000',
      '00000000x0000-4000-8000-000000000000',
      'é'.repeat(18),
    ),
  },
);
const someText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', 'a\0b', '\uFEFFmark', '😀'.repeat(41), 'x'.repeat(257), '😀'.repeat(256)),
);
const date = fc.oneof(
  fc
    .date({ min: new Date('1890-01-01'), max: new Date('3010-01-01'), noInvalidDate: true })
    .map((one) => one.toISOString().slice(0, 10)),
  fc.constantFrom(
    '',
    '1899-12-31',
    '1900-01-01',
    '2999-12-31',
    '3000-01-01',
    '2023-02-29',
    '2024-02-29',
    '2100-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '2026-1-01',
    '2026-01-01T',
    '-026-01-01',
  ),
);
const amount = fc.oneof(
  fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, 1n, -1n, -(2n ** 63n), 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n),
);
const postingOf = fc
  .record({ debitAccount: uuid, creditAccount: uuid, amount })
  .map((one) => create(PostingSchema, one));
const seconds = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0n) },
  { weight: 1, arbitrary: fc.constantFrom(1n, 60n, 315_360_000n, 315_360_001n, -1n, 2n ** 62n, 2n ** 32n) },
);
const item = fc
  .record({
    id: uuid,
    postings: fc.oneof(
      { weight: 3, arbitrary: fc.array(postingOf, { minLength: 1, maxLength: 1 }) },
      { weight: 1, arbitrary: fc.array(postingOf, { maxLength: 4 }) },
    ),
    pending: fc.boolean(),
    expiresAfterSeconds: seconds,
    effectiveDate: date,
    reference: someText,
    metadata: fc.oneof(fc.constant({}), fc.dictionary(someText, someText, { maxKeys: 4 })),
    linked: fc.boolean(),
  })
  .map((one) => create(NewTransactionSchema, one));
const request = fc.record({
  book: fc.string({ unit: 'grapheme', maxLength: 20 }),
  transactions: fc.array(item, { minLength: 1, maxLength: 8 }),
});

function same(bytes: Uint8Array): void {
  const message = fromBinary(CreateTransactionsRequestSchema, bytes);
  const batch = readTransactions(bytes);
  expect(batch.book).toBe(message.book);
  expect(batch.count).toBe(message.transactions.length);
  message.transactions.forEach((one, i) => expect(saidByBatch(batch, i)).toEqual(saidByMessage(one)));
}

/** Bytes of protobuf by hand, for what no encoder writes. */
function varint(value: bigint): number[] {
  const out: number[] = [];
  let left = BigInt.asUintN(64, value);
  for (; left > 127n; left >>= 7n) out.push(Number(left & 127n) | 128);
  return [...out, Number(left)];
}
const lengthy = (field: number, content: readonly number[]) => [
  ...varint(BigInt((field << 3) | 2)),
  ...varint(BigInt(content.length)),
  ...content,
];
const number = (field: number, value: bigint) => [...varint(BigInt(field << 3)), ...varint(value)];
const string = (field: number, value: string) => lengthy(field, [...utf8.encode(value)]);
const ID = '01890000-0000-7000-8000-000000000001',
  A = '00000000-0000-4000-8000-00000000000a',
  B = '00000000-0000-4000-8000-00000000000b';
const plainPosting = [...string(1, A), ...string(2, B), ...number(3, 5n)];
const plainItem = [...string(1, ID), ...lengthy(2, plainPosting)];
const wire = (...parts: number[][]) => Uint8Array.from(parts.flat());

/** Fields that this release does not know, of every wire type that is in use. */
const unknown = fc.oneof(
  fc
    .tuple(fc.integer({ min: 100, max: 536_870_911 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    .map(([field, value]) => [...varint(BigInt(field) << 3n), ...varint(value)]),
  fc
    .tuple(fc.integer({ min: 100, max: 100_000 }), fc.array(fc.nat(255), { maxLength: 20 }))
    .map(([field, content]) => lengthy(field, content)),
  fc
    .array(fc.nat(255), { minLength: 8, maxLength: 8 })
    .map((content) => [...varint((100n << 3n) | 1n), ...content]),
  fc
    .array(fc.nat(255), { minLength: 4, maxLength: 4 })
    .map((content) => [...varint((100n << 3n) | 5n), ...content]),
);
/** The fields of a plain item, in any order, some of them twice, with unknown ones between them. */
const shuffledItem = fc
  .tuple(
    fc.array(
      fc.constantFrom(
        string(1, ID),
        string(1, ID.replace('1', '2')),
        number(3, 1n),
        number(3, 0n),
        number(4, 60n),
        number(4, 0n),
        string(5, '2026-01-15'),
        string(6, 'first'),
        string(6, 'second'),
        string(6, ''),
        number(8, 1n),
        number(8, 0n),
        lengthy(7, [...string(1, 'k'), ...string(2, 'v')]),
        lengthy(7, [...string(2, 'w'), ...string(1, 'k')]),
        lengthy(7, string(1, 'only key')),
      ),
      { maxLength: 12 },
    ),
    fc.array(unknown, { maxLength: 4 }),
    fc.constantFrom(
      [] as number[],
      lengthy(2, plainPosting),
      lengthy(2, [...number(3, 9n), ...plainPosting, ...string(2, A.replace('a', 'c')), ...number(50, 1n)]),
    ),
    fc.infiniteStream(fc.nat(1000)),
  )
  .map(([fields, others, second, order]) => {
    const keyed = [string(1, ID), lengthy(2, plainPosting), second, ...fields, ...others].map((field) => ({
      field,
      key: order.next().value as number,
    }));
    return keyed.sort((a, b) => a.key - b.key).flatMap(({ field }) => field);
  });

describe('a request reads the same as with protobuf-es', () => {
  test('whatever the encoder writes', () => {
    fc.assert(
      fc.property(request, (message) =>
        same(toBinary(CreateTransactionsRequestSchema, create(CreateTransactionsRequestSchema, message))),
      ),
      { numRuns: 400 },
    );
  });

  test('in any order of fields, with fields repeated, with unknown ones between', () => {
    fc.assert(
      fc.property(
        fc.array(shuffledItem, { minLength: 1, maxLength: 4 }),
        fc.array(unknown, { maxLength: 2 }),
        (items, others) => {
          same(
            wire(...others, string(1, 'first'), ...items.map((one) => lengthy(2, one)), string(1, 'last')),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('with a group, which proto2 had', () => {
    const group = [
      ...varint((100n << 3n) | 3n),
      ...number(1, 7n),
      ...varint((101n << 3n) | 3n),
      ...varint((101n << 3n) | 4n),
      ...varint((100n << 3n) | 4n),
    ];
    same(wire(group, string(1, 'b'), lengthy(2, [...plainItem, ...group])));
  });

  test('with a book whose name begins with a byte order mark', () => {
    same(wire(string(1, '\uFEFFbook'), lengthy(2, plainItem)));
  });
});

function reasonOf(bytes: Uint8Array): string | null {
  try {
    readTransactions(bytes);
    return null;
  } catch (error) {
    if (error instanceof CallRefused) return error.reason;
    throw error;
  }
}

describe('bytes that are no request refuse the call', () => {
  const whole = wire(
    string(1, 'b'),
    lengthy(2, [
      ...plainItem,
      ...number(3, 1n),
      ...number(4, 60n),
      ...string(6, 'reference'),
      ...lengthy(7, [...string(1, 'k'), ...string(2, 'v')]),
    ]),
  );

  test('cut anywhere', () => {
    expect(reasonOf(whole)).toBeNull();
    for (let length = 1; length < whole.length; length++) {
      // Behind the book's name the rest is a whole message: one without items.
      const expected = length === 3 ? 'BATCH_SIZE' : 'MALFORMED_REQUEST';
      expect(reasonOf(whole.slice(0, length)), `cut at ${length}`).toBe(expected);
    }
  });

  test.each([
    [
      'a varint of eleven bytes',
      wire(lengthy(2, plainItem), [0x98, 6, ...Array.from({ length: 10 }, () => 0xff), 1]),
    ],
    ['a length beyond the end', wire(lengthy(2, plainItem), [0x0a, 0x7f])],
    ['a length of four billion', wire([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['field number zero', wire(lengthy(2, plainItem), [0x00, 0x00])],
    ['wire type 6', wire(lengthy(2, plainItem), [0x0e])],
    ['wire type 7', wire(lengthy(2, plainItem), [0x0f])],
    ['a group that ends as another', wire([0xa3, 6, 0xac, 6], lengthy(2, plainItem))],
    ['a group that does not end', wire(lengthy(2, plainItem), [0xa3, 6])],
    ['a group end alone', wire(lengthy(2, plainItem), [0xa4, 6])],
    [
      'a posting that is longer than its item',
      wire(lengthy(2, [...string(1, ID), 0x12, 0x7f]), string(1, 'b'.repeat(200))),
    ],
    ['an id that is longer than its item', wire(lengthy(2, [0x0a, 0x24, 1]), string(1, 'b'.repeat(200)))],
    ['a second posting cut short', wire(lengthy(2, [...plainItem, ...lengthy(2, [0x0a, 0x24, 1])]))],
    ['a book that is no UTF-8', wire(lengthy(1, [0xff]), lengthy(2, plainItem))],
  ])('%s', (_, bytes) => {
    expect(reasonOf(bytes)).toBe('MALFORMED_REQUEST');
  });

  test('no item, or more than 8192', () => {
    expect(reasonOf(new Uint8Array(0))).toBe('BATCH_SIZE');
    expect(reasonOf(wire(string(1, 'b')))).toBe('BATCH_SIZE');
    expect(reasonOf(wire(...Array.from({ length: 8_192 }, () => [0x12, 0])))).toBeNull();
    expect(reasonOf(wire(...Array.from({ length: 8_193 }, () => [0x12, 0])))).toBe('BATCH_SIZE');
  });

  test('random bytes never do anything worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void reasonOf(bytes)),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 3 }), (flips) => {
        const bytes = whole.slice();
        for (const [at, value] of flips) bytes[at] = value;
        reasonOf(bytes);
      }),
      { numRuns: 2_000 },
    );
  });
});

test.each([
  ['an id', lengthy(1, [0xff]), 'INVALID_UUID', 'id'],
  ['a reference', lengthy(6, [0xc3]), 'INVALID_TEXT', 'reference'],
  ['a key', lengthy(7, lengthy(1, [0xff])), 'INVALID_TEXT', 'metadata'],
  ['a value', lengthy(7, [...string(1, 'k'), ...lengthy(2, [0xed, 0xa0, 0x80])]), 'INVALID_TEXT', 'metadata'],
])('%s that is no UTF-8 refuses its item alone', (_, field, reason, at) => {
  const batch = readTransactions(wire(lengthy(2, [...plainItem, ...field]), lengthy(2, plainItem)));
  expect(batch.malformed.get(0)).toMatchObject({ reason, field: at });
  expect(batch.form[1]).toBe(Form.column);
});

test('256 postings are taken, 257 are too many', () => {
  const of = (count: number) =>
    readTransactions(
      wire(
        lengthy(2, [
          ...string(1, ID),
          ...Array.from({ length: count }, () => lengthy(2, plainPosting)).flat(),
        ]),
      ),
    );
  expect(of(256).commands.get(0)!.postings.length).toBe(256);
  expect(of(257).malformed.get(0)).toMatchObject({ reason: 'TOO_MANY', field: 'postings' });
});
