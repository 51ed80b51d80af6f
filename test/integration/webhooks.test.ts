import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { uuidv7 } from '../../client/index.ts';
import {
  makeKey,
  type MerchantAt,
  merchantAt,
  newKeyFile,
  startTestDeliverer,
  startTestEdge,
  type TestEdge,
  type TestProcess,
} from '../support/edge.ts';
import { connectPayments, openShop, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { verifyFindings } from '../support/payments/verified.ts';
import { freePort } from '../support/ports.ts';
import { isSignedWith, type Receiver, startReceiver } from '../support/receiver.ts';

let processes: PaymentProcesses;
let edges: [TestEdge, TestEdge];
let deliverer: TestProcess;
let opsPort: number;
let receiver: Receiver;
let shop: Shop;
let merchant: MerchantAt;
let stranger: MerchantAt;
const secrets: string[] = [];
const keyFile = newKeyFile();

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  const opening = connectPayments({ target });
  shop = await openShop(opening, 'shop');
  const other = uuidv7();
  await opening.merchants.createMerchants({
    book: shop.book,
    merchants: [{ id: other, name: 'x', country: 'DE' }],
  });
  opening.close();
  edges = await Promise.all([startTestEdge(target, keyFile), startTestEdge(target, keyFile)]);
  opsPort = await freePort();
  deliverer = await startTestDeliverer(target, keyFile, {
    FLORIN_WEBHOOK_NETWORKS: '127.0.0.0/8',
    FLORIN_WEBHOOK_OPS_PORT: String(opsPort),
  });
  receiver = await startReceiver();
  merchant = merchantAt(edges[0], (await makeKey(target, shop)).secret);
  stranger = merchantAt(edges[1], (await makeKey(target, { book: shop.book, merchant: other })).secret);
});

afterEach(async () => {
  const { body } = await merchant.get('/v1/webhook_endpoints');
  for (const { id } of body['data'] as { id: string }[]) await remove(id);
  receiver.received.length = 0;
  receiver.answer = () => 200;
});

afterAll(async () => {
  try {
    for (const one of [deliverer, ...(edges ?? [])]) {
      for (const secret of secrets) expect(one?.output()).not.toContain(secret);
      await one?.stop();
    }
    await receiver?.stop();
    expect(await verifyFindings(processes.core)).toEqual([]);
  } finally {
    await processes?.stop();
  }
}, 60_000);

interface Endpoint {
  id: string;
  secret: string;
  path: string;
}

async function endpoint(path: string, events: string[] = ['*']): Promise<Endpoint> {
  const { status, body } = await merchant.post('/v1/webhook_endpoints', {
    url: `${receiver.url}${path}`,
    enabled_events: events,
  });
  expect(status).toBe(200);
  const { id, secret } = body as { id: string; secret: string };
  secrets.push(secret);
  return { id, secret, path };
}

async function remove(id: string): Promise<void> {
  const answer = await merchant.delete(`/v1/webhook_endpoints/${id}`);
  expect(answer).toMatchObject({ status: 200, body: { id, deleted: true } });
}

/** Pays, by the standard card unless told otherwise; the payment intent's id. */
async function pay(more: object = {}): Promise<string> {
  const payment = { amount: 1_999, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, ...more };
  const key = randomUUID();
  // A core that has just come back may know no provider yet, and says so: asked again with the key, it pays once.
  return vi.waitFor(
    async () => {
      const { status, body } = await merchant.post('/v1/payment_intents', payment, key);
      expect(status).toBeLessThan(500);
      return (body['id'] ?? (body['payment_intent'] as { id: string }).id) as string;
    },
    { timeout: 20_000, interval: 200 },
  );
}

const told = (path: string, types: string[]) =>
  vi.waitFor(() => expect(receiver.types(path).toSorted()).toEqual(types.toSorted()), { timeout: 20_000 });

