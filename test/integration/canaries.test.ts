import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectFlorin, type Florin, uuidv7 } from '../../client/index.ts';
import {
  type MerchantAt,
  merchantAt,
  newKeyFile,
  startTestDeliverer,
  startTestEdge,
  type TestEdge,
  type TestProcess,
} from '../support/edge.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { openTenant, type Tenant } from '../support/tenants.ts';

/** Marked secrets: each may be in the head of whoever has it, and in nothing that Florin keeps, says or logs. */
const mark = randomBytes(12).toString('hex');
const secrets = {
  stripeKey: `sk_test_canary${mark}`,
  stripeWebhook: `whsec_canary${mark}`,
  adyenKey: `adyenCanary${mark}`,
  adyenHmac: randomBytes(32).toString('hex'),
  wrongKey: `sk_test_wrong${mark}`,
  cvc: 'cvc-9137',
};
/** Card numbers that nothing else in the story has. */
const typed = '4000002760003184';
const refused = '5105105105105100';
/** Not secret, and told everywhere: shows that what is looked through is looked through. */
const told = `told-${mark}`;

let processes: PaymentProcesses;
let florin: Florin;
let edge: TestEdge;
let deliverer: TestProcess;
/** A merchant's server that answers with a card number. */
let receiver: Server;
/** What it was sent. */
let received = '';
let webhookSecret: string;
let clientSecret: string;
let shop: Tenant;
let merchant: MerchantAt;

beforeAll(async () => {
  processes = await startPaymentProcesses({
    env: {
      FLORIN_LOG_LEVEL: 'trace',
      FLORIN_PROVIDERS: 'simulator,stripe,adyen',
      FLORIN_STRIPE_SECRET_KEY: secrets.stripeKey,
      FLORIN_STRIPE_WEBHOOK_SECRETS: secrets.stripeWebhook,
      // Nobody listens there: what fails is what is logged.
      FLORIN_STRIPE_URL: 'http://127.0.0.1:9',
      FLORIN_ADYEN_API_KEY: secrets.adyenKey,
      FLORIN_ADYEN_MERCHANT_ACCOUNT: 'Canary',
      FLORIN_ADYEN_URL: 'https://127.0.0.1:9/v71',
      FLORIN_ADYEN_HMAC_KEYS: secrets.adyenHmac,
    },
  });
  florin = connectFlorin({ target: processes.core.target });
  shop = await openTenant(florin, 'canaries');
  // The others are away, and get payments of their own merchants only.
  const routing = { rules: [{ providers: ['simulator'] }] };
  const update = { id: uuidv7(), merchantId: shop.merchant, routing };
  await florin.merchants.updateMerchants({ book: shop.book, updates: [update] });
  const keyFile = newKeyFile();
  edge = await startTestEdge(processes.core.target, keyFile, { FLORIN_LOG_LEVEL: 'trace' });
  deliverer = await startTestDeliverer(processes.core.target, keyFile, {
    FLORIN_LOG_LEVEL: 'trace',
    FLORIN_WEBHOOK_NETWORKS: '127.0.0.0/8',
  });
  receiver = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (received += chunk.toString()));
    response.writeHead(500).end(`card ${refused}`);
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  merchant = merchantAt(edge, shop.apiSecret);
  await tellStory();
}, 120_000);

afterAll(async () => {
  florin?.close();
  receiver?.close();
  await deliverer?.stop();
  await edge?.stop();
  await processes?.stop();
});

