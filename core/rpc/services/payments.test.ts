import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MerchantService } from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentIntentService } from '../../../gen/florin/payments/v1/payment_intents_pb.ts';
import { PaymentIntentState } from '../../../gen/florin/payments/v1/payments_pb.ts';
import { RefundService } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import { CallRefused } from '../../shard/service.ts';
import { byGrpc, byJson, refusalOf, streamByGrpc } from '../testing/callers.ts';
import { FakePayments, intentDoc, MERCHANT, PAYMENT, refusedOf } from '../testing/fakePayments.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { createMerchants, getMerchant, updateMerchants } = MerchantService.method;
const {
  awaitPaymentIntents,
  cancelPaymentIntents,
  capturePaymentIntents,
  confirmPaymentIntents,
  createPaymentIntents,
  getPaymentIntent,
  incrementAuthorizations,
  listPaymentIntents,
  updatePaymentIntents,
} = PaymentIntentService.method;
const { createRefunds } = RefundService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
});
afterAll(() => serving.close());
beforeEach(() => {
  Object.assign(serving.payments, new FakePayments());
  Object.assign(serving.reads, { seq: 41, intentDocs: [], merchantDocs: [] });
  serving.refused.length = serving.reads.asked.length = 0;
});

const id = (last: number): string => `0190a3a0-0000-7000-8000-${String(last).padStart(12, '0')}`;
const item = (last: number): { id: string; merchantId: string; amount: object } => ({
  id: id(last),
  merchantId: MERCHANT,
  amount: { minorUnits: 2_500n, asset: 'EUR' },
});
const make = (paymentIntents: ReturnType<typeof item>[], waitMs = 0, options = {}) =>
  byGrpc(serving.grpc, createPaymentIntents, { book: 'shop', paymentIntents, waitMs }, options);

describe('a batch', () => {
  test('is answered item by item, in order: changed, malformed, refused', async () => {
    serving.payments.onItem = (command) =>
      command.id === id(3)
        ? { ...refusedOf('MERCHANT_NOT_FOUND', 'merchant_id'), remembered: true }
        : new FakePayments().onItem(command);
    const bad = { ...item(2), merchantId: '' };
    const { position, results } = await make([item(1), bad, item(3)]);
    expect(position).toMatchObject({ shard: 7, seq: 41n });
    expect(results.map(({ outcome }) => outcome)).toMatchObject([
      {
        case: 'changed',
        value: { paymentIntentId: id(1), state: PaymentIntentState.PROCESSING, version: 1n, seq: 41n },
      },
      { case: 'refused', value: { reason: 'MISSING_FIELD', field: 'merchant_id', remembered: false } },
      { case: 'refused', value: { reason: 'MERCHANT_NOT_FOUND', remembered: true } },
    ]);
    expect(serving.refused).toEqual(['MISSING_FIELD', 'MERCHANT_NOT_FOUND']);
    expect(serving.payments.waits).toEqual([]);
  });

  test.each([
    ['amount', 'amount.minor_units'],
    ['currency', 'amount.asset'],
    ['merchant_id', 'merchant_id'],
  ])('of new payment intents calls the field %s of a refusal %s', async (kernel, told) => {
    serving.payments.onItem = () => refusedOf('ID_REUSED', kernel);
    const { results } = await make([item(1)]);
    expect(results[0].outcome.value).toMatchObject({ reason: 'ID_REUSED', field: told });
  });

  test.each([0, 8_193])('of %i items is refused', async (count) => {
    const told = await refusalOf(make(Array.from({ length: count }, () => item(1))));
    expect(told).toMatchObject({ code: status.INVALID_ARGUMENT, info: { reason: 'BATCH_SIZE' } });
    expect(told.info?.metadata.field).toBe('payment_intents');
    expect(serving.payments.submitted).toEqual([]);
  });

  test('change merchants, each item alone', async () => {
    const updates = [
      { id: id(1), merchantId: MERCHANT, reserve: { ppm: 100_000, days: 180 } },
      { id: id(2), merchantId: MERCHANT },
    ];
    const { results } = await byGrpc(serving.grpc, updateMerchants, { book: 'shop', updates });
    expect(results.map(({ outcome }) => outcome)).toMatchObject([
      { case: 'done', value: { seq: 41n, replayed: false } },
      { case: 'refused', value: { reason: 'NOTHING_TO_CHANGE', remembered: false } },
    ]);
  });

  test('of each kind reaches the kernel as its command', async () => {
    const about = { id: id(9), paymentIntentId: PAYMENT };
    const { grpc } = serving;
    await byGrpc(grpc, confirmPaymentIntents, { book: 'shop', confirmations: [about] });
    await byGrpc(grpc, capturePaymentIntents, { book: 'shop', captures: [about] });
    const updates = [{ ...about, amount: 5n }];
    await byGrpc(grpc, updatePaymentIntents, { book: 'shop', updates });
    await byGrpc(grpc, incrementAuthorizations, { book: 'shop', increments: updates });
    await byGrpc(grpc, cancelPaymentIntents, { book: 'shop', cancellations: [about] });
    await byGrpc(grpc, createRefunds, { book: 'shop', refunds: [about] });
    const merchants = [{ id: MERCHANT, name: 'Chairs', country: 'DE' }];
    const { results } = await byGrpc(grpc, createMerchants, { book: 'shop', merchants });
    expect(results).toMatchObject([{ outcome: { case: 'done', value: { seq: 41n } } }]);
    const ops = serving.payments.submitted.flatMap(({ items }) => items.map(({ op }) => op));
    expect(ops).toEqual([
      'confirmIntent',
      'captureIntent',
      'updateIntent',
      'incrementIntent',
      'cancelIntent',
      'refundIntent',
      'createMerchant',
    ]);
  });

  test('can be sent as JSON', async () => {
    const body = {
      book: 'shop',
      payment_intents: [
        { id: id(1), merchant_id: MERCHANT, amount: { minor_units: '2500', asset: 'EUR' }, confirm: true },
      ],
    };
    const answer = await byJson(serving.rpc.connectPort, createPaymentIntents, body);
    expect(answer).toMatchObject({
      status: 200,
      body: { results: [{ changed: { paymentIntentId: id(1) } }] },
    });
    expect(serving.payments.submitted[0].items).toMatchObject([{ amount: 2_500n, confirm: true }]);
  });
});

