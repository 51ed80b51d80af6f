import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { PaymentLinkService, PaymentLinkState } from '../../../gen/florin/payments/v1/payment_links_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { PaymentLink } from '../../kernel/payments/edgeModel.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { FakePayments, MERCHANT } from '../testing/fakePayments.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { createPaymentLinks, getPaymentLink, listPaymentLinks, updatePaymentLinks } =
  PaymentLinkService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve({});
});
afterAll(() => serving.close());
beforeEach(() => {
  Object.assign(serving.payments, new FakePayments());
  Object.assign(serving.reads, { paymentLinkDocs: [] });
  serving.reads.asked.length = 0;
});

const id = (last: number): Uuid => `0190a3a0-0000-7000-8000-${String(last).padStart(12, '0')}` as Uuid;
const amount = { minorUnits: 1_999n, asset: 'EUR' };
const create = (item: object) =>
  byGrpc(serving.grpc, createPaymentLinks, {
    book: 'shop',
    paymentLinks: [{ id: id(1), merchantId: MERCHANT, mode: Mode.TEST, amount, ...item }],
  });
const update = (item: object) =>
  byGrpc(serving.grpc, updatePaymentLinks, {
    book: 'shop',
    updates: [{ id: id(2), paymentLinkId: id(1), merchantId: MERCHANT, ...item }],
  });

function doc(seq: number): PaymentLink {
  return {
    id: id(seq),
    seq,
    book: 2,
    merchant: MERCHANT,
    mode: 'live',
    state: 'inactive',
    amount: 2n ** 53n + 1n,
    currency: 'EUR',
    description: 'A mug',
    metadata: { kiln: 'b' },
    createdUs: 1_700_000_000_000_000,
    version: 2,
    lastSeq: seq + 1,
  };
}

test('a link is created, and answered with its id', async () => {
  const { results } = await create({ description: 'A mug', metadata: { kiln: 'b' } });
  expect(results).toMatchObject([{ outcome: { case: 'done', value: { paymentLinkId: id(1), seq: 41n } } }]);
  expect(serving.payments.submitted.at(-1)?.items).toEqual([
    {
      op: 'createPaymentLink',
      id: id(1),
      merchant: MERCHANT,
      mode: 'test',
      amount: 1_999n,
      currency: 'EUR',
      description: 'A mug',
      metadata: { kiln: 'b' },
    },
  ]);
});

test('a change leaves what it does not name', async () => {
  await update({ state: PaymentLinkState.INACTIVE });
  const change = { op: 'updatePaymentLink', id: id(2), paymentLink: id(1), merchant: MERCHANT };
  expect(serving.payments.submitted.at(-1)?.items).toEqual([
    { ...change, state: 'inactive', metadata: null },
  ]);
});

test.each<[string, () => Promise<{ results: { outcome: object }[] }>, string, string]>([
  ['no mode', () => create({ mode: 0 }), 'MISSING_FIELD', 'mode'],
  ['no amount', () => create({ amount: undefined }), 'MISSING_FIELD', 'amount'],
  [
    'an amount of 0',
    () => create({ amount: { ...amount, minorUnits: 0n } }),
    'INVALID_AMOUNT',
    'amount.minor_units',
  ],
  ['a card number', () => create({ description: '4242424242424242' }), 'CARD_NUMBER_REFUSED', 'description'],
  ['nothing to change', () => update({}), 'NOTHING_TO_CHANGE', ''],
  ['a state that is none', () => update({ state: 7 }), 'INVALID_VALUE', 'state'],
])('%s is refused as malformed', async (_, call, reason, field) => {
  const { results } = await call();
  expect(results[0].outcome).toMatchObject({ case: 'refused', value: { reason, field, remembered: false } });
});

test('links are read by id, and listed under their filters', async () => {
  serving.reads.paymentLinkDocs = [doc(9), doc(8), doc(7)];
  const { paymentLink } = await byGrpc(serving.grpc, getPaymentLink, { book: 'shop', paymentLinkId: id(8) });
  expect(paymentLink).toMatchObject({
    id: id(8),
    book: 'shop',
    merchantId: MERCHANT,
    mode: Mode.LIVE,
    state: PaymentLinkState.INACTIVE,
    amount: { minorUnits: 2n ** 53n + 1n, asset: 'EUR' },
    version: 2n,
  });
  const told = await refusalOf(byGrpc(serving.grpc, getPaymentLink, { book: 'shop', paymentLinkId: id(1) }));
  expect(told.code).toBe(status.NOT_FOUND);

  const { ACTIVE } = PaymentLinkState;
  const request = { book: 'shop', merchantId: MERCHANT, mode: Mode.LIVE, state: ACTIVE, pageSize: 2 };
  const first = await byGrpc(serving.grpc, listPaymentLinks, request);
  expect(first.paymentLinks.map(({ seq }) => seq)).toEqual([9n, 8n]);
  const second = await byGrpc(serving.grpc, listPaymentLinks, { ...request, pageToken: first.nextPageToken });
  expect(second.paymentLinks.map(({ seq }) => seq)).toEqual([7n]);
  expect(serving.reads.asked.at(-1)).toMatchObject({
    merchant: MERCHANT,
    mode: 'live',
    state: 'active',
    belowSeq: 8,
    limit: 3,
  });
});
