import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin, type FlorinClient, uuidv7 } from '../../client/index.ts';
import { connectPayments, openShop, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { truthOf } from '../support/payments/truth.ts';
import { verifyFindings } from '../support/payments/verified.ts';
import {
  makeKey,
  type MerchantAt,
  merchantAt,
  newKeyFile,
  type Reply,
  startTestEdge,
  type TestEdge,
} from '../support/edge.ts';

const CALLERS = 50;
const KEYS = 20;

let processes: PaymentProcesses;
let florin: FlorinClient;
let edges: [TestEdge, TestEdge];
let shop: Shop;
let key: { id: string; secret: string };
/** The same merchant at either edge, and somebody else of the same book. */
let here: MerchantAt;
let there: MerchantAt;
let stranger: MerchantAt;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  const opening = connectPayments({ target });
  shop = await openShop(opening, 'shop');
  const merchant = uuidv7();
  await opening.merchants.createMerchants({
    book: shop.book,
    merchants: [{ id: merchant, name: 'x', country: 'DE' }],
  });
  opening.close();
  florin = connectFlorin({ target });
  // As any two of one merchant: their answers to a key are the same bytes, client secret and all.
  const keyFile = newKeyFile();
  edges = await Promise.all([startTestEdge(target, keyFile), startTestEdge(target, keyFile)]);
  key = await makeKey(target, shop);
  const other = await makeKey(target, { book: shop.book, merchant });
  here = merchantAt(edges[0], key.secret);
  there = merchantAt(edges[1], key.secret);
  stranger = merchantAt(edges[0], other.secret);
});

afterAll(async () => {
  florin?.close();
  try {
    for (const edge of edges ?? []) {
      expect(edge.output()).not.toContain(key.secret);
      await edge.stop();
    }
    const { findings } = await truthOf(processes.core.databaseUrl, processes.simulator);
    expect(findings).toEqual([]);
    expect(await verifyFindings(processes.core)).toEqual([]);
  } finally {
    await processes?.stop();
  }
}, 60_000);

const NEW = { amount: 1_999, currency: 'eur', payment_method: 'pm_card_visa', confirm: true };
/** How often the provider has taken money; refunds, and what it refused, are none. */
const charges = async (): Promise<number> => {
  const taken = ({ kind, status }: { kind: string; status: string }): boolean =>
    (kind === 'sale' || kind === 'authorize') && status === 'succeeded';
  return (await processes.simulator.report()).filter(taken).length;
};

/** Asks again while the same request is under way, as a client library does. */
async function insist(ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const answer = await ask();
    if (answer.body['code'] !== 'request_in_flight') return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a provider that takes longer than a payment may', () => {
  test('leaves the payment processing, and what it says in the end counts: nothing is asked of it twice', async () => {
    const before = await charges();
    await processes.simulator.faults({ latency_ms: { p50: 6_000, p95: 6_000 } });
    const idempotencyKey = randomUUID();
    const began = performance.now();
    const answer = await here.post('/v1/payment_intents', NEW, idempotencyKey);
    expect(answer, answer.text).toMatchObject({ status: 202, body: { status: 'processing' } });
    expect(performance.now() - began).toBeLessThan(6_000);
    // It has taken the money by then, and nobody says so before it does.
    expect(await here.post('/v1/payment_intents', NEW, idempotencyKey)).toMatchObject({
      status: 202,
      text: answer.text,
    });
    const path = `/v1/payment_intents/${answer.body['id'] as string}`;
    await expect
      .poll(async () => (await there.get(path)).body, { timeout: 20_000 })
      .toMatchObject({ status: 'succeeded', amount_received: 1_999 });
    await processes.simulator.faults({});
    expect((await charges()) - before).toBe(1);
  }, 60_000);
});

