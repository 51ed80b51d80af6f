import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  BalanceTransactionService,
  BalanceTransactionStatus,
  BalanceTransactionType,
} from '../../../gen/florin/payments/v1/balance_transactions_pb.ts';
import type { BalanceTransaction } from '../../readmodels/queries/balanceTransactions.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { MERCHANT, OPERATION, PAYMENT } from '../testing/fakePayments.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { getBalanceTransaction, getMerchantBalance, listBalanceTransactions } =
  BalanceTransactionService.method;
const US = 1_700_000_000_000_000;

function row(seq: number, change: Partial<BalanceTransaction> = {}): BalanceTransaction {
  return {
    id: `0190a3a0-0000-7000-8000-${String(seq).padStart(12, '0')}`,
    seq,
    merchantId: MERCHANT,
    currency: 'EUR',
    type: 'charge',
    amount: 2_500n,
    fee: 100n,
    tax: 19n,
    net: 2_381n,
    pendingChange: 2_381n,
    availableChange: 0n,
    reserveChange: 0n,
    owedChange: 0n,
    status: 'pending',
    availableUs: US + 1,
    paymentIntentId: PAYMENT,
    operationId: OPERATION,
    purpose: 'captured',
    createdUs: US,
    ...change,
  };
}

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
  const adjustment = { paymentIntentId: null, operationId: null, purpose: null, availableUs: null };
  serving.reads.balanceTransactionRows = [
    row(9),
    row(8),
    row(7, { type: 'adjustment', status: 'available', ...adjustment }),
  ];
});
afterAll(() => serving.close());

const list = (of: object, more: object = {}) =>
  byGrpc(serving.grpc, listBalanceTransactions, { book: 'shop', of: of as never, ...more });

test('a list tells what each did, page by page', async () => {
  const of = { case: 'merchantId', value: MERCHANT };
  const first = await list(of, { pageSize: 2 });
  expect(first.balanceTransactions).toMatchObject([
    {
      book: 'shop',
      merchantId: MERCHANT,
      type: BalanceTransactionType.CHARGE,
      amount: 2_500n,
      fee: 100n,
      tax: 19n,
      net: 2_381n,
      pendingChange: 2_381n,
      status: BalanceTransactionStatus.PENDING,
      availableAt: { seconds: 1_700_000_000n, nanos: 1_000 },
      paymentIntentId: PAYMENT,
      operationId: OPERATION,
      purpose: 'captured',
      seq: 9n,
    },
    { seq: 8n },
  ]);
  const second = await list(of, { pageSize: 2, pageToken: first.nextPageToken });
  expect(second.balanceTransactions).toMatchObject([
    { seq: 7n, type: BalanceTransactionType.ADJUSTMENT, paymentIntentId: '', operationId: '', purpose: '' },
  ]);
  expect(second.balanceTransactions[0].availableAt).toBeUndefined();
  expect(second.nextPageToken).toBe('');
});

test('a list goes on behind a place, in the order that is asked for', async () => {
  const of = { case: 'merchantId', value: MERCHANT };
  const { nextPageToken } = await list(of, {
    behind: { seq: 10n, currency: 'EUR' },
    oldestFirst: true,
    pageSize: 1,
  });
  const asked = { of: { merchantId: MERCHANT }, order: 'oldest first', changesOnly: false, limit: 2 };
  expect(serving.reads.asked.at(-1)).toEqual({ ...asked, after: { seq: 10, currency: 'EUR' } });
  const more = { behind: { seq: 10n, currency: 'EUR' }, oldestFirst: true, pageToken: nextPageToken };
  await list(of, { ...more, pageSize: 1 });
  expect(serving.reads.asked.at(-1)).toEqual({ ...asked, after: { seq: 9, currency: 'EUR' } });
  for (const behind of [{ seq: 0n, currency: 'EUR' }, { seq: 1n }, { seq: 1n, currency: 'eur' }])
    expect(await refusalOf(list(of, { behind }))).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('one without moves within the balance is another list, with tokens of its own', async () => {
  const of = { case: 'merchantId', value: PAYMENT } as const;
  const { nextPageToken } = await list(of, { pageSize: 1, changesOnly: true });
  expect(serving.reads.asked.at(-1)).toMatchObject({ changesOnly: true });
  await list(of, { pageSize: 1, changesOnly: true, pageToken: nextPageToken });
  const other = list(of, { pageSize: 1, pageToken: nextPageToken });
  expect(await refusalOf(other)).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('a token of a merchant is none of a payment intent', async () => {
  const { nextPageToken } = await list({ case: 'merchantId', value: PAYMENT }, { pageSize: 1 });
  const other = list({ case: 'paymentIntentId', value: PAYMENT }, { pageSize: 1, pageToken: nextPageToken });
  expect(await refusalOf(other)).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test.each([
  [{ case: undefined }, 'of', 'MISSING_FIELD'],
  [{ case: 'merchantId', value: 'x' }, 'merchant_id', 'INVALID_UUID'],
  [{ case: 'paymentIntentId', value: '' }, 'payment_intent_id', 'MISSING_FIELD'],
])('a list of %j is refused, and %s is %s', async (of, field, reason) => {
  const told = await refusalOf(list(of));
  expect(told.code).toBe(status.INVALID_ARGUMENT);
  expect(JSON.stringify(told)).toContain(`"${field}"`);
  expect(JSON.stringify(told)).toContain(reason);
});

test('one is found by merchant and id', async () => {
  const key = { book: 'shop', merchantId: MERCHANT, balanceTransactionId: row(8).id };
  const { balanceTransaction } = await byGrpc(serving.grpc, getBalanceTransaction, key);
  expect(balanceTransaction?.seq).toBe(8n);
  const told = await refusalOf(byGrpc(serving.grpc, getBalanceTransaction, { ...key, merchantId: PAYMENT }));
  expect(told).toMatchObject({ code: status.NOT_FOUND });
  const bad = await refusalOf(byGrpc(serving.grpc, getBalanceTransaction, { ...key, currency: 'eur' }));
  expect(bad).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('the balance of a merchant that is not there is refused', async () => {
  const told = await refusalOf(
    byGrpc(serving.grpc, getMerchantBalance, { book: 'shop', merchantId: MERCHANT }),
  );
  expect(told).toMatchObject({ code: status.NOT_FOUND });
});
