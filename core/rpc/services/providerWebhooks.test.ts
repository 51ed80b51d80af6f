import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  ProviderWebhookOutcome as Outcome,
  ProviderWebhookService,
} from '../../../gen/florin/payments/v1/provider_webhooks_pb.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { type Serving, serve } from '../testing/serving.ts';
import type { TakenWebhook } from '../webhookIntake.ts';

const { receiveProviderWebhooks } = ProviderWebhookService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
});
afterAll(() => serving.close());
beforeEach(() => {
  serving.webhooks.received.length = 0;
});

const hand = (
  webhooks: readonly { provider?: string; body?: Uint8Array; headers?: Record<string, string> }[],
) => byGrpc(serving.grpc, receiveProviderWebhooks, { webhooks: [...webhooks] });

test('hands over bytes and headers as they came, and answers each for itself', async () => {
  const outcomes: Readonly<Record<string, TakenWebhook>> = {
    a: { done: 'kept', events: 2 },
    b: { done: 'unknown_provider' },
    c: { done: 'not_genuine' },
    d: { done: 'unreadable', why: 'no id' },
    e: { done: 'later', why: 'not here yet' },
  };
  serving.webhooks.says = (provider) => Promise.resolve(outcomes[provider]);
  const body = new Uint8Array([123, 0, 255, 10]);
  const headers = { 'x-signature': 'abc' };
  const { results } = await hand(Object.keys(outcomes).map((provider) => ({ provider, body, headers })));
  expect(results.map(({ outcome, detail }) => [outcome, detail])).toEqual([
    [Outcome.KEPT, ''],
    [Outcome.UNKNOWN_PROVIDER, ''],
    [Outcome.NOT_GENUINE, ''],
    [Outcome.UNREADABLE, 'no id'],
    [Outcome.LATER, 'not here yet'],
  ]);
  const [{ provider, webhook }] = serving.webhooks.received;
  expect([provider, [...webhook.body], { ...webhook.headers }]).toEqual(['a', [...body], headers]);
});

test.each([
  ['webhooks', []],
  ['webhooks', Array.from({ length: 257 }, () => ({ provider: 'a' }))],
  ['webhooks[1].body', [{ provider: 'a' }, { provider: 'a', body: new Uint8Array(1_024 * 1_024 + 1) }]],
  [
    'webhooks[0].headers',
    [{ provider: 'a', headers: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`h${i}`, ''])) }],
  ],
])('refuses what is beyond its bounds: %s', async (field, webhooks) => {
  const refusal = await refusalOf(hand(webhooks));
  expect(refusal).toMatchObject({
    code: status.INVALID_ARGUMENT,
    badRequest: { fieldViolations: [{ field }] },
  });
  expect(serving.webhooks.received).toEqual([]);
});
