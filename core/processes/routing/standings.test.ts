import { expect, test } from 'vitest';
import type { PspOutcome } from '../psp.ts';
import { type CostTable, Standings } from './standings.ts';

const CARD = { type: 'card', token: 'tok' } as const;
const FIRST = { kind: 'authorize', method: 'card', currency: 'EUR', isFirst: true } as const;
const ABOUT = { amount: 10_000n, currency: 'EUR', method: CARD, brand: '', country: 'DE' };
const succeeded = {
  done: 'succeeded',
  amount: 10_000n,
  currency: 'EUR',
  providerReference: 'p',
} as PspOutcome;
const declined = {
  done: 'declined',
  code: 'do_not_honor',
  providerCode: '05',
  providerReference: '',
} as PspOutcome;
const challenged: PspOutcome = {
  done: 'requires_action',
  action: { type: 'redirect', url: 'https://bank.example' },
  providerReference: 'p',
};
const unknown: PspOutcome = { done: 'unknown', why: 'a reset' };
const notSent: PspOutcome = { done: 'not_sent', why: 'refused' };

function standings(cost: CostTable = { ppm: 10_000, fixed: 0n }) {
  let nowMs = 0;
  const seen = new Standings({ cost, nowMs: () => nowMs });
  return {
    seen,
    pass: (ms: number) => (nowMs += ms),
    count: (said: PspOutcome, times: number, about: Partial<typeof FIRST> | object = {}, tookMs = 100) => {
      for (let n = 0; n < times; n++) seen.count({ ...FIRST, ...about }, said, tookMs);
    },
  };
}

test('before anything was seen a provider authorises nine of ten, at once, and always answers', () => {
  expect(standings().seen.standing(ABOUT)).toEqual({
    authRate: 0.9,
    cost: expect.closeTo(0.2, 10),
    latency: 0,
    reliability: 1,
    fee: 100,
    sample: 0,
  });
});

test('the rate of authorisation is that of first attempts, smoothed by 18 of 20', () => {
  const { seen, count } = standings();
  count(succeeded, 30);
  count(declined, 50);
  expect(seen.standing(ABOUT)).toMatchObject({ authRate: 48 / 100, sample: 80, reliability: 1 });
});

test('unknown and not sent count against reliability and against nothing else', () => {
  const { seen, count } = standings();
  count(succeeded, 10);
  const before = seen.standing(ABOUT);
  count(unknown, 5);
  count(notSent, 5);
  expect(seen.standing(ABOUT)).toEqual({ ...before, reliability: 0.5 });
});

test('what waits for the payer or the bank is neither authorised nor declined', () => {
  const { seen, count } = standings();
  count(challenged, 40);
  count({ done: 'accepted', providerReference: 'p' }, 40);
  expect(seen.standing(ABOUT)).toMatchObject({ authRate: 0.9, sample: 0, reliability: 1 });
});

test('second attempts, captures and questions say nothing about the rate', () => {
  const { seen, count } = standings();
  count(declined, 40, { isFirst: false });
  count(declined, 40, { kind: 'capture' });
  count(declined, 40, { kind: 'query', method: '', currency: '' });
  expect(seen.standing(ABOUT)).toMatchObject({ authRate: 0.9, sample: 0 });
});

test('a segment is a method and a currency', () => {
  const { seen, count } = standings();
  count(declined, 20, { currency: 'USD' });
  count(declined, 20, { method: 'wallet' });
  expect(seen.standing(ABOUT).sample).toBe(0);
  expect(seen.standing({ ...ABOUT, currency: 'USD' })).toMatchObject({ sample: 20, authRate: 0.45 });
});

test('what is older than the window counts no more', () => {
  const { seen, count, pass } = standings();
  count(declined, 20);
  pass(9 * 60_000);
  count(succeeded, 5);
  expect(seen.standing(ABOUT).sample).toBe(25);
  pass(90_000);
  expect(seen.standing(ABOUT).sample).toBe(5);
  pass(10 * 60_000);
  expect(seen.standing(ABOUT).sample).toBe(0);
});

test('latency is the 95th percentile over five seconds, and stops at the worst', () => {
  const { seen, count } = standings();
  count(succeeded, 95, {}, 90);
  count(succeeded, 5, {}, 60_000);
  // The bound of the class that 90 ms fall into: 10 ms x 1.2^13.
  expect(seen.standing(ABOUT).latency).toBeCloseTo((10 * 1.2 ** 13) / 5_000, 10);
  count(succeeded, 5, {}, 60_000);
  expect(seen.standing(ABOUT).latency).toBe(1);
});

test('cost is the fee over the amount over five in a hundred, and stops there; the fee does not', () => {
  const { seen } = standings({ ppm: 20_000, fixed: 30n });
  expect(seen.standing(ABOUT)).toMatchObject({ fee: 230, cost: 230 / 10_000 / 0.05 });
  expect(seen.standing({ ...ABOUT, amount: 100n })).toMatchObject({ fee: 32, cost: 1 });
});

test('of the fee table the first line counts that is for the brand and the country', () => {
  const { seen } = standings({
    ppm: 30_000,
    fixed: 0n,
    lines: [
      { brand: 'amex', countries: ['DE', 'AT'], ppm: 25_000, fixed: 5n },
      { countries: ['DE'], ppm: 10_000, fixed: 0n },
    ],
  });
  expect(seen.standing({ ...ABOUT, brand: 'amex' }).fee).toBe(255);
  expect(seen.standing(ABOUT).fee).toBe(100);
  expect(seen.standing({ ...ABOUT, brand: 'amex', country: 'US' }).fee).toBe(300);
});

test('what was answered before the process began counts from then on, and no longer than anything else', () => {
  const { seen, count, pass } = standings();
  pass(60 * 60_000);
  count(succeeded, 5);
  const past = { ...FIRST, done: 'declined', tookMs: 90 } as const;
  for (let n = 0; n < 20; n++) seen.recall(past, 9 * 60_000);
  for (let n = 0; n < 20; n++) seen.recall(past, 11 * 60_000);
  seen.recall({ ...past, done: 'unknown', tookMs: null }, 1_000);
  expect(seen.standing(ABOUT)).toMatchObject({ sample: 25, authRate: 23 / 45, reliability: 25 / 26 });
  pass(90_000);
  expect(seen.standing(ABOUT)).toMatchObject({ sample: 5, reliability: 5 / 6 });
});

test('people see what was counted: calls of every kind, and first attempts by method and currency', () => {
  const { seen, count, pass } = standings();
  expect(seen.seen()).toEqual({ calls: 0, reliability: 1, latencyMs: 0, segments: [] });
  count(succeeded, 6);
  pass(60_000);
  count(declined, 4);
  count(succeeded, 1, { currency: 'USD' });
  count(unknown, 9, { kind: 'query' });
  expect(seen.seen()).toMatchObject({
    calls: 20,
    reliability: 11 / 20,
    segments: [
      { method: 'card', currency: 'EUR', attempts: 10, authorized: 6, authRate: 24 / 30 },
      { method: 'card', currency: 'USD', attempts: 1, authorized: 1, authRate: 19 / 21 },
    ],
  });
  // The same figures that the routing decides by.
  expect(seen.standing(ABOUT)).toMatchObject({ authRate: 24 / 30, reliability: 11 / 20, sample: 10 });
  pass(11 * 60_000);
  expect(seen.seen().calls).toBe(0);
});
