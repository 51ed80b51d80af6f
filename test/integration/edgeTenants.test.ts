import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin, type Florin, uuidv7 } from '../../client/index.ts';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { buildServer } from '../../edge/http/server.ts';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from '../../edge/testing/secrets.ts';
import { StandInCore, UNLIMITED } from '../../edge/testing/standInCore.ts';
import {
  makeKey,
  type MerchantAt,
  merchantAt,
  type Reply,
  startTestEdge,
  type TestEdge,
} from '../support/edge.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { openMerchant, openTenant, type Tenant } from '../support/tenants.ts';

type Owned = Pick<
  Tenant,
  | 'intent'
  | 'openIntent'
  | 'refund'
  | 'balanceTransaction'
  | 'customer'
  | 'method'
  | 'reference'
  | 'endpoint'
  | 'event'
  | 'spareKey'
  | 'paymentLink'
  | 'request'
>;
type Json = Record<string, unknown>;

const idOf = (prefix: string, uuid: string): string => `${prefix}_${uuid.replaceAll('-', '')}`;
/** How merchants name what is theirs. */
const NAMED: Readonly<Record<string, (owned: Owned) => string>> = {
  payment_intent: ({ intent }) => idOf('pi', intent),
  open_payment_intent: ({ openIntent }) => idOf('pi', openIntent),
  refund: ({ refund }) => idOf('re', refund),
  balance_transaction: ({ balanceTransaction }) => `${idOf('txn', balanceTransaction)}_eur`,
  api_key: ({ spareKey }) => idOf('key', spareKey),
  customer: ({ customer }) => idOf('cus', customer),
  payment_method: ({ method }) => idOf('pm', method),
  webhook_endpoint: ({ endpoint }) => idOf('we', endpoint),
  payment_link: ({ paymentLink }) => idOf('plink', paymentLink),
  event: ({ event }) => idOf('evt', event),
  request: ({ request }) => request,
  reference: ({ reference }) => reference,
};

/** What the id in a path names, by what stands before it; of changes it is one that can still be changed. */
const PATHS: Readonly<Record<string, string>> = {
  '/v1/payment_intents/': 'open_payment_intent',
  '/v1/refunds/': 'refund',
  '/v1/balance_transactions/': 'balance_transaction',
  '/v1/api_keys/': 'api_key',
  '/v1/customers/': 'customer',
  '/v1/payment_methods/': 'payment_method',
  '/v1/webhook_endpoints/': 'webhook_endpoint',
  '/v1/events/': 'event',
  '/v1/payment_links/': 'payment_link',
  '/v1/request_logs/': 'request',
};
/** Parameters of queries and bodies that name something of the merchant's. */
const OBJECTS: Readonly<Record<string, string>> = {
  customer: 'customer',
  payment_method: 'payment_method',
  payment_intent: 'payment_intent',
  starting_after: 'payment_intent',
  ending_before: 'payment_intent',
  'query.reference': 'reference',
  'body.events': 'event',
  ...pagesOf('events', 'event'),
  'query.request_id': 'request',
  ...pagesOf('request_logs', 'request'),
  ...pagesOf('refunds', 'refund'),
  ...pagesOf('customers', 'customer'),
  ...pagesOf('balance_transactions', 'balance_transaction'),
  ...pagesOf('api_keys', 'api_key'),
  ...pagesOf('payment_links', 'payment_link'),
  ...pagesOf('webhook_endpoints', 'webhook_endpoint'),
};
/** Where pages of a list begin and end, which is at something of the list. */
function pagesOf(list: string, object: string): Record<string, string> {
  const at = (name: string): string => `GET /v1/${list} query.${name}`;
  return { [at('starting_after')]: object, [at('ending_before')]: object };
}
/** Those that name nothing, and are needed for a request that is sound. */
const NEEDED: Readonly<Record<string, unknown>> = {
  amount: 1_000,
  currency: 'eur',
  increment_amount: 1,
  type: 'card',
  token: 'pm_card_visa',
  name: 'x',
  query: 'currency:"eur"',
  url: 'https://shop.example/webhooks',
  active: true,
  enabled_events: ['*'],
  metadata: { a: 'b' },
};
/** Those that name nothing and can be left out. */
const PLAIN = new Set(
  `route status reason capture_method confirm payment_method_type description reference statement_descriptor return_url
   redirect_result amount_to_capture final_capture limit cancellation_reason email billing_country expires_in disabled created created[gte]
   created[lt] expand[] page kind scopes client_secret`.split(/\s+/),
);
/** Routes that name nothing: they are about the key's own merchant. */
const NAMES_NOTHING = [
  'GET /v1/account',
  'GET /v1/balance',
  'GET /v1/payment_intents/search',
  'POST /v1/api_keys',
  'POST /v1/customers',
  'POST /v1/payment_links',
  'POST /v1/webhook_endpoints',
];

