import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { couldBeCardNumber } from './cardNumber.ts';

describe('a card number', () => {
  test.each([
    '4242424242424242',
    '4242 4242 4242 4242',
    '5555-5555-5555-4444',
    '378282246310005',
    ' 4000-0000 0000 0002 ',
    '6011000990139424',
    // Twelve and nineteen digits.
    '676770000005',
    '6304000000000000000',
  ])('is told in %j', (text) => {
    expect(couldBeCardNumber(text)).toBe(true);
  });

  test.each([
    'pm_card_visa',
    '',
    '4242424242424241',
    // Eleven and twenty digits with a valid check digit.
    '67677000001',
    '42424242424242424242',
    'tok_4242424242424242',
    '4242.4242.4242.4242',
  ])('is not told in %j', (text) => {
    expect(couldBeCardNumber(text)).toBe(false);
  });

  test('stays one however it is written, and of ten check digits exactly one makes it one', () => {
    const body = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 11, maxLength: 18 });
    fc.assert(
      fc.property(body, fc.infiniteStream(fc.constantFrom('', ' ', '-')), (digits, gaps) => {
        const written = (check: number): string =>
          [...digits, check].map((digit) => `${digit}${String(gaps.next().value)}`).join('');
        const told = Array.from({ length: 10 }, (_, check) => couldBeCardNumber(written(check)));
        expect(told.filter(Boolean)).toEqual([true]);
      }),
    );
  });
});
