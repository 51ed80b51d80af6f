import { expect, test } from 'vitest';
import { differingField } from '../ledger/facts.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { CreateMerchant } from './commands.ts';
import { factsOfPayment } from './facts.ts';
import { NO_RESERVE, type Routing } from './model.ts';

const RULE = { currency: '', method: '', amountMin: 0n, amountMax: 0n, providers: ['a'] } as const;
const BARE: Routing = { strategy: 'score', rules: [{ ...RULE, providers: ['a'] }], attemptsMax: 3 };
const FULL: Routing = {
  ...BARE,
  weights: { authRatePpm: 400_000, costPpm: 200_000, latencyPpm: 200_000, reliabilityPpm: 200_000 },
  shares: [{ provider: 'a', ppm: 1_000_000 }],
  exploration: { sharePpm: 1, sampleMin: 1 },
};

const factsOf = (routing: Routing) =>
  factsOfPayment({
    op: 'createMerchant',
    id: '0' as Uuid,
    name: 'Shop',
    country: 'DE',
    mode: 'test',
    fees: [],
    taxPpm: 0,
    taxJurisdiction: '',
    feesReturned: false,
    settlementDays: 0,
    reserve: NO_RESERVE,
    routing,
  } satisfies CreateMerchant);

const WEIGHTS = { authRatePpm: 300_000, costPpm: 300_000, latencyPpm: 200_000, reliabilityPpm: 200_000 };

test.each<[string, Partial<Routing>]>([
  ['routing.weights', { weights: WEIGHTS }],
  ['routing.shares', { shares: [{ provider: 'b', ppm: 1_000_000 }] }],
  ['routing.exploration', { exploration: { sharePpm: 1, sampleMin: 2 } }],
  ['routing.exploration', { exploration: { sharePpm: 2, sampleMin: 1 } }],
  ['routing.rules', { rules: [{ ...RULE, providers: ['a'], country: 'DE' }] }],
  ['routing.rules', { rules: [{ ...RULE, providers: ['a'], brand: 'visa' }] }],
])('a replay of a merchant with another %s is told by it, either way round', (field, change) => {
  const changed = factsOf({ ...FULL, ...change });
  expect(differingField(factsOf(FULL), changed)).toBe(field);
  expect(differingField(changed, factsOf(FULL))).toBe(field);
});

test.each(['weights', 'shares', 'exploration'] as const)(
  '%s that were not said before are a change',
  (name) => {
    const { [name]: said, ...without } = FULL;
    expect(said).toBeDefined();
    expect(differingField(factsOf(without), factsOf(FULL))).toBe(`routing.${name}`);
    expect(differingField(factsOf(FULL), factsOf(without))).toBe(`routing.${name}`);
  },
);

test('a merchant of before the contract knew of them replays as it was', () => {
  expect(factsOf(BARE).map(([field]) => field)).toEqual([
    'id',
    'name',
    'country',
    'fees',
    'tax_ppm',
    'tax_jurisdiction',
    'fees_returned',
    'settlement_days',
    'routing.strategy',
    'routing.attempts_max',
    'routing.rules',
  ]);
});
