import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { OperationState } from '../../../gen/florin/payments/v1/operations_pb.ts';
import { RefundService } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { intentDoc, MERCHANT, operationDoc, PAYMENT } from '../testing/fakePayments.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { getRefund, listRefunds } = RefundService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
});
afterAll(() => serving.close());
beforeEach(() => {
  serving.reads.refundRows = [9, 8, 7].map((seq) => ({
    intent: intentDoc(),
    operation: operationDoc({ kind: 'refund', request: id(seq), amount: 400n, state: 'unknown' }),
    seq,
  }));
  serving.reads.asked.length = 0;
});

const id = (last: number): Uuid => `0190a3a0-0000-7000-8000-${String(last).padStart(12, '0')}` as Uuid;
const STRANGER = id(99);

test('a refund is read by its id, and whoever says who asks sees their own', async () => {
  const get = (merchantId: string) =>
    byGrpc(serving.grpc, getRefund, { book: 'shop', refundId: id(8).toUpperCase(), merchantId });
  for (const merchantId of ['', MERCHANT]) {
    const { refund, asOfSeq } = await get(merchantId);
    expect(asOfSeq).toBe(41n);
    expect(refund).toMatchObject({
      id: id(8),
      book: 'shop',
      merchantId: MERCHANT,
      paymentIntentId: PAYMENT,
      amount: { minorUnits: 400n, asset: 'EUR' },
      operation: { requestId: id(8), state: OperationState.UNKNOWN },
      seq: 8n,
    });
  }
  const told = await refusalOf(get(STRANGER));
  expect(told).toMatchObject({ code: status.NOT_FOUND, info: { metadata: { field: 'refund_id' } } });
});

test('refunds are listed page by page under their filters', async () => {
  const request = {
    book: 'shop',
    merchantId: MERCHANT,
    paymentIntentId: PAYMENT,
    aboveSeq: 3n,
    belowSeq: 11n,
    pageSize: 2,
  };
  const first = await byGrpc(serving.grpc, listRefunds, request);
  expect(first.refunds.map(({ seq }) => seq)).toEqual([9n, 8n]);
  const second = await byGrpc(serving.grpc, listRefunds, { ...request, pageToken: first.nextPageToken });
  expect(second.refunds.map(({ seq }) => seq)).toEqual([7n]);
  expect(second.nextPageToken).toBe('');
  const filter = {
    merchantId: MERCHANT,
    paymentIntentId: PAYMENT,
    aboveSeq: 3,
    order: 'newest first',
    limit: 3,
  };
  expect(serving.reads.asked).toEqual([
    { ...filter, belowSeq: 11 },
    { ...filter, belowSeq: 8 },
  ]);
});

test.each([
  ['merchant_id', { merchantId: '' }],
  ['payment_intent_id', { paymentIntentId: 'x' }],
  ['above_seq', { aboveSeq: -1n }],
  ['below_seq', { belowSeq: 2n ** 60n }],
  ['page_size', { pageSize: 1_001 }],
])('a list with a wrong %s is refused', async (field, wrong) => {
  const request = { book: 'shop', merchantId: MERCHANT, ...wrong };
  expect((await refusalOf(byGrpc(serving.grpc, listRefunds, request))).info?.metadata.field).toBe(field);
});
