import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uuidv7 } from '../../client/index.ts';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
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

describe('customers', () => {
  test('are listed from one on in either direction, and have changed by then', async () => {
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c'])
      ids.unshift((await here.post('/v1/customers', { name })).body['id'] as string);
    await here.post(`/v1/customers/${ids[1]}`, { reference: 'the second' });
    expect(await idsAt('/v1/customers')).toEqual(ids);
    expect(await idsAt(`/v1/customers?limit=1&starting_after=${ids[0]}`)).toEqual([ids[1]]);
    expect(await idsAt(`/v1/customers?limit=1&ending_before=${ids[2]}`)).toEqual([ids[1]]);
    expect(await idsAt('/v1/customers?reference=the%20second')).toEqual([ids[1]]);
    expect(await idsAt('/v1/customers', stranger)).toEqual([]);
    expect(await stranger.get(`/v1/customers?starting_after=${ids[0]}`)).toMatchObject({ status: 404 });
  });
});

describe('balance transactions', () => {
  test('tell what a payment and its refund did to the balance, and add up to it', async () => {
    const payment = await pay();
    await here.post('/v1/refunds', { payment_intent: payment, amount: 99 }, randomUUID());
    const { body } = await here.get(`/v1/balance_transactions?payment_intent=${payment}`);
    const [refund, charge] = body['data'] as { id: string; type: string; amount: number }[];
    expect([refund, charge]).toMatchObject([
      { type: 'refund', amount: -99, currency: 'eur', payment_intent: payment },
      { type: 'charge', amount: 1_999, status: 'pending' },
    ]);
    expect(await here.get(`/v1/balance_transactions/${charge.id}`)).toMatchObject({ body: charge });
    const all = await idsAt('/v1/balance_transactions?limit=100');
    expect(all.slice(0, 2)).toEqual([refund.id, charge.id]);
    expect(await idsAt(`/v1/balance_transactions?limit=100&starting_after=${refund.id}`)).toEqual(
      all.slice(1),
    );
    expect(await idsAt(`/v1/balance_transactions?ending_before=${charge.id}`)).toEqual([refund.id]);
    expect(await idsAt('/v1/balance_transactions', stranger)).toEqual([]);
    expect(await stranger.get(`/v1/balance_transactions?payment_intent=${payment}`)).toMatchObject({
      status: 404,
    });

    const { body: list } = await here.get('/v1/balance_transactions?limit=100');
    const nets = (list['data'] as { net: number }[]).map(({ net }) => net);
    const { body: balance } = await here.get('/v1/balance');
    const [{ amount: pending }] = balance['pending'] as { amount: number }[];
    expect(nets.reduce((sum, net) => sum + net)).toBe(pending);
  });
});

describe('expanding', () => {
  test('gives the customer and the payment method with a payment, a list, and a refund', async () => {
    const customer = (await here.post('/v1/customers', { name: 'Mia Berg' })).body;
    const { body: method } = await here.post('/v1/payment_methods', { token: 'pm_card_visa' });
    const { body: attached } = await here.post(`/v1/payment_methods/${method['id'] as string}/attach`, {
      customer: customer['id'],
    });
    const payment = await pay({ payment_method: method['id'], customer: customer['id'] });
    const whole = { id: payment, customer, payment_method: attached };
    expect(
      await here.get(`/v1/payment_intents/${payment}?expand[]=customer&expand[]=payment_method`),
    ).toMatchObject({ status: 200, body: whole });
    const query = `customer=${customer['id'] as string}&expand[]=data.customer&expand[]=data.payment_method`;
    expect((await here.get(`/v1/payment_intents?${query}`)).body['data']).toMatchObject([whole]);
    const { body: refund } = await here.post(
      '/v1/refunds',
      { payment_intent: payment, amount: 1 },
      randomUUID(),
    );
    expect(
      await here.get(`/v1/refunds/${refund['id'] as string}?expand[]=payment_intent.customer`),
    ).toMatchObject({ body: { payment_intent: { id: payment, customer, payment_method: method['id'] } } });
  });
});

