import { expect, test } from 'vitest';
import { FIXED_TOKENS, cardOfFixedToken, passesLuhn, readCardNumber } from './cards.ts';

test.each([
  ['4242424242424242', 'visa', 'succeeds'],
  ['5555555555554444', 'mastercard', 'succeeds'],
  ['378282246310005', 'amex', 'succeeds'],
  ['4000000000000002', 'visa', 'declines'],
  ['4000000000009995', 'visa', 'declines_insufficient_funds'],
  ['4000000000009987', 'visa', 'declines_lost_card'],
  ['4000000000009979', 'visa', 'declines_stolen_card'],
  ['4000000000000069', 'visa', 'declines_expired_card'],
  ['4000000000000127', 'visa', 'declines_incorrect_cvc'],
  ['4000000000000119', 'visa', 'declines_processing_error'],
  ['4100000000000019', 'visa', 'declines_fraudulent'],
  ['4000002760003184', 'visa', 'challenges'],
  ['4000000000000259', 'visa', 'disputed_later'],
  ['4000000000005126', 'visa', 'refund_fails_later'],
  ['4000000000000077', 'visa', 'available_at_once'],
])('%s is a %s card that %s', (number, brand, behaviour) => {
  expect(readCardNumber(number)).toEqual({ card: { brand, last4: number.slice(-4), behaviour } });
  expect(JSON.stringify(readCardNumber(number))).not.toContain(number.slice(0, -4));
});

test('spaces and hyphens are allowed, and nothing else', () => {
  expect(readCardNumber('4242 4242-4242 4242')).toHaveProperty('card');
  for (const typed of ['', '4242', '4242x4242424242424', '４２４２４２４２４２４２４２４２', '4'.repeat(20)])
    expect(readCardNumber(typed)).toEqual({ refused: 'malformed' });
});

test('a mistyped digit is noticed', () => {
  expect(readCardNumber('4242424242424241')).toEqual({ refused: 'luhn' });
  expect(passesLuhn('79927398713')).toBe(true);
  expect(passesLuhn('79927398710')).toBe(false);
});

test('a number that may be a real card is refused', () => {
  expect(passesLuhn('4111111111111111')).toBe(true);
  expect(readCardNumber('4111111111111111')).toEqual({ refused: 'not_a_test_card' });
});

test('every token of the API has its card', () => {
  const cards =
    'visa mastercard amex bypassPending createDispute refundFail authenticationRequired threeDSecure2Required ' +
    'radarBlock chargeDeclined visa_chargeDeclined chargeDeclinedInsufficientFunds chargeDeclinedLostCard ' +
    'chargeDeclinedStolenCard chargeDeclinedExpiredCard chargeDeclinedIncorrectCvc chargeDeclinedProcessingError';
  const wonders =
    'timeout_then_success timeout_never_arrived success_after_cancel webhook_before_response webhook_twice ' +
    'amount_mismatch slow_5s debit_returned';
  const tokens = cards.split(' ').map((name) => `pm_card_${name}`);
  const simulated = wonders.split(' ').map((name) => `pm_sim_${name}`);
  for (const token of [...tokens, ...simulated]) expect(cardOfFixedToken(token), token).toBeDefined();
  expect(FIXED_TOKENS).toEqual(expect.arrayContaining([...tokens, ...simulated]));
  expect(cardOfFixedToken('pm_card_nobody')).toBeUndefined();
  expect(cardOfFixedToken('pm_card_visa.17')).toEqual(cardOfFixedToken('pm_card_visa'));
  for (const token of ['pm_card_visa.', 'pm_card_visa.x', 'pm_card_visa.1.2'])
    expect(cardOfFixedToken(token), token).toBeUndefined();
});