describe('a wait', () => {
  const atRest = (last: number) => intentDoc({ id: id(last) as Uuid, state: 'succeeded' });

  test('gives each item that was changed its payment intent at rest, all waited for at once', async () => {
    let open = 0,
      most = 0;
    serving.payments.onWait = async (intent) => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      return intentDoc({ id: intent, state: 'succeeded' });
    };
    const { results } = await make([item(1), { ...item(2), id: '' }, item(3)], 30_000);
    const intents = results.map(({ outcome }) =>
      outcome.case === 'changed' ? outcome.value.paymentIntent : outcome.case,
    );
    expect(intents).toMatchObject([
      { id: id(1), book: 'shop', state: PaymentIntentState.SUCCEEDED },
      'refused',
      { id: id(3), state: PaymentIntentState.SUCCEEDED },
    ]);
    expect(most).toBe(2);
    expect(serving.payments.waits.map(({ waitMs }) => waitMs)).toEqual([30_000, 30_000]);
  });

  test('is not what makes a call slow', async () => {
    serving.lines.length = 0;
    serving.payments.onWait = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_050));
      return null;
    };
    await make([item(1)], 2_000);
    expect(serving.lines.filter(({ event }) => event === 'rpc.call')).toEqual([]);
  });

  test('ends before the deadline of the caller', async () => {
    await make([item(1)], 30_000, { deadline: new Date(Date.now() + 1_000) });
    expect(serving.payments.waits[0].waitMs).toBeLessThanOrEqual(950);
    expect(serving.payments.waits[0].waitMs).toBeGreaterThan(500);
  });

  test('that fails leaves an answer without the payment intent: the change is durable', async () => {
    serving.payments.onWait = (intent) =>
      intent === id(1) ? Promise.reject(new CallRefused('SHARD_NOT_READY')) : Promise.resolve(atRest(2));
    const { results } = await make([item(1), item(2)], 100);
    expect(results.map(({ outcome }) => outcome.case)).toEqual(['changed', 'changed']);
    expect(
      results.map(({ outcome }) => (outcome.value as { paymentIntent?: unknown }).paymentIntent),
    ).toEqual([undefined, expect.objectContaining({ id: id(2) })]);
  });

  test.each([
    [
      'an answer',
      (grpc: Serving['grpc']) =>
        byGrpc(grpc, createPaymentIntents, { book: 'shop', paymentIntents: [item(1)], waitMs: 30_000 }),
    ],
    [
      'a stream',
      async (grpc: Serving['grpc']) => {
        const request = { book: 'shop', paymentIntentIds: [id(1)], waitMs: 30_000 };
        for await (const part of streamByGrpc(grpc, awaitPaymentIntents, request)) return part as unknown;
        return undefined;
      },
    ],
  ])('for %s ends when the server drains, with the payment as it stands', async (_what, call) => {
    const draining = await serve();
    const asked = Promise.withResolvers<void>();
    draining.payments.onWait = (intent, waitMs) => {
      asked.resolve();
      return waitMs === 0
        ? Promise.resolve(intentDoc({ id: intent, state: 'processing' }))
        : new Promise(() => undefined);
    };
    const answer = call(draining.grpc);
    await asked.promise;
    await draining.rpc.stop(10_000);
    const text = JSON.stringify(await answer, (_key, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    );
    expect(text).toContain(`"id":"${id(1)}"`);
    await draining.close();
  });

  test('for nobody ends: whoever has left is not waited for', async () => {
    const gone = Promise.withResolvers<void>();
    serving.payments.onWait = (_intent, waitMs) => {
      if (waitMs === 0) gone.resolve();
      return new Promise(() => undefined);
    };
    const request = { book: 'shop', paymentIntentIds: [PAYMENT], waitMs: 30_000 };
    const stream = streamByGrpc(serving.grpc, awaitPaymentIntents, request);
    stream.on('error', () => undefined);
    while (serving.payments.waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stream.cancel();
    await gone.promise;
    expect(serving.payments.waits.map(({ waitMs }) => waitMs)).toEqual([30_000, 0]);
  });

  test.each([-1, 30_001])('of %i ms is refused before anything is done', async (waitMs) => {
    const told = await refusalOf(make([item(1)], waitMs));
    expect(told).toMatchObject({ code: status.INVALID_ARGUMENT, info: { metadata: { field: 'wait_ms' } } });
    expect(serving.payments.submitted).toEqual([]);
  });
});

