import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildServer } from '../http/server.ts';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from '../testing/secrets.ts';
import { SECRET, StandInCore, UNLIMITED } from '../testing/standInCore.ts';
import { EdgeMetrics } from './metrics.ts';

const AUTHORIZED = { authorization: `Bearer ${SECRET}` };

let metrics: EdgeMetrics;
let app: FastifyInstance;
/** What the core takes, by a clock that only it moves. */
let coreMs: number;

beforeEach(async () => {
  let nowMs = 0;
  coreMs = 0;
  metrics = new EdgeMetrics(() => nowMs);
  const { core } = new StandInCore();
  const slow: typeof core = {
    ...core,
    paymentIntents: {
      ...core.paymentIntents,
      readPaymentIntent: (...asked) => {
        const answer = core.paymentIntents.readPaymentIntent(...asked);
        return answer.finally(() => (nowMs += coreMs));
      },
    },
  };
  app = await buildServer({
    core: metrics.counted(slow),
    metrics,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits: UNLIMITED,
    log: () => undefined,
  });
});
afterEach(() => app.close());

const linesOf = async (name: string): Promise<string[]> =>
  (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(name));

test('counts requests by route, and never by path', async () => {
  await app.inject({ url: '/v1/payment_intents/pi_0a', headers: AUTHORIZED });
  await app.inject({ url: '/v1/payment_intents/pi_0b', headers: AUTHORIZED });
  await app.inject({ url: '/v1/payment_intents/pi_0b' });
  await app.inject({ url: '/v1/4242424242424242', headers: AUTHORIZED });
  expect((await linesOf('florin_edge_requests_total')).toSorted()).toEqual([
    'florin_edge_requests_total{method="GET",route="/v1/payment_intents/:id",status="401"} 1',
    'florin_edge_requests_total{method="GET",route="/v1/payment_intents/:id",status="404"} 2',
    'florin_edge_requests_total{method="GET",route="unknown",status="404"} 1',
  ]);
  expect(await linesOf('florin_edge_in_flight')).toEqual(['florin_edge_in_flight 0']);
});

test('what the core takes is nothing that the edge adds', async () => {
  coreMs = 60_000;
  const id = 'pi_0190a0000000700080000000000000aa';
  await app.inject({ url: `/v1/payment_intents/${id}`, headers: AUTHORIZED });
  expect(await linesOf('florin_edge_added_seconds_sum')).toEqual(['florin_edge_added_seconds_sum 0']);
  coreMs = 0;
  await app.inject({ url: `/v1/payment_intents/${id}`, headers: AUTHORIZED });
  const [sum] = await linesOf('florin_edge_added_seconds_sum');
  expect(Number(sum.split(' ')[1])).toBeGreaterThan(0);
});