test('a payment and its refund are told, signed, as they can be retrieved', async () => {
  const { secret, path } = await endpoint('/all');
  const payment = await pay();
  await merchant.post('/v1/refunds', { payment_intent: payment, amount: 500 }, randomUUID());
  await told(path, [
    'payment_intent.created',
    'payment_intent.succeeded',
    'refund.created',
    'refund.updated',
  ]);
  for (const one of receiver.received) {
    expect(isSignedWith(secret, one)).toBe(true);
    expect(one.headers['webhook-id']).toBe(one.event.id);
    const retrieved = await merchant.get(`/v1/events/${one.event.id}`);
    expect(retrieved).toMatchObject({ status: 200 });
    expect(retrieved.body).toEqual(one.event);
    expect(await stranger.get(`/v1/events/${one.event.id}`)).toMatchObject({ status: 404 });
  }
  const refunded = receiver.received.find(({ event }) => event.type === 'refund.updated')!;
  expect(refunded.event.data).toMatchObject({
    object: { object: 'refund', amount: 500, payment_intent: payment, status: 'succeeded' },
    previous_attributes: { status: 'pending' },
  });
});

test('an event names the request that led to it, also where the provider had to be asked', async () => {
  const { path } = await endpoint('/requests');
  const key = randomUUID();
  const payment = { amount: 1_999, currency: 'eur', payment_method: 'pm_card_visa', confirm: true };
  const paid = await merchant.post('/v1/payment_intents', payment, key);
  // Asked once more, it is answered what it was answered, and was the first request's doing all the same.
  const again = await merchant.post('/v1/payment_intents', payment, key);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  const customer = await merchant.post('/v1/customers', { name: 'Mia Berg' });
  await told(path, ['payment_intent.created', 'payment_intent.succeeded', 'customer.created']);
  const requests = Object.fromEntries(receiver.received.map(({ event }) => [event.type, event.request]));
  const ofPayment = { id: paid.headers.get('request-id'), idempotency_key: key };
  expect(requests).toEqual({
    'payment_intent.created': ofPayment,
    'payment_intent.succeeded': ofPayment,
    'customer.created': { id: customer.headers.get('request-id'), idempotency_key: null },
  });
});

test('a key that could be a card number or a secret is in no event', async () => {
  const { path } = await endpoint('/harmless');
  const payment = { amount: 1_999, currency: 'eur', confirm: false };
  const { headers } = await merchant.post('/v1/payment_intents', payment, '4242 4242 4242 4242');
  await told(path, ['payment_intent.created']);
  const request = { id: headers.get('request-id'), idempotency_key: '[removed]' };
  expect(receiver.received[0].event.request).toEqual(request);
});

test('an endpoint is told what it wants and nothing of other merchants, a declined card too', async () => {
  const { path } = await endpoint('/failed', ['payment_intent.payment_failed']);
  const other = await stranger.post('/v1/webhook_endpoints', {
    url: `${receiver.url}/stranger`,
    enabled_events: ['*'],
  });
  await pay();
  const declined = await pay({ payment_method: 'pm_card_chargeDeclined' });
  await told(path, ['payment_intent.payment_failed']);
  expect(receiver.received[0].event.data.object).toMatchObject({
    id: declined,
    status: 'requires_payment_method',
    last_payment_error: { code: 'card_declined' },
  });
  expect(receiver.types('/stranger')).toEqual([]);
  await stranger.delete(`/v1/webhook_endpoints/${other.body['id'] as string}`);
});

test('events are listed newest first, by type, by time and around an id', async () => {
  const first = await pay();
  const second = await pay();
  const types = 'payment_intent.created,payment_intent.succeeded';
  const list = async (query: string) => {
    const { body } = await merchant.get(`/v1/events?${query}`);
    const { data, has_more } = body as { data: { id: string; type: string }[]; has_more: boolean };
    return { ids: data.map(({ id }) => id), types: data.map(({ type }) => type), has_more };
  };
  const all = await list(`type=${types}&limit=4`);
  expect(all.types).toEqual([
    'payment_intent.succeeded',
    'payment_intent.created',
    'payment_intent.succeeded',
    'payment_intent.created',
  ]);
  const newest = await merchant.get(`/v1/events/${all.ids[0]}`);
  expect(newest.body['data']).toMatchObject({ object: { id: second } });
  expect(await list(`type=${types}&limit=2&starting_after=${all.ids[1]}`)).toMatchObject({
    ids: all.ids.slice(2),
  });
  expect(await list(`type=${types}&limit=2&ending_before=${all.ids[2]}`)).toEqual({
    ids: all.ids.slice(0, 2),
    types: all.types.slice(0, 2),
    has_more: false,
  });
  expect(await list(`type=${types}&created[lt]=1000`)).toMatchObject({ ids: [] });
  const since = String(newest.body['created']);
  expect((await list(`type=${types}&created[gte]=${since}&limit=1`)).ids).toEqual([all.ids[0]]);
  expect(await merchant.get('/v1/events?type=payment_intent.exploded')).toMatchObject({
    status: 400,
    body: { code: 'parameter_invalid' },
  });
  expect(first).not.toBe(second);
});

