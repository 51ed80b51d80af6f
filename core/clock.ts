import type { Clock } from './shard/ports.ts';

/** The machine's clocks. */
export const systemClock: Clock = {
  wallUs: () => Date.now() * 1_000,
  monotonicUs: () => performance.now() * 1_000,
};
