import { describe, expect, test } from 'vitest';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { Merchant, Routing } from '../../kernel/payments/model.ts';
import type { RouteRequest } from '../../kernel/payments/router.ts';
import type { PspCapabilities } from '../psp.ts';
import { RuleRouter, type RoutingProvider, type Standing, type StandingRequest } from './router.ts';

const CAPABILITIES: PspCapabilities = {
  methods: ['card', 'wallet'],
  currencies: ['EUR', 'USD'],
  minimum: { EUR: 50n },
  maximum: 1_000_000n,
  partialCapture: true,
  multipleCaptures: true,
  increment: true,
  partialRefund: true,
  sale: true,
  authorizationSeconds: 604_800,
  keySeconds: 86_400,
  consistencyMs: 2_000,
  live: false,
  provenByEvents: false,
  events: null,
  settlementReport: false,
};
const GOOD: Standing = { authRate: 0.9, cost: 0.2, latency: 0.1, reliability: 1, fee: 100, sample: 100 };

function provider(name: string, standing: Partial<Standing> = {}, more: Partial<RoutingProvider> = {}) {
  return {
    name,
    capabilities: CAPABILITIES,
    isUp: () => true,
    standing: () => ({ ...GOOD, ...standing }),
    ...more,
  } satisfies RoutingProvider;
}

function request(routing: Partial<Routing> = {}, more: Partial<RouteRequest> = {}): RouteRequest {
  const merchant: Merchant = {
    id: '0' as Uuid,
    seq: 1,
    book: 1,
    name: 'Shop',
    country: 'DE',
    mode: 'test',
    terms: [],
    routing: { strategy: 'score', rules: [], attemptsMax: 3, ...routing },
    webhooks: [],
    webhookNumbers: 0,
    version: 1,
    lastSeq: 1,
  };
  const method = { type: 'card', token: 'tok' } as const;
  return { merchant, amount: 10_000n, currency: 'EUR', method, tried: [], attempt: 0, ...more };
}

/** Draws these numbers one after the other; fails where it is asked for more. */
function numbers(...units: number[]) {
  return {
    unit: () => {
      const next = units.shift();
      if (next === undefined) throw new Error('nothing was to be drawn');
      return next;
    },
  };
}

const ANY = { currency: '', method: '', amountMin: 0n, amountMax: 0n } as const;

test('what keeps a payment out is told by the provider that would have come nearest to taking it', () => {
  const cards = provider('cards');
  const euros = provider(
    'euros',
    {},
    { capabilities: { ...CAPABILITIES, methods: ['wallet'], currencies: ['EUR'] } },
  );
  const away = provider('away', {}, { isUp: () => false });
  const router = new RuleRouter([cards, euros], numbers());
  const wallet = { type: 'wallet', token: 'tok' } as const;
  expect(router.obstacle(request({}, { method: { type: 'voucher', token: 'v' } }))).toBe('method');
  expect(router.obstacle(request({}, { currency: 'JPY' }))).toBe('currency');
  expect(router.obstacle(request({}, { amount: 49n }))).toBe('too little');
  expect(router.obstacle(request({}, { amount: 1_000_001n, method: wallet }))).toBe('too much');
  expect(router.obstacle(request({}, { tried: ['cards', 'euros'] }))).toBe('route');
  expect(router.obstacle(request({ rules: [{ ...ANY, currency: 'USD', providers: ['cards'] }] }))).toBe(
    'route',
  );
  expect(new RuleRouter([cards, away], numbers()).obstacle(request({}, { tried: ['cards'] }))).toBe('away');
  expect(new RuleRouter([cards, away], numbers()).obstacle(request({}, { amount: 49n }))).toBe('too little');
});

describe('the rules', () => {
  const router = new RuleRouter(
    ['a', 'b', 'c'].map((name) =>
      provider(name, {}, { brandOf: (token) => (token === 'visa_1' ? 'visa' : '') }),
    ),
    numbers(),
  );
  const rule = (one: object) => [
    { ...ANY, ...one, providers: ['b'] },
    { ...ANY, providers: ['c'] },
  ];
  const visa = { method: { type: 'card', token: 'visa_1' } } as const;
  test.each([
    ['a currency', { currency: 'EUR' }, {}, 'b'],
    ['another currency', { currency: 'EUR' }, { currency: 'USD' }, 'c'],
    ['a method', { method: 'card' }, {}, 'b'],
    ['another method', { method: 'wallet' }, {}, 'c'],
    ['the least amount', { amountMin: 10_000n }, {}, 'b'],
    ['less than that', { amountMin: 10_001n }, {}, 'c'],
    ['the largest amount', { amountMax: 10_000n }, {}, 'b'],
    ['more than that', { amountMax: 9_999n }, {}, 'c'],
    ["the merchant's country", { country: 'DE' }, {}, 'b'],
    ['another country', { country: 'FR' }, {}, 'c'],
    ['a brand', { brand: 'visa' }, visa, 'b'],
    ['another brand', { brand: 'amex' }, visa, 'c'],
    ['a brand that no token told', { brand: 'visa' }, {}, 'c'],
  ])('of several the first that matches counts: %s', (_, one, more, expected) => {
    expect(router.choose(request({ rules: rule(one) }, more))?.provider).toBe(expected);
  });

  test('where none matches nobody is asked, and without rules everybody may be', () => {
    expect(router.choose(request({ rules: [{ ...ANY, currency: 'USD', providers: ['a'] }] }))).toBeNull();
    expect(router.choose(request())?.explanation.candidates).toHaveLength(3);
  });
});

