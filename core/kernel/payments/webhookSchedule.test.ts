import { expect, test } from 'vitest';
import { nextTryUs, RETRIES_US } from './webhookSchedule.ts';

const tried = (more: Partial<Parameters<typeof nextTryUs>[0]> = {}) =>
  nextTryUs({ try: 1, status: 500, seq: 7, index: 0, retryAfterMs: null, nowUs: 1_000_000, ...more });

test('what was taken, and what nobody wants any more, is tried no more', () => {
  for (const status of [200, 201, 204, 299, 410]) expect(tried({ status })).toBeNull();
});

test('whatever else was answered, or not, is tried again after its step of the schedule and at most a fifth more', () => {
  for (const status of [0, 100, 300, 301, 400, 404, 429, 500, 599])
    for (const [index, wait] of RETRIES_US.entries())
      for (let seq = 1; seq < 50; seq++) {
        const after = tried({ status, try: index + 1, seq })! - 1_000_000;
        expect(after).toBeGreaterThanOrEqual(wait);
        expect(after).toBeLessThanOrEqual(wait * 1.2);
      }
  expect(tried({ try: RETRIES_US.length + 1 })).toBeNull();
});

test('what failed together comes back apart', () => {
  const moments = new Set(Array.from({ length: 100 }, (_, seq) => tried({ seq })));
  expect(moments.size).toBeGreaterThan(90);
});

test('a receiver may ask for more time, up to a day, and not for less', () => {
  expect(tried({ retryAfterMs: 3_600_000 })).toBe(1_000_000 + 3_600e6);
  expect(tried({ retryAfterMs: 10 * 86_400_000 })).toBe(1_000_000 + 86_400e6);
  expect(tried({ retryAfterMs: 1 })).toBe(tried());
});
