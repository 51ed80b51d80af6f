import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAmount, formatPlainAmount, parseMinorUnits } from './money.ts';

describe('an amount for the eye', () => {
  it.each<[bigint, number, string]>([
    [0n, 2, '0.00'],
    [5n, 2, '0.05'],
    [-5n, 2, '-0.05'],
    [-100_000n, 2, '-1,000.00'],
    [3_924_614_280n, 2, '39,246,142.80'],
    [1_234_567n, 0, '1,234,567'],
    [1n, 9, '0.000000001'],
    [9_223_372_036_854_775_807n, 2, '92,233,720,368,547,758.07'],
    [-9_223_372_036_854_775_808n, 3, '-9,223,372,036,854,775.808'],
  ])('%s at scale %i is %s', (units, scale, text) => {
    expect(formatAmount(units, scale)).toBe(text);
  });

  it('refuses a scale that no asset has', () => {
    expect(() => formatAmount(1n, 10)).toThrow(RangeError);
  });
});

describe('an amount as text', () => {
  it('comes back exactly, over the whole of int64 and every scale', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n - 1n), max: 2n ** 63n - 1n }),
        fc.integer({ min: 0, max: 9 }),
        (units, scale) => parseMinorUnits(formatPlainAmount(units, scale), scale) === units,
      ),
    );
  });

  it.each(['', '-', '.5', '5.', '1.005', '1e3', '+1', ' 1', '1,000.00', '0x10', '92233720368547758.08'])(
    'is refused as %j at scale 2',
    (text) => {
      expect(parseMinorUnits(text, 2)).toBeUndefined();
    },
  );
});
