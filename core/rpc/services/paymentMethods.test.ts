import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PaymentIntentService } from '../../../gen/florin/payments/v1/payment_intents_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  PaymentMethodService,
  StoredPaymentMethodState,
} from '../../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { StoredMethod } from '../../kernel/payments/model.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { FakePayments, MERCHANT } from '../testing/fakePayments.ts';
import { type Serving, serve } from '../testing/serving.ts';

const {
  attachPaymentMethods,
  createPaymentMethods,
  detachPaymentMethods,
  getPaymentMethod,
  listPaymentMethods,
} = PaymentMethodService.method;
const { createPaymentIntents } = PaymentIntentService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve({ level: 'debug' });
});
afterAll(() => serving.close());
beforeEach(() => {
  Object.assign(serving.payments, new FakePayments());
  Object.assign(serving.reads, { paymentMethodDocs: [] });
  serving.reads.asked.length = 0;
});

const id = (last: number): Uuid => `0190a3a0-0000-7000-8000-${String(last).padStart(12, '0')}` as Uuid;
const CUSTOMER = id(77);
const create = (item: object) =>
  byGrpc(serving.grpc, createPaymentMethods, {
    book: 'shop',
    paymentMethods: [
      { id: id(1), merchantId: MERCHANT, type: PaymentMethodType.CARD, token: 'pm_card_visa', ...item },
    ],
  });
const pay = (item: object) =>
  byGrpc(serving.grpc, createPaymentIntents, {
    book: 'shop',
    paymentIntents: [{ id: id(1), merchantId: MERCHANT, amount: { minorUnits: 5n, asset: 'EUR' }, ...item }],
  });
const lastItem = () => serving.payments.submitted.at(-1)?.items[0];

function doc(seq: number): StoredMethod {
  return {
    id: id(seq),
    seq,
    book: 2,
    merchant: MERCHANT,
    customer: CUSTOMER,
    state: 'attached',
    type: 'card',
    token: 'pm_card_visa',
    billingCountry: 'DE',
    metadata: {},
    createdUs: 1_700_000_000_000_000,
    version: 2,
    lastSeq: seq + 1,
  };
}

test('a payment method is created, attached and detached, and answered with its id', async () => {
  const { results } = await create({ customerId: CUSTOMER, billingCountry: 'DE' });
  expect(results).toMatchObject([{ outcome: { case: 'done', value: { paymentMethodId: id(1) } } }]);
  expect(lastItem()).toEqual({
    op: 'createPaymentMethod',
    id: id(1),
    merchant: MERCHANT,
    customer: CUSTOMER,
    type: 'card',
    token: 'pm_card_visa',
    billingCountry: 'DE',
    metadata: {},
  });
  const named = { id: id(2), paymentMethodId: id(1) };
  await byGrpc(serving.grpc, attachPaymentMethods, {
    book: 'shop',
    attachments: [{ ...named, customerId: CUSTOMER }],
  });
  expect(lastItem()).toEqual({
    op: 'attachPaymentMethod',
    id: id(2),
    paymentMethod: id(1),
    customer: CUSTOMER,
  });
  await byGrpc(serving.grpc, detachPaymentMethods, { book: 'shop', detachments: [named] });
  expect(lastItem()).toEqual({ op: 'detachPaymentMethod', id: id(2), paymentMethod: id(1) });
});

test.each<[string, object, string, string]>([
  ['a card number', { token: '4242424242424242' }, 'CARD_NUMBER_REFUSED', 'token'],
  ['a card number with spaces', { token: '4242 4242 4242 4242' }, 'CARD_NUMBER_REFUSED', 'token'],
  ['no token', { token: '' }, 'MISSING_FIELD', 'token'],
  ['a token of 256 characters', { token: 't'.repeat(256) }, 'TOO_LONG', 'token'],
  ['no type', { type: 0 }, 'MISSING_FIELD', 'type'],
  ['no country', { billingCountry: 'Germany' }, 'INVALID_VALUE', 'billing_country'],
  ['no customer', { customerId: 'x' }, 'INVALID_UUID', 'customer_id'],
])('%s is refused as malformed, and told in no line of the log', async (_, item, reason, field) => {
  const { results } = await create(item);
  expect(results[0].outcome).toMatchObject({ case: 'refused', value: { reason, field, remembered: false } });
  expect(JSON.stringify(serving.lines)).not.toMatch(/4242/);
});

test('a payment names a stored one or a method, not both, and no id within a method', async () => {
  const paymentMethod = { type: PaymentMethodType.CARD, token: 'pm_card_visa' };
  await pay({ paymentMethodId: id(9) });
  expect(lastItem()).toMatchObject({ op: 'createIntent', method: null, paymentMethod: id(9) });
  await pay({ paymentMethod });
  expect(lastItem()).toMatchObject({ method: { type: 'card', token: 'pm_card_visa' } });
  const both = await pay({ paymentMethod, paymentMethodId: id(9) });
  expect(both.results[0].outcome.value).toMatchObject({
    reason: 'INVALID_VALUE',
    field: 'payment_method_id',
  });
  const within = await pay({ paymentMethod: { ...paymentMethod, id: id(9) } });
  expect(within.results[0].outcome.value).toMatchObject({
    reason: 'INVALID_VALUE',
    field: 'payment_method.id',
  });
});

test('they are read by id, and listed newest first of a merchant or of a customer', async () => {
  serving.reads.paymentMethodDocs = [doc(9), doc(8), doc(7)];
  const { paymentMethod } = await byGrpc(serving.grpc, getPaymentMethod, {
    book: 'shop',
    paymentMethodId: id(8),
  });
  expect(paymentMethod).toMatchObject({
    id: id(8),
    merchantId: MERCHANT,
    customerId: CUSTOMER,
    state: StoredPaymentMethodState.ATTACHED,
    type: PaymentMethodType.CARD,
    billingCountry: 'DE',
  });
  const told = await refusalOf(
    byGrpc(serving.grpc, getPaymentMethod, { book: 'shop', paymentMethodId: id(1) }),
  );
  expect(told.code).toBe(status.NOT_FOUND);

  const request = { book: 'shop', of: { case: 'customerId', value: CUSTOMER } as const, pageSize: 2 };
  const first = await byGrpc(serving.grpc, listPaymentMethods, request);
  const second = await byGrpc(serving.grpc, listPaymentMethods, {
    ...request,
    pageToken: first.nextPageToken,
  });
  expect([...first.paymentMethods, ...second.paymentMethods].map(({ seq }) => seq)).toEqual([9n, 8n, 7n]);
  expect(serving.reads.asked).toEqual([
    { of: { customerId: CUSTOMER }, ids: null, after: null, limit: 3 },
    { of: { customerId: CUSTOMER }, ids: null, after: 8, limit: 3 },
  ]);
  await byGrpc(serving.grpc, listPaymentMethods, { ...request, paymentMethodIds: [id(8)] });
  expect(serving.reads.asked.at(-1)).toMatchObject({ ids: [id(8)] });
  const wrong = byGrpc(serving.grpc, listPaymentMethods, { ...request, paymentMethodIds: ['x'] });
  expect((await refusalOf(wrong)).info?.metadata.field).toBe('payment_method_ids[0]');
  const nobody = await refusalOf(byGrpc(serving.grpc, listPaymentMethods, { book: 'shop' }));
  expect(nobody.code).toBe(status.INVALID_ARGUMENT);
});
