import { expect, test } from 'vitest';
import { DECLINES } from '../../../core/kernel/payments/declines.ts';
import { declineOf } from './declines.ts';

const isHard = (word: string): boolean => DECLINES[declineOf([word], 'generic_decline')].hard;

test('what a later try may change is soft', () => {
  for (const word of ['insufficient_funds', 'try_again_later', 'issuer_not_available', 'reenter_transaction'])
    expect(isHard(word), word).toBe(false);
  for (const word of ['call_issuer', 'card_velocity_exceeded', 'authentication_required', 'processing_error'])
    expect(isHard(word), word).toBe(false);
});

test('what no other try makes better is hard', () => {
  for (const word of [
    'lost_card',
    'stolen_card',
    'pickup_card',
    'fraudulent',
    'expired_card',
    'incorrect_cvc',
  ])
    expect(isHard(word), word).toBe(true);
  // Card networks forbid another try after these.
  for (const word of ['do_not_try_again', 'stop_payment_order', 'revocation_of_all_authorizations'])
    expect(isHard(word), word).toBe(true);
});

test('the issuer’s word comes before Stripe’s', () => {
  expect(declineOf(['insufficient_funds', 'card_declined'], 'generic_decline')).toBe('insufficient_funds');
  expect(declineOf(['', 'incorrect_cvc'], 'generic_decline')).toBe('incorrect_cvc');
});

test('a word that is not known is what the caller says, and no name of a prototype is one', () => {
  expect(declineOf(['brand_new_code', 'card_declined'], 'operation_not_allowed')).toBe('generic_decline');
  expect(declineOf(['constructor', '__proto__', 'toString'], 'operation_not_allowed')).toBe(
    'operation_not_allowed',
  );
  expect(declineOf([], 'generic_decline')).toBe('generic_decline');
});
