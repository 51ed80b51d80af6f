import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CODE, FlorinError } from '../../client/index.ts';
import { ApiKeyKind } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { OperationKind, OperationState } from '../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentIntentState } from '../../gen/florin/payments/v1/payments_pb.ts';
import {
  changed,
  intentOf,
  MERCHANT,
  refused,
  SECRET,
  StandInCore,
  STRANGER,
  UNLIMITED,
} from '../testing/standInCore.ts';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from '../testing/secrets.ts';
import { PROBLEMS } from '../problems/registry.ts';
import { buildServer } from './server.ts';

let stand: StandInCore;
let app: FastifyInstance;
let logged: string[];

beforeEach(async () => {
  stand = new StandInCore();
  logged = [];
  app = await buildServer({
    core: stand.core,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits: UNLIMITED,
    log: (level, event, details) => logged.push(`${level} ${event} ${JSON.stringify(details)}`),
  });
});
afterEach(() => app.close());

const NEW = { amount: 1_000, currency: 'eur', payment_method: 'pm_card_visa', confirm: true };
const PI = 'pi_0190a000000070008000000000000001';

async function call(options: InjectOptions & { secret?: string; key?: string }) {
  const { secret = SECRET, key, headers, ...rest } = options;
  const answer = await app.inject({
    ...rest,
    headers: {
      authorization: `Bearer ${secret}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...headers,
    },
  });
  return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: bodyOf(answer.body) };
}
const bodyOf = (text: string) => (text === '' ? {} : (JSON.parse(text) as Record<string, unknown>));
const create = (body: object, key = 'k') =>
  call({ method: 'POST', url: '/v1/payment_intents', payload: body, key });

describe('an answer', () => {
  test('has a request id, its version, and is kept by nobody', async () => {
    const { status, headers, body } = await create(NEW);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'request-id': expect.stringMatching(/^req_[0-9a-f]{32}$/),
      'florin-version': '2026-12-01',
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(body).toMatchObject({
      object: 'payment_intent',
      status: 'succeeded',
      amount: 1_000,
      currency: 'eur',
    });
  });

  test('that is a decline is 402 with the whole payment intent, and the key keeps it', async () => {
    stand.decide = (_, { id }) =>
      changed(
        intentOf({
          id: String(id),
          state: PaymentIntentState.REQUIRES_PAYMENT_METHOD,
          lastDeclineCode: 'insufficient_funds',
          operations: [
            { kind: OperationKind.SALE, state: OperationState.FAILED, declineCode: 'insufficient_funds' },
          ],
        }),
      );
    const first = await create(NEW);
    expect(first).toMatchObject({
      status: 402,
      headers: { 'content-type': 'application/problem+json; charset=utf-8' },
      body: {
        code: 'card_declined',
        decline_code: 'insufficient_funds',
        retryable: false,
        payment_intent: { object: 'payment_intent', status: 'requires_payment_method' },
      },
    });
    const again = await create(NEW);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.text).toBe(first.text);
  });

  test('to what nobody knows yet is 202, and the key keeps that too', async () => {
    stand.decide = (_, { id }) => changed(intentOf({ id: String(id), state: PaymentIntentState.PROCESSING }));
    const first = await create(NEW);
    expect(first).toMatchObject({ status: 202, body: { status: 'processing' } });
    stand.decide = (_, { id }) => changed(intentOf({ id: String(id) }), { replayed: true });
    expect(await create(NEW)).toMatchObject({ status: 202, text: first.text });
  });

  test('is 502 where it is proven that no provider did anything, and the next try is one at the same payment', async () => {
    const nothingDone = { state: PaymentIntentState.REQUIRES_PAYMENT_METHOD };
    stand.decide = (_, { id }) => changed(stand.keep(intentOf({ id: String(id), ...nothingDone })));
    const first = await create(NEW);
    expect(first).toMatchObject({ status: 502, body: { code: 'provider_not_reached', retryable: true } });
    expect(first.headers['retry-after']).toBe('1');
    const made = stand.commands[0].item['id'] as string;
    stand.decide = (method, { id, paymentIntentId }) =>
      method === 'create'
        ? changed(intentOf({ id: String(id), ...nothingDone }), { replayed: true })
        : changed(intentOf({ id: String(paymentIntentId) }));
    const second = await create(NEW);
    expect(second).toMatchObject({ status: 200, body: { status: 'succeeded' } });
    expect(second.body).toMatchObject({ id: `pi_${made.replaceAll('-', '')}` });
    expect(stand.commands.map(({ method, item }) => [method, item['paymentIntentId']])).toEqual([
      ['create', undefined],
      ['create', undefined],
      ['confirm', made],
    ]);
  });

  test('that was 202 stays that, and nothing is done any more, though no provider was reached after all', async () => {
    stand.decide = (_, { id }) => changed(intentOf({ id: String(id), state: PaymentIntentState.PROCESSING }));
    const first = await create(NEW);
    expect(first).toMatchObject({ status: 202 });
    const waits = { state: PaymentIntentState.REQUIRES_PAYMENT_METHOD };
    stand.decide = (_, { id }) =>
      changed(stand.keep(intentOf({ id: String(id), ...waits })), { replayed: true });
    const again = await create(NEW);
    expect(again).toMatchObject({ status: 202, text: first.text });
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(new Set(stand.commands.map(({ item }) => item['id'])).size).toBe(1);
  });

  test.each([OperationState.NOT_SENT, OperationState.FAILED])(
    'is 502 where no provider did anything this time (%i), though an earlier try was declined',
    async (state) => {
      const operations = [
        {
          requestId: 'a',
          kind: OperationKind.SALE,
          state: OperationState.FAILED,
          declineCode: 'insufficient_funds',
        },
        { requestId: 'b', kind: OperationKind.SALE, state },
        { kind: OperationKind.SALE, state },
        { kind: OperationKind.VOID, state: OperationState.FAILED, declineCode: 'operation_not_allowed' },
      ];
      const lastDeclineCode = 'insufficient_funds';
      stand.decide = () =>
        changed(intentOf({ state: PaymentIntentState.REQUIRES_PAYMENT_METHOD, operations, lastDeclineCode }));
      const url = `/v1/payment_intents/${PI}/confirm`;
      expect(await call({ method: 'POST', url, key: 'k' })).toMatchObject({
        status: 502,
        body: { code: 'provider_not_reached' },
      });
      expect(stand.records.size).toBe(0);
    },
  );

  test.each([
    ['whose next provider was not reached', ['a', '']],
    ['of earlier releases, which do not tell who asked', ['', '']],
  ])('is 402 to a payment that one provider declined, %s', async (_, [first, second]) => {
    const operations = [
      {
        requestId: first,
        kind: OperationKind.SALE,
        state: OperationState.FAILED,
        declineCode: first === '' ? '' : 'insufficient_funds',
      },
      {
        requestId: second,
        kind: OperationKind.SALE,
        state: OperationState.NOT_SENT,
        declineCode: first === '' ? 'insufficient_funds' : '',
      },
    ];
    stand.decide = () => changed(intentOf({ state: PaymentIntentState.REQUIRES_PAYMENT_METHOD, operations }));
    const url = `/v1/payment_intents/${PI}/confirm`;
    expect(await call({ method: 'POST', url, key: 'k' })).toMatchObject({
      status: 402,
      body: { code: 'card_declined', decline_code: 'insufficient_funds' },
    });
  });

  test('to a conflict is 409 and no answer of the key', async () => {
    stand.decide = () => refused('PAYMENT_STATE', { field: 'payment_intent_id' });
    const url = `/v1/payment_intents/${PI}/capture`;
    expect(await call({ method: 'POST', url, key: 'k' })).toMatchObject({
      status: 409,
      body: { code: 'payment_intent_unexpected_state', param: 'payment_intent' },
    });
    expect(stand.records.size).toBe(0);
  });

  test('of a core that is away is 503 and says when to come again; one whose outcome is open says so', async () => {
    const fails = (outcome: 'none' | 'unknown'): void => {
      stand.decide = () => {
        throw new FlorinError({
          code: CODE.UNAVAILABLE,
          message: 'secret detail',
          outcome,
          retryDelayMs: 1_500,
        });
      };
    };
    fails('none');
    const turnedAway = await create(NEW);
    expect(turnedAway).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(turnedAway.headers['retry-after']).toBe('2');
    fails('unknown');
    expect(await create(NEW)).toMatchObject({ status: 503, body: { code: 'outcome_open', retryable: true } });
  });

  test('to a defect is 500, tells nothing, and is logged without what was sent', async () => {
    stand.decide = () => {
      throw new Error('password hunter2 at db.internal');
    };
    const { status, text } = await create({ ...NEW, description: 'private words' });
    expect(status).toBe(500);
    expect(text).not.toContain('hunter2');
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('POST /v1/payment_intents');
    expect(logged[0]).not.toContain('private words');
    expect(logged[0]).not.toContain(SECRET);
  });
});

describe('a request', () => {
  test('without a key that is good is 401, whatever its body is', async () => {
    const none = await app.inject({ method: 'POST', url: '/v1/refunds', payload: '{' });
    expect(none.statusCode).toBe(401);
    expect(none.headers['www-authenticate']).toBe('Bearer');
    const secret = `sk_test_${'x'.repeat(32)}`;
    expect(await call({ method: 'GET', url: '/v1/balance', secret })).toMatchObject({
      status: 401,
      body: { code: 'api_key_invalid' },
    });
  });

  test('does what its key may do', async () => {
    const restricted = `sk_test_${'r'.repeat(32)}`;
    stand.addKey(restricted, { scopes: ['payment_intents:read'] });
    const publishable = `pk_test_${'p'.repeat(32)}`;
    stand.addKey(publishable, { kind: ApiKeyKind.PUBLISHABLE });
    stand.keep(intentOf({}));
    const get = (secret: string) => call({ method: 'GET', url: `/v1/payment_intents/${PI}`, secret });
    expect(await get(restricted)).toMatchObject({ status: 200 });
    expect(await call({ method: 'GET', url: '/v1/balance', secret: publishable })).toMatchObject({
      status: 403,
      body: { code: 'secret_key_required' },
    });
    const cancel = { method: 'POST', url: `/v1/payment_intents/${PI}/cancel`, secret: restricted } as const;
    expect(await call(cancel)).toMatchObject({ status: 403, body: { code: 'scope_missing' } });
    expect(stand.commands).toEqual([]);
  });

  test('that moves money needs an Idempotency-Key, another does not', async () => {
    const missing = { status: 400, body: { code: 'idempotency_key_missing', param: 'Idempotency-Key' } };
    const post = (url: string, payload: object) => call({ method: 'POST', url, payload });
    for (const action of ['confirm', 'capture'])
      expect(await post(`/v1/payment_intents/${PI}/${action}`, {})).toMatchObject(missing);
    expect(await post('/v1/refunds', { payment_intent: PI })).toMatchObject(missing);
    expect(await post('/v1/payment_intents', NEW)).toMatchObject(missing);
    expect(await post('/v1/payment_intents', { ...NEW, confirm: false })).toMatchObject({ status: 200 });
    expect(stand.records.size).toBe(0);
  });

  test('says whose the payment is, and sees none of anybody else', async () => {
    await call({ method: 'POST', url: `/v1/payment_intents/${PI}/capture`, key: 'k' });
    expect(stand.commands[0]).toMatchObject({ book: 'shop', item: { merchantId: MERCHANT } });
    stand.keep(intentOf({ merchantId: STRANGER }));
    const missing = { status: 404, body: { code: 'resource_missing' } };
    expect(await call({ method: 'GET', url: `/v1/payment_intents/${PI}` })).toMatchObject(missing);
    expect(await call({ method: 'POST', url: `/v1/payment_intents/${PI}`, payload: {} })).toMatchObject(
      missing,
    );
  });

  test.each<[string, unknown, string, string | undefined]>([
    ['a fraction', { ...NEW, amount: 10.5 }, 'parameter_not_integer', 'amount'],
    ['a number in words', { ...NEW, amount: '1000' }, 'parameter_not_integer', 'amount'],
    ['nothing', { ...NEW, amount: 0 }, 'parameter_out_of_range', 'amount'],
    ['less than nothing', { ...NEW, amount: -1 }, 'parameter_out_of_range', 'amount'],
    ['more than there is', { ...NEW, amount: 1e21 }, 'parameter_out_of_range', 'amount'],
    ['null', { ...NEW, amount: null }, 'parameter_not_integer', 'amount'],
    ['no amount', { currency: 'eur' }, 'parameter_missing', 'amount'],
    ['a parameter that is none', { ...NEW, foo: 1 }, 'parameter_unknown', 'foo'],
    ['metadata of metadata', { ...NEW, metadata: { a: { b: 'c' } } }, 'parameter_invalid', 'metadata.a'],
    [
      'a metadata key that is long',
      { ...NEW, metadata: { ['k'.repeat(41)]: 'v' } },
      'parameter_too_long',
      undefined,
    ],
    ['an array', [NEW], 'body_not_an_object', undefined],
  ])('with %s is refused with the parameter', async (_what, payload, code, param) => {
    const { status, body, headers } = await create(payload as object);
    expect({ status, body }).toMatchObject({
      status: 400,
      body: param === undefined ? { code } : { code, param },
    });
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(stand.commands).toEqual([]);
  });

  test.each([
    ['half a body', '{"amount":', 'application/json', 400, 'body_invalid_json'],
    ['a prototype', '{"__proto__":{"amount":1}}', 'application/json', 400, 'parameter_invalid'],
    [
      'a deep body',
      `{"metadata":${'['.repeat(30)}${']'.repeat(30)}}`,
      'application/json',
      400,
      'body_too_deep',
    ],
    ['a form', 'amount=1', 'application/x-www-form-urlencoded', 415, 'media_type_unsupported'],
    ['a large body', `"${'x'.repeat(200_000)}"`, 'application/json', 413, 'body_too_large'],
  ])('with %s is refused before anything is made of it', async (_what, payload, type, status, code) => {
    const headers = { 'content-type': type };
    const answer = await call({ method: 'POST', url: '/v1/payment_intents', payload, headers });
    expect(answer).toMatchObject({ status, body: { code } });
  });

  test('may name the version that it was written for, and no other', async () => {
    const ask = (version: string) =>
      call({ method: 'GET', url: '/v1/balance', headers: { 'florin-version': version } });
    expect(await ask('2026-12-01')).toMatchObject({ status: 200 });
    expect(await ask('2020-01-01')).toMatchObject({ status: 400, body: { code: 'version_unknown' } });
  });

  test('for a page that is not there is 404 in the same form', async () => {
    expect(await call({ method: 'GET', url: '/v1/nothing?x=1' })).toMatchObject({
      status: 404,
      body: { code: 'route_missing', instance: '/v1/nothing' },
    });
    expect(await call({ method: 'GET', url: '/v1/%ff' })).toMatchObject({ status: 404 });
  });
});

test('every code is explained where its problem says so', async () => {
  const { body, headers } = await app.inject({ url: '/docs/errors' });
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  for (const code of Object.keys(PROBLEMS)) expect(body).toContain(`<tr id="${code}">`);
});

test('the document describes every route, with what it needs and how it fails', async () => {
  const { body } = await call({ method: 'GET', url: '/openapi.json' });
  const paths = body['paths'] as Record<string, Record<string, { responses: object; operationId: string }>>;
  expect(Object.keys(paths)).toContain('/v1/payment_intents/{id}/capture');
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const { responses } of operations)
    expect(Object.keys(responses).filter((status) => status !== '202')).toEqual(['200', '4XX', '5XX']);
  expect(Object.keys(paths['/v1/refunds']['post'].responses)).toContain('202');
});
