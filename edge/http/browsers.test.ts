import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiKeyKind, Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { OperationKind, OperationState } from '../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentIntentState } from '../../gen/florin/payments/v1/payments_pb.ts';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from '../testing/secrets.ts';
import {
  changed,
  intentOf,
  MERCHANT,
  SECRET,
  StandInCore,
  STRANGER,
  UNLIMITED,
} from '../testing/standInCore.ts';
import { buildServer } from './server.ts';

const ID = '0190a000-0000-7000-8000-000000000001';
const OTHER_ID = '0190a000-0000-7000-8000-000000000002';
const PI = 'pi_0190a000000070008000000000000001';
const OTHER = 'pi_0190a000000070008000000000000002';
const PUBLISHABLE = 'pk_test_00000000000000000000000000000001';
const PUBLISHABLE_LIVE = 'pk_live_00000000000000000000000000000002';
const STRANGERS = 'pk_test_00000000000000000000000000000003';
const READER = 'sk_test_00000000000000000000000000000004';
const OWNER = { book: 'shop', merchantId: MERCHANT, isLive: false };
const CLIENT_SECRET = TEST_CLIENT_SECRETS.secretOf(OWNER, ID);
/** What is the merchant's alone. */
const MARKED = {
  metadata: { note: 'mine-1' },
  reference: 'mine-2',
  statementDescriptor: 'mine-3',
  customerId: '0190a000-0000-7000-8000-0000000000cc',
};
const OPEN = {
  ...MARKED,
  id: ID,
  state: PaymentIntentState.REQUIRES_CONFIRMATION,
  paymentMethod: { token: 'pm_card_visa' },
};

let stand: StandInCore;
let app: FastifyInstance;

async function start(limits = UNLIMITED): Promise<void> {
  stand = new StandInCore();
  const publishable = { kind: ApiKeyKind.PUBLISHABLE };
  stand.addKey(PUBLISHABLE, publishable);
  stand.addKey(PUBLISHABLE_LIVE, { ...publishable, mode: Mode.LIVE });
  stand.addKey(STRANGERS, { ...publishable, merchantId: STRANGER });
  stand.addKey(READER, { scopes: ['payment_intents:read'] });
  stand.keep(intentOf(OPEN));
  stand.keep(intentOf({ ...OPEN, id: OTHER_ID }));
  app = await buildServer({
    core: stand.core,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits,
    log: () => undefined,
  });
}
beforeEach(() => start());
afterEach(() => app.close());

async function call({ key = PUBLISHABLE, headers, ...rest }: InjectOptions & { key?: string }) {
  const answer = await app.inject({ ...rest, headers: { authorization: `Bearer ${key}`, ...headers } });
  const body = answer.body === '' ? {} : (JSON.parse(answer.body) as Record<string, unknown>);
  return { status: answer.statusCode, headers: answer.headers, text: answer.body, body };
}
const retrieve = (secret: string | undefined, { id = PI, key = PUBLISHABLE } = {}) =>
  call({
    url: `/v1/payment_intents/${id}${secret === undefined ? '' : `?client_secret=${encodeURIComponent(secret)}`}`,
    key,
  });
const confirm = (payload: object, { id = PI, key = PUBLISHABLE, once = 'k' } = {}) =>
  call({
    method: 'POST',
    url: `/v1/payment_intents/${id}/confirm`,
    payload,
    key,
    headers: { 'idempotency-key': once },
  });

