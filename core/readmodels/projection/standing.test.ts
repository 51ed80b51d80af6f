import { expect, test } from 'vitest';
import { Standing } from './standing.ts';

const SHARD = 3;

function begin() {
  const at = { wallUs: 50_000_000, monotonicUs: 1_000_000, height: 0 };
  const standing = new Standing({
    feed: { provenHeight: () => at.height },
    clock: { wallUs: () => at.wallUs, monotonicUs: () => at.monotonicUs },
  });
  const pass = (seconds: number): void => {
    at.wallUs += seconds * 1e6;
    at.monotonicUs += seconds * 1e6;
  };
  const commit = (): void => {
    at.height++;
    standing.committed(SHARD);
  };
  const project = (height: number): void =>
    standing.advanced({ shard: SHARD, height, seq: height * 10, blockTimeUs: at.wallUs });
  return { standing, pass, commit, project };
}

test('what is not committed is no lag', () => {
  const { standing, pass } = begin();
  pass(5);
  expect([standing.seq(SHARD), standing.lagSeconds(SHARD)]).toEqual([0, 0]);
});

test('the lag is as old as the oldest block that is not projected, and ends with the newest', () => {
  const { standing, pass, commit, project } = begin();
  commit();
  pass(2);
  commit();
  pass(1);
  expect(standing.lagSeconds(SHARD)).toBe(3);
  project(1);
  expect(standing.seq(SHARD)).toBe(10);
  project(2);
  expect([standing.seq(SHARD), standing.lagSeconds(SHARD)]).toEqual([20, 0]);
  pass(4);
  commit();
  pass(1);
  expect(standing.lagSeconds(SHARD)).toBe(1);
});
