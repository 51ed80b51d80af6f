import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import { DAY_US, NOON_US, SECOND_US } from './ledger.ts';
import { ScriptedPayments } from './scriptedPayments.ts';
import { everyWebhookCommand } from './webhookStory.ts';

export interface PaymentStory {
  shard: ScriptedPayments;
  merchant: Uuid;
  /** Changed once; it pays `captured`. */
  customer: Uuid;
  /** Attached to it; pays `captured`, and is detached then. */
  paymentMethod: Uuid;
  /** A sale, of which 40.00 went back; its money is available. */
  sold: Uuid;
  /** Manual: two captures, in a book of references. */
  captured: Uuid;
  /** Changed before it was confirmed, raised, and canceled. */
  changed: Uuid;
  /** Declined by the first provider, unknown at the second, then found to be authorised and captured. */
  rerouted: Uuid;
  /** The provider says another amount than was asked. */
  conflicted: Uuid;
  /** The provider took another amount than was asked: an operator has accepted it. */
  accepted: Uuid;
  /** The same, and an operator has sent it back. */
  sentBack: Uuid;
  /** Canceled while it was under way; its money came late and went back. */
  returned: Uuid;
  /** Nobody confirmed it. */
  expired: Uuid;
  /** Under the second terms of its merchant: a part of its money is kept back. */
  reserved: Uuid;
  /** A call is under way. */
  open: Uuid;
}