describe('a publishable key with the client secret of a payment', () => {
  test('retrieves it, without what is the merchant’s alone', async () => {
    const { status, body, text } = await retrieve(CLIENT_SECRET);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: PI, amount: 1_000, currency: 'eur', client_secret: CLIENT_SECRET });
    expect(text).not.toMatch(/mine-|metadata|cus_|amount_received|amount_refunded/);
    // Control: the merchant sees it.
    expect((await retrieve(undefined, { key: SECRET })).text).toMatch(/mine-1.*/);
  });

  test('confirms it, and is answered in the same way', async () => {
    const { status, body, text } = await confirm({ client_secret: CLIENT_SECRET });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: PI, status: 'succeeded', client_secret: CLIENT_SECRET });
    expect(text).not.toContain('metadata');
    expect(stand.commands).toMatchObject([
      { method: 'confirm', book: 'shop', item: { merchantId: MERCHANT, paymentIntentId: ID } },
    ]);
  });

  test('is not told that a card is known as lost, stolen or used for fraud', async () => {
    for (const lastDeclineCode of ['lost_card', 'stolen_card', 'fraudulent', 'expired_card']) {
      const declined = {
        kind: OperationKind.SALE,
        state: OperationState.FAILED,
        declineCode: lastDeclineCode,
      };
      const state = PaymentIntentState.REQUIRES_PAYMENT_METHOD;
      const intent = intentOf({ ...OPEN, state, lastDeclineCode, operations: [declined] });
      stand.decide = () => changed(stand.keep(intent));
      const shown = lastDeclineCode === 'expired_card' ? 'expired_card' : 'generic_decline';
      const paid = await confirm({ client_secret: CLIENT_SECRET }, { once: lastDeclineCode });
      expect(paid).toMatchObject({
        status: 402,
        body: { decline_code: shown, payment_intent: { client_secret: CLIENT_SECRET } },
      });
      const seen = await retrieve(CLIENT_SECRET);
      expect(seen.body).toMatchObject({ last_payment_error: { decline_code: shown } });
      if (shown !== lastDeclineCode)
        for (const { text } of [paid, seen]) expect(text).not.toMatch(/lost|stolen|fraud/);
      expect((await retrieve(undefined, { key: SECRET })).text).toContain(lastDeclineCode);
    }
  });

  test('puts no stored payment method on it, and expands nothing', async () => {
    const stored = { client_secret: CLIENT_SECRET, payment_method: 'pm_0190a000000070008000000000000003' };
    expect(await confirm(stored)).toMatchObject({
      status: 403,
      body: { code: 'secret_key_required', param: 'payment_method' },
    });
    const url = `/v1/payment_intents/${PI}?client_secret=${CLIENT_SECRET}&expand[]=customer`;
    expect(await call({ url })).toMatchObject({ status: 403 });
    expect(stand.commands).toEqual([]);
  });
});