test('who cannot take the payment is left out, with the reason', () => {
  const { methods: _, ...rest } = CAPABILITIES;
  const router = new RuleRouter(
    [
      provider('tried'),
      provider('bank', {}, { capabilities: { ...rest, methods: ['bank_debit'] } }),
      provider('usd', {}, { capabilities: { ...CAPABILITIES, currencies: ['USD'] } }),
      provider('large', {}, { capabilities: { ...CAPABILITIES, minimum: { EUR: 10_001n } } }),
      provider('small', {}, { capabilities: { ...CAPABILITIES, maximum: 9_999n } }),
      provider('down', {}, { isUp: () => false }),
      provider('good'),
    ],
    numbers(),
  );
  const names = ['tried', 'bank', 'usd', 'large', 'small', 'down', 'gone', 'good'];
  const route = router.choose(
    request({ rules: [{ ...ANY, providers: names }] }, { tried: ['tried'], attempt: 1 }),
  );
  expect(route).toEqual({
    provider: 'good',
    explanation: {
      strategy: 'only',
      candidates: [{ provider: 'good', score: 0.9, ...GOOD }],
      excluded: [
        { provider: 'tried', why: 'tried already' },
        { provider: 'bank', why: 'takes no card' },
        { provider: 'usd', why: 'takes no EUR' },
        { provider: 'large', why: 'below its minimum' },
        { provider: 'small', why: 'above its maximum' },
        { provider: 'down', why: 'does not answer at the moment' },
        { provider: 'gone', why: 'not configured' },
      ],
    },
  });
});

describe('by score', () => {
  const cheap = provider('cheap', { authRate: 0.85, cost: 0, fee: 0 });
  const sure = provider('sure', { authRate: 0.95, cost: 0.4, fee: 200 });

  test('the weights of the contract are 0.4, 0.2, 0.2 and 0.2', () => {
    const route = new RuleRouter([cheap, sure], numbers()).choose(request());
    expect(route).toMatchObject({
      provider: 'cheap',
      explanation: {
        strategy: 'score',
        candidates: [
          { provider: 'cheap', score: 0.92 },
          { provider: 'sure', score: 0.88 },
        ],
      },
    });
    expect(route?.explanation).not.toHaveProperty('drawPpm');
  });

  test("the merchant's own weights decide otherwise", () => {
    const weights = { authRatePpm: 1_000_000, costPpm: 0, latencyPpm: 0, reliabilityPpm: 0 };
    const route = new RuleRouter([cheap, sure], numbers()).choose(request({ weights }));
    expect(route).toMatchObject({ provider: 'sure', explanation: { candidates: [{ score: 0.95 }, {}] } });
  });

  test('a score is of the provider alone: it is the same whoever else is asked', () => {
    const alone = new RuleRouter([cheap], numbers()).choose(request());
    expect(alone?.explanation.candidates[0].score).toBe(0.92);
  });

  test('of equals the one that the rule names first', () => {
    const router = new RuleRouter([provider('a'), provider('b')], numbers());
    expect(router.choose(request({ rules: [{ ...ANY, providers: ['b', 'a'] }] }))?.provider).toBe('b');
  });
});

test('in order the rule decides, whatever the scores are', () => {
  const router = new RuleRouter([provider('best'), provider('worst', { authRate: 0.1 })], numbers());
  const rules = [{ ...ANY, providers: ['worst', 'best'] }];
  expect(router.choose(request({ strategy: 'order', rules }))).toMatchObject({
    provider: 'worst',
    explanation: { strategy: 'order', candidates: [{ provider: 'worst' }, { provider: 'best' }] },
  });
});