describe('a merchant', () => {
  test('authorises, captures a part, refunds, and sees it at either edge at once', async () => {
    const created = await here.post(
      '/v1/payment_intents',
      { ...NEW, capture_method: 'manual' },
      randomUUID(),
    );
    expect(created).toMatchObject({
      status: 200,
      body: { status: 'requires_capture', amount_capturable: 1_999 },
    });
    const path = `/v1/payment_intents/${created.body['id'] as string}`;
    expect(await there.get(path)).toMatchObject({ status: 200, body: { status: 'requires_capture' } });
    const captured = await there.post(`${path}/capture`, { amount_to_capture: 1_500 }, randomUUID());
    expect(captured).toMatchObject({ status: 200, body: { status: 'succeeded', amount_received: 1_500 } });
    const refund = { payment_intent: created.body['id'], amount: 500 };
    expect(await here.post('/v1/refunds', refund, randomUUID())).toMatchObject({
      status: 200,
      body: { object: 'refund', status: 'succeeded', amount: 500 },
    });
    expect(await there.get(path)).toMatchObject({ body: { amount_refunded: 500 } });
    expect(await here.post('/v1/refunds', { ...refund, amount: 1_001 }, randomUUID())).toMatchObject({
      status: 400,
      body: { code: 'amount_too_large', param: 'amount' },
    });
  });

  test('creates, changes and confirms in steps, metadata merged', async () => {
    const created = await here.post('/v1/payment_intents', {
      amount: 700,
      currency: 'EUR',
      metadata: { order: '7', gift: 'yes' },
    });
    expect(created).toMatchObject({ status: 200, body: { status: 'requires_payment_method' } });
    const path = `/v1/payment_intents/${created.body['id'] as string}`;
    const change = { amount: 800, metadata: { gift: '', note: 'x' } };
    expect(await there.post(path, change)).toMatchObject({
      status: 200,
      body: { amount: 800, metadata: { order: '7', note: 'x' } },
    });
    expect(await here.post(`${path}/confirm`, {}, randomUUID())).toMatchObject({
      status: 400,
      body: { code: 'payment_method_missing' },
    });
    expect(
      await here.post(`${path}/confirm`, { payment_method: 'pm_card_visa' }, randomUUID()),
    ).toMatchObject({
      status: 200,
      body: { status: 'succeeded', amount_received: 800 },
    });
  });

  test('is told of a decline with the whole payment intent, and pays it with another card', async () => {
    const declined = { ...NEW, payment_method: 'pm_card_chargeDeclinedInsufficientFunds' };
    const { status, body } = await here.post('/v1/payment_intents', declined, randomUUID());
    expect({ status, body }).toMatchObject({
      status: 402,
      body: { code: 'card_declined', decline_code: 'insufficient_funds' },
    });
    const { id } = body['payment_intent'] as { id: string };
    const again = await here.post(
      `/v1/payment_intents/${id}/confirm`,
      { payment_method: 'pm_card_visa' },
      randomUUID(),
    );
    expect(again).toMatchObject({ status: 200, body: { id, status: 'succeeded' } });
  });

  test('keeps a customer and a card of theirs, pays with it, and sees why and how the payment went', async () => {
    const created = await here.post('/v1/customers', {
      name: 'Mia Berg',
      metadata: { tier: 'gold', old: 'x' },
    });
    expect(created).toMatchObject({
      status: 200,
      body: { object: 'customer', name: 'Mia Berg', email: null },
    });
    const customer = created.body['id'] as string;
    const change = { email: 'mia@example.org', metadata: { old: '' } };
    expect(await there.post(`/v1/customers/${customer}`, change)).toMatchObject({
      status: 200,
      body: { name: 'Mia Berg', email: 'mia@example.org', metadata: { tier: 'gold' }, version: 2 },
    });
    const kept = await here.post('/v1/payment_methods', { token: 'pm_card_visa', billing_country: 'DE' });
    expect(kept).toMatchObject({ status: 200, body: { status: 'unattached', type: 'card' } });
    const method = kept.body['id'] as string;
    expect(await there.post(`/v1/payment_methods/${method}/attach`, { customer })).toMatchObject({
      status: 200,
      body: { status: 'attached', customer },
    });
    const { payment_method: _token, ...payment } = NEW;
    const paid = await here.post(
      '/v1/payment_intents',
      { ...payment, customer, payment_method: method },
      randomUUID(),
    );
    expect(paid).toMatchObject({
      status: 200,
      body: { status: 'succeeded', customer, payment_method: method },
    });
    const path = `/v1/payment_intents/${paid.body['id'] as string}`;
    const timeline = await there.get(`${path}/timeline`);
    const events = timeline.body['data'] as { type: string; cause: string }[];
    expect(events.map(({ type, cause }) => `${type} by ${cause}`)).toEqual([
      'intent_created by caller',
      'operation_changed by provider',
    ]);
    expect(await there.get(`${path}/explain`)).toMatchObject({
      status: 200,
      body: { object: 'explanation', status: 'succeeded', next: [{ type: 'available' }] },
    });
    expect(await here.post(`/v1/payment_methods/${method}/detach`, {})).toMatchObject({
      body: { status: 'detached' },
    });
    expect(await here.get('/v1/account')).toMatchObject({ status: 200, body: { name: 'The shop of shop' } });
  });

  test('lists its payments from an id on, in either direction', async () => {
    const ids: unknown[] = [];
    const reference = randomUUID();
    for (let order = 0; order < 5; order++) {
      const { body } = await here.post('/v1/payment_intents', {
        amount: 100 + order,
        currency: 'eur',
        reference,
      });
      ids.unshift(body['id']);
    }
    const list = async (query: string) => {
      const { body } = await there.get(`/v1/payment_intents?reference=${reference}&${query}`);
      const data = body['data'] as { id: string }[];
      return { ids: data.map(({ id }) => id), hasMore: body['has_more'] };
    };
    expect(await list('limit=2')).toEqual({ ids: ids.slice(0, 2), hasMore: true });
    expect(await list(`limit=3&starting_after=${ids[1] as string}`)).toEqual({
      ids: ids.slice(2),
      hasMore: false,
    });
    expect(await list(`limit=2&ending_before=${ids[4] as string}`)).toEqual({
      ids: ids.slice(2, 4),
      hasMore: true,
    });
  });
});