/** Pays, is declined, fails at providers that are away, gives back; and everything that may go wrong goes wrong. */
async function tellStory(): Promise<void> {
  const endpoint = await webhookEndpoint();
  const hosted = await fetch(`${processes.simulator.url}/hosted`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({
      number: typed.replace(/(\d{4})/g, '$1 ').trim(),
      expiry: '12/34',
      cvc: '913',
    }),
  });
  const { token } = (await hosted.json()) as { token: string };
  const payment = {
    amount: 1_200,
    currency: 'eur',
    confirm: true,
    reference: told,
    metadata: { note: told },
  };
  const paid = await merchant.post(
    '/v1/payment_intents',
    { ...payment, payment_method: 'pm_card_visa' },
    uuidv7(),
  );
  expect(paid).toMatchObject({ status: 200, body: { status: 'succeeded' } });
  const id = String(paid.body['id']);
  clientSecret = String(paid.body['client_secret']);
  expect(clientSecret).toContain(`${id}_secret_`);
  await asPayer(id);
  const more: [method: string, status: number][] = [
    [token, 200],
    ['pm_card_chargeDeclined', 402],
  ];
  for (const [method, status] of more) {
    const answer = await merchant.post(
      '/v1/payment_intents',
      { ...payment, payment_method: method },
      uuidv7(),
    );
    expect([method, answer.status]).toEqual([method, status]);
  }
  await merchant.post('/v1/refunds', { payment_intent: id, amount: 100 }, uuidv7());
  await atProvidersThatAreAway();
  await attempted(endpoint);
  await withWhatDoesNotBelong(id);
  // Webhooks with signatures that are none, and with a card number in them.
  for (const provider of ['stripe', 'adyen', 'simulator'])
    await fetch(`${processes.webhookUrl}/${provider}`, {
      method: 'POST',
      headers: { 'stripe-signature': `t=1,v1=${mark}`, 'content-type': 'application/json' },
      body: JSON.stringify({ card: refused, key: secrets.wrongKey }),
    });
}

/** With a publishable key, as a browser; with a secret that is wrong, too. */
async function asPayer(intent: string): Promise<void> {
  const { body } = await merchant.post('/v1/api_keys', { kind: 'publishable' });
  const payer = merchantAt(edge, String(body['secret']));
  const path = `/v1/payment_intents/${intent}`;
  expect(await payer.get(`${path}?client_secret=${clientSecret}`)).toMatchObject({ status: 200 });
  expect(await payer.get(`${path}?client_secret=${clientSecret}x`)).toMatchObject({ status: 404 });
  const again = await payer.post(`${path}/confirm`, { client_secret: clientSecret }, uuidv7());
  expect(again).toMatchObject({ status: 409, body: { code: 'payment_intent_unexpected_state' } });
}

/** One that is told everything, at a receiver whose answers do not belong anywhere. */
async function webhookEndpoint(): Promise<string> {
  const { port } = receiver.address() as AddressInfo;
  const { body } = await merchant.post('/v1/webhook_endpoints', {
    url: `http://127.0.0.1:${port}/${told}`,
    enabled_events: ['*'],
  });
  webhookSecret = String(body['secret']);
  expect(webhookSecret).toMatch(/^whsec_/);
  return String(body['id']);
}

/** Until what the receiver has answered is on record. */
async function attempted(endpoint: string): Promise<void> {
  for (;;) {
    const { body } = await merchant.get(`/v1/webhook_endpoints/${endpoint}/attempts`);
    const [attempt] = body['data'] as { response_excerpt?: string }[];
    if (attempt === undefined) continue;
    expect(JSON.stringify(attempt)).toContain('held back');
    return;
  }
}

/** Each of them is sent the payment, with its key. */
async function atProvidersThatAreAway(): Promise<void> {
  for (const provider of ['stripe', 'adyen']) {
    const id = uuidv7();
    await florin.merchants.createMerchants({
      book: shop.book,
      merchants: [{ id, name: 'away', country: 'DE', routing: { rules: [{ providers: [provider] }] } }],
    });
    await florin.paymentIntents.createPaymentIntent(
      shop.book,
      {
        id: uuidv7(),
        merchantId: id,
        amount: { minorUnits: 900n, asset: 'EUR' },
        paymentMethod: { type: 1, token: 'pm_card_visa' },
        confirm: true,
      },
      { waitMs: 1_000 },
    );
  }
}