test('what is not taken is tried again, and each try is on record', async () => {
  const { id, path } = await endpoint('/again', ['payment_intent.succeeded']);
  let tries = 0;
  receiver.answer = () => (++tries === 1 ? 503 : 200);
  await pay();
  await told(path, ['payment_intent.succeeded', 'payment_intent.succeeded']);
  const [first, second] = receiver.received;
  expect(second.text).toBe(first.text);
  await vi.waitFor(async () => {
    const { body } = await merchant.get(`/v1/webhook_endpoints/${id}/attempts`);
    expect(body['data']).toMatchObject([
      { event: first.event.id, try: 2, status: 200, response: 'seen' },
      { event: first.event.id, try: 1, status: 503 },
    ]);
  });
  const attempts = await merchant.get(`/v1/events/${first.event.id}/attempts`);
  expect(attempts.body['data']).toHaveLength(2);
  expect(await stranger.get(`/v1/events/${first.event.id}/attempts`)).toMatchObject({ status: 404 });
  expect(await stranger.get(`/v1/webhook_endpoints/${id}/attempts`)).toMatchObject({ status: 404 });
}, 30_000);

test('one that answers 410 is disabled, and the others are told', async () => {
  const gone = await endpoint('/gone', ['payment_intent.succeeded']);
  const other = await endpoint('/other', ['webhook_endpoint.disabled']);
  receiver.answer = ({ path }) => (path === '/gone' ? 410 : 200);
  await pay();
  await told(other.path, ['webhook_endpoint.disabled']);
  expect(await merchant.get(`/v1/webhook_endpoints/${gone.id}`)).toMatchObject({
    body: { status: 'disabled', disabled_reason: 'gone' },
  });
  await pay();
  expect(await merchant.post(`/v1/webhook_endpoints/${gone.id}/test`, {})).toMatchObject({
    status: 409,
    body: { code: 'webhook_endpoint_disabled' },
  });
  expect(receiver.types('/gone')).toHaveLength(1);
});

test('what waits for an endpoint that is disabled comes once it is enabled', async () => {
  const { id, path } = await endpoint('/paused', ['payment_intent.succeeded']);
  receiver.answer = () => 500;
  await pay();
  await told(path, ['payment_intent.succeeded']);
  await merchant.post(`/v1/webhook_endpoints/${id}`, { disabled: true });
  receiver.answer = () => 200;
  expect(await merchant.post(`/v1/webhook_endpoints/${id}`, { disabled: false })).toMatchObject({
    body: { status: 'enabled', disabled_reason: null },
  });
  await told(path, ['payment_intent.succeeded', 'payment_intent.succeeded']);
}, 30_000);

test('a rotated secret signs beside the one of before, and a test event comes at once', async () => {
  const { id, secret, path } = await endpoint('/rotated', ['payment_intent.succeeded']);
  const rotated = await merchant.post(`/v1/webhook_endpoints/${id}/rotate_secret`, { expires_in: 3_600 });
  const next = rotated.body['secret'] as string;
  secrets.push(next);
  expect(next).not.toBe(secret);
  await merchant.post(`/v1/webhook_endpoints/${id}/test`, {});
  await told(path, ['webhook_endpoint.test']);
  const [one] = receiver.received;
  expect([secret, next].map((either) => isSignedWith(either, one))).toEqual([true, true]);
  await merchant.post(`/v1/webhook_endpoints/${id}/rotate_secret`, { expires_in: 0 });
  await merchant.post(`/v1/webhook_endpoints/${id}/test`, {});
  await told(path, ['webhook_endpoint.test', 'webhook_endpoint.test']);
  expect([secret, next].map((either) => isSignedWith(either, receiver.received[1]))).toEqual([false, false]);
});

