import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ISO_4217 } from '../../../core/kernel/money/iso4217.ts';
import { AdyenAdapter } from './adapter.ts';
import { EXPONENTS, fromAdyen, toAdyen } from './exponents.ts';

const iso = new Map(ISO_4217.map(([code, scale]) => [code, scale]));

test('the digits of ours are those of ISO 4217 for every currency', () => {
  expect(EXPONENTS.size).toBeGreaterThan(120);
  for (const [code, digits] of EXPONENTS) expect([code, digits.iso]).toEqual([code, iso.get(code)]);
});

test('Adyen differs in CLP, ISK, CVE and IDR and nowhere else', () => {
  const different = [...EXPONENTS].filter(([, digits]) => digits.adyen !== digits.iso);
  expect(Object.fromEntries(different)).toEqual({
    CLP: { adyen: 2, iso: 0 },
    ISK: { adyen: 2, iso: 0 },
    CVE: { adyen: 0, iso: 2 },
    IDR: { adyen: 0, iso: 2 },
  });
});

test('the adapter offers each currency of the table once', () => {
  const options = { url: 'https://127.0.0.1:1', apiKey: 'k', merchantAccount: 'M', hmacKeys: [] };
  const { currencies } = new AdyenAdapter(options).capabilities;
  expect(currencies.toSorted()).toEqual([...EXPONENTS.keys()].toSorted());
});

test.each([
  ['EUR', 1_050n, 1050],
  ['JPY', 1_050n, 1050],
  ['KWD', 1_050n, 1050],
  ['CLP', 1_050n, 105_000],
  ['ISK', 7n, 700],
  ['CVE', 105_000n, 1050],
  ['IDR', 1_500_000n, 15_000],
  ['EUR', 999_999_999_999n, 999_999_999_999],
  ['ISK', 999_999_999_999n, 99_999_999_999_900],
])('%s %d is %d there', (currency, amount, value) => {
  expect(toAdyen({ amount, currency })).toEqual({ value, currency });
  expect(fromAdyen({ value, currency })).toEqual({ amount, currency });
});

test('what one side cannot count is no amount of the other: nothing is rounded', () => {
  expect(toAdyen({ amount: 1_050n, currency: 'IDR' })).toBe('not_whole');
  expect(toAdyen({ amount: 99n, currency: 'CVE' })).toBe('not_whole');
  expect(toAdyen({ amount: 1n, currency: 'XTS' })).toBe('no_exponent');
  expect(toAdyen({ amount: 10n ** 16n, currency: 'EUR' })).toBe('not_whole');
  for (const value of [1_050, 7, 99]) expect(fromAdyen({ value, currency: 'CLP' })).toBeNull();
  for (const value of [0, -1, 1.5, '100', null, undefined, Number.NaN, 2 ** 53, 1e21])
    expect(fromAdyen({ value, currency: 'EUR' }), String(value)).toBeNull();
  for (const currency of ['XTS', 'eur', '', null, 7, 'constructor'])
    expect(fromAdyen({ value: 100, currency })).toBeNull();
});

test('there and back is the same amount, in every currency', () => {
  const anything = fc.record({
    currency: fc.constantFrom(...EXPONENTS.keys()),
    amount: fc.bigInt({ min: 1n, max: 999_999_999_999n }),
  });
  fc.assert(
    fc.property(anything, (money) => {
      const there = toAdyen(money);
      if (typeof there === 'string') expect(['CVE', 'IDR']).toContain(money.currency);
      else expect(fromAdyen(there)).toEqual(money);
    }),
  );
});
