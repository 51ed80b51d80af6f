import { describe, expect, test } from 'vitest';
import { NOON_US } from '../../../test/support/ledger.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { EventKind, MovedByOthers } from './commands.ts';
import type { Intent } from './model.ts';
import { toldId, toldPlaceOf } from './told.ts';

const DECLINED = {
  done: 'declined',
  code: 'do_not_honor',
  providerCode: '05',
  providerReference: '',
} as const;

function script() {
  const shard = new ScriptedPayments(3, NOON_US);
  const merchant = shard.merchant();
  let seen = shard.lastSeq;
  /** What was told since it was asked last. */
  const told = (): string[] => {
    const types = [...shard.decided]
      .filter(([seq]) => seq > seen)
      .flatMap(([, change]) => ('told' in change ? (change.told?.events ?? []) : []).map(({ type }) => type));
    seen = shard.lastSeq;
    return types;
  };
  return { shard, merchant, told };
}

describe('a merchant is told', () => {
  test('of a payment that is created, and that succeeded, each once', () => {
    const { shard, merchant, told } = script();
    const intent = shard.create(merchant);
    expect(told()).toEqual(['payment_intent.created']);
    shard.succeed(intent);
    expect(told()).toEqual(['payment_intent.succeeded']);
    shard.nowUs += 10 * 86_400e6;
    shard.run({ op: 'advanceIntent', id: shard.id(), intent: intent.id });
    expect(told()).toEqual([]);
  });

  test('of one that takes longer than its own call, of what the payer has to do, and of what failed after all routes', () => {
    const { shard, merchant, told } = script();
    const intent = shard.create(merchant);
    shard.outcome(intent, { done: 'unknown', why: 'a timeout' });
    expect(told()).toEqual(['payment_intent.created', 'payment_intent.processing']);
    shard.outcome(intent, DECLINED);
    // The next route is tried: nothing has failed yet.
    expect(told()).toEqual([]);
    shard.outcome(intent, { done: 'requires_action', providerReference: 'r', url: 'https://bank.test' });
    expect(told()).toEqual(['payment_intent.requires_action']);
    shard.outcome(intent, DECLINED);
    expect(told()).toEqual(['payment_intent.payment_failed']);
    shard.run({ op: 'cancelIntent', id: shard.id(), intent: intent.id, reason: 'abandoned' });
    expect(told()).toEqual(['payment_intent.canceled']);
  });

  test('of one that waits for its first method nothing but that it is there', () => {
    const { shard, merchant, told } = script();
    shard.create(merchant, { method: null, confirm: false });
    expect(told()).toEqual(['payment_intent.created']);
  });

  test('of what can be captured whenever that changes, and of the last capture that it succeeded', () => {
    const { shard, merchant, told } = script();
    const intent = shard.create(merchant, { capture: 'manual' });
    shard.succeed(intent, { expiresAtUs: NOON_US + 86_400e6 });
    expect(told()).toEqual(['payment_intent.created', 'payment_intent.amount_capturable_updated']);
    shard.run({ op: 'incrementIntent', id: shard.id(), intent: intent.id, amount: 500n });
    shard.succeed(intent);
    expect(told()).toEqual(['payment_intent.amount_capturable_updated']);
    shard.run({ op: 'captureIntent', id: shard.id(), intent: intent.id, amount: 2_000n, final: false });
    shard.succeed(intent);
    expect(told()).toEqual(['payment_intent.amount_capturable_updated']);
    shard.run({ op: 'captureIntent', id: shard.id(), intent: intent.id, amount: null, final: true });
    shard.succeed(intent);
    expect(told()).toEqual(['payment_intent.succeeded']);
  });

  test('of refunds that were asked for, by their operations', () => {
    const { shard, merchant, told } = script();
    const intent = shard.create(merchant);
    shard.succeed(intent);
    told();
    shard.run({ op: 'refundIntent', id: shard.id(), intent: intent.id, amount: 4_000n });
    shard.succeed(intent);
    shard.run({ op: 'refundIntent', id: shard.id(), intent: intent.id, amount: 1_000n });
    shard.outcome(intent, DECLINED);
    expect(told()).toEqual(['refund.created', 'refund.updated', 'refund.created', 'refund.failed']);
    const abouts = [...shard.decided.values()].flatMap((change) =>
      'told' in change ? (change.told?.events ?? []).flatMap(({ about }) => about ?? []) : [],
    );
    const [, first, second] = intent.operations.map(({ id }) => id);
    expect(abouts).toEqual([first, first, second, second]);
  });

  test('of what is said of a refund, whenever that changes, and versions of it rise with every change', () => {
    const { shard, merchant, told } = script();
    const intent = shard.create(merchant);
    shard.succeed(intent);
    const refund = shard.id();
    shard.run({ op: 'refundIntent', id: refund, intent: intent.id, amount: 4_000n, metadata: { a: 'b' } });
    const described = () => ({ op: 'updateRefund', id: shard.id(), intent: intent.id, refund }) as const;
    const versions: number[] = [];
    const seen = () => versions.push(intent.operations.at(-1)!.changedIn);
    seen();
    told();
    shard.run({ ...described(), metadata: { a: 'c' } });
    expect(told()).toEqual(['refund.updated']);
    seen();
    shard.succeed(intent);
    expect(told()).toEqual(['refund.updated']);
    seen();
    shard.run({ ...described(), metadata: {} });
    expect(told()).toEqual(['refund.updated']);
    seen();
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(4);
    // What is said of one refund is no change of the payment's other operations.
    expect(intent.operations[0].changedIn).toBeLessThan(versions[0]);
  });

  test('of disputes, also of one whose end comes first', () => {
    const { shard, merchant, told } = script();
    const intent = shard.create(merchant);
    shard.succeed(intent);
    told();
    dispute(shard, intent, 'dp_1', 'dispute_opened', 1);
    dispute(shard, intent, 'dp_1', 'dispute_lost', 2);
    dispute(shard, intent, 'dp_2', 'dispute_won', 2);
    expect(told()).toEqual(['dispute.created', 'dispute.closed', 'dispute.created', 'dispute.closed']);
  });

  test('of payment links', () => {
    const { shard, merchant, told } = script();
    const paymentLink = shard.paymentLink(merchant);
    shard.run({ op: 'updatePaymentLink', id: shard.id(), paymentLink, state: 'inactive', metadata: null });
    expect(told()).toEqual(['payment_link.created', 'payment_link.updated']);
  });

  test('of customers and of methods that are theirs', () => {
    const { shard, merchant, told } = script();
    const customer = shard.customer(merchant);
    const same = { name: null, email: null, description: null, metadata: null };
    shard.run({ op: 'updateCustomer', id: shard.id(), customer, ...same, reference: 'c 2' });
    const paymentMethod = shard.paymentMethod(merchant);
    shard.run({ op: 'attachPaymentMethod', id: shard.id(), paymentMethod, customer });
    shard.run({ op: 'detachPaymentMethod', id: shard.id(), paymentMethod });
    shard.paymentMethod(merchant, { customer });
    expect(told()).toEqual([
      'customer.created',
      'customer.updated',
      'payment_method.attached',
      'payment_method.detached',
      'payment_method.attached',
    ]);
  });
});

