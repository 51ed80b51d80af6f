import { describe, expect, test } from 'vitest';
import { NOON_US } from '../../../test/support/ledger.ts';
import { paymentStory } from '../../../test/support/paymentStory.ts';
import { randomPayments } from '../../../test/support/randomPayments.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import { apply } from '../apply.ts';
import { eachEvent, viewOf } from '../ledger/body.ts';
import { EventType } from '../ledger/layout.ts';
import { LedgerState } from '../ledger/state.ts';
import { AssetTable } from '../money/assets.ts';
import { type PaymentChange, changeAt } from './change.ts';
import { AMOUNT_MAX } from './decideRequest.ts';
import { PaymentsState } from './state.ts';

/** Events that no command leads to today. */
const NEVER_DECIDED = ['attention_raised'];

/** What a replay makes of the journal, and what each event of payments says by its bytes. */
function replayed({ blocks }: ScriptedPayments) {
  const state = Object.assign(new LedgerState({ seed: 1, assets: new AssetTable() }), {
    payments: new PaymentsState(),
  });
  const changes = new Map<number, PaymentChange>();
  for (const { body, blockTimeUs } of blocks) {
    const view = viewOf(body);
    eachEvent(view, (type, at) => {
      if (type === EventType.payment) changes.set(state.nextSeq, changeAt(view, at));
      apply(state, view, at, blockTimeUs);
    });
  }
  return { payments: state.payments, changes };
}

/** That the writer, which applies what it has decided, and a replay, which applies bytes, come to the same. */
function expectSame(shard: ScriptedPayments): void {
  shard.seal();
  const { payments, changes } = replayed(shard);
  expect(payments.intents).toStrictEqual(shard.state.payments.intents);
  expect(payments.merchants).toStrictEqual(shard.state.payments.merchants);
  expect(payments.customers).toStrictEqual(shard.state.payments.customers);
  expect(payments.paymentMethods).toStrictEqual(shard.state.payments.paymentMethods);
  expect(payments.operations).toStrictEqual(shard.state.payments.operations);
  // Looked at only now: nothing that came later has changed what was decided.
  for (const [seq, change] of shard.decided) expect(changes.get(seq)).toStrictEqual(change);
}

describe('a change that was decided is what its bytes say', () => {
  test('of every kind of event', () => {
    const { shard, open } = paymentStory(5);
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
    const kept = shard.create(shard.merchant({ reserve: { ppm: 100_000, days: 1 }, settlementDays: 0 }));
    shard.succeed(kept);
    // Its money becomes available, and what is kept back is released.
    for (const days of [0, 1]) {
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
    expectSame(shard);
    const kinds: Record<PaymentChange['name'], true> = {
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
    };
    const met = new Set([...shard.decided.values()].map(({ name }) => name));
    expect(Object.keys(kinds).filter((name) => !met.has(name as PaymentChange['name']))).toEqual(
      NEVER_DECIDED,
    );
  });

  test('whatever is done in whatever order', () => {
    for (let seed = 0; seed < 100; seed++) expectSame(randomPayments(seed % 64, seed).shard);
  });

  test('with any text and amount that a block can hold', () => {
    const shard = new ScriptedPayments(1, NOON_US);
    const merchant = shard.merchant({
      name: '"\\\u{0}\u{d83d} \u{2028}',
      fees: [{ method: 'card', currency: 'EUR', ppm: 1, fixed: 0n, cap: 2n ** 63n - 1n }],
      routing: {
        strategy: 'order',
        rules: [
          { currency: 'EUR', method: 'card', amountMin: 1n, amountMax: 2n ** 63n - 1n, providers: ['alpha'] },
        ],
        attemptsMax: 1,
      },
    });
    const intent = shard.create(merchant, {
      amount: AMOUNT_MAX,
      reference: '\u{feff}line\nü\u{1f600}',
      metadata: Object.fromEntries(['__proto__', 'b', '1'].map((name) => [name, 'null'])),
    });
    shard.succeed(intent, {
      amount: 2n ** 53n + 2n,
      cost: 2n ** 53n + 3n,
      providerReference: '\u{dc00}',
    });
    expect(intent.operations[0].said).toMatchObject({ amount: 2n ** 53n + 2n });
    expectSame(shard);
  });
});

test('why a provider was chosen stands in the event that began the attempt, and stays with the attempt', () => {
  const { shard } = paymentStory(5);
  const shown = new Map<string, number>();
  for (const [seq, change] of replayed(shard).changes) {
    if (!('after' in change)) continue;
    for (const [index, { operation, route }] of change.attempts) {
      expect(route === undefined, `event ${seq}, attempt ${index}`).toBe(shown.has(operation));
      shown.set(operation, index);
    }
  }
  for (const { attempts } of shard.state.payments.intents.values())
    for (const { provider, route } of attempts)
      expect(route.candidates.map((one) => one.provider)).toContain(provider);
  expect([...shown.values()]).toContain(1);
});
