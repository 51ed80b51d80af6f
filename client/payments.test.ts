import { fromBinary } from '@bufbuild/protobuf';
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CreateMerchantsResponseSchema } from '../gen/florin/payments/v1/merchants_pb.ts';
import {
  AwaitPaymentIntentsRequestSchema,
  AwaitPaymentIntentsResponseSchema,
  CreatePaymentIntentsRequestSchema,
  CreatePaymentIntentsResponseSchema,
} from '../gen/florin/payments/v1/payment_intents_pb.ts';
import { PaymentIntentState } from '../gen/florin/payments/v1/payments_pb.ts';
import { connectFlorin, type Florin } from './florin.ts';
import type { PaymentCallOptions } from './payments.ts';
import { bytesOf, type FakeCore, fakeCore, type Incoming } from './testing/fakeCore.ts';

let core: FakeCore;
let florin: Florin;

beforeEach(async () => {
  core = await fakeCore(change);
  florin = connectFlorin({ target: core.target, retry: { backoffMs: 1, attemptsMax: 2 } });
});
afterEach(() => {
  florin.close();
  core.stop();
});

/** Every item of a request of creations is changed; those called "no" are refused. */
function change(incoming: Incoming): void {
  const { paymentIntents } = fromBinary(CreatePaymentIntentsRequestSchema, incoming.bytes);
  const results = paymentIntents.map(({ id }) => ({
    outcome:
      id === 'no'
        ? { case: 'refused' as const, value: { reason: 'NO_ROUTE' } }
        : {
            case: 'changed' as const,
            value: { paymentIntentId: id, state: PaymentIntentState.PROCESSING },
          },
  }));
  incoming.answer(bytesOf(CreatePaymentIntentsResponseSchema, { position: { shard: 7, seq: 99n }, results }));
}

const idsIn = (bytes: Uint8Array) => fromBinary(AwaitPaymentIntentsRequestSchema, bytes);
const part = (ids: string[], notFoundIds: string[] = []): Uint8Array => {
  const paymentIntents = ids.map((id) => ({ id, state: PaymentIntentState.SUCCEEDED }));
  return bytesOf(AwaitPaymentIntentsResponseSchema, { paymentIntents, notFoundIds });
};

/** "id STATE" of the payment intent that came to rest, or what came in its place. */
async function make(id: string, options: PaymentCallOptions = { waitMs: 1_000 }): Promise<string> {
  const { outcome } = await florin.paymentIntents.createPaymentIntent('shop', { id }, options);
  if (outcome.case !== 'changed') return `refused ${outcome.value?.reason}`;
  const { paymentIntent } = outcome.value;
  return paymentIntent === undefined
    ? `${outcome.value.paymentIntentId} durable`
    : `${paymentIntent.id} ${paymentIntent.state === PaymentIntentState.SUCCEEDED ? 'SUCCEEDED' : paymentIntent.state}`;
}

test('single calls about payments gather, and a merchant has its own answer', async () => {
  expect(await Promise.all(['a', 'no', 'b'].map((id) => make(id, {})))).toEqual([
    'a durable',
    'refused NO_ROUTE',
    'b durable',
  ]);
  expect(core.received.map(({ path }) => path.split('/').at(-1))).toEqual(['CreatePaymentIntents']);
  core.handle = (incoming) =>
    incoming.answer(
      bytesOf(CreateMerchantsResponseSchema, {
        position: {},
        results: [{ outcome: { case: 'done', value: { seq: 5n } } }],
      }),
    );
  const { outcome } = await florin.merchants.createMerchant('shop', { name: 'Chairs' });
  expect(outcome).toMatchObject({ case: 'done', value: { seq: 5n } });
});

test('each method is called as itself, its items in the second field', async () => {
  core.handle = (incoming) =>
    incoming.answer(
      bytesOf(CreatePaymentIntentsResponseSchema, {
        position: {},
        results: [{ outcome: { case: 'changed', value: {} } }],
      }),
    );
  const { paymentIntents, refunds } = florin;
  const about = { id: 'c', paymentIntentId: 'p' };
  await paymentIntents.confirmPaymentIntent('shop', about);
  await paymentIntents.capturePaymentIntent('shop', { ...about, amount: 5n });
  await paymentIntents.cancelPaymentIntent('shop', about);
  await refunds.createRefund('shop', about);
  expect(core.received.map(({ path }) => path.split('/').at(-1))).toEqual([
    'ConfirmPaymentIntents',
    'CapturePaymentIntents',
    'CancelPaymentIntents',
    'CreateRefunds',
  ]);
});