/** A shard with a payment of every ending. Blocks are sealed where one would end, so that batches cut payments in two. */
export function paymentStory(shardNumber: number): PaymentStory {
  const shard = new ScriptedPayments(shardNumber, NOON_US);
  const later = (us: number): void => {
    shard.seal();
    shard.nowUs += us;
  };
  const merchant = shard.merchant({
    routing: {
      strategy: 'score',
      rules: [
        {
          currency: '',
          method: 'card',
          amountMin: 0n,
          amountMax: 0n,
          country: 'DE',
          brand: 'visa',
          providers: ['alpha', 'beta'],
        },
      ],
      attemptsMax: 3,
      weights: { authRatePpm: 400_000, costPpm: 300_000, latencyPpm: 200_000, reliabilityPpm: 100_000 },
      exploration: { sharePpm: 50_000, sampleMin: 30 },
    },
  });
  shard.webhookEndpoint(merchant, { description: 'the "shop" itself', metadata: { a: 'b' } });
  const customer = shard.customer(merchant, { reference: 'c 1' });
  const sold = shard.create(merchant, {
    reference: 'order 1',
    metadata: { shop: 'north', 'quote"\\': 'line\nü' },
  });
  later(SECOND_US);
  shard.succeed(sold);
  later(SECOND_US);
  const refund = shard.id();
  const why = { reason: 'duplicate', reference: 'r "1"', metadata: { case: '1' } } as const;
  shard.run({ op: 'refundIntent', id: refund, intent: sold.id, amount: 4_000n, ...why });
  shard.succeed(sold);
  later(SECOND_US);
  shard.run({ op: 'updateRefund', id: shard.id(), intent: sold.id, refund, metadata: { 'quote"': 'ü' } });

  shard.run({
    op: 'updateCustomer',
    id: shard.id(),
    customer,
    name: null,
    email: 'mia@example.org',
    description: null,
    reference: '',
    metadata: { tier: 'gold' },
  });
  const paymentMethod = shard.paymentMethod(merchant, { metadata: { wallet: 'none' } });
  shard.run({ op: 'attachPaymentMethod', id: shard.id(), paymentMethod, customer });
  const captured = shard.create(merchant, {
    reference: 'order 2',
    capture: 'manual',
    amount: 5_000n,
    customer,
    method: null,
    paymentMethod,
  });
  later(SECOND_US);
  shard.run({ op: 'detachPaymentMethod', id: shard.id(), paymentMethod });
  shard.succeed(captured, { expiresAtUs: NOON_US + 7 * DAY_US });
  shard.run({ op: 'captureIntent', id: shard.id(), intent: captured.id, amount: 2_000n, final: false });
  shard.succeed(captured);
  later(SECOND_US);
  shard.run({ op: 'captureIntent', id: shard.id(), intent: captured.id, amount: null, final: true });
  shard.succeed(captured);

  const apiKey = shard.apiKey(merchant, { scopes: ['payment_intents:read'], name: 'a "key" of ours' });
  shard.run({ op: 'revokeApiKey', id: shard.id(), apiKey, afterSeconds: 3_600 });
  shard.apiKey(merchant);
  const said = { description: 'a "mug" of ours', metadata: { kiln: 'ü' } };
  const paymentLink = shard.paymentLink(merchant, { amount: 12_345_678_901_234n, ...said });
  const ended = { paymentLink, state: 'inactive', metadata: { kiln: 'b' } } as const;
  shard.run({ op: 'updatePaymentLink', id: shard.id(), ...ended });
  shard.paymentLink(merchant);
  everyWebhookCommand(shard, merchant);
  const record = {
    fingerprint: '0123456789abcdef'.repeat(4),
    status: 200,
    body: '{"id":"pi_1","text":"ü\\n"}',
  };
  shard.run({ op: 'saveIdempotencyRecord', id: shard.id(), record });

  // Changed twice before it is confirmed, and what it then waits for raised.
  const changed = shard.create(merchant, { confirm: false, capture: 'manual', reference: 'order 8' });
  const unchanged = { method: null, description: null, metadata: null };
  const update = { op: 'updateIntent', intent: changed.id, ...unchanged } as const;
  shard.run({ ...update, id: shard.id(), amount: 6_000n, reference: 'order 9' });
  later(SECOND_US);
  shard.run({
    ...update,
    id: shard.id(),
    amount: null,
    reference: null,
    returnUrl: 'https://shop.example/1',
    metadata: { cart: '9' },
  });
  const confirmation = { op: 'confirmIntent', intent: changed.id, method: null } as const;
  shard.run({ ...confirmation, id: shard.id(), returnUrl: 'https://shop.example/2' });
  shard.succeed(changed);
  shard.run({ op: 'incrementIntent', id: shard.id(), intent: changed.id, amount: 500n });
  shard.succeed(changed);
  shard.run({ op: 'cancelIntent', id: shard.id(), intent: changed.id, reason: 'requested' });
  shard.succeed(changed);

  const rerouted = shard.create(merchant, { description: 'third time lucky' });
  shard.outcome(rerouted, {
    done: 'declined',
    code: 'do_not_honor',
    providerCode: '05',
    providerReference: 'declined 1',
  });
  shard.outcome(rerouted, { done: 'unknown', why: 'a reset, and \0 in what came' });
  later(5 * SECOND_US);
  shard.succeed(rerouted);
  shard.succeed(rerouted);

  const conflicted = shard.create(merchant);
  shard.succeed(conflicted, { amount: 9_999n });

  // An operator takes one for what it is, and sends another back.
  const accepted = shard.create(merchant, { reference: 'accepted' });
  shard.succeed(accepted, { amount: 9_999n });
  shard.settle(accepted, 'accept');
  const sentBack = shard.create(merchant, { reference: 'sent back' });
  shard.succeed(sentBack, { amount: 10_001n });
  shard.settle(sentBack, 'send_back');
  later(SECOND_US);
  shard.succeed(sentBack);

  const returned = shard.create(merchant);
  shard.run({ op: 'cancelIntent', id: shard.id(), intent: returned.id, reason: 'duplicate' });
  later(SECOND_US);
  shard.succeed(returned);
  shard.succeed(returned);

  const expired = shard.create(merchant, { confirm: false, expiresAfterSeconds: 60 });
  later(5 * DAY_US);
  shard.run({ op: 'advanceIntent', id: shard.id(), intent: expired.id });
  shard.run({ op: 'advanceIntent', id: shard.id(), intent: sold.id });
  // Longer than what a seal has room for at first.
  const pages = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`page ${n}`, 'ü'.repeat(400)]));
  // Other terms for what comes, and another name, which changes none.
  const fees = [{ method: 'card', currency: 'EUR', ppm: 15_000, fixed: 0n, cap: 900n } as const];
  shard.updateMerchant(merchant, {
    fees: [...fees],
    settlementDays: 7,
    feesReturned: true,
    reserve: { ppm: 100_000, days: 90 },
  });
  shard.seal();
  shard.updateMerchant(merchant, { name: 'South Shop' });
  const reserved = shard.create(merchant, { amount: 5_000n });
  shard.succeed(reserved);
  later(11 * DAY_US);
  shard.run({ op: 'advanceIntent', id: shard.id(), intent: reserved.id });
  const open = shard.create(merchant, { metadata: pages });
  shard.seal();
  return {
    shard,
    merchant: merchant.id,
    customer,
    paymentMethod,
    sold: sold.id,
    captured: captured.id,
    changed: changed.id,
    rerouted: rerouted.id,
    conflicted: conflicted.id,
    accepted: accepted.id,
    sentBack: sentBack.id,
    returned: returned.id,
    expired: expired.id,
    reserved: reserved.id,
    open: open.id,
  };
}