describe('searching', () => {
  const search = (query: string, more = '', who = here) =>
    who.get(`/v1/payment_intents/search?query=${encodeURIComponent(query)}${more}`);
  const found = async (query: string, who = here): Promise<unknown[]> =>
    ((await search(query, '', who)).body['data'] as { id: string }[]).map(({ id }) => id);

  test('finds payments by metadata, status, currency and customer, as soon as they were answered', async () => {
    const order = randomUUID();
    const ids: string[] = [];
    for (const part of ['1', '2', '3']) ids.unshift(await pay({ metadata: { order, part } }));
    const { body: open } = await here.post('/v1/payment_intents', {
      amount: 5,
      currency: 'usd',
      metadata: { order },
    });
    const of = `metadata["order"]:"${order}"`;
    expect(await found(of)).toEqual([open['id'], ...ids]);
    expect(await found(`${of} AND metadata['part']:'2'`)).toEqual([ids[1]]);
    expect(await found(`${of} AND status:"succeeded"`)).toEqual(ids);
    expect(await found(`${of} AND currency:"usd"`)).toEqual([open['id']]);
    expect(await found(`${of} AND customer:"cus_${'0'.repeat(31)}1"`)).toEqual([]);
    expect(await found(of, stranger)).toEqual([]);
    const path = `/v1/payment_intents/${open['id'] as string}`;
    await here.post(path, { metadata: { order: '', moved: order } });
    expect(await found(of)).toEqual(ids);
    expect(await found(`metadata["moved"]:"${order}"`)).toEqual([open['id']]);

    const first = await search(of, '&limit=2');
    expect(first.body).toMatchObject({ object: 'search_result', has_more: true });
    const page = first.body['next_page'] as string;
    expect(await search(of, `&limit=2&page=${page}`)).toMatchObject({
      body: { has_more: false, next_page: null, data: [{ id: ids[2] }] },
    });
    for (const wrong of [`&page=${page}x`, '&page=x'])
      expect(await search(of, wrong)).toMatchObject({
        status: 400,
        body: { code: 'parameter_invalid', param: 'page' },
      });
    expect(await search('amount>5')).toMatchObject({ status: 400, body: { param: 'query' } });
  });
});

describe('API keys', () => {
  test('are made, rolled and revoked by a key that may do everything, and work until then', async () => {
    const { body: made } = await here.post('/v1/api_keys', { name: 'till', scopes: ['balance:read'] });
    const first = merchantAt(edge, made['secret'] as string);
    expect(await first.get('/v1/balance')).toMatchObject({ status: 200 });
    expect(await first.get('/v1/api_keys')).toMatchObject({ status: 403, body: { code: 'scope_missing' } });
    const path = `/v1/api_keys/${made['id'] as string}`;
    const { body: successor } = await here.post(`${path}/roll`, { expires_in: 3_600 });
    const second = merchantAt(edge, successor['secret'] as string);
    for (const one of [first, second]) expect(await one.get('/v1/balance')).toMatchObject({ status: 200 });
    expect((await here.get(path)).body['expires_at']).toBeGreaterThan(made['created'] as number);
    expect(await stranger.post(`${path}/revoke`, {})).toMatchObject({ status: 404 });
    await here.post(`${path}/revoke`, {});
    await expect
      .poll(async () => (await first.get('/v1/balance')).body['code'], { interval: 20, timeout: 5_000 })
      .toBe('api_key_expired');
    expect(await second.get('/v1/balance')).toMatchObject({ status: 200 });
    const listed = await idsAt('/v1/api_keys?limit=2');
    expect(listed).toEqual([successor['id'], made['id']]);
  });

  test('are a hundred at most, also of many requests at a time, each with a secret of its own', async () => {
    const { body } = await here.get('/v1/api_keys?limit=100');
    const good = (body['data'] as { expires_at: number | null }[]).filter((key) => key.expires_at === null);
    const answers = await Promise.all(
      Array.from({ length: 105 - good.length }, () => here.post('/v1/api_keys', {}, randomUUID())),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses.filter((status) => status === 200)).toHaveLength(100 - good.length);
    expect(answers.filter(({ status }) => status !== 200).map(({ body: no }) => no['code'])).toEqual(
      Array.from({ length: 5 }, () => 'api_keys_exhausted'),
    );
  }, 30_000);
});

