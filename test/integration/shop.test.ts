import { randomBytes, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { truthOf } from '../support/payments/truth.ts';
import { verifyFindings } from '../support/payments/verified.ts';
import { type OnItsWay, startTestShop, takenFor, type TestShop } from '../support/shop.ts';

const WAIT = { timeout: 15_000, interval: 50 };
/** A ledger and two pots of ink. */
const CENTS = 4_350;

let shop: TestShop;

beforeAll(async () => {
  shop = await startTestShop();
});

afterEach(() => {
  shop.road.letGo();
  shop.road.webhooks.length = 0;
});

afterAll(async () => {
  try {
    const { findings } = await truthOf(shop.processes.core.databaseUrl, shop.processes.simulator);
    expect(findings).toEqual([]);
    expect(await verifyFindings(shop.processes.core)).toEqual([]);
    expect(shop.output()).not.toMatch(/sk_test_|whsec_/);
  } finally {
    await shop?.stop();
  }
}, 60_000);

/** What a form of the shop sends. */
function submit(path: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams(form);
  return fetch(`${shop.url}${path}`, { method: 'POST', body, redirect: 'manual', headers });
}

async function order(): Promise<string> {
  const answer = await submit('/orders', { ledger: '1', ink: '2' });
  expect(answer.status).toBe(303);
  return answer.headers.get('location')!.slice('/orders/'.length);
}

const pay = (id: string, token: string, n = 1) =>
  submit(`/orders/${id}/pay`, { try: String(n), with: 'ready', token });

async function stateOf(id: string): Promise<string> {
  const answer = await fetch(`${shop.url}/orders/${id}/state`);
  return ((await answer.json()) as { state: string }).state;
}

const comesTo = (id: string, state: string) =>
  vi.waitFor(async () => expect(await stateOf(id)).toBe(state), WAIT);

const asMerchant = () => ({
  authorization: `Basic ${Buffer.from(`m:${shop.password}`).toString('base64')}`,
});

async function refund(id: string, amount: string, key: string = randomUUID()): Promise<string> {
  const answer = await submit(`/admin/orders/${id}/refund`, { amount, key }, asMerchant());
  return answer.status === 303 ? 'done' : /role="alert"[^>]*>([^<]*)</.exec(await answer.text())![1].trim();
}

async function deliver({ headers, body }: OnItsWay): Promise<number> {
  const { host: _, 'content-length': __, ...rest } = headers;
  const answer = await fetch(`${shop.url}/webhooks`, { method: 'POST', headers: rest, body });
  return answer.status;
}

const typeOf = ({ body }: OnItsWay): string => (JSON.parse(body) as { type: string }).type;
const heldUp = (type: string) =>
  vi.waitFor(() => expect(shop.road.webhooks.map(typeOf)).toContain(type), WAIT);

test('an order is paid once its webhook has come, and not before', async () => {
  const id = await order();
  shop.road.holdUp();
  await pay(id, 'pm_card_visa');
  expect(await stateOf(id)).toBe('being confirmed');
  await heldUp('payment_intent.succeeded');
  expect(await stateOf(id)).toBe('being confirmed');
  shop.road.letGo();
  const held = shop.road.webhooks.slice();
  for (const webhook of held) expect(await deliver(webhook)).toBe(204);
  expect(await stateOf(id)).toBe('paid');
  expect(await takenFor(shop, id)).toEqual([CENTS]);
});

test('webhooks that come late, twice and in the wrong order leave the order as it is', async () => {
  const id = await order();
  shop.road.holdUp();
  await pay(id, 'pm_card_chargeDeclined');
  expect(await stateOf(id)).toBe('unpaid');
  await pay(id, 'pm_card_visa', 2);
  await heldUp('payment_intent.succeeded');
  await heldUp('payment_intent.payment_failed');
  await heldUp('payment_intent.created');
  shop.road.letGo();
  const held = [...shop.road.webhooks];
  const last = held.findIndex((one) => typeOf(one) === 'payment_intent.succeeded');
  expect(await deliver(held[last])).toBe(204);
  expect(await stateOf(id)).toBe('paid');
  for (const webhook of [...held, ...held].toReversed()) {
    expect(await deliver(webhook)).toBe(204);
    expect(await stateOf(id)).toBe('paid');
  }
  expect(await takenFor(shop, id)).toEqual([CENTS]);
});

test('a forged webhook is refused and moves nothing; the same one, signed, is taken', async () => {
  const id = await order();
  shop.road.holdUp();
  await pay(id, 'pm_card_chargeDeclined');
  await heldUp('payment_intent.payment_failed');
  shop.road.letGo();
  const genuine = shop.road.webhooks.find((one) => typeOf(one) === 'payment_intent.payment_failed')!;
  const said = JSON.parse(genuine.body) as { id: string; data: { object: Record<string, unknown> } };
  const paid = { status: 'succeeded', version: 99, amount_received: CENTS, last_payment_error: null };
  const body = JSON.stringify({
    ...said,
    id: 'evt_forged',
    type: 'payment_intent.succeeded',
    data: { object: { ...said.data.object, ...paid } },
  });
  const signed = (secret: string, at: Date): OnItsWay => ({
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'evt_forged',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign('evt_forged', at, body),
    },
    body,
  });
  const now = new Date();
  const minutesAway = (minutes: number): Date => new Date(now.getTime() + minutes * 60_000);
  const good = signed(shop.secret(), now);
  const forged = [
    signed(`whsec_${randomBytes(24).toString('base64')}`, now),
    signed(shop.secret(), minutesAway(-6)),
    signed(shop.secret(), minutesAway(6)),
    { ...good, body: body.replace('evt_forged', 'evt_forgex') },
    { ...good, headers: { ...good.headers, 'webhook-id': 'evt_other' } },
    { ...good, headers: { 'content-type': 'application/json' } },
    { headers: genuine.headers, body },
  ];
  for (const one of forged) expect(await deliver(one)).toBe(401);
  expect(await stateOf(id)).toBe('unpaid');
  // A control: it was the signature that was wrong, and nothing else.
  expect(await deliver(good)).toBe(204);
  expect(await stateOf(id)).toBe('paid');
});

