import { performance } from 'node:perf_hooks';
import type { Clock, Timers } from '../../shard/ports.ts';

/** The machine's clock and timers, for tests over the real wire. */
export const machineClock: Clock = {
  wallUs: () => Date.now() * 1000,
  monotonicUs: () => Math.round(performance.now() * 1000),
};

export const machineTimers: Timers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (callback) => {
    setImmediate(callback);
  },
};