describe('a key', () => {
  test('used for one request by many callers at two edges charges once and gives all of them the same bytes', async () => {
    const before = await charges();
    for (let round = 0; round < KEYS; round++) {
      const idempotencyKey = randomUUID();
      const answers = await Promise.all(
        Array.from({ length: CALLERS }, (_, caller) =>
          insist(() => [here, there][caller % 2].post('/v1/payment_intents', NEW, idempotencyKey)),
        ),
      );
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      expect(answers[0]).toMatchObject({ status: 200, body: { status: 'succeeded' } });
      expect(
        answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length,
      ).toBeLessThan(3);
    }
    expect((await charges()) - before).toBe(KEYS);
  }, 120_000);

  test('keeps the longest answer that there can be, every character of which JSON writes as six', async () => {
    const before = await charges();
    const entries = Array.from({ length: 50 }, (_, i): [string, string] => [
      `${String(i).padStart(2, '0')}${'\u0001'.repeat(38)}`,
      '\u0001'.repeat(500),
    ]);
    const { confirm: _, ...payment } = { ...NEW, description: '\u0001'.repeat(1_000) };
    const begun = await here.post('/v1/payment_intents', payment);
    const path = `/v1/payment_intents/${begun.body['id'] as string}`;
    // A request may have less than its answer: metadata is merged.
    for (let from = 0; from < entries.length; from += 10) {
      const metadata = Object.fromEntries(entries.slice(from, from + 10));
      expect(await here.post(path, { metadata })).toMatchObject({ status: 200 });
    }
    const idempotencyKey = randomUUID();
    const first = await here.post(`${path}/confirm`, {}, idempotencyKey);
    expect({ status: first.status, code: first.body['code'], param: first.body['param'] }).toEqual({
      status: 200,
    });
    expect(first.body).toMatchObject({ status: 'succeeded', metadata: Object.fromEntries(entries) });
    expect(Buffer.byteLength(first.text)).toBeGreaterThan(160_000);
    const again = await there.post(`${path}/confirm`, {}, idempotencyKey);
    expect({ status: again.status, text: again.text }).toEqual({ status: 200, text: first.text });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await charges()) - before).toBe(1);
  });

  test('used for another request is refused, whatever the other one is', async () => {
    const idempotencyKey = randomUUID();
    const { body } = await here.post('/v1/payment_intents', NEW, idempotencyKey);
    const reused = { status: 422, body: { code: 'idempotency_key_reused' } };
    expect(await there.post('/v1/payment_intents', { ...NEW, amount: 2_000 }, idempotencyKey)).toMatchObject(
      reused,
    );
    expect(await there.post('/v1/refunds', { payment_intent: body['id'] }, idempotencyKey)).toMatchObject(
      reused,
    );
  });

  test('outlives the edge that was killed amid its requests, and the core: nothing is charged twice', async () => {
    const before = await charges();
    const keys = Array.from({ length: 40 }, () => randomUUID());
    const slow = { ...NEW, payment_method: 'pm_sim_slow_5s' };
    const bodyOf = (index: number): object => (index < 4 ? slow : NEW);
    const first = keys.map((one, index) =>
      here.post('/v1/payment_intents', bodyOf(index), one).catch(() => undefined),
    );
    await expect.poll(charges, { timeout: 20_000 }).toBeGreaterThan(before);
    await Promise.all([edges[0].kill(), processes.core.kill()]);
    const told = await Promise.all(first);
    await processes.core.restart();
    await edges[0].restart();
    const answers = await Promise.all(
      keys.map((one, index) => insist(() => there.post('/v1/payment_intents', bodyOf(index), one))),
    );
    for (const [index, answer] of answers.entries()) {
      // An edge waits as long for a provider as the slow one takes: whichever of them is first.
      expect(index < 4 ? [200, 202] : [200], answer.text).toContain(answer.status);
      // What an answer said once is said again.
      const said = told[index];
      if (said !== undefined && said.status < 300) expect(answer.text).toBe(said.text);
    }
    const ids = new Set(answers.map(({ body }) => body['id'] as string));
    expect(ids.size).toBe(keys.length);
    for (const id of ids)
      await expect
        .poll(async () => (await there.get(`/v1/payment_intents/${id}`)).body['status'], { timeout: 20_000 })
        .toBe('succeeded');
    expect((await charges()) - before).toBe(keys.length);
  }, 120_000);

  test('that is an API key and was revoked is refused at every edge soon', async () => {
    const merchant = shop.merchant;
    const doomed = await makeKey(processes.core.target, { book: shop.book, merchant });
    const at = edges.map((edge) => merchantAt(edge, doomed.secret));
    for (const one of at) expect(await one.get('/v1/balance')).toMatchObject({ status: 200 });
    const revocation = { id: uuidv7(), apiKeyId: doomed.id, merchantId: merchant };
    const { outcome } = await florin.apiKeys.revokeApiKey(shop.book, revocation);
    expect(outcome.case).toBe('done');
    for (const one of at)
      await expect
        .poll(async () => (await one.get('/v1/balance')).body['code'], { interval: 20, timeout: 5_000 })
        .toBe('api_key_expired');
  });
});

