import { expect, test } from 'vitest';
import { median } from './median.ts';

test('is the middle value, unmoved by one round that a neighbour disturbed', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([500_000, 490_000, 3])).toBe(490_000);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});