describe('awaiting', () => {
  const awaiting = async (paymentIntentIds: string[], waitMs = 1_000) => {
    const stream = streamByGrpc(serving.grpc, awaitPaymentIntents, {
      book: 'shop',
      paymentIntentIds,
      waitMs,
    });
    const parts: { found: string[]; notFound: string[] }[] = [];
    for await (const part of stream as AsyncIterable<{
      paymentIntents: { id: string }[];
      notFoundIds: string[];
    }>)
      parts.push({ found: part.paymentIntents.map((one) => one.id), notFound: part.notFoundIds });
    return parts;
  };

  test('answers each as it comes to rest, and names those that are not there', async () => {
    const rest = new Map<string, (found: boolean) => void>();
    serving.payments.onWait = (intent) =>
      new Promise((resolve) => {
        rest.set(intent, (found) => resolve(found ? intentDoc({ id: intent }) : null));
        if (rest.size < 4) return;
        rest.get(id(3))?.(true);
        rest.get(id(1))?.(true);
        setTimeout(() => rest.get(id(4))?.(false), 10);
        setTimeout(() => rest.get(id(2))?.(true), 20);
      });
    const parts = await awaiting([id(1), id(2), id(3), id(4), id(1).toUpperCase()]);
    expect(parts).toEqual([
      { found: [id(3), id(1)], notFound: [] },
      { found: [], notFound: [id(4)] },
      { found: [id(2)], notFound: [] },
    ]);
  });

  test('sends what is too much for one message in several', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, 'v'.repeat(500)]));
    serving.payments.onWait = (intent) => Promise.resolve(intentDoc({ id: intent, metadata }));
    const ids = Array.from({ length: 150 }, (_, n) => id(n + 1));
    const parts = await awaiting(ids);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.flatMap(({ found }) => found).toSorted()).toEqual(ids);
  });

  test.each([
    ['no id', [], 1_000, 'payment_intent_ids'],
    ['a wrong id', [PAYMENT, 'x'], 1_000, 'payment_intent_ids[1]'],
    ['too long a wait', [PAYMENT], 30_001, 'wait_ms'],
  ])('with %s is refused', async (_what, ids, waitMs, field) => {
    const told = await refusalOf(awaiting(ids, waitMs));
    expect(told).toMatchObject({ code: status.INVALID_ARGUMENT, info: { metadata: { field } } });
  });

  test('that fails for one fails', async () => {
    serving.payments.onWait = () => Promise.reject(new CallRefused('SHARD_NOT_READY'));
    expect((await refusalOf(awaiting([PAYMENT]))).info?.reason).toBe('SHARD_NOT_READY');
  });
});

