import { expect, test } from 'vitest';
import { Lag } from './lag.ts';

function lagOf(eventsMax: number, shards: readonly number[]): Lag {
  const lag = new Lag({ eventsMax, shards: 65 });
  for (const shard of shards) lag.begin(shard, 0);
  return lag;
}

/** Blocks of so many plain transfers, up to that seq. */
function book(
  lag: Lag,
  shard: number,
  { from, to, block }: { from: number; to: number; block: number },
): void {
  for (let seq = from + block; seq <= to; seq += block) lag.committed(shard, { seq, bytes: block * 136 });
}

test('a shard waits once more is unpassed than the bound allows, and goes on when the read models have come on', () => {
  const lag = lagOf(10_000, [1]);
  book(lag, 1, { from: 0, to: 10_000, block: 100 });
  expect(lag.admits(1)).toBe(true);
  book(lag, 1, { from: 10_000, to: 12_000, block: 100 });
  expect(lag.admits(1)).toBe(false);
  expect(lag.passed(1, 500)).toBe(false);
  expect(lag.passed(1, 5_000)).toBe(true);
  expect(lag.admits(1)).toBe(true);
  expect(lag.passed(1, 12_000)).toBe(false);
  book(lag, 1, { from: 12_000, to: 22_000, block: 1_000 });
  expect(lag.admits(1)).toBe(true);
});

test('the bound is one for all shards, and what a shard has not used of its share stays its own', () => {
  const lag = lagOf(65_000, [1, 2, 3]);
  book(lag, 1, { from: 0, to: 40_000, block: 8_000 });
  book(lag, 2, { from: 0, to: 40_000, block: 8_000 });
  expect([1, 2, 3].map((shard) => lag.admits(shard))).toEqual([false, false, true]);
  book(lag, 3, { from: 0, to: 1_500, block: 500 });
  expect(lag.admits(3)).toBe(false);
  lag.forget(2);
  expect([1, 3].map((shard) => lag.admits(shard))).toEqual([true, true]);
});

test('big events count for what they take to replay', () => {
  const lag = lagOf(10_000, [1]);
  lag.committed(1, { seq: 100, bytes: 10_001 * 136 });
  expect(lag.admits(1)).toBe(false);
});

test('a block that was told already, or has no events, adds nothing', () => {
  const lag = lagOf(1_000, [1]);
  for (let i = 0; i < 10; i++) lag.committed(1, { seq: 900, bytes: 900 * 136 });
  expect(lag.admits(1)).toBe(true);
});