test('events are sent once more, one by one or all of a time', async () => {
  await pay();
  const { id, path } = await endpoint('/resent', ['payment_intent.succeeded']);
  const { body } = await merchant.get('/v1/events?type=payment_intent.succeeded&limit=1');
  const [{ id: event, created }] = body['data'] as { id: string; created: number }[];
  const resend = `/v1/webhook_endpoints/${id}/resend`;
  expect(await merchant.post(resend, { events: [event] })).toMatchObject({ body: { events: 1 } });
  await told(path, ['payment_intent.succeeded']);
  expect(receiver.received[0].event.id).toBe(event);
  receiver.received.length = 0;
  const again = await merchant.post(resend, { created: { gte: created, lt: created + 60 } });
  await vi.waitFor(() => expect(receiver.received).toHaveLength(again.body['events'] as number));
  expect(receiver.received.map(({ event: one }) => one.id)).toContain(event);
  expect(await stranger.post(resend, { events: [event] })).toMatchObject({ status: 404 });
  const foreign = event.replace(/^evt_..../, 'evt_ffff');
  expect(await merchant.post(resend, { events: [foreign] })).toMatchObject({ status: 404 });
});

test('a key makes one endpoint, whichever edge is asked, and its secret is the same', async () => {
  const body = { url: `${receiver.url}/once`, enabled_events: ['*'] };
  const key = randomUUID();
  const first = await merchant.post('/v1/webhook_endpoints', body, key);
  const second = await merchant.post('/v1/webhook_endpoints', body, key);
  expect(second.text).toBe(first.text);
  expect(
    await merchant.post('/v1/webhook_endpoints', { ...body, enabled_events: ['customer.created'] }, key),
  ).toMatchObject({
    status: 422,
    body: { code: 'idempotency_key_reused' },
  });
  expect(await merchant.get('/v1/webhook_endpoints')).toMatchObject({ body: { data: [{ url: body.url }] } });
});

test('nothing is lost with whoever delivers, nor with the core', async () => {
  const { path } = await endpoint('/kept', ['payment_intent.succeeded']);
  await deliverer.kill();
  const paid = [await pay(), await pay()];
  await processes.core.kill();
  await processes.core.restart();
  await processes.core.ready();
  paid.push(await pay());
  await deliverer.restart();
  await vi.waitFor(
    () => {
      const ids = receiver.received
        .filter((one) => one.path === path)
        .map(({ event }) => event.data.object['id']);
      expect(new Set(ids)).toEqual(new Set(paid));
    },
    { timeout: 30_000 },
  );
}, 90_000);

test('what is delivered is counted by whoever delivers, and what is due by the core', async () => {
  const page = async (url: string): Promise<string> => (await fetch(url)).text();
  const { path } = await endpoint('/counted', ['payment_intent.succeeded']);
  await pay();
  await told(path, ['payment_intent.succeeded']);
  const operations = `http://127.0.0.1:${opsPort}`;
  expect(await page(`${operations}/readyz`)).toBe('ok\n');
  expect(await page(`${operations}/metrics`)).toMatch(
    /^florin_webhook_attempts_total\{outcome="taken"\} [1-9]/m,
  );
  await vi.waitFor(async () => {
    const text = await page(`${processes.core.opsUrl}/metrics`);
    expect(text).toMatch(/^florin_webhook_due 0$/m);
    expect(text).toMatch(/^florin_webhook_due_oldest_seconds 0$/m);
  });
});

test('an address that is not public is not reached unless the operator allows it', async () => {
  await deliverer.stop();
  const closed = await startTestDeliverer(processes.core.target, keyFile, {});
  const { id } = await endpoint('/closed', ['payment_intent.succeeded']);
  await pay();
  await vi.waitFor(async () => {
    const { body } = await merchant.get(`/v1/webhook_endpoints/${id}/attempts`);
    expect(body['data']).toMatchObject([{ status: null, error: 'address_forbidden' }]);
  });
  expect(receiver.received).toEqual([]);
  await closed.stop();
  await deliverer.restart();
});