test('a merchant that takes real money has keys of that mode alone, and no provider that simulates gets its payments', async () => {
  const { target } = processes.core;
  const opening = connectPayments({ target });
  const book = 'company';
  const [play, real] = [uuidv7(), uuidv7()];
  await opening.books.createBook({ name: book });
  const merchants = [
    { id: play, name: 'Company', country: 'DE' },
    { id: real, name: 'Company', country: 'DE', mode: Mode.LIVE },
  ];
  await opening.merchants.createMerchants({ book, merchants });
  opening.close();
  await expect(makeKey(target, { book, merchant: real })).rejects.toThrow('MODE_MISMATCH');
  await expect(makeKey(target, { book, merchant: play, mode: 'live' })).rejects.toThrow('MODE_MISMATCH');
  const keys = [
    await makeKey(target, { book, merchant: play }),
    await makeKey(target, { book, merchant: real, mode: 'live' }),
  ];
  const [test, live] = keys.map(({ secret }) => merchantAt(edge, secret));
  const played = await test.post('/v1/payment_intents', NEW, randomUUID());
  expect(played).toMatchObject({ status: 200, body: { status: 'succeeded', livemode: false } });
  expect(await live.post('/v1/payment_intents', NEW, randomUUID())).toMatchObject({
    status: 409,
    body: { code: 'no_route' },
  });
  const { body: made } = await live.post('/v1/payment_intents', { amount: 1, currency: 'eur' }, randomUUID());
  expect(made).toMatchObject({ livemode: true, status: 'requires_payment_method' });
  expect(await idsAt('/v1/payment_intents', live)).not.toContain(played.body['id']);
  expect(await idsAt('/v1/payment_intents', test)).toEqual([played.body['id']]);
  expect(await test.get(`/v1/payment_intents/${made['id'] as string}`)).toMatchObject({ status: 404 });
});

describe('what is said of a refund', () => {
  test('is kept, changed however the refund stands, and told with versions that rise', async () => {
    const payment_intent = await pay();
    const said = { reason: 'requested_by_customer', reference: 'r 1', metadata: { case: '7', kept: 'x' } };
    const key = randomUUID();
    const asked = { payment_intent, amount: 100, ...said };
    const { status, body } = await here.post('/v1/refunds', asked, key);
    expect([status, body]).toMatchObject([200, { status: 'succeeded', ...said }]);
    expect((await here.post('/v1/refunds', { ...asked, reference: 'r 2' }, key)).status).toBe(422);
    const path = `/v1/refunds/${body['id'] as string}`;
    const changed = await here.post(path, { metadata: { case: '', note: 'ü "', kept: 'y' } });
    expect(changed).toMatchObject({ status: 200, body: { ...said, metadata: { note: 'ü "', kept: 'y' } } });
    expect(changed.body['metadata']).not.toHaveProperty('case');
    expect(await here.get(path)).toMatchObject({ status: 200, body: changed.body });
    const { body: listed } = await here.get(`/v1/refunds?payment_intent=${payment_intent}`);
    expect(listed['data']).toEqual([changed.body]);
    expect(await stranger.post(path, { metadata: { a: 'b' } })).toMatchObject({ status: 404 });
    const { body: events } = await here.get('/v1/events?type=refund.created,refund.updated&limit=3');
    type Told = {
      type: string;
      data: { object: { version: number; metadata: object }; previous_attributes?: object };
    };
    const [described, done, made] = events['data'] as Told[];
    expect([described, done, made].map(({ type }) => type)).toEqual([
      'refund.updated',
      'refund.updated',
      'refund.created',
    ]);
    expect(described.data.object).toEqual(changed.body);
    expect(described.data.previous_attributes).toMatchObject({ metadata: said.metadata });
    expect(done.data.object.metadata).toEqual(said.metadata);
    const versions = [made, done, described].map(({ data }) => data.object.version);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    const long = Object.fromEntries(Array.from({ length: 48 }, (_, n) => [`k${n}`, 'x'.repeat(500)]));
    expect(await here.post(path, { metadata: long })).toMatchObject({ status: 200 });
  });

  test.each([
    ['nothing', {}, 'nothing_to_change', undefined],
    ['its amount', { metadata: {}, amount: 1 }, 'parameter_unknown', 'amount'],
    ['metadata that is no object', { metadata: 'x' }, 'parameter_invalid', 'metadata'],
    ['a card number', { metadata: { card: '4242424242424242' } }, 'card_number_refused', 'metadata.card'],
  ])('is not changed by %s', async (_what, body, code, param) => {
    const payment_intent = await pay();
    const { body: refund } = await here.post('/v1/refunds', { payment_intent, amount: 1 }, randomUUID());
    const answer = await here.post(`/v1/refunds/${refund['id'] as string}`, body);
    expect(answer).toMatchObject({ status: 400, body: { code } });
    expect(answer.body['param']).toBe(param);
  });
});
