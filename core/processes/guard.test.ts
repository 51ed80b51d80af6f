import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Guard } from './guard.ts';
import type { PspOutcome } from './psp.ts';

const UNKNOWN: PspOutcome = { done: 'unknown', why: 'timeout' };
const DECLINED: PspOutcome = {
  done: 'declined',
  code: 'generic_decline',
  providerCode: 'no',
  providerReference: '',
};

let nowMs = 0;

// The breaker looks at the system's clock by itself.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  nowMs = 1_000_000;
  vi.setSystemTime(nowMs);
});
afterEach(() => vi.useRealTimers());

function pass(ms: number): void {
  nowMs += ms;
  vi.setSystemTime(nowMs);
}

async function answered(guard: Guard, said: PspOutcome, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    await guard.run('sale', () => Promise.resolve(said));
    pass(100);
  }
}

/** Until calls are held back, ten of them a second. */
async function opened(guard: Guard): Promise<void> {
  for (let calls = 0; guard.isUp('sale') && calls < 200; calls++) await answered(guard, UNKNOWN);
  expect(guard.isUp('sale')).toBe(false);
}

test('a breaker opens on answers that prove nothing, and never on a decline', async () => {
  const guard = new Guard({ nowMs: () => nowMs });
  await answered(guard, DECLINED, 60);
  expect(guard.isUp('sale')).toBe(true);
  await opened(guard);
  expect(guard.states()).toEqual([{ kind: 'sale', state: 'open' }]);
  expect(await guard.run('sale', () => Promise.resolve(DECLINED))).toEqual({
    done: 'held',
    why: 'its circuit breaker is open',
  });
});

test('an open breaker lets a route be chosen again by itself: nobody else would ever find out that it is back', async () => {
  const guard = new Guard({ nowMs: () => nowMs });
  await opened(guard);
  pass(60_000);
  expect(guard.isUp('sale')).toBe(true);
  // Away still: it is left alone for longer than before.
  await answered(guard, UNKNOWN);
  expect(guard.isUp('sale')).toBe(false);
  pass(60_000);
  await answered(guard, DECLINED);
  expect(guard.states()).toEqual([{ kind: 'sale', state: 'closed' }]);
  expect(guard.isUp('sale')).toBe(true);
});
