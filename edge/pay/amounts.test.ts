import { expect, test } from 'vitest';
import { amountText } from './amounts.ts';

test.each([
  [1_999n, 'EUR', 2, 'EUR 19.99'],
  [1_000n, 'JPY', 0, 'JPY 1000'],
  [1_234n, 'KWD', 3, 'KWD 1.234'],
  [5n, 'EUR', 2, 'EUR 0.05'],
  [1n, 'CLF', 4, 'CLF 0.0001'],
  [900_719_925_474_099_301n, 'EUR', 2, 'EUR 9007199254740993.01'],
])('%s of %s with %s decimals is written exactly', (minorUnits, asset, scale, text) => {
  expect(amountText({ minorUnits, asset }, scale)).toBe(text);
});
