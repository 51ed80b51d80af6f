import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import type { Merchant } from '../../core/kernel/payments/model.ts';
import type { WebhookAttempt } from '../../core/kernel/payments/webhookModel.ts';
import type { ScriptedPayments } from './scriptedPayments.ts';

/** Each command about webhooks once, on endpoints of that merchant: one stays, disabled; two are gone. */
export function everyWebhookCommand(shard: ScriptedPayments, merchant: Merchant): { disabled: Uuid } {
  const on = (endpoint: Uuid) => ({ id: shard.id(), merchant: merchant.id, endpoint });
  const same = { url: null, events: null, description: null, metadata: null, state: null };
  const first = shard.webhookEndpoint(merchant);
  const { number } = merchant.webhooks.at(-1)!;
  const second = shard.webhookEndpoint(merchant, {
    events: ['payment_intent.succeeded', 'customer.created'],
  });
  shard.run({
    op: 'updateWebhookEndpoint',
    ...on(second),
    ...same,
    url: 'https://shop.test/other',
    metadata: { a: 'b' },
  });
  shard.run({ op: 'rotateWebhookSecret', ...on(first), oldForSeconds: 86_400 });
  shard.succeed(shard.create(merchant));
  const told = shard.lastSeq;
  shard.run({ op: 'testWebhookEndpoint', ...on(second) });
  const attempt = (
    seq: number,
    endpoint: number,
    more: Partial<WebhookAttempt & { retryAfterMs: number }>,
  ) => ({
    merchant: merchant.id,
    endpoint,
    seq,
    index: 0,
    try: 1,
    startedUs: shard.nowUs,
    tookMs: 12,
    status: 200,
    error: '',
    excerpt: 'ok \u2028\0',
    retryAfterMs: null,
    ...more,
  });
  const log = (...attempts: ReturnType<typeof attempt>[]) =>
    shard.run({ op: 'logWebhookAttempts', id: shard.id(), attempts });
  log(attempt(told, number, {}), attempt(told, number + 1, { status: 503, retryAfterMs: 7_000 }));
  log(attempt(told, number + 1, { try: 2, status: 0, error: 'timeout', excerpt: '' }));
  shard.run({ op: 'resendEvents', ...on(first), events: [{ seq: told, index: 0 }] });
  log(attempt(told, number, { status: 410 }));
  const { version } = merchant.webhooks.find(({ id }) => id === first)!;
  shard.run({ op: 'disableWebhookEndpoint', ...on(first), reason: 'gone', version });
  const third = shard.webhookEndpoint(merchant);
  for (const gone of [second, third]) shard.run({ op: 'deleteWebhookEndpoint', ...on(gone) });
  return { disabled: first };
}