test('every route that names an object of somebody else says that there is none', async () => {
  const { body } = await here.post('/v1/payment_intents', { ...NEW, capture_method: 'manual' }, randomUUID());
  const id = body['id'] as string;
  const { body: document } = await here.get('/openapi.json');
  const paths = document['paths'] as Record<string, Record<string, object>>;
  const customer = (await here.post('/v1/customers', {})).body['id'] as string;
  const method = (await here.post('/v1/payment_methods', { token: 'pm_card_visa' })).body['id'] as string;
  const offer = { amount: 1, currency: 'eur' };
  const link = (await here.post('/v1/payment_links', offer)).body['id'] as string;
  const { body: paid } = await here.post('/v1/payment_intents', NEW, randomUUID());
  const refund = await here.post('/v1/refunds', { payment_intent: paid['id'], amount: 1 }, randomUUID());
  const newestId = async (path: string): Promise<string> =>
    ((await here.get(path)).body['data'] as { id: string }[])[0].id;
  const idsOf: Readonly<Record<string, string>> = {
    payment_intents: id,
    refunds: refund.body['id'] as string,
    customers: customer,
    balance_transactions: await newestId('/v1/balance_transactions'),
    api_keys: await newestId('/v1/api_keys'),
    payment_methods: method,
    payment_links: link,
  };
  /** What a request must say besides. */
  const needed: Readonly<Record<string, object>> = {
    increment_authorization: { increment_amount: 1 },
    attach: { customer },
  };
  const asked: string[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    if (!path.includes('{id}')) continue;
    const [, , resource, , action = ''] = path.split('/');
    for (const verb of Object.keys(methods)) {
      const url = path.replace('{id}', idsOf[resource]);
      const change = action === '' ? { metadata: { of: 'mine' } } : (needed[action] ?? {});
      const answer =
        verb === 'get' ? await stranger.get(url) : await stranger.post(url, change, randomUUID());
      expect(answer, `${verb} ${path}`).toMatchObject({ status: 404, body: { code: 'resource_missing' } });
      asked.push(`${verb} ${path}`);
    }
  }
  expect(asked.length).toBeGreaterThan(12);
  expect(await stranger.post('/v1/refunds', { payment_intent: id }, randomUUID())).toMatchObject({
    status: 404,
  });
  expect(await stranger.get(`/v1/payment_intents?starting_after=${id}`)).toMatchObject({ status: 404 });
  expect(await stranger.get('/v1/payment_intents')).toMatchObject({ body: { data: [] } });
  expect(await here.get(`/v1/payment_intents/${id}`)).toMatchObject({
    body: { status: 'requires_capture', version: 2 },
  });
});

test('a balancer learns which edge reaches the core, and an operator what was asked of it', async () => {
  const [{ opsUrl }] = edges;
  expect((await fetch(`${opsUrl}/readyz`)).status).toBe(200);
  await here.get('/v1/balance');
  const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
  expect(metrics).toMatch(/florin_edge_requests_total\{method="GET",route="\/v1\/balance",status="200"\} \d/);
  expect(metrics).not.toContain(key.id);
  const alone = await startTestEdge('127.0.0.1:1');
  try {
    const answer = await fetch(`${alone.opsUrl}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([503, 'the core is away\n']);
    expect((await fetch(`${alone.opsUrl}/healthz`)).status).toBe(200);
  } finally {
    await alone.stop();
  }
});