test('by expected value a fee counts by the amount that it eats', () => {
  const fixed = (request_: StandingRequest): Standing => ({
    ...GOOD,
    authRate: 0.95,
    fee: 300,
    cost: Math.min(1, 300 / Number(request_.amount) / 0.05),
  });
  const router = new RuleRouter(
    [provider('fixed', {}, { standing: fixed }), provider('free', { fee: 0, cost: 0 })],
    numbers(),
  );
  const at = (amount: bigint) => router.choose(request({ strategy: 'expected_value' }, { amount }));
  // 0.95 x (10000 - 300) = 9215 against 0.9 x 10000; and 0.95 x (500 - 300) = 190 against 450.
  expect(at(10_000n)).toMatchObject({
    provider: 'fixed',
    explanation: { strategy: 'expected_value', candidates: [{ score: 0.9215 }, { score: 0.9 }] },
  });
  expect(at(500n)).toMatchObject({
    provider: 'free',
    explanation: { candidates: [{ score: 0.9 }, { score: 0.38 }] },
  });
});

describe('a split', () => {
  const shares = [
    { provider: 'a', ppm: 700_000 },
    { provider: 'b', ppm: 200_000 },
    { provider: 'c', ppm: 100_000 },
  ];
  const providers = ['a', 'b', 'c', 'd'].map((name) => provider(name));

  test.each([
    [0, 'a'],
    [0.699999, 'a'],
    [0.7, 'b'],
    [0.899999, 'b'],
    [0.9, 'c'],
    [0.999999, 'c'],
  ])('draws by the shares: %d is %s, and the number is told', (unit, expected) => {
    const route = new RuleRouter(providers, numbers(unit)).choose(request({ strategy: 'split', shares }));
    expect(route).toMatchObject({
      provider: expected,
      explanation: { strategy: 'split', drawPpm: Math.floor(unit * 1e6) },
    });
  });

  test('of those that are left the shares are scaled up', () => {
    const counts = { b: 0, c: 0 };
    for (let n = 0; n < 300; n++) {
      const router = new RuleRouter(providers, numbers((n + 0.5) / 300));
      const tried = { tried: ['a'], attempt: 1 };
      const { provider: name } = router.choose(request({ strategy: 'split', shares }, tried))!;
      counts[name as 'b' | 'c']++;
    }
    expect(counts).toEqual({ b: 200, c: 100 });
  });

  test('where none that has a share is left, the best score of the others', () => {
    const others = [...providers, provider('e', { authRate: 1 })];
    const route = new RuleRouter(others, numbers()).choose(
      request({ strategy: 'split', shares }, { tried: ['a', 'b', 'c'], attempt: 3 }),
    );
    expect(route).toMatchObject({ provider: 'e', explanation: { strategy: 'score' } });
  });
});

describe('the exploration', () => {
  const exploration = { sharePpm: 100_000, sampleMin: 50 };
  const providers = [
    provider('known'),
    provider('new', { authRate: 0.5, sample: 49 }),
    provider('newer', { authRate: 0.4, sample: 0 }),
    provider('enough', { authRate: 0.6, sample: 50 }),
  ];
  const choose = (unit: number, more: Partial<RouteRequest> = {}) =>
    new RuleRouter(providers, numbers(unit)).choose(request({ exploration }, more));

  test('is shared by those of which too little is known; all else goes to the best', () => {
    const drawn_ = [0, 0.049999, 0.05, 0.099999, 0.1, 0.999999].map((unit) => choose(unit)!);
    expect(drawn_.map((route) => [route.provider, route.explanation.strategy])).toEqual([
      ['new', 'explore'],
      ['new', 'explore'],
      ['newer', 'explore'],
      ['newer', 'explore'],
      ['known', 'score'],
      ['known', 'score'],
    ]);
    expect(drawn_.map((route) => route.explanation.drawPpm)).toContain(49_999);
  });

  test('ends where enough is known of all: nothing is drawn then', () => {
    const known = [provider('known'), provider('enough', { authRate: 0.6, sample: 50 })];
    const route = new RuleRouter(known, numbers()).choose(request({ exploration }));
    expect(route?.explanation.strategy).toBe('score');
  });

  test('is for first attempts only, which alone teach anything', () => {
    const route = new RuleRouter(providers, numbers()).choose(
      request({ exploration }, { tried: ['known'], attempt: 1 }),
    );
    expect(route).toMatchObject({ provider: 'enough', explanation: { strategy: 'score' } });
  });
});

test('payments of a test merchant go to providers that move no real money, and those of a live one to the others', () => {
  const providers = [
    provider('play'),
    provider('bank', {}, { capabilities: { ...CAPABILITIES, live: true } }),
  ];
  const router = new RuleRouter(providers, { unit: () => 0 });
  const asked = request();
  const live = { ...asked, merchant: { ...asked.merchant, mode: 'live' as const } };
  expect(router.choose(asked)).toMatchObject({
    provider: 'play',
    explanation: { excluded: [{ provider: 'bank', why: 'moves real money' }] },
  });
  expect(router.choose(live)).toMatchObject({
    provider: 'bank',
    explanation: { excluded: [{ provider: 'play', why: 'moves no real money' }] },
  });
  const none = new RuleRouter([provider('play')], { unit: () => 0 });
  expect([none.choose(live), none.obstacle(live)]).toEqual([null, 'route']);
});