describe('a wait', () => {
  test('travels with those of its turn, and ends with its own payment: a slow one holds up nobody', async () => {
    const asked: unknown[] = [];
    let release = (): void => undefined;
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    core.stream = async function* (bytes) {
      asked.push(idsIn(bytes));
      yield part(['a', 'c'], ['gone']);
      await slow;
      yield part(['slow']);
    };
    const calls = ['a', 'slow', 'no', 'gone', 'c'].map((id) => make(id));
    expect(await Promise.all([calls[0], calls[2], calls[3], calls[4]])).toEqual([
      'a SUCCEEDED',
      'refused NO_ROUTE',
      'gone durable',
      'c SUCCEEDED',
    ]);
    release();
    expect(await calls[1]).toBe('slow SUCCEEDED');
    expect(asked).toMatchObject([
      { book: 'shop', waitMs: 1_000, paymentIntentIds: ['a', 'slow', 'gone', 'c'] },
    ]);
  });

  test('of two calls about one payment ends for both', async () => {
    core.stream = async function* (bytes) {
      expect(idsIn(bytes).paymentIntentIds).toEqual(['a']);
      yield await Promise.resolve(part(['a']));
    };
    expect(await Promise.all([make('a'), make('a')])).toEqual(['a SUCCEEDED', 'a SUCCEEDED']);
  });

  test('of another length has a stream of its own', async () => {
    const asked: [number, string[]][] = [];
    core.stream = async function* (bytes) {
      const { waitMs, paymentIntentIds } = idsIn(bytes);
      asked.push([waitMs, paymentIntentIds]);
      yield await Promise.resolve(part(paymentIntentIds));
    };
    await Promise.all([make('a', { waitMs: 50 }), make('b', { waitMs: 30_000 }), make('c', { waitMs: 50 })]);
    expect(asked).toEqual([
      [50, ['a', 'c']],
      [30_000, ['b']],
    ]);
  });

  test('that breaks off goes on for those that are left', async () => {
    const asked: string[][] = [];
    core.stream = async function* (bytes) {
      const { paymentIntentIds } = idsIn(bytes);
      asked.push(paymentIntentIds);
      yield await Promise.resolve(part(paymentIntentIds.slice(0, 1)));
      if (paymentIntentIds.length > 1) throw Object.assign(new Error('cut'), { code: 14 });
    };
    expect(await Promise.all([make('a'), make('b'), make('c')])).toEqual([
      'a SUCCEEDED',
      'b SUCCEEDED',
      'c SUCCEEDED',
    ]);
    expect(asked).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']]);
  });

  test('that cannot be had leaves the answer without the payment intent: the change is durable', async () => {
    core.stream = () => ({ code: 14 });
    expect(await Promise.all([make('a'), make('b')])).toEqual(['a durable', 'b durable']);
  });

  test('ends when its caller leaves, and lets go of the signal', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    core.stream = async function* (bytes) {
      controller.abort();
      yield await Promise.resolve(part(idsIn(bytes).paymentIntentIds.filter((id) => id === 'b')));
    };
    const other = new AbortController().signal;
    expect(
      await Promise.all([make('a', { waitMs: 500, signal }), make('b', { waitMs: 500, signal: other })]),
    ).toEqual(['a durable', 'b SUCCEEDED']);
    expect(getEventListeners(other, 'abort').length).toBe(0);
  });

  test('ends with the client', async () => {
    core.stream = () => {
      florin.close();
      return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
    };
    expect(await make('a')).toBe('a durable');
  });

  test.each([-1, 0.5, 30_001])('of %d ms is refused before anything is sent', async (waitMs) => {
    await expect(make('a', { waitMs })).rejects.toThrow(/^waitMs must be a whole number from 0 to 30000/);
    expect(core.received).toEqual([]);
  });
});

describe('payment intents that are read alone', () => {
  test('travel together, and each reader has its own', async () => {
    const asked: { ids: string[]; waitMs: number }[] = [];
    core.stream = async function* (bytes) {
      const { paymentIntentIds, waitMs } = idsIn(bytes);
      asked.push({ ids: paymentIntentIds, waitMs });
      yield part(['a']);
      yield part(['b'], ['none']);
    };
    const found = await Promise.all(
      ['a', 'none', 'b', 'a'].map((id) => florin.paymentIntents.readPaymentIntent('shop', id)),
    );
    expect(found.map((intent) => intent?.id)).toEqual(['a', undefined, 'b', 'a']);
    expect(asked).toEqual([{ ids: ['a', 'none', 'b'], waitMs: 0 }]);
  });

  test('gather while some are on their way, and leave all the same where those stay long', async () => {
    const asked: string[][] = [];
    const answers: (() => void)[] = [];
    core.stream = async function* (bytes) {
      const { paymentIntentIds } = idsIn(bytes);
      asked.push(paymentIntentIds);
      await new Promise<void>((resolve) => answers.push(resolve));
      yield part(paymentIntentIds);
    };
    const read = (id: string) => florin.paymentIntents.readPaymentIntent('shop', id);
    const first = read('a');
    await vi.waitFor(() => expect(asked).toEqual([['a']]));
    // The one that is on its way says nothing of what comes after it was asked.
    const [again, second] = [read('a'), read('b')];
    await vi.waitFor(() => expect(asked).toEqual([['a'], ['a', 'b']]));
    for (const answer of answers) answer();
    expect((await Promise.all([first, again, second])).map((intent) => intent?.id)).toEqual(['a', 'a', 'b']);
  });

  test('are an error where nobody can tell, and never "none"', async () => {
    core.stream = () => ({ code: 14, message: 'away' });
    await expect(florin.paymentIntents.readPaymentIntent('shop', 'a')).rejects.toMatchObject({ code: 14 });
    core.stream = async function* () {
      yield part(['b']);
    };
    const read = florin.paymentIntents.readPaymentIntent('shop', 'a');
    await expect(read).rejects.toMatchObject({ code: 14, outcome: 'none' });
    florin.close();
    await expect(florin.paymentIntents.readPaymentIntent('shop', 'a')).rejects.toMatchObject({ code: 1 });
  });
});
