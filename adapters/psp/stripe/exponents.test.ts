import { expect, test } from 'vitest';
import { ISO_4217 } from '../../../core/kernel/money/iso4217.ts';
import { EXPONENTS, MINIMUM, fromApi, toApi } from './exponents.ts';

const iso = new Map(ISO_4217.map(([code, scale]) => [code, scale]));

test('knows each currency as ISO 4217 counts it, so that what we send is converted from what we mean', () => {
  expect(EXPONENTS.size).toBeGreaterThan(130);
  for (const [code, digits] of EXPONENTS) expect([code, digits.iso]).toEqual([code, iso.get(code)]);
});

test('Stripe counts otherwise than ISO 4217 in three currencies, and in no other', () => {
  const other = [...EXPONENTS].filter(([, { iso: ours, stripe }]) => ours !== stripe);
  expect(other.map(([code, { stripe }]) => [code, stripe])).toEqual([
    ['ISK', 2],
    ['UGX', 2],
    ['MGA', 0],
  ]);
});

test('currencies without and with three decimals are those that Stripe lists', () => {
  const withDigits = (count: number): string[] =>
    [...EXPONENTS]
      .filter(([, { stripe }]) => stripe === count)
      .map(([code]) => code)
      .toSorted();
  expect(withDigits(0)).toEqual('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
  expect(withDigits(3)).toEqual('BHD JOD KWD OMR TND'.split(' '));
});

test.each([
  ['EUR', 1_050n, 1_050n],
  ['JPY', 500n, 500n],
  ['ISK', 5n, 500n],
  ['UGX', 5n, 500n],
  ['MGA', 1_000n, 10n],
  ['KWD', 5_120n, 5_120n],
  ['HUF', 1_045n, 1_045n],
  ['TWD', 80_045n, 80_045n],
] as const)('%s %s is %s in the API, and back', (currency, amount, units) => {
  expect(toApi({ amount, currency })).toBe(units);
  expect(fromApi({ units, currency: currency.toLowerCase() })).toEqual({ amount, currency });
});

test('what Stripe cannot count is not rounded', () => {
  expect(toApi({ amount: 5_124n, currency: 'KWD' })).toBe('amount_not_representable');
  expect(toApi({ amount: 1_050n, currency: 'MGA' })).toBe('amount_not_representable');
  expect(toApi({ amount: 1n, currency: 'XTS' })).toBe('no_exponent');
  expect(toApi({ amount: 99_999_999n, currency: 'EUR' })).toBe(99_999_999n);
  expect(toApi({ amount: 100_000_000n, currency: 'EUR' })).toBe('amount_too_large');
  expect(toApi({ amount: 1_000_000n, currency: 'ISK' })).toBe('amount_too_large');
});

test('what is no amount is none', () => {
  expect(fromApi({ units: null, currency: 'eur' })).toBeNull();
  expect(fromApi({ units: 0n, currency: 'eur' })).toBeNull();
  expect(fromApi({ units: -1n, currency: 'eur' })).toBeNull();
  expect(fromApi({ units: 501n, currency: 'isk' })).toBeNull();
  expect(fromApi({ units: 1n, currency: 'xts' })).toBeNull();
  expect(fromApi({ units: 1n, currency: '' })).toBeNull();
});

test('every smallest charge is of a currency that is taken, and can be sent', () => {
  for (const [currency, amount] of Object.entries(MINIMUM))
    expect(typeof toApi({ amount, currency }), currency).toBe('bigint');
});
