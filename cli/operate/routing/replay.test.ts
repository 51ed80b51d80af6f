import { describe, expect, test } from 'vitest';
import type { RouteCandidate } from '../../../core/kernel/payments/model.ts';
import { alternativeOf, type AlternativeOptions } from './alternative.ts';
import { Replay, type StoredDecision } from './replay.ts';

const candidate = (provider: string, more: Partial<RouteCandidate> = {}): RouteCandidate => ({
  provider,
  score: 0,
  authRate: 0.9,
  cost: 0.2,
  latency: 0.1,
  reliability: 1,
  fee: 100,
  sample: 100,
  ...more,
});
/** Cheaper and worse. */
const CHEAP = candidate('cheap', { authRate: 0.8, cost: 0, fee: 0 });
const SURE = candidate('sure', { authRate: 0.95, cost: 0.4, fee: 200 });

const decision = (more: Partial<StoredDecision> = {}): StoredDecision => ({
  provider: 'cheap',
  candidates: [CHEAP, SURE],
  amount: 10_000n,
  currency: 'EUR',
  outcome: 'approved',
  ...more,
});

function replayed(options: AlternativeOptions, ...decisions: StoredDecision[]) {
  const replay = new Replay(alternativeOf(options));
  for (const one of decisions) replay.add(one);
  return replay.report();
}

test('where the choice is the same, what happened counts', () => {
  const report = replayed({ strategy: 'score' }, decision(), decision({ outcome: 'declined' }));
  expect(report).toEqual({
    decisions: 2,
    changed: 0,
    proven: 2,
    approval: { realised: 0.5, estimated: 0.5, realisedByRates: 0.8 },
    money: [
      {
        currency: 'EUR',
        realised: { approved: 10_000, fees: 0 },
        estimated: { approved: 10_000, fees: 0 },
      },
    ],
    providers: [{ provider: 'cheap', realised: 1, estimated: 1 }],
  });
});

test('where it is another, the stored rate and fee of that provider count', () => {
  const weights = 'auth_rate=1,cost=0,latency=0,reliability=0';
  const report = replayed({ strategy: 'score', weights }, decision(), decision({ outcome: 'declined' }));
  expect(report).toMatchObject({
    changed: 2,
    approval: { realised: 0.5, estimated: 0.95 },
    money: [{ realised: { approved: 10_000, fees: 0 }, estimated: { approved: 19_000, fees: 380 } }],
    providers: [
      { provider: 'cheap', realised: 1, estimated: 0 },
      { provider: 'sure', realised: 0, estimated: 1 },
    ],
  });
});

test('by expected value and by an order it decides as the router would', () => {
  // 0.95 x 9800 = 9310 against 0.8 x 10000.
  expect(replayed({ strategy: 'expected_value' }, decision()).changed).toBe(1);
  expect(replayed({ strategy: 'order', order: 'sure' }, decision()).changed).toBe(1);
  expect(replayed({ strategy: 'order', order: 'other,cheap,sure' }, decision()).changed).toBe(0);
});

test('a split counts by its parts, and nothing is drawn', () => {
  const report = replayed({ strategy: 'split', shares: 'cheap=0.75,sure=0.25' }, decision());
  expect(report).toMatchObject({
    changed: 0.25,
    approval: { realised: 1, estimated: 0.75 + 0.25 * 0.95 },
    providers: [
      { provider: 'cheap', estimated: 0.75 },
      { provider: 'sure', estimated: 0.25 },
    ],
  });
});

test('an exploration goes to those of which too little was known', () => {
  const candidates = [CHEAP, { ...SURE, sample: 9 }];
  const options = { strategy: 'score', explore: '0.1', sampleMin: 10 } as const;
  expect(replayed(options, decision({ candidates })).changed).toBe(0.1);
  expect(replayed({ ...options, sampleMin: 9 }, decision({ candidates })).changed).toBe(0);
});

test('what is not proven is left out of approval and money, and nothing else', () => {
  const report = replayed({ strategy: 'order', order: 'sure' }, decision({ outcome: 'unproven' }));
  expect(report).toMatchObject({
    decisions: 1,
    changed: 1,
    proven: 0,
    approval: { realised: null, estimated: null, realisedByRates: null },
    money: [],
  });
});

test('attempts of earlier releases have no fee: their cost says it', () => {
  const { fee: _, ...old } = SURE;
  const candidates = [CHEAP, old];
  const report = replayed({ strategy: 'order', order: 'sure' }, decision({ candidates }));
  expect(report.money[0].estimated).toEqual({ approved: 9_500, fees: 190 });
});

describe('wrong usage is told by the option', () => {
  test.each<[AlternativeOptions, string]>([
    [{ strategy: 'split' }, '--shares'],
    [{ strategy: 'score', shares: 'a=1' }, '--shares'],
    [{ strategy: 'split', shares: 'a=0.5,b=0.4' }, 'must be 1 together'],
    [{ strategy: 'split', shares: 'a=0.5,a=0.5' }, 'is wrong in it'],
    [{ strategy: 'split', shares: 'A=1' }, 'cannot name a provider'],
    [{ strategy: 'split', shares: 'a=1.5' }, 'part from 0 to 1'],
    [{ strategy: 'split', shares: 'a=0.1234567' }, 'part from 0 to 1'],
    [{ strategy: 'order' }, '--order'],
    [{ strategy: 'score', order: 'a' }, '--order'],
    [{ strategy: 'split', shares: 'a=1', weights: 'cost=1' }, '--weights'],
    [{ strategy: 'score', weights: 'cost=1' }, 'each once'],
    [{ strategy: 'order', order: 'a', explore: '0.1' }, '--explore'],
    [{ strategy: 'score', sampleMin: 5 }, '--sample-min'],
  ])('%j', (options, message) => {
    expect(() => alternativeOf(options)).toThrow(message);
  });
});
