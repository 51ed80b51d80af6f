import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CODE, FlorinError } from '../../client/index.ts';
import { buildServer } from '../http/server.ts';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from '../testing/secrets.ts';
import { MERCHANT, SECRET, StandInCore, UNLIMITED } from '../testing/standInCore.ts';
import type { RequestEntry } from './entry.ts';
import { type Recorded, RequestRecorder } from './recorder.ts';

const AUTHORIZED = { authorization: `Bearer ${SECRET}` };
const INTENT = 'pi_0190a0000000700080000000000000aa';

let kept: RequestEntry[];
let counted: Record<string, number>;
let keep: () => Promise<unknown>;
let recorder: RequestRecorder;
let app: FastifyInstance;

async function begin(recorded: Recorded): Promise<void> {
  recorder = new RequestRecorder({
    recorded,
    keep: async (entries) => {
      await keep();
      kept.push(...entries);
    },
    count: (outcome, entries) => (counted[outcome] = (counted[outcome] ?? 0) + entries),
    log: () => undefined,
  });
  app = await buildServer({
    core: new StandInCore().core,
    recorder,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits: UNLIMITED,
    log: () => undefined,
  });
}
beforeEach(async () => {
  kept = [];
  counted = {};
  keep = () => Promise.resolve();
  await begin('changes');
});
afterEach(async () => {
  vi.useRealTimers();
  await app.close();
  await recorder.stop();
});

test('a request that was refused is told with whose it was, what it asked for and why', async () => {
  const headers = { ...AUTHORIZED, 'idempotency-key': '"k 1"', 'user-agent': 'tést/1' };
  const answer = await app.inject({
    method: 'POST',
    url: `/v1/payment_intents/${INTENT}/capture?client_secret=x`,
    headers,
    payload: { amount: 'all' },
  });
  await recorder.stop();
  expect(kept).toMatchObject([
    {
      requestId: answer.headers['request-id'],
      merchantId: MERCHANT,
      method: 'POST',
      route: '/v1/payment_intents/:id/capture',
      path: `/v1/payment_intents/${INTENT}/capture`,
      objectId: INTENT,
      status: answer.statusCode,
      problemCode: answer.json<{ code: string }>().code,
      param: 'amount',
      idempotencyKey: 'k 1',
      userAgent: 't?st/1',
      address: '127.0.0.1',
    },
  ]);
  expect(answer.statusCode).toBe(400);
  expect(counted).toEqual({ written: 1 });
});

test('what was made is named by the answer', async () => {
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/customers',
    headers: AUTHORIZED,
    payload: { name: 'x' },
  });
  await recorder.stop();
  expect(kept).toMatchObject([
    { route: '/v1/customers', status: 200, objectId: answer.json<{ id: string }>().id },
  ]);
});

test('one with no good key, and one without a route, name nobody and nothing that was typed', async () => {
  await app.inject({ url: '/v1/account', headers: { authorization: 'Bearer sk_test_wrong' } });
  await app.inject({ url: '/v1/4242424242424242', headers: AUTHORIZED });
  await app.inject({ url: '/v1/payment_intents/4242424242424242', headers: AUTHORIZED });
  await recorder.stop();
  expect(kept).toMatchObject([
    { status: 401, problemCode: 'api_key_invalid', route: '/v1/account' },
    { status: 404, problemCode: 'route_missing', route: '', path: '' },
    { status: 404, problemCode: 'resource_missing', path: '/v1/payment_intents/:id' },
  ]);
  expect(kept[0]).not.toHaveProperty('book');
  expect(JSON.stringify(kept, (_, value) => (typeof value === 'bigint' ? Number(value) : value))).not.toMatch(
    /4242|wrong/,
  );
});

test('reads that went well are recorded where all are asked for, and pages and documents nowhere', async () => {
  const ask = async (): Promise<void> => {
    await app.inject({ url: '/v1/account', headers: AUTHORIZED });
    await app.inject({ url: '/openapi.json' });
    await recorder.stop();
  };
  await ask();
  expect(kept).toEqual([]);
  await app.close();
  await begin('all');
  await ask();
  expect(kept).toMatchObject([{ route: '/v1/account', status: 200 }]);
});

test('no request waits for a core that is away, what waits is bounded, and goes once the core is back', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  await app.close();
  await begin('changes');
  let isAway = true;
  keep = () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve());
  for (let n = 0; n < 20; n++) expect((await app.inject({ url: '/v1/account' })).statusCode).toBe(401);
  await vi.advanceTimersByTimeAsync(3_000);
  expect([kept.length, counted]).toEqual([0, {}]);
  isAway = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect([kept.length, counted]).toEqual([20, { written: 20 }]);
});

test('what does not fit any more is dropped and counted', async () => {
  keep = () => Promise.reject(new Error('away'));
  for (let n = 0; n < 10_003; n++) await app.inject({ url: '/v1/x' });
  expect(counted).toEqual({ dropped: 3 });
}, 60_000);

test('what the core refuses is dropped and counted, and not sent for ever', async () => {
  keep = () =>
    Promise.reject(new FlorinError({ code: CODE.PERMISSION_DENIED, message: 'no', details: {} } as never));
  await app.inject({ url: '/v1/account' });
  await recorder.stop();
  expect(counted).toEqual({ dropped: 1 });
});
