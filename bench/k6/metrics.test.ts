import { expect, test } from 'vitest';
import { bucketsOf, percentileBetween } from './metrics.ts';

const page = (counts: readonly number[]): string =>
  [
    'other_seconds_bucket{le="0.001"} 77',
    ...['0.001', '0.002', '0.01', '+Inf'].map((le, i) => `added_seconds_bucket{le="${le}"} ${counts[i]}`),
    `added_seconds_count ${counts[3]}`,
  ].join('\n');
const of = (...counts: number[]) => bucketsOf(page(counts), 'added_seconds');

test('the buckets of a page', () => {
  expect([...of(5, 6, 7, 8)]).toEqual([
    [0.001, 5],
    [0.002, 6],
    [0.01, 7],
    [Infinity, 8],
  ]);
});

test('counts only what came in between', () => {
  const before = of(100, 100, 100, 100);
  expect(percentileBetween(before, of(100, 200, 200, 200), 0.5)).toBeCloseTo(0.0015);
  expect(percentileBetween(before, of(150, 190, 200, 200), 0.99)).toBeCloseTo(0.002 + 0.008 * 0.9);
});

test('beyond the last bound it says the last bound, and of nothing it says nothing', () => {
  expect(percentileBetween(of(0, 0, 0, 0), of(0, 0, 0, 10), 0.5)).toBe(0.01);
  expect(percentileBetween(of(1, 1, 1, 1), of(1, 1, 1, 1), 0.5)).toBeNaN();
});
