import { type DescMessage, type MessageInitShape, type MessageShape, create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AccountClosureSchema,
  AccountUpdateSchema,
  NewAccountSchema,
  NormalSide,
} from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import {
  TransactionPostSchema,
  TransactionReversalSchema,
  TransactionVoidSchema,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import type { LedgerCommand } from '../../kernel/ledger/commands.ts';
import { REFUSALS } from '../../kernel/ledger/refusals.ts';
import { chartId } from '../../kernel/payments/chart.ts';
import type { Malformed } from '../../shard/service.ts';
import { changeAccount, closeAccount, openAccount } from './accounts.ts';
import { postTransaction, reverseTransaction, voidTransaction } from './transactions.ts';

const ID = '0190a3a0-0000-7000-8000-00000000000a';
const OTHER = '0190a3a0-0000-7000-8000-00000000000b';

const TWO = { posting: 2, amount: 1n };

/** A translator that takes what differs from a good item. */
function of<D extends DescMessage>(
  desc: D,
  translate: (item: MessageShape<D>) => LedgerCommand | Malformed,
  good: MessageInitShape<D>,
) {
  return (change: MessageInitShape<D>) => translate(create(desc, { ...good, ...change }));
}

const open = of(NewAccountSchema, openAccount, {
  id: ID,
  code: 'a:b',
  asset: 'EUR',
  normalSide: NormalSide.DEBIT,
});
const change = of(AccountUpdateSchema, changeAccount, { id: ID, accountId: OTHER, limits: {} });
const close = of(AccountClosureSchema, closeAccount, { id: ID, accountId: OTHER });
const post = of(TransactionPostSchema, postTransaction, { id: ID, transactionId: OTHER });
const voided = of(TransactionVoidSchema, voidTransaction, { id: ID, transactionId: OTHER });
const reverse = of(TransactionReversalSchema, reverseTransaction, { id: ID, transactionId: OTHER });

test('good items become commands', () => {
  expect(open({ limits: { availableFloor: 0n, postedCeiling: -5n } })).toEqual({
    op: 'openAccount',
    id: ID,
    code: 'a:b',
    asset: 'EUR',
    normalSide: 1,
    limits: [null, -5n, 0n, null],
    metadata: new Uint8Array(0),
  });
  expect(open({ id: ID.toUpperCase(), normalSide: NormalSide.CREDIT })).toMatchObject({
    id: ID,
    normalSide: 2,
  });
  expect(change({})).toMatchObject({ op: 'changeAccount', limits: [null, null, null, null], metadata: null });
  expect(change({ limits: undefined, setMetadata: true })).toMatchObject({
    limits: null,
    metadata: new Uint8Array(0),
  });
  expect(close({})).toEqual({ op: 'closeAccount', id: ID, account: OTHER });
  expect(voided({ reference: 'é' })).toMatchObject({
    op: 'void',
    target: OTHER,
    reference: new Uint8Array([0xc3, 0xa9]),
  });
  expect(post({ keepOpen: true, effectiveDate: '1970-01-02' })).toMatchObject({
    op: 'post',
    amounts: null,
    keepOpen: true,
    effectiveDay: 1,
  });
});

test('amounts come in any order and leave by posting', () => {
  const amounts = [
    { posting: 3, amount: 7n },
    { posting: 0, amount: 9223372036854775807n },
  ];
  expect(reverse({ amounts })).toMatchObject({ op: 'reverse', amounts: [amounts[1], amounts[0]] });
});

describe('a malformed item names its reason and its field', () => {
  test.each([
    ['MISSING_FIELD', 'id', open({ id: '' })],
    ['INVALID_UUID', 'id', open({ id: 'not-an-id' })],
    ['INVALID_UUID', 'id', close({ id: '00000000-0000-0000-0000-000000000000' })],
    ['RESERVED_ID', 'id', open({ id: chartId('auth_open:EUR') })],
    ['INVALID_UUID', 'account_id', close({ accountId: `${ID} ` })],
    ['MISSING_FIELD', 'transaction_id', voided({ transactionId: '' })],
    ['MISSING_FIELD', 'code', open({ code: '' })],
    ['INVALID_CODE', 'code', open({ code: 'ä' })],
    ['INVALID_CODE', 'code', open({ code: 'a'.repeat(129) })],
    ['INVALID_CODE', 'code', open({ code: ID.toUpperCase() })],
    ['MISSING_FIELD', 'asset', open({ asset: '' })],
    ['INVALID_VALUE', 'asset', open({ asset: 'eur' })],
    ['MISSING_FIELD', 'normal_side', open({ normalSide: 0 })],
    ['INVALID_VALUE', 'normal_side', open({ normalSide: 3 as NormalSide })],
    ['INVALID_TEXT', 'metadata', open({ metadata: { a: '\0' } })],
    [
      'TOO_MANY',
      'metadata',
      open({ metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [i, ''])) }),
    ],
    ['NOTHING_TO_CHANGE', '', change({ limits: undefined })],
    ['INVALID_VALUE', 'set_metadata', change({ metadata: { a: 'b' } })],
    ['INVALID_TEXT', 'reference', voided({ reference: 'a\ud800' })],
    ['INVALID_TEXT', 'reference', voided({ reference: '\0' })],
    ['TOO_LONG', 'reference', voided({ reference: 'r'.repeat(257) })],
    ['INVALID_DATE', 'effective_date', post({ effectiveDate: '2023-02-29' })],
    ['INVALID_DATE', 'effective_date', reverse({ effectiveDate: '9999-12-31' })],
    ['INVALID_AMOUNT', 'amounts[0].amount', post({ amounts: [{ posting: 0, amount: 0n }] })],
    ['INVALID_AMOUNT', 'amounts[0].amount', post({ amounts: [{ posting: 0, amount: -1n }] })],
    ['INVALID_VALUE', 'amounts[0].posting', post({ amounts: [{ posting: 256, amount: 1n }] })],
    ['INVALID_VALUE', 'amounts[0].posting', reverse({ amounts: [{ posting: -1, amount: 1n }] })],
    ['DUPLICATE_POSTING', 'amounts[1].posting', post({ amounts: [TWO, TWO] })],
    [
      'TOO_MANY',
      'amounts',
      post({ amounts: Array.from({ length: 257 }, (_, posting) => ({ posting, amount: 1n })) }),
    ],
  ])('%s in %s', (reason, field, answer) => {
    expect(answer).toEqual({ op: 'malformed', reason, field });
  });

  test('the first field at fault is the answer', () => {
    expect(post({ id: '', transactionId: 'x', effectiveDate: 'y' })).toMatchObject({
      reason: 'MISSING_FIELD',
      field: 'id',
    });
  });
});

test('whatever is sent, the answer is a command within its bounds or a reason of malformed items', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom(ID, OTHER, '', '2024-02-29'),
  );
  const amount = fc.record({
    posting: fc.integer(),
    amount: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  });
  const item = fc.record({
    id: text,
    transactionId: text,
    amounts: fc.array(amount, { maxLength: 4 }),
    effectiveDate: text,
    reference: text,
    metadata: fc.dictionary(text, text, { maxKeys: 3 }),
  });
  fc.assert(
    fc.property(item, (fields) => {
      const answer = postTransaction(create(TransactionPostSchema, fields));
      if (answer.op === 'malformed') {
        expect(REFUSALS[answer.reason].origin).toBe('item');
        return;
      }
      expect(answer.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(answer.reference.length).toBeLessThanOrEqual(1024);
      expect(answer.reference.includes(0)).toBe(false);
      const postings = answer.amounts?.map(({ posting }) => posting) ?? [];
      expect(postings).toEqual([...new Set(postings)].sort((a, b) => a - b));
    }),
    { numRuns: 2_000 },
  );
});