interface Route {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
  }[];
  readonly body: readonly string[];
}

/** Every route of the OpenAPI document. */
async function documentedRoutes(): Promise<Route[]> {
  const app = await buildServer({
    core: new StandInCore().core,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits: UNLIMITED,
    log: () => undefined,
  });
  const { body } = await app.inject({ url: '/openapi.json' });
  await app.close();
  const { paths } = JSON.parse(body) as { paths: Record<string, Record<string, Json>> };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([verb, operation]) => ({
      name: `${verb.toUpperCase()} ${path}`,
      method: verb.toUpperCase(),
      path,
      parameters: (operation['parameters'] ?? []) as Route['parameters'],
      body: bodyFields(operation),
    })),
  );
}

function bodyFields(operation: Json): string[] {
  const content = (operation['requestBody'] as Json | undefined)?.['content'] as Json | undefined;
  const json = content?.['application/json'] as { schema: { properties?: Json } } | undefined;
  return Object.keys(json?.schema.properties ?? {});
}

const routes = await documentedRoutes();

/** Where a route names something: "path.id", "query.customer", "body.customer". */
function namesIn(route: Route): string[] {
  const query = route.parameters.filter((one) => one.in === 'query').map(({ name }) => `query.${name}`);
  const body = route.body.map((name) => `body.${name}`);
  const named = [...query, ...body].filter((at) => objectAt(route, at) !== undefined);
  return [...(route.path.includes('{id}') ? ['path.id'] : []), ...named];
}

function objectAt({ name }: Pick<Route, 'name'>, at: string): string | undefined {
  return OBJECTS[`${name} ${at}`] ?? OBJECTS[at] ?? OBJECTS[at.slice(at.indexOf('.') + 1)];
}

const probes = routes.flatMap((route) =>
  namesIn(route).map((at) => [`${route.name}, ${at}`, route, at] as const),
);

let processes: PaymentProcesses;
let florin: Florin;
let edge: TestEdge;
let merchant: MerchantAt;
let ours: Tenant;
/** Of another book, and of another merchant of our own book. */
let strangers: Record<'book' | 'merchant', Owned & { apiSecret: string }>;
/** The same company's merchant that takes real money, in our own book. */
let live: MerchantAt;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  florin = connectFlorin({ target: processes.core.target });
  ours = await openTenant(florin, 'ours');
  const [theirs, id] = [await openTenant(florin, 'theirs'), uuidv7()];
  await florin.merchants.createMerchants({ book: 'ours', merchants: [{ id, name: 'y', country: 'DE' }] });
  strangers = { book: theirs, merchant: await openMerchant(florin, { book: 'ours', merchant: id }) };
  const real = uuidv7();
  const company = { id: real, name: 'ours', country: 'DE', mode: Mode.LIVE };
  await florin.merchants.createMerchants({ book: 'ours', merchants: [company] });
  edge = await startTestEdge(processes.core.target);
  merchant = merchantAt(edge, ours.apiSecret);
  const { secret } = await makeKey(processes.core.target, { book: 'ours', merchant: real, mode: 'live' });
  live = merchantAt(edge, secret);
}, 120_000);

afterAll(async () => {
  florin?.close();
  await edge?.stop();
  await processes?.stop();
});

/** Asks about what is ours; only what stands at `foreign` is the stranger's. */
function ask(route: Route, foreign?: { at: string; stranger: Owned }, by = merchant): Promise<Reply> {
  const nameAt = (at: string, what: string): string =>
    NAMED[what](at === foreign?.at ? foreign.stranger : ours);
  const { method, path, parameters, body } = route;
  const [prefix] = path.split('{');
  const url = path.includes('{id}') ? path.replace('{id}', nameAt('path.id', PATHS[prefix])) : path;
  if (method === 'GET') {
    const query = new URLSearchParams();
    for (const { in: where, name, required = false } of parameters) {
      const at = `query.${name}`;
      if (where === 'query' && required) query.set(name, String(NEEDED[name]));
      // A filter or a cursor only where it is asked about: together they exclude each other.
      if (where === 'query' && at === foreign?.at) query.set(name, nameAt(at, objectAt(route, at)!));
    }
    return by.get(`${url}?${query}`);
  }
  if (method === 'DELETE') return by.delete(url);
  const fields = body.flatMap((name): [string, unknown][] => {
    const object = objectAt(route, `body.${name}`);
    const value = object === undefined ? NEEDED[name] : nameAt(`body.${name}`, object);
    if (value === undefined) return [];
    return [[name, name === 'events' ? [value] : value]];
  });
  return by.post(url, Object.fromEntries(fields), uuidv7());
}