test('another amount than the order costs does not pay it', async () => {
  const id = await order();
  const { body } = await shop.merchant.post(
    '/v1/payment_intents',
    { amount: CENTS - 1, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, reference: id },
    randomUUID(),
  );
  expect(body['status']).toBe('succeeded');
  await comesTo(id, 'being confirmed');
  expect(await stateOf(id)).not.toBe('paid');
});

test('a shop that is killed between payment and webhook has the order paid when it is back', async () => {
  const id = await order();
  shop.road.holdUp();
  await pay(id, 'pm_card_visa');
  await shop.kill();
  await shop.restart();
  // What it missed it asks for: the webhook is still held up.
  await comesTo(id, 'paid');
  shop.road.letGo();
  expect(await takenFor(shop, id)).toEqual([CENTS]);
});

test('a shop that is killed before it has an answer asks again under the same key, and is charged once', async () => {
  const id = await order();
  const paying = pay(id, 'pm_sim_slow_5s').catch(() => undefined);
  await vi.waitFor(async () => expect(await isTryOpen(id)).toBe(true), WAIT);
  // It is at the provider.
  await vi.waitFor(async () => {
    const { body } = await shop.merchant.get(`/v1/payment_intents?reference=${id}`);
    expect(body['data']).toMatchObject([{ status: 'processing' }]);
  }, WAIT);
  await shop.kill();
  await paying;
  await shop.restart();
  await comesTo(id, 'paid');
  expect(await takenFor(shop, id)).toEqual([CENTS]);
});

test('while Florin is away a try stays open, and is the same one when it is sent again', async () => {
  const id = await order();
  await shop.edge.kill();
  await pay(id, 'pm_card_visa');
  expect(await isTryOpen(id)).toBe(true);
  expect(await (await fetch(`${shop.url}/orders/${id}`)).text()).toContain('Nobody has told us yet');
  await shop.edge.restart();
  // With another card: it is the first that pays.
  await pay(id, 'pm_card_chargeDeclined');
  await comesTo(id, 'paid');
  expect(await takenFor(shop, id)).toEqual([CENTS]);
});

