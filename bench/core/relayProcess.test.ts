import { expect, test } from 'vitest';
import { quantileMs } from './relayProcess.ts';

const delays = (...counts: number[]) =>
  new Map([0.1, 0.2, 0.4, Infinity].map((bound, i) => [bound, counts[i]]));

test('a quantile lies where the count reaches it', () => {
  const before = delays(5, 5, 5, 5);
  expect(quantileMs(before, delays(105, 105, 105, 105), 0.5)).toBeCloseTo(50);
  expect(quantileMs(before, delays(55, 105, 105, 105), 0.99)).toBeCloseTo(198);
  expect(quantileMs(before, delays(5, 5, 105, 105), 0.5)).toBeCloseTo(300);
});

test('what is beyond the last bound is told as such, and nothing as nothing', () => {
  expect(quantileMs(delays(0, 0, 0, 0), delays(0, 0, 0, 9), 0.5)).toBe(Infinity);
  expect(quantileMs(delays(5, 5, 5, 5), delays(5, 5, 5, 5), 0.5)).toBeNaN();
});