describe('every route of the OpenAPI document', () => {
  test('is a route of the test, with a key to what its path names', () => {
    expect(routes.length).toBeGreaterThan(15);
    const unknown = routes.filter(({ path }) => path.includes('{') && !(path.split('{')[0] in PATHS));
    expect(unknown).toEqual([]);
    for (const { path } of routes) expect(path.match(/\{\w+\}/g) ?? ['{id}']).toEqual(['{id}']);
  });

  test('has no parameter of which it is not known whether it names an object', () => {
    const isPlain = (name: string): boolean => name in NEEDED || PLAIN.has(name);
    const unknown = routes.flatMap((route) => {
      const query = route.parameters.filter((one) => one.in === 'query').map(({ name }) => `query.${name}`);
      const all = [...query, ...route.body.map((name) => `body.${name}`)];
      return all.filter((at) => objectAt(route, at) === undefined && !isPlain(at.slice(at.indexOf('.') + 1)));
    });
    expect([...new Set(unknown)]).toEqual([]);
  });

  test('names something of the merchant, or is known to name nothing', () => {
    const silent = routes.filter((route) => namesIn(route).length === 0).map(({ name }) => name);
    expect(silent.toSorted()).toEqual(NAMES_NOTHING.toSorted());
  });
});

describe.each(['book', 'merchant'] as const)('what lies with another %s', (which) => {
  test.each(probes)('is not found by %s', async (_, route, at) => {
    const stranger = strangers[which];
    const answer = await ask(route, { at, stranger });
    if (answer.status === 200) {
      // A filter finds nothing, and says nothing more than of what does not exist.
      expect(at).toMatch(/^query\./);
      expect(answer.body['data']).toEqual([]);
    } else {
      expect(answer).toMatchObject({ status: 404, body: { code: 'resource_missing' } });
    }
    if (at !== 'query.reference') expect(answer.text).not.toContain(stranger.reference);
  });

  test('appears in no list and in no account of our own', async () => {
    const { text, body } = await merchant.get('/v1/payment_intents?limit=100');
    expect(body['data']).toHaveLength(3);
    expect(text).not.toContain(strangers[which].reference);
    expect(text).not.toContain(idOf('cus', strangers[which].customer));
  });

  test('is as it was for its own merchant, whatever was tried', async () => {
    const own = merchantAt(edge, strangers[which].apiSecret);
    const intent = await own.get(`/v1/payment_intents/${NAMED['open_payment_intent'](strangers[which])}`);
    expect(intent).toMatchObject({ status: 200, body: { status: 'requires_payment_method', version: 1 } });
    const customer = await own.get(`/v1/customers/${NAMED['customer'](strangers[which])}`);
    expect(customer).toMatchObject({ status: 200, body: { version: 1 } });
    const endpoint = await own.get(`/v1/webhook_endpoints/${NAMED['webhook_endpoint'](strangers[which])}`);
    expect(endpoint).toMatchObject({ status: 200, body: { version: 1 } });
  });
});

describe('the live key of the same company', () => {
  test.each(probes)('finds nothing of the test merchant by %s', async (_, route, at) => {
    const answer = await ask(route, { at, stranger: ours }, live);
    if (answer.status === 200)
      expect([at, answer.body['data']]).toEqual([expect.stringMatching(/^query\./), []]);
    else expect(answer).toMatchObject({ status: 404, body: { code: 'resource_missing' } });
    if (at !== 'query.reference') expect(answer.text).not.toContain(ours.reference);
  });

  const LISTS = routes.filter(({ name }) => /^GET \/v1\/(?!account$|balance$|.*search$)[a-z_]+$/.test(name));

  test.each(LISTS.map((route) => [route.path, route] as const))(
    'lists by %s what is its own alone, all of it live, and the test key nothing of that',
    async (path, route) => {
      expect(LISTS.length).toBeGreaterThan(6);
      // Made anew for each list, so that no test rests on another.
      await fill(live);
      // An edge hands over what it was asked after it has answered.
      if (!NO_MONEY_YET.has(path))
        await expect.poll(async () => (await ask(route, undefined, live)).body['data']).not.toEqual([]);
      const [real, play] = [await ask(route, undefined, live), await ask(route)];
      const of = ({ body }: Reply) => body['data'] as { id: string; livemode: boolean }[];
      expect([real.status, play.status]).toEqual([200, 200]);
      if (!NO_MONEY_YET.has(path)) expect(of(real)).not.toEqual([]);
      expect(of(play)).not.toEqual([]);
      expect(new Set(of(real).map(({ livemode }) => livemode)).has(false)).toBe(false);
      expect(new Set(of(play).map(({ livemode }) => livemode)).has(true)).toBe(false);
      const ids = new Set(of(play).map(({ id }) => id));
      for (const { id } of of(real)) {
        expect(ids.has(id)).toBe(false);
        expect(await merchant.get(`${path}/${id}`)).toMatchObject({ status: 404 });
      }
    },
  );
});

