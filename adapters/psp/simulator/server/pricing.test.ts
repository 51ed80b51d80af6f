import { expect, test } from 'vitest';
import { costOf } from './pricing.ts';

test('a charge costs 1.2 per cent and ten minor units', () => {
  expect(costOf(10_000n, 'EUR')).toBe(130n);
});

test('halves of a minor unit go to the even neighbour', () => {
  // 1.2 per cent of 125 is 1.5, of 375 is 4.5.
  expect(costOf(125n, 'EUR')).toBe(2n + 10n);
  expect(costOf(375n, 'EUR')).toBe(4n + 10n);
});

test('the fixed part is worth something in every currency, and the cost is never more than the amount', () => {
  expect(costOf(1_000n, 'JPY')).toBe(12n + 15n);
  expect(costOf(3n, 'EUR')).toBe(3n);
});
