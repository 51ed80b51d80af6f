import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uuidv7 } from '../../client/index.ts';
import { connectPayments, openShop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { verifyFindings } from '../support/payments/verified.ts';
import { makeKey, type MerchantAt, merchantAt, startTestEdge, type TestEdge } from '../support/edge.ts';

let processes: PaymentProcesses;
let edge: TestEdge;
let here: MerchantAt;
/** Another merchant of the same book. */
let stranger: MerchantAt;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  const opening = connectPayments({ target });
  const shop = await openShop(opening, 'shop');
  const merchant = uuidv7();
  const merchants = [{ id: merchant, name: 'x', country: 'DE' }];
  await opening.merchants.createMerchants({ book: shop.book, merchants });
  opening.close();
  edge = await startTestEdge(target);
  const [key, other] = [await makeKey(target, shop), await makeKey(target, { book: shop.book, merchant })];
  here = merchantAt(edge, key.secret);
  stranger = merchantAt(edge, other.secret);
});

afterAll(async () => {
  try {
    await edge?.stop();
    expect(await verifyFindings(processes.core)).toEqual([]);
  } finally {
    await processes?.stop();
  }
}, 60_000);

const NEW = { amount: 1_999, currency: 'eur', payment_method: 'pm_card_visa', confirm: true };

async function pay(fields: object = {}): Promise<string> {
  const { body } = await here.post('/v1/payment_intents', { ...NEW, ...fields }, randomUUID());
  expect(body).toMatchObject({ status: 'succeeded' });
  return body['id'] as string;
}

const idsAt = async (path: string, who = here): Promise<unknown[]> => {
  const { body, text } = await who.get(path);
  expect(body, text).toMatchObject({ object: 'list' });
  return (body['data'] as { id: unknown }[]).map(({ id }) => id);
};

describe('refunds', () => {
  test('are found by their id and listed, at once, and only by their merchant', async () => {
    const [first, second] = [await pay(), await pay()];
    const refund = async (payment_intent: string, amount: number): Promise<string> => {
      const { status, body } = await here.post('/v1/refunds', { payment_intent, amount }, randomUUID());
      expect(status).toBe(200);
      expect(await here.get(`/v1/refunds/${body['id'] as string}`)).toMatchObject({ status: 200, body });
      return body['id'] as string;
    };
    const ids = [await refund(first, 100), await refund(second, 200), await refund(first, 300)];
    expect(await idsAt('/v1/refunds')).toEqual(ids.toReversed());
    expect(await idsAt(`/v1/refunds?payment_intent=${first}`)).toEqual([ids[2], ids[0]]);
    expect(await idsAt(`/v1/refunds?limit=1&starting_after=${ids[2]}`)).toEqual([ids[1]]);
    expect(await idsAt(`/v1/refunds?limit=1&ending_before=${ids[0]}`)).toEqual([ids[1]]);
    expect(await idsAt('/v1/refunds', stranger)).toEqual([]);
    expect(await idsAt(`/v1/refunds?payment_intent=${first}`, stranger)).toEqual([]);
    expect(await stranger.get(`/v1/refunds/${ids[0]}`)).toMatchObject({ status: 404 });
    expect(await here.get(`/v1/refunds/${first.replace('pi', 're')}`)).toMatchObject({ status: 404 });
  });
});
