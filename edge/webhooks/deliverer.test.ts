import { create } from '@bufbuild/protobuf';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { type Delivery, DeliverySchema } from '../../gen/florin/events/v1/webhook_deliveries_pb.ts';
import {
  WebhookEndpointSchema,
  WebhookEndpointState,
} from '../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import { expect, test, vi } from 'vitest';
import { CODE, FlorinError } from '../../client/index.ts';
import type { Core } from '../core.ts';
import { TEST_SECRETS } from '../testing/secrets.ts';
import { eventOf } from '../testing/standInTold.ts';
import { Deliverer } from './deliverer.ts';
import type { Posted } from './post.ts';

const TAKEN: Posted = { status: 200, error: '', excerpt: '', retryAfterMs: 0 };

function scene({ concurrency = 10, refused = '' } = {}) {
  const due: Delivery[] = [];
  const leases: number[] = [];
  const reports: { book: string; attempts: { eventId: string; status: number }[] }[] = [];
  const posts: {
    url: string;
    headers: Record<string, string>;
    body: string;
    answer: (posted: Posted) => void;
  }[] = [];
  let wake = Promise.withResolvers<void>();
  let failures = 0;
  const core = {
    webhookDeliveries: {
      leaseDeliveries: async ({ limit }: { limit: number }, { signal }: { signal: AbortSignal }) => {
        leases.push(limit);
        if (due.length === 0) {
          await Promise.race([
            wake.promise,
            new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
          ]);
          signal.throwIfAborted();
        }
        return { deliveries: due.splice(0, limit) };
      },
      logAttempts: async (request: (typeof reports)[number]) => {
        if (failures-- > 0) throw new Error('away');
        if (request.attempts.some(({ eventId }) => eventId === refused))
          throw new FlorinError({ code: CODE.INVALID_ARGUMENT, message: 'no', outcome: 'none' });
        reports.push(request);
        return {};
      },
    },
  } as unknown as Pick<Core, 'webhookDeliveries'>;
  const deliverer = new Deliverer({
    core,
    poster: {
      post: (url, headers, body, stop) => {
        const { promise, resolve } = Promise.withResolvers<Posted>();
        posts.push({ url, headers, body, answer: resolve });
        stop.addEventListener('abort', () => resolve({ ...TAKEN, status: 0, error: 'failed' }));
        return promise;
      },
    },
    secrets: TEST_SECRETS,
    publicUrl: 'https://pay.example',
    concurrency,
    nowMs: () => Date.parse('2026-11-27T00:00:00Z'),
    wait: () => Promise.resolve(),
    log: () => undefined,
  });
  const running = deliverer.run();
  return {
    posts,
    leases,
    reports,
    fail: (times: number) => void (failures = times),
    give: (...deliveries: Delivery[]) => {
      due.push(...deliveries);
      wake.resolve();
      wake = Promise.withResolvers();
    },
    stop: async () => {
      await deliverer.stop(0);
      await running;
    },
  };
}

const deliveryOf = (id: number, book = 'shop'): Delivery =>
  create(DeliverySchema, {
    event: eventOf({ id: `00000000-0000-0000-0000-${String(id).padStart(12, '0')}`, book }),
    webhookEndpoint: create(WebhookEndpointSchema, {
      id: '0190a000-0000-7000-8000-000000000005',
      number: 3,
      url: 'https://shop.example/hooks',
      mode: Mode.TEST,
      apiVersion: '2026-12-01',
      state: WebhookEndpointState.ENABLED,
      secretGeneration: 1,
    }),
    try: 2,
  });

test('what is handed out is posted signed, and what came of it is told', async () => {
  const { posts, reports, give, stop } = scene();
  give(deliveryOf(1));
  await vi.waitFor(() => expect(posts).toHaveLength(1));
  const [{ url, headers, body, answer }] = posts;
  expect(url).toBe('https://shop.example/hooks');
  expect(headers).toMatchObject({
    'webhook-id': 'evt_00000000000000000000000000000001',
    'webhook-timestamp': '1795737600',
  });
  expect(headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  expect(JSON.parse(body)).toMatchObject({ id: headers['webhook-id'], type: 'payment_intent.succeeded' });
  answer({ ...TAKEN, status: 503, retryAfterMs: 7_000 });
  await vi.waitFor(() => expect(reports).toHaveLength(1));
  expect(reports).toMatchObject([
    { book: 'shop', attempts: [{ endpointNumber: 3, try: 2, status: 503, retryAfterMs: 7_000n }] },
  ]);
  await stop();
});

test('no more are under way than there is room for', async () => {
  const { posts, leases, give, stop } = scene({ concurrency: 2 });
  give(deliveryOf(1), deliveryOf(2), deliveryOf(3));
  await vi.waitFor(() => expect(posts).toHaveLength(2));
  expect(leases).toEqual([2]);
  posts[0].answer(TAKEN);
  await vi.waitFor(() => expect(posts).toHaveLength(3));
  expect(leases.slice(1)).toEqual([1]);
  await stop();
});

test('a report goes again until the core has taken it, under the same id', async () => {
  const { posts, reports, fail, give, stop } = scene();
  fail(3);
  give(deliveryOf(1));
  await vi.waitFor(() => expect(posts).toHaveLength(1));
  posts[0].answer(TAKEN);
  await vi.waitFor(() => expect(reports).toHaveLength(1));
  await stop();
});

test('reports are gathered by book', async () => {
  const { posts, reports, give, stop } = scene();
  give(deliveryOf(1), deliveryOf(2, 'other'), deliveryOf(3));
  await vi.waitFor(() => expect(posts).toHaveLength(3));
  for (const { answer } of posts) answer(TAKEN);
  await vi.waitFor(() => expect(reports).toHaveLength(2));
  expect(Object.fromEntries(reports.map(({ book, attempts }) => [book, attempts.length]))).toEqual({
    shop: 2,
    other: 1,
  });
  await stop();
});

test('what a stop cuts off is told nobody, so that it is tried again', async () => {
  const { posts, reports, give, stop } = scene();
  give(deliveryOf(1), deliveryOf(2));
  await vi.waitFor(() => expect(posts).toHaveLength(2));
  posts[0].answer(TAKEN);
  await stop();
  expect(reports.flatMap(({ attempts }) => attempts)).toHaveLength(1);
});

test('a report that the core does not take keeps back no other one', async () => {
  const deliveries = [1, 2, 3, 4, 5].map((id) => deliveryOf(id));
  const { posts, reports, give, stop } = scene({ refused: deliveries[3].event!.id });
  give(...deliveries);
  await vi.waitFor(() => expect(posts).toHaveLength(5));
  for (const { answer } of posts) answer(TAKEN);
  await stop();
  const told = reports.flatMap(({ attempts }) => attempts.map(({ eventId }) => eventId));
  expect(told.toSorted()).toEqual(deliveries.flatMap(({ event }, place) => (place === 3 ? [] : [event!.id])));
});

test('an event that cannot be rendered is told as not sent, and the others are sent', async () => {
  const { posts, reports, give, stop } = scene();
  const odd = deliveryOf(1);
  delete odd.event!.object;
  give(odd, deliveryOf(2));
  await vi.waitFor(() => expect(posts).toHaveLength(1));
  posts[0].answer(TAKEN);
  await stop();
  const attempts = reports.flatMap((report) => report.attempts);
  expect(attempts.toSorted((a, b) => a.status - b.status)).toMatchObject([
    { eventId: odd.event!.id, status: 0, error: 'not_sent' },
    { status: 200 },
  ]);
});