describe('a publishable key', () => {
  const wrong = [
    ['of another payment', TEST_CLIENT_SECRETS.secretOf(OWNER, OTHER_ID)],
    ['of another merchant', TEST_CLIENT_SECRETS.secretOf({ ...OWNER, merchantId: STRANGER }, ID)],
    ['of live mode', TEST_CLIENT_SECRETS.secretOf({ ...OWNER, isLive: true }, ID)],
    ['that is cut off', CLIENT_SECRET.slice(0, -1)],
    ['that is nothing', ''],
  ];
  test.each(wrong)('with a client secret %s finds nothing and confirms nothing', async (_, secret) => {
    const none = { status: 404, body: { code: 'resource_missing' } };
    expect(await retrieve(secret)).toMatchObject(none);
    expect(await confirm({ client_secret: secret })).toMatchObject(none);
    expect(stand.commands).toEqual([]);
  });

  test('of another merchant or of the other mode finds nothing with a secret that is good', async () => {
    for (const key of [STRANGERS, PUBLISHABLE_LIVE]) {
      expect(await retrieve(CLIENT_SECRET, { key })).toMatchObject({ status: 404 });
      expect(await confirm({ client_secret: CLIENT_SECRET }, { key })).toMatchObject({ status: 404 });
    }
    // Not even with the secret that its own merchant would have for that id.
    const own = TEST_CLIENT_SECRETS.secretOf({ ...OWNER, merchantId: STRANGER }, ID);
    expect(await retrieve(own, { key: STRANGERS })).toMatchObject({ status: 404 });
    expect(stand.commands).toEqual([]);
  });

  test('without a client secret is told that it needs one', async () => {
    const missing = { status: 400, body: { code: 'parameter_missing', param: 'client_secret' } };
    expect(await retrieve(undefined)).toMatchObject(missing);
    expect(await confirm({})).toMatchObject(missing);
  });

  test('may do nothing else of all that the document has', async () => {
    const { body } = await call({ url: '/openapi.json' });
    const paths = body['paths'] as Record<string, Record<string, { security: object[] }>>;
    const all = Object.entries(paths).flatMap(([path, verbs]) =>
      Object.entries(verbs).map(([verb, { security }]) => ({
        path,
        method: verb.toUpperCase() as 'GET' | 'POST' | 'DELETE',
        security,
      })),
    );
    const open = all.filter(({ security }) => security.some((one) => 'publishableKey' in one));
    expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v1/payment_intents/{id}',
      'POST /v1/payment_intents/{id}/confirm',
    ]);
    const closed = all.filter((one) => !open.includes(one));
    expect(closed.length).toBeGreaterThan(30);
    for (const { method, path } of closed) {
      const url = path.replace('{id}', PI);
      const payload = method === 'POST' ? soundBody(paths[path]['post']) : undefined;
      const query = path.endsWith('/search') ? '?query=currency:"eur"' : '';
      const answer = await call({
        method,
        url: url + query,
        ...(payload === undefined ? {} : { payload }),
      });
      expect([method, path, answer.body['code']]).toEqual([method, path, 'secret_key_required']);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(stand.commands).toEqual([]);
  });

  test('has Idempotency-Keys of its own: none of the merchant’s, and none of another payment’s', async () => {
    const once = 'order-1';
    const merchants = { key: SECRET, once };
    await confirm({ client_secret: CLIENT_SECRET }, { once });
    const other = TEST_CLIENT_SECRETS.secretOf(OWNER, OTHER_ID);
    expect(await confirm({ client_secret: other }, { once, id: OTHER })).toMatchObject({ status: 200 });
    const own = await confirm({ client_secret: CLIENT_SECRET }, merchants);
    expect(own).toMatchObject({ status: 200, body: { metadata: {} } });
    expect(own.headers['idempotent-replayed']).toBeUndefined();
    const again = await confirm({ client_secret: CLIENT_SECRET }, { once });
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.text).not.toContain('metadata');
  });

  test('is asked so often by one address, and no more; others are not held up', async () => {
    await app.close();
    await start({ ...UNLIMITED, payer: { perSecond: 1, burst: 3 } });
    const from = async (remoteAddress: string) => {
      const url = `/v1/payment_intents/${PI}?client_secret=${CLIENT_SECRET}`;
      const { status, headers } = await call({ url, remoteAddress });
      return [status, headers['retry-after']];
    };
    for (let i = 0; i < 3; i++) expect(await from('192.0.2.1')).toEqual([200, undefined]);
    expect(await from('192.0.2.1')).toEqual([429, '1']);
    expect(await from('192.0.2.2')).toEqual([200, undefined]);
    const merchant = await retrieve(undefined, { key: SECRET });
    expect(merchant.status).toBe(200);
  });
});

/** What the schema of a body needs, so that a request is refused for its key alone. */
function soundBody(operation: unknown): object {
  const { requestBody } = operation as {
    requestBody?: { content: { 'application/json': { schema: { required?: string[] } } } };
  };
  const sound: Record<string, unknown> = {
    amount: 1,
    currency: 'eur',
    increment_amount: 1,
    payment_intent: PI,
    payment_method: 'pm_card_visa',
    customer: 'cus_0190a000000070008000000000000001',
    type: 'card',
    token: 'pm_card_visa',
    url: 'https://shop.example',
    enabled_events: ['*'],
  };
  const required = requestBody?.content['application/json'].schema.required ?? [];
  return Object.fromEntries(required.map((name) => [name, sound[name]]));
}

