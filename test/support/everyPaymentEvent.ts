import type { PaymentChange } from '../../core/kernel/payments/change.ts';
import type { Merchant } from '../../core/kernel/payments/model.ts';
import { paymentStory } from './paymentStory.ts';
import type { ScriptedPayments } from './scriptedPayments.ts';

const KINDS: Record<PaymentChange['name'], true> = {
  merchant_created: true,
  merchant_updated: true,
  customer_created: true,
  customer_updated: true,
  payment_method_created: true,
  payment_method_attached: true,
  payment_method_detached: true,
  idempotency_record_saved: true,
  webhook_endpoint_created: true,
  webhook_endpoint_updated: true,
  webhook_endpoint_disabled: true,
  webhook_endpoint_tested: true,
  webhook_endpoint_deleted: true,
  webhook_attempts_logged: true,
  webhook_resend_asked: true,
  api_key_created: true,
  api_key_revoked: true,
  payment_link_created: true,
  payment_link_updated: true,
  reserve_released: true,
  intent_created: true,
  attempt_started: true,
  operation_started: true,
  operation_changed: true,
  event_received: true,
  intent_canceled: true,
  intent_expired: true,
  money_available: true,
  attention_raised: true,
  operation_settled: true,
  intent_updated: true,
  refund_updated: true,
};

export const EVERY_PAYMENT_EVENT = Object.keys(KINDS) as PaymentChange['name'][];

/** A shard in which every kind of event that is decided has happened at least once. */
export function everyPaymentEvent(shardNumber: number): ScriptedPayments {
  const { shard, open } = paymentStory(shardNumber);
  const intent = shard.intent(open);
  const [{ id: operation }] = intent.operations;
  shard.run({
    op: 'recordEvent',
    id: shard.id(),
    intent: open,
    operation,
    payment: '',
    provider: 'alpha',
    kind: 'dispute_opened',
    occurredUs: 1,
    proof: null,
    moved: { reference: 'dp_1', amount: 2n ** 53n + 1n, currency: intent.currency, cost: 15n },
  });
  const [merchant] = shard.state.payments.merchants.values();
  const unasked = shard.create(merchant, { confirm: false });
  shard.run({ op: 'cancelIntent', id: shard.id(), intent: unasked.id, reason: 'abandoned' });
  const sentBack = shard.create(merchant, { confirm: false });
  const confirmation = { op: 'confirmIntent', intent: sentBack.id, method: null } as const;
  shard.run({ ...confirmation, id: shard.id(), returnUrl: 'https://shop.example/2' });
  const kept = shard.create(shard.merchant({ reserve: { ppm: 100_000, days: 1 }, settlementDays: 0 }));
  shard.succeed(kept);
  // Its money becomes available, and what is kept back is released.
  for (const days of [0, 1]) {
    shard.seal();
    shard.nowUs += days * 86_400e6;
    shard.run({ op: 'advanceIntent', id: shard.id(), intent: kept.id });
  }
  const apiKey = shard.apiKey(merchant);
  shard.run({ op: 'revokeApiKey', id: shard.id(), apiKey, afterSeconds: 60 });
  const paymentLink = shard.paymentLink(merchant, { amount: 2n ** 53n + 1n });
  const update = { state: 'inactive', metadata: null } as const;
  shard.run({ op: 'updatePaymentLink', id: shard.id(), paymentLink, ...update });
  const record = { fingerprint: 'f'.repeat(64), status: 402, body: '{"a":"\u2028\ud800"}' };
  shard.run({ op: 'saveIdempotencyRecord', id: shard.id(), record });
  refundElsewhere(shard, merchant);
  describeRefund(shard, merchant);
  return shard;
}

/** A refund of which something is said, and something else afterwards. */
function describeRefund(shard: ScriptedPayments, merchant: Merchant): void {
  const paid = shard.create(merchant);
  shard.succeed(paid);
  const { id: intent } = paid;
  const refund = shard.id();
  const said = { reason: 'duplicate', reference: 'r 1', metadata: { case: '1' } } as const;
  shard.run({ op: 'refundIntent', id: refund, intent, amount: 5n, ...said });
  shard.run({ op: 'updateRefund', id: shard.id(), intent, refund, metadata: { 'quote"': 'line\nü' } });
}

/** A refund of more than there was, that nobody asked for: the merchant's, and a loss. */
function refundElsewhere(shard: ScriptedPayments, merchant: Merchant): void {
  const intent = shard.create(merchant);
  shard.succeed(intent, { cost: 7n });
  const [{ id: operation, attempt }] = intent.operations;
  shard.run({
    op: 'recordEvent',
    id: shard.id(),
    intent: intent.id,
    operation,
    payment: '',
    provider: intent.attempts[attempt].provider,
    kind: 'refunded',
    occurredUs: 1,
    proof: null,
    moved: { reference: 're_1', amount: intent.amount + 5n, currency: intent.currency, cost: 3n },
  });
}