test('only endpoints that are enabled and want it are named, and those of other merchants never', () => {
  const { shard, merchant } = script();
  const stranger = shard.merchant();
  shard.webhookEndpoint(stranger);
  shard.webhookEndpoint(merchant);
  shard.webhookEndpoint(merchant, { events: ['payment_intent.succeeded'] });
  const off = shard.webhookEndpoint(merchant);
  shard.run({
    op: 'disableWebhookEndpoint',
    id: shard.id(),
    merchant: merchant.id,
    endpoint: off,
    reason: 'gone',
    version: 1,
  });
  const intent = shard.create(merchant);
  shard.succeed(intent);
  const told = [...shard.decided.values()].flatMap((change) =>
    'after' in change ? (change.told?.events ?? []) : [],
  );
  expect(told).toEqual([
    { type: 'payment_intent.created', to: [1] },
    { type: 'payment_intent.succeeded', to: [1, 2] },
  ]);
});

test('for what came of a try before its last change an endpoint is not disabled', () => {
  const { shard, merchant } = script();
  const endpoint = shard.webhookEndpoint(merchant);
  const on = () => ({ id: shard.id(), merchant: merchant.id, endpoint });
  const disable = (version: number) =>
    shard.attempt({ op: 'disableWebhookEndpoint', ...on(), reason: 'failing', version });
  shard.run({ op: 'rotateWebhookSecret', ...on(), oldForSeconds: 0 });
  expect(disable(1)).toBe('nothing');
  expect(merchant.webhooks).toMatchObject([{ state: 'enabled', version: 2 }]);
  expect(disable(2)).toBe('events');
  expect(merchant.webhooks).toMatchObject([{ state: 'disabled', disabledReason: 'failing' }]);
});

test('what is told is called by its place in the journal, and by no other merchant', () => {
  const mine = '0190a3a0-0000-7000-8123-456789abcdef' as Uuid;
  const theirs = '0190a3a0-0000-7000-8123-456789abcdee' as Uuid;
  const place = { shard: 63, seq: 2 ** 47 + 5, index: 3 };
  expect(toldPlaceOf(toldId(place, mine), mine)).toEqual(place);
  expect(toldPlaceOf(toldId(place, mine), theirs)).toBeNull();
  const next = toldId({ ...place, seq: place.seq + 1, index: 0 }, mine);
  expect(next > toldId(place, mine)).toBe(true);
});

function dispute(
  shard: ScriptedPayments,
  { id: intent, operations: [operation], currency }: Intent,
  reference: string,
  kind: EventKind,
  occurredUs: number,
): void {
  const moved: MovedByOthers = { reference, amount: 1_000n, currency, cost: 15n };
  shard.run({
    op: 'recordEvent',
    id: shard.id(),
    intent,
    operation: operation.id,
    payment: '',
    provider: 'alpha',
    kind,
    occurredUs,
    proof: null,
    moved,
  });
}