/** No provider moves real money here, so nothing of these can be a live merchant's; links are of test mode alone. */
const NO_MONEY_YET = new Set([
  '/v1/refunds',
  '/v1/balance_transactions',
  '/v1/payment_links',
  '/v1/disputes',
]);

async function fill(at: MerchantAt): Promise<void> {
  const url = 'https://shop.example/webhooks';
  for (const [path, body] of [
    ['/v1/customers', { name: 'x' }],
    ['/v1/payment_intents', { amount: 1_000, currency: 'eur' }],
    ['/v1/webhook_endpoints', { url, enabled_events: ['*'] }],
    ['/v1/api_keys', {}],
    ['/v1/payment_methods', { type: 'card', token: 'pm_card_visa' }],
  ] as const)
    expect(await at.post(path, body, uuidv7())).toMatchObject({ status: 200, body: { livemode: true } });
}

describe('a publishable key and the client secret of a payment of ours', () => {
  let at: MerchantAt;
  beforeAll(async () => {
    const { body } = await merchant.post('/v1/api_keys', { kind: 'publishable' });
    at = merchantAt(edge, String(body['secret']));
  });
  const secretOf = async (owned: Owned, owner: MerchantAt): Promise<string> => {
    const { body } = await owner.get(`/v1/payment_intents/${NAMED['open_payment_intent'](owned)}`);
    expect(body['client_secret']).toMatch(/^pi_[0-9a-f]{32}_secret_/);
    return String(body['client_secret']);
  };

  test('find that payment, and nothing that lies with somebody else', async () => {
    const secret = await secretOf(ours, merchant);
    const own = await at.get(
      `/v1/payment_intents/${NAMED['open_payment_intent'](ours)}?client_secret=${secret}`,
    );
    expect(own).toMatchObject({ status: 200, body: { client_secret: secret } });
    expect(own.text).not.toContain(ours.reference);
    for (const stranger of Object.values(strangers)) {
      const theirs = await secretOf(stranger, merchantAt(edge, stranger.apiSecret));
      const path = `/v1/payment_intents/${NAMED['open_payment_intent'](stranger)}`;
      for (const shown of [secret, theirs]) {
        expect(await at.get(`${path}?client_secret=${shown}`)).toMatchObject({ status: 404 });
        const confirmed = await at.post(`${path}/confirm`, { client_secret: shown }, uuidv7());
        expect(confirmed).toMatchObject({ status: 404, body: { code: 'resource_missing' } });
      }
    }
  });

  test.each(routes.map((route) => [route.name, route] as const))(
    'do nothing else by %s',
    async (_, route) => {
      const isOpen = /^(GET \/v1\/payment_intents\/\{id\}|POST .*\/confirm)$/.test(route.name);
      const { status, body } = await ask(route, undefined, at);
      // Both are asked for without a client secret.
      expect([status, body['code']]).toEqual(
        isOpen ? [400, 'parameter_missing'] : [403, 'secret_key_required'],
      );
    },
  );
});

// After all of them, and what deletes last: these change what is ours.
const ordered = routes.toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));
test.each(ordered.map((route) => [route.name, route] as const))(
  'what is asked for is at fault and nothing else: %s finds what is ours',
  async (_, route) => {
    const { status } = await ask(route);
    expect(status).not.toBe(404);
    // 409 where the payment's state does not allow it; never a request that is malformed.
    expect([200, 202, 402, 409]).toContain(status);
  },
);

test.each(['query.customer', 'query.reference'])('a list filtered by our own %s is not empty', async (at) => {
  const list = routes.find(({ name }) => name === 'GET /v1/payment_intents')!;
  const { body } = await ask(list, { at, stranger: ours });
  expect((body['data'] as unknown[]).length).toBeGreaterThan(2);
});