/** Card numbers and keys in every place of a request. */
async function withWhatDoesNotBelong(intent: string): Promise<void> {
  const stranger = merchantAt(edge, secrets.wrongKey);
  expect(await stranger.get('/v1/account')).toMatchObject({ status: 401 });
  await merchant.get(`/v1/payment_intents/${refused}`);
  await merchant.get(`/v1/payment_intents?reference=${refused}`);
  await merchant.get(`/v1/${refused}`);
  await merchant.post('/v1/customers', { name: 'x', [refused]: 'y' });
  for (const key of [refused, `${refused.slice(0, 8)}_${refused.slice(8)}`, told])
    await merchant.post('/v1/customers', { name: 'x' }, key);
  await merchant.post(
    '/v1/payment_intents',
    { amount: 1, currency: 'eur', payment_method: refused },
    uuidv7(),
  );
  await merchant.post(
    `/v1/payment_intents/${intent}/confirm`,
    { redirect_result: { cvc: secrets.cvc } },
    uuidv7(),
  );
  await fetch(`${edge.url}/v1/customers`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${shop.apiSecret}`,
      'content-type': 'application/json',
      'user-agent': `shop ${refused} ${shop.apiSecret}`,
    },
    body: `{"number": "${refused}", `,
  });
  // An edge tells of requests after it has answered them.
  await vi.waitFor(
    async () => {
      const { requestLogs } = await florin.requestLogs.listRequestLogs({ book: shop.book });
      expect(requestLogs[0]).toMatchObject({ problemCode: 'body_invalid_json', userAgent: '[removed]' });
    },
    { timeout: 10_000 },
  );
}

/** A secret as it is, and as bytes are shown by Postgres and by JSON of protobuf. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // Of base64 only what does not depend on where in the bytes it begins.
  const aligned = [0, 1, 2].map((pad) =>
    Buffer.concat([Buffer.alloc(pad), bytes])
      .toString('base64')
      .slice(pad === 0 ? 0 : 4, -4),
  );
  return [secret, bytes.toString('hex'), ...aligned];
}

const forbidden = (): Record<string, string> => ({
  ...secrets,
  apiSecret: shop.apiSecret,
  webhookSecret,
  // Its first part is the payment's id.
  clientSecret: clientSecret.split('_secret_')[1],
  typed,
  refused,
});

/** The names of those that are in a text. */
function foundIn(text: string): string[] {
  return Object.entries(forbidden())
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);
}

describe('no secret and no card number', () => {
  test('is in any table of the database', async () => {
    await florin.paymentIntents.listPaymentIntents({
      book: shop.book,
      freshness: { latest: true, waitMs: 10_000 },
    });
    const client = new pg.Client(processes.core.databaseUrl);
    await client.connect();
    try {
      const { rows } = await client.query<{ name: string }>(
        `select format('%I.%I', schemaname, tablename) as name from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
      );
      expect(rows.length).toBeGreaterThan(10);
      const telling: string[] = [];
      for (const { name } of rows) {
        const all = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
        const text = all.rows.map(({ row }) => row).join('\n');
        expect([name, foundIn(text)]).toEqual([name, []]);
        if (formsOf(told).some((form) => text.includes(form))) telling.push(name);
      }
      // Control: what is no secret is found, in the journal's bytes and in what is read from them.
      expect(telling.join()).toMatch(
        /\bflorin\.journal\b.*\bflorin\.payment_events\b.*\bflorin\.request_logs\b/,
      );
    } finally {
      await client.end();
    }
  });

  test('is in any line of any log', () => {
    const core = processes.core.output();
    expect(foundIn(core)).toEqual([]);
    expect(foundIn(edge.output())).toEqual([]);
    expect(foundIn(deliverer.output())).toEqual([]);
    // Control: at this level each call has its line.
    expect(core).toContain('PaymentIntentService/CreatePaymentIntents');
  });

  test('is in anything that merchants are told by lists, events and webhooks', async () => {
    for (const path of ['/v1/payment_intents', '/v1/events', '/v1/refunds?expand[]=data.payment_intent']) {
      const { status, text } = await merchant.get(path);
      expect([path, status, foundIn(text)]).toEqual([path, 200, []]);
      expect(text).toContain(told);
    }
    expect(received).toContain(told);
    expect(foundIn(received)).toEqual([]);
  });

  test('is in the data folder outside of its secrets', () => {
    const files = readdirSync(processes.core.dataDir, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && !entry.parentPath.endsWith('secrets'),
    );
    for (const { parentPath, name } of files)
      expect([name, foundIn(readFileSync(join(parentPath, name)).toString('latin1'))]).toEqual([name, []]);
  });

  test('is in anything that can be read of the book', async () => {
    const { book } = shop;
    const freshness = { latest: true, waitMs: 10_000 };
    const { paymentIntents } = await florin.paymentIntents.listPaymentIntents({
      book,
      freshness,
      pageSize: 100,
    });
    const { accounts } = await florin.accounts.listAccounts({ book, freshness, pageSize: 1_000 });
    const answers: unknown[] = [
      paymentIntents,
      await florin.merchants.getMerchant({ book, merchantId: shop.merchant, freshness }),
      await florin.customers.listCustomers({ book, freshness }),
      await florin.paymentMethods.listPaymentMethods({
        book,
        of: { case: 'merchantId', value: shop.merchant },
        freshness,
      }),
      await florin.apiKeys.listApiKeys({ book, freshness }),
      await florin.events.listEvents({ book, merchantId: shop.merchant, freshness, pageSize: 100 }),
      await florin.webhookEndpoints.listWebhookEndpoints({ book, merchantId: shop.merchant, freshness }),
      await florin.webhookDeliveries.listDeliveries({
        book,
        merchantId: shop.merchant,
        webhookEndpointId: shop.endpoint,
        freshness,
      }),
      await florin.operators.listOperatorQueue({ book, freshness }),
      await florin.providers.listProviders({}),
      await florin.transactions.listTransactions({ book, freshness, pageSize: 1_000 }),
      await florin.timelines.listPaymentTransactions({ book, paymentIntentId: shop.intent, freshness }),
    ];
    for (const { id: paymentIntentId } of paymentIntents) {
      answers.push(await florin.timelines.getTimeline({ book, paymentIntentId, freshness }));
      answers.push(await florin.timelines.explain({ book, paymentIntentId, freshness }));
    }
    const ids = paymentIntents.map(({ id }) => id);
    answers.push(
      await Array.fromAsync(florin.paymentIntents.awaitPaymentIntents({ book, paymentIntentIds: ids })),
    );
    for (const { id } of accounts) {
      const account = { case: 'accountId', value: id } as const;
      const asked = { book, account, fromDate: '2020-01-01', toDate: '2030-12-31', freshness };
      answers.push(await Array.fromAsync(florin.statements.streamStatement(asked)));
    }
    const text = JSON.stringify(answers, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    for (const word of [told, '"stripe"', '"adyen"']) expect(text).toContain(word);
    expect(foundIn(text)).toEqual([]);
  });
});

