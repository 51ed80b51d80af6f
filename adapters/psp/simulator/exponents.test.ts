import { expect, test } from 'vitest';
import { ISO_4217 } from '../../../core/kernel/money/iso4217.ts';
import { SimulatorAdapter } from './adapter.ts';
import { EXPONENTS } from './exponents.ts';
import { CURRENCIES, decimalOf } from './server/currencies.ts';

test('the adapter counts every currency as ISO 4217 does, since this provider does', () => {
  const iso = new Map(ISO_4217.map(([code, scale]) => [code, scale]));
  expect(EXPONENTS.size).toBeGreaterThan(100);
  for (const [code, digits] of EXPONENTS) expect([code, digits]).toEqual([code, iso.get(code)]);
});

test('the adapter offers the currencies that the provider takes, and each once', () => {
  const { capabilities } = new SimulatorAdapter({ url: 'http://127.0.0.1:1', secrets: [] });
  expect(capabilities.currencies).toEqual(CURRENCIES);
  expect(new Set(CURRENCIES).size).toBe(CURRENCIES.length);
});

test('amounts are written with the digits of their currency', () => {
  expect(decimalOf(5n, 'EUR')).toBe('0.05');
  expect(decimalOf(123_456n, 'KWD')).toBe('123.456');
  expect(decimalOf(0n, 'JPY')).toBe('0');
  expect(() => decimalOf(1n, 'XTS')).toThrow('XTS');
});
