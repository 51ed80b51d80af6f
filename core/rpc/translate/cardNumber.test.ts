import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { couldBeCardNumber, holdsCardNumber } from './cardNumber.ts';

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

/** Test numbers of the networks, as they publish them. */
const NETWORKS = [
  '4242424242424242',
  '4917610000000000003',
  '5555555555554444',
  '2223003122003222',
  '378282246310005',
  '36227206271667',
  '30569309025904',
  '3530111333300000',
  '6011000990139424',
  '6205500000000000004',
  '6304000000000000',
  '2200000000000004',
];

describe('a text that people write', () => {
  test.each(NETWORKS)('holds the card number %s, wherever it stands', (number) => {
    for (const text of [
      number,
      `card ${number}`,
      `${number}, 12/34`,
      `(${number})`,
      `no:${number}.`,
      `Nº ${number} CVC 123`,
    ])
      expect([text, holdsCardNumber(text)]).toEqual([text, true]);
  });

  test.each([
    '4242 4242 4242 4242',
    '4242-4242-4242-4242',
    '4242.4242.4242.4242',
    '4242\u00A04242\u00A04242\u00A04242',
    'paid with 4242 4242 4242 4242 12/34 123',
    'order 12 4242 4242 4242 4242',
    '4917 6100 0000 0000 003',
    '3782 822463 10005',
    '3622 720627 1667',
  ])('holds one in the usual groups: %j', (text) => {
    expect(holdsCardNumber(text)).toBe(true);
  });

  test.each([
    ['a wrong check digit', '4242424242424241'],
    ['an order number of a date and a count', '2026112700012345'],
    ['digits behind a letter', 'ORD4242424242424242'],
    ['digits behind an underscore', 'order_4242424242424242'],
    ['digits before a letter', '4242424242424242x'],
    ['an EAN', '4006381333931'],
    ['an IMEI, whose check digit is the same', '356938035643809'],
    ['a number of a SIM card', '8949000000000000006'],
    ['microseconds since 1970', '1764206371000008'],
    ['an IBAN', 'GB29 NWBK 6016 1331 9268 19'],
    ['an IBAN without gaps', 'DE89370400440532013000'],
    ['a telephone number', '+49 30 1234567890'],
    ['a UUID of digits', '42424242-4242-4242-8242-424242424242'],
    ['unusual groups', '42 42 42 42 42 42 42 42'],
    ['a list of numbers', '4242, 4242, 4242, 4242'],
    ['more digits than a card has', '42424242424242424242'],
    ['nothing', ''],
  ])('holds none: %s', (_, text) => {
    expect(holdsCardNumber(text)).toBe(false);
  });

  test("of ten check digits behind a network's first digits exactly one makes a card number", () => {
    const rest = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 14, maxLength: 14 });
    fc.assert(
      fc.property(rest, (digits) => {
        const told = Array.from({ length: 10 }, (_, check) => holdsCardNumber(`4${digits.join('')}${check}`));
        expect(told.filter(Boolean)).toEqual([true]);
      }),
    );
  });
});