async function isTryOpen(id: string): Promise<boolean> {
  const answer = await fetch(`${shop.url}/orders/${id}/state`);
  return ((await answer.json()) as { isOpen: boolean }).isOpen;
}

test('fifty requests for one try are one payment, whatever card they name', async () => {
  const id = await order();
  const tokens = ['pm_card_visa', 'pm_card_mastercard'];
  await Promise.all(Array.from({ length: 50 }, (_, i) => pay(id, tokens[i % 2])));
  await comesTo(id, 'paid');
  expect(await takenFor(shop, id)).toEqual([CENTS]);
  await pay(id, 'pm_card_visa', 2);
  expect(await takenFor(shop, id)).toEqual([CENTS]);
});

test('what is refunded is never more than was paid, and once under one key', async () => {
  const id = await order();
  await pay(id, 'pm_card_visa');
  await comesTo(id, 'paid');
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 5 }, () => refund(id, '10.00', key)));
  expect(answers).toEqual(['done', 'done', 'done', 'done', 'done']);
  await comesTo(id, 'partly refunded');
  expect(await refund(id, '33.51')).toBe('That is more than there is to refund.');
  expect(await refund(id, '1e2')).toBe('Not refunded: Write the amount as 12.34.');
  expect(await refund(id, '33.5')).toBe('done');
  await comesTo(id, 'refunded');
  expect(await refund(id, '0.01')).toBe('That is more than there is to refund.');
  const { body } = await shop.merchant.get(`/v1/payment_intents?reference=${id}`);
  expect(body['data']).toMatchObject([{ amount_refunded: CENTS }]);
});

test('a refund that fails afterwards is the shop’s to see, and its money can be refunded again', async () => {
  const id = await order();
  await pay(id, 'pm_card_refundFail');
  await comesTo(id, 'paid');
  expect(await refund(id, '43.50')).toBe('done');
  await comesTo(id, 'refunded');
  await comesTo(id, 'paid');
});

test('the merchant’s pages want the password, and forms of another site are refused', async () => {
  const id = await order();
  for (const path of ['/admin', `/admin/orders/${id}`]) {
    expect((await fetch(`${shop.url}${path}`)).status).toBe(401);
    const wrong = { authorization: `Basic ${Buffer.from('m:wrong').toString('base64')}` };
    expect((await fetch(`${shop.url}${path}`, { headers: wrong })).status).toBe(401);
    expect((await fetch(`${shop.url}${path}`, { headers: asMerchant() })).status).toBe(200);
  }
  const form = { amount: '1.00', key: randomUUID() };
  const path = `/admin/orders/${id}/refund`;
  for (const elsewhere of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])
    expect((await submit(path, form, { ...asMerchant(), ...elsewhere })).status).toBe(403);
});

test('what a browser makes up leads to no error, and to no payment', async () => {
  const id = await order();
  expect((await submit('/orders', { ledger: '-1', pen: '1e3', ink: '0.5', ghost: '1' })).status).toBe(422);
  expect((await fetch(`${shop.url}/orders/${randomUUID()}`)).status).toBe(404);
  expect((await fetch(`${shop.url}/public/../config.ts`)).status).toBe(404);
  expect((await submit('/orders', { ledger: 'x'.repeat(300_000) })).status).toBe(413);
  for (const n of ['0', '2', 'x', '9007199254740993', ''])
    await submit(`/orders/${id}/pay`, { try: n, with: 'ready', token: 'pm_card_visa' });
  expect((await pay(id, 'two words')).status).toBe(422);
  expect(await stateOf(id)).toBe('unpaid');
  expect(await takenFor(shop, id)).toEqual([]);
  // Coming back from a bank that nobody was sent to, with whatever one likes.
  const back = await fetch(`${shop.url}/orders/${id}/return?challenge=completed&payment=x`, {
    redirect: 'manual',
  });
  expect(back.status).toBe(303);
  expect(await stateOf(id)).toBe('unpaid');
});