describe('a client secret', () => {
  test('is told by what makes and changes a payment, and kept by no record of an answer', async () => {
    const payload = { amount: 1_000, currency: 'eur' };
    const make = () =>
      call({
        method: 'POST',
        url: '/v1/payment_intents',
        payload,
        key: SECRET,
        headers: { 'idempotency-key': 'c' },
      });
    const first = await make();
    const id = String(first.body['id']);
    expect(first.body['client_secret']).toMatch(new RegExp(`^${id}_secret_[\\w-]{43}$`));
    const kept = JSON.stringify([...stand.records.values()].map(({ body }) => body));
    expect(kept).toContain(id);
    expect(kept).not.toContain('_secret_');
    const again = await make();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.text).toBe(first.text);
  });

  test('is in no list, in no search, and not told to a key that may only read', async () => {
    for (const url of ['/v1/payment_intents', '/v1/payment_intents/search?query=currency:"eur"']) {
      const { status, text } = await call({ url, key: SECRET });
      expect(status).toBe(200);
      expect(text).toContain(PI);
      expect(text).not.toContain('_secret_');
    }
    const read = await retrieve(undefined, { key: READER });
    expect(read).toMatchObject({ status: 200, body: { id: PI, client_secret: null } });
  });

  test('does not go where a text of the merchant’s says it does', async () => {
    const lies = { a: '"client_secret":null', client_secret: 'null' };
    stand.decide = () => changed(intentOf({ ...OPEN, metadata: lies, description: '"client_secret":null' }));
    const { body } = await confirm({}, { key: SECRET });
    expect(body).toMatchObject({ metadata: lies, client_secret: CLIENT_SECRET });
    expect(body['description']).toBe('"client_secret":null');
  });
});

describe('CORS', () => {
  const preflight = (url: string, method: string) =>
    app.inject({
      method: 'OPTIONS',
      url,
      headers: { origin: 'https://shop.example', 'access-control-request-method': method },
    });
  const ALLOWS = 'access-control-allow-origin';

  test('lets any page use the two routes, without a cookie', async () => {
    const uses = [
      [`/v1/payment_intents/${PI}`, 'GET'],
      [`/v1/payment_intents/${PI}/confirm`, 'POST'],
    ];
    for (const [url, method] of uses) {
      const { statusCode, headers } = await preflight(url, method);
      expect(statusCode).toBe(204);
      expect(headers).toMatchObject({ [ALLOWS]: '*', 'access-control-allow-methods': method });
      expect(headers['access-control-allow-headers']).toMatch(/Authorization.*Idempotency-Key/);
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    }
  });

  test('lets a page read the answer, and a refusal too', async () => {
    for (const secret of [CLIENT_SECRET, 'wrong']) expect((await retrieve(secret)).headers[ALLOWS]).toBe('*');
    expect((await confirm({})).headers[ALLOWS]).toBe('*');
    const unknown = 'pk_test_00000000000000000000000000000009';
    const refused = await retrieve(CLIENT_SECRET, { key: unknown });
    expect(refused).toMatchObject({ status: 401, headers: { [ALLOWS]: '*' } });
  });

  test.each([
    [`/v1/payment_intents/${PI}`, 'POST'],
    [`/v1/payment_intents/${PI}`, 'DELETE'],
    ['/v1/payment_intents/search', 'GET'],
    ['/v1/payment_intents', 'POST'],
    [`/v1/payment_intents/${PI}/confirm`, 'GET'],
    [`/v1/payment_intents/${PI}/capture`, 'POST'],
    ['/v1/refunds', 'POST'],
    ['/v1/api_keys', 'GET'],
  ])('lets no page use %s by %s', async (url, method) => {
    const { headers } = await preflight(url, method);
    expect(headers[ALLOWS]).toBeUndefined();
  });
});