describe('reads', () => {
  test('of a payment intent and a merchant say how fresh they are; of another book they find nothing', async () => {
    const { reads, grpc, ledger } = serving;
    reads.intentDocs = [intentDoc()];
    const get = () =>
      byGrpc(grpc, getPaymentIntent, { book: 'shop', paymentIntentId: PAYMENT.toUpperCase() });
    expect(await get()).toMatchObject({ paymentIntent: { id: PAYMENT }, asOfSeq: 41n });
    const locate = ledger.locate.bind(ledger);
    ledger.locate = () => ({ shard: 7, number: 3 });
    const told = await refusalOf(get());
    ledger.locate = locate;
    expect(told).toMatchObject({ code: status.NOT_FOUND, info: { reason: 'NOT_FOUND' } });
    const gone = await refusalOf(byGrpc(grpc, getMerchant, { book: 'shop', merchantId: MERCHANT }));
    expect(gone.info?.metadata.field).toBe('merchant_id');
  });

  test('list payment intents newest first under all filters', async () => {
    serving.reads.intentDocs = [9, 8, 7].map((seq) => intentDoc({ id: id(seq) as Uuid, seq }));
    const request = {
      book: 'shop',
      merchantId: MERCHANT.toUpperCase(),
      state: PaymentIntentState.CONFLICTED,
      states: [PaymentIntentState.SUCCEEDED, PaymentIntentState.CONFLICTED],
      currency: 'EUR',
      metadata: { cart: '9' },
      reference: 'order 7',
      onlyAttention: true,
      createdFrom: { seconds: 5n, nanos: 1 },
      createdUntil: { seconds: 6n },
      pageSize: 2,
    };
    const first = await byGrpc(serving.grpc, listPaymentIntents, request);
    expect(first.paymentIntents.map(({ seq }) => seq)).toEqual([9n, 8n]);
    const pageToken = first.nextPageToken;
    const second = await byGrpc(serving.grpc, listPaymentIntents, { ...request, pageToken });
    expect(second.paymentIntents.map(({ seq }) => seq)).toEqual([7n]);
    expect(second.nextPageToken).toBe('');
    const filter = {
      merchant: MERCHANT,
      states: ['succeeded', 'conflicted'],
      currency: 'EUR',
      metadata: { cart: '9' },
      reference: 'order 7',
      onlyAttention: true,
      createdFromUs: 5_000_001,
      createdUntilUs: 6_000_000,
      limit: 3,
      customer: null,
    };
    expect(serving.reads.asked).toEqual([
      { ...filter, aboveSeq: null, belowSeq: null, order: 'newest first' },
      { ...filter, aboveSeq: null, belowSeq: 8, order: 'newest first' },
    ]);
    const other = await refusalOf(
      byGrpc(serving.grpc, listPaymentIntents, { ...request, onlyAttention: false, pageToken }),
    );
    expect(other.info?.metadata.field).toBe('page_token');
    const cart = { ...request, metadata: { cart: '8' }, pageToken };
    const another = await refusalOf(byGrpc(serving.grpc, listPaymentIntents, cart));
    expect(another.info?.metadata.field).toBe('page_token');
  });

  test.each([
    ['state', { state: 99 as PaymentIntentState }],
    ['merchant_id', { merchantId: 'x' }],
    ['reference', { reference: 'r\0' }],
    ['states[1]', { states: [PaymentIntentState.SUCCEEDED, PaymentIntentState.UNSPECIFIED] }],
    ['currency', { currency: 'eur' }],
    ['metadata', { metadata: { ['k'.repeat(41)]: '' } }],
  ])('with a wrong %s are refused', async (field, wrong) => {
    const told = await refusalOf(byGrpc(serving.grpc, listPaymentIntents, { book: 'shop', ...wrong }));
    expect(told.info?.metadata.field).toBe(field);
  });
});
