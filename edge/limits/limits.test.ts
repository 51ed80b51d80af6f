import { expect, test } from 'vitest';
import { Gate } from './gate.ts';
import { TokenBuckets } from './tokenBuckets.ts';

function clock() {
  let nowMs = 1_000;
  return { nowMs: () => nowMs, pass: (ms: number): void => void (nowMs += ms) };
}

test('so many may be taken at once, and so many a second from then on, each name for itself', () => {
  const time = clock();
  const buckets = new TokenBuckets({ perSecond: 10, burst: 20 }, time);
  const taken = Array.from({ length: 21 }, () => buckets.take('a'));
  expect(taken.filter(({ isAllowed }) => isAllowed)).toHaveLength(20);
  expect(taken[0]).toEqual({ isAllowed: true, remaining: 19, resetSeconds: 1 });
  expect(taken[19]).toEqual({ isAllowed: true, remaining: 0, resetSeconds: 2 });
  expect(taken[20]).toEqual({ isAllowed: false, remaining: 0, resetSeconds: 1 });
  expect(buckets.take('b').isAllowed).toBe(true);
  time.pass(99);
  expect(buckets.take('a').isAllowed).toBe(false);
  time.pass(1);
  expect(buckets.take('a').isAllowed).toBe(true);
  time.pass(-500);
  expect(buckets.take('a').isAllowed).toBe(false);
  time.pass(60_000);
  expect(buckets.take('a').remaining).toBe(19);
});

const LIMITS = {
  key: { perSecond: 100, burst: 100 },
  keyConcurrency: 2,
  concurrency: 3,
  payer: { perSecond: 1, burst: 2 },
  address: { perSecond: 1, burst: 3 },
};

test('a key is told its limit, and turned away beyond it', () => {
  const gate = new Gate(LIMITS, clock());
  expect(gate.admit('k')).toEqual({ policy: '"key";q=100;w=1', state: '"key";r=99;t=1' });
  for (let more = 1; more < 100; more++) gate.admit('k');
  expect(() => gate.admit('k')).toThrow(expect.objectContaining({ code: 'rate_limited', status: 429 }));
  gate.admit('other');
});

test('a key has so many requests under way at once, also after some of them have failed', async () => {
  const gate = new Gate(LIMITS, clock());
  const { promise, reject } = Promise.withResolvers<never>();
  const first = gate.within('k', () => promise);
  const second = gate.within('k', () => promise);
  await expect(gate.within('k', async () => 1)).rejects.toMatchObject({ code: 'rate_limited' });
  expect(await gate.within('other', async () => 1)).toBe(1);
  reject(new Error('lost'));
  await expect(Promise.allSettled([first, second])).resolves.toHaveLength(2);
  expect(await gate.within('k', async () => 1)).toBe(1);
});

test('all keys together have so many requests under way at once: whoever is one too many is told when to come again', async () => {
  const gate = new Gate(LIMITS, clock());
  const { promise, resolve } = Promise.withResolvers<number>();
  const running = ['a', 'b', 'c'].map((key) => gate.within(key, () => promise));
  await expect(gate.within('d', async () => 1)).rejects.toMatchObject({
    code: 'unavailable',
    status: 503,
    fields: { retryAfterSeconds: 1 },
  });
  resolve(2);
  expect(await Promise.all(running)).toEqual([2, 2, 2]);
  expect(await gate.within('d', async () => 1)).toBe(1);
});

test('an address that shows keys that are none is turned away for a while; one with a good key is not counted', () => {
  const time = clock();
  const gate = new Gate(LIMITS, time);
  for (let guess = 0; guess < 3; guess++) {
    gate.checkAddress('10.0.0.1');
    gate.noteStranger('10.0.0.1');
  }
  expect(() => gate.checkAddress('10.0.0.1')).toThrow(
    expect.objectContaining({
      code: 'rate_limited',
      fields: expect.objectContaining({ retryAfterSeconds: 1 }),
    }),
  );
  gate.checkAddress('10.0.0.2');
  time.pass(1_000);
  gate.checkAddress('10.0.0.1');
});
