import { expect, test } from 'vitest';
import type { Uuid } from '../../../core/processes/psp.ts';
import { outcomeOfConfirmed, outcomeOfIntent } from './answers.ts';
import { Json } from './json.ts';

const OPERATION = '01900000-0000-7000-8000-000000000001' as Uuid;
const HELD = {
  object: 'payment_intent',
  id: 'pi_1',
  amount: 1_050,
  amount_capturable: 1_050,
  amount_received: 0,
  capture_method: 'manual',
  currency: 'eur',
  latest_charge: {
    status: 'succeeded',
    balance_transaction: null as object | null,
    payment_method_details: { card: { capture_before: 1_795_662_739 } },
  },
  metadata: { florin_operation: OPERATION as string },
  next_action: null as object | null,
  last_payment_error: null as object | null,
  status: 'requires_capture',
};
const of = (more: object) => outcomeOfIntent(new Json({ ...HELD, ...more }), OPERATION);

test('an authorisation is what can be captured, and lapses when Stripe says', () => {
  expect(of({})).toEqual({
    done: 'succeeded',
    amount: 1_050n,
    currency: 'EUR',
    providerReference: 'pi_1',
    cost: null,
    expiresAtMs: 1_795_662_739_000,
  });
  // A part was approved: the amount is what Stripe says, not what was asked.
  expect(of({ amount_capturable: 1_000 })).toMatchObject({ amount: 1_000n });
});

test('a sale is what was received; an authorisation captured in part stays one of the whole', () => {
  const received = { status: 'succeeded', amount_capturable: 0, amount_received: 400 };
  expect(of({ ...received, capture_method: 'automatic' })).toMatchObject({ amount: 400n });
  expect(of(received)).toMatchObject({ amount: 1_050n });
});

test('a cost in the currency of settlement is none of the payment’s', () => {
  const paid = (currency: string, fee: number) =>
    of({ latest_charge: { ...HELD.latest_charge, balance_transaction: { fee, currency } } });
  expect(paid('eur', 41)).toMatchObject({ cost: 41n });
  expect(paid('eur', 0)).toMatchObject({ cost: 0n });
  expect(paid('usd', 41)).toMatchObject({ cost: null });
});

test('a challenge is a redirect, or unknown', () => {
  const action = (next_action: object | null) => of({ status: 'requires_action', next_action });
  expect(
    action({ type: 'redirect_to_url', redirect_to_url: { url: 'https://hooks.stripe.com/3ds' } }),
  ).toEqual({
    done: 'requires_action',
    providerReference: 'pi_1',
    action: { type: 'redirect', url: 'https://hooks.stripe.com/3ds' },
  });
  expect(action({ type: 'use_stripe_sdk', use_stripe_sdk: {} }).done).toBe('unknown');
  expect(action({ redirect_to_url: { url: 'javascript:alert(1)' } }).done).toBe('unknown');
  expect(action(null).done).toBe('unknown');
});

test('an intent that was never confirmed asked no card; just confirmed, it proves nothing', () => {
  for (const status of ['requires_confirmation', 'requires_payment_method']) {
    expect(of({ status })).toEqual({ done: 'not_found' });
    const intent = new Json({ ...HELD, status });
    expect(outcomeOfConfirmed(intent, OPERATION).done).toBe('unknown');
  }
});

test('one whose last try failed is declined in our words', () => {
  const last_payment_error = { type: 'card_error', code: 'card_declined', decline_code: 'stolen_card' };
  expect(of({ status: 'requires_payment_method', last_payment_error })).toEqual({
    done: 'declined',
    code: 'stolen_card',
    providerCode: 'stolen_card',
    providerReference: 'pi_1',
  });
});

test('a canceled one was authorised if its charge was', () => {
  expect(of({ status: 'canceled', amount_capturable: 0 })).toMatchObject({
    done: 'succeeded',
    amount: 1_050n,
  });
  for (const latest_charge of [null, 'ch_1', { status: 'failed' }])
    expect(of({ status: 'canceled', latest_charge })).toMatchObject({
      done: 'declined',
      code: 'operation_not_allowed',
    });
});

test('what cannot be read, or is about something else, is unknown', () => {
  for (const more of [
    { object: 'charge' },
    { id: '' },
    { id: 'p'.repeat(256) },
    { status: 'new_state' },
    { metadata: {} },
    { metadata: { florin_operation: '01900000-0000-7000-8000-000000000002' } },
    { currency: 'xts' },
    { amount_capturable: 0 },
    { amount_capturable: 10.5 },
    { amount_capturable: '1050' },
  ])
    expect(of(more).done, JSON.stringify(more)).toBe('unknown');
  expect(outcomeOfIntent(Json.parse('{'), OPERATION).done).toBe('unknown');
  expect(outcomeOfIntent(Json.parse('{"__proto__":{"object":"payment_intent"}}'), null).done).toBe('unknown');
});