test('a card number in a text is refused before it is anywhere, with the parameter', async () => {
  const { openIntent, customer } = shop;
  const [intent, payer] = [`pi_${openIntent.replaceAll('-', '')}`, `cus_${customer.replaceAll('-', '')}`];
  const texts = (params: string[]): [string, object][] => [
    ...params.map((param): [string, object] => [param, { [param]: `no. ${refused}` }]),
    ['metadata.card', { metadata: { card: refused } }],
    ['metadata', { metadata: { [refused]: 'card' } }],
  ];
  const created = { amount: 100, currency: 'eur' };
  const paths: [path: string, body: object, params: string[]][] = [
    ['/v1/payment_intents', created, ['reference', 'description', 'statement_descriptor']],
    [`/v1/payment_intents/${intent}`, {}, ['reference', 'description']],
    ['/v1/customers', {}, ['name', 'reference', 'description']],
    [`/v1/customers/${payer}`, {}, ['name', 'reference', 'description']],
    ['/v1/webhook_endpoints', { url: 'https://a.example', enabled_events: ['*'] }, ['description']],
  ];
  for (const [path, body, params] of paths)
    for (const [param, text] of texts(params)) {
      const answer = await merchant.post(path, { ...body, ...text });
      expect([path, param, answer.status, answer.body['code'], answer.body['param']]).toEqual([
        path,
        param,
        400,
        'card_number_refused',
        param,
      ]);
      expect(answer.text).not.toContain(refused);
    }
  const url = { url: `https://a.example/${refused}`, enabled_events: ['*'] };
  const answer = await merchant.post('/v1/webhook_endpoints', url);
  expect(answer.body).toMatchObject({ code: 'card_number_refused', param: 'url' });
});
