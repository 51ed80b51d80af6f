import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { type MessageInitShape, create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  MerchantSchema,
  MerchantUpdateSchema,
  NewMerchantSchema,
  RoutingStrategy,
} from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import type { CreateMerchant } from '../../kernel/payments/commands.ts';
import type { Merchant } from '../../kernel/payments/model.ts';
import { MERCHANT } from '../testing/fakePayments.ts';
import { createMerchant, merchant, updateMerchant } from './merchants.ts';

const GOOD = { id: MERCHANT, name: 'Chairs', country: 'DE' };
const CHANGE = '0190a3a0-0000-7000-8000-0000000000d1';
const make = (change: MessageInitShape<typeof NewMerchantSchema>) =>
  createMerchant(create(NewMerchantSchema, { ...GOOD, ...change }));

const update = (change: MessageInitShape<typeof MerchantUpdateSchema>) =>
  updateMerchant(create(MerchantUpdateSchema, { id: CHANGE, merchantId: MERCHANT, ...change }));

function rowOf({ op: _op, id, name, country, mode, routing, ...terms }: CreateMerchant): Merchant {
  return {
    id,
    name,
    country,
    mode,
    routing,
    terms: [terms],
    webhooks: [],
    webhookNumbers: 0,
    seq: 4,
    book: 2,
    version: 1,
    lastSeq: 4,
  };
}

const FULL = {
  fees: [
    { currency: 'EUR', ppm: 29_000, fixed: 30n },
    { method: PaymentMethodType.CARD, currency: 'EUR', ppm: 1_000_000, fixed: 0n, cap: 0n },
  ],
  taxPpm: 200_000,
  taxJurisdiction: 'DE.vat',
  feesReturned: true,
  settlementDays: 60,
  reserve: { ppm: 100_000, days: 730 },
  mode: Mode.LIVE,
  routing: {
    strategy: RoutingStrategy.ORDER,
    rules: [{ currency: 'EUR', amountMin: 1n, amountMax: 9n, providers: ['simulator', 'bank_1'] }],
    attemptsMax: 10,
  },
};

test('a bare merchant becomes a command with the defaults of the contract', () => {
  expect(make({})).toEqual({
    op: 'createMerchant',
    ...GOOD,
    mode: 'test',
    fees: [],
    taxPpm: 0,
    taxJurisdiction: '',
    feesReturned: false,
    settlementDays: 0,
    reserve: { ppm: 0, days: 0 },
    routing: { strategy: 'score', rules: [], attemptsMax: 3 },
  });
  expect(make({ routing: {} })).toMatchObject({
    routing: { strategy: 'score', rules: [], attemptsMax: 3 },
  });
});

test('everything that was said of a merchant is told of it', () => {
  const command = make(FULL);
  if (command.op === 'malformed') throw new Error(command.field);
  const told = create(MerchantSchema, merchant(rowOf(command), 'shop'));
  const wanted = { ...GOOD, ...FULL, book: 'shop', termsNumber: 1, version: 1n, seq: 4n, lastSeq: 4n };
  expect(told).toEqual(create(MerchantSchema, wanted));
});

test.each([
  {
    strategy: RoutingStrategy.EXPECTED_VALUE,
    rules: [{ country: 'DE', brand: 'visa', providers: ['a'] }],
    weights: { authRatePpm: 250_000, costPpm: 250_000, latencyPpm: 0, reliabilityPpm: 500_000 },
    exploration: { sharePpm: 50_000, sampleMin: 30 },
  },
  {
    strategy: RoutingStrategy.SPLIT,
    shares: [
      { provider: 'a', ppm: 700_000 },
      { provider: 'b', ppm: 300_000 },
    ],
  },
])('how a merchant is routed is told as it was said: strategy $strategy', (said) => {
  const command = make({ routing: said });
  if (command.op === 'malformed') throw new Error(command.field);
  const told = create(MerchantSchema, merchant(rowOf(command), 'shop')).routing;
  expect(told).toEqual(create(MerchantSchema, { routing: { attemptsMax: 3, ...said } }).routing);
});

test('a sample that is not said is 50', () => {
  expect(make({ routing: { exploration: { sharePpm: 10_000 } } })).toMatchObject({
    routing: { exploration: { sharePpm: 10_000, sampleMin: 50 } },
  });
});

describe('a malformed merchant names its reason and its field', () => {
  const fee = (change: object) => make({ fees: [{ currency: 'EUR', ...change }] });
  const rule = (change: object) => make({ routing: { rules: [{ providers: ['simulator'], ...change }] } });
  const weights = (change: object) => make({ routing: { weights: change } });
  const sharesOf = (shares: [string, number][]) => shares.map(([provider, ppm]) => ({ provider, ppm }));
  const split = (...shares: [string, number][]) =>
    make({ routing: { strategy: RoutingStrategy.SPLIT, shares: sharesOf(shares) } });
  const explore = (change: object, strategy: RoutingStrategy = RoutingStrategy.SCORE) =>
    make({ routing: { strategy, exploration: { sharePpm: 1, sampleMin: 1, ...change } } });
  const names = (count: number) => Array.from({ length: count }, (_, index) => `psp_${index}`);
  test.each([
    ['MISSING_FIELD', 'name', make({ name: '' })],
    ['TOO_LONG', 'name', make({ name: 'n'.repeat(201) })],
    ['MISSING_FIELD', 'country', make({ country: '' })],
    ['INVALID_VALUE', 'country', make({ country: 'de' })],
    ['TOO_MANY', 'fees', make({ fees: Array.from({ length: 101 }, () => ({ currency: 'EUR' })) })],
    ['MISSING_FIELD', 'fees[0].currency', fee({ currency: '' })],
    ['INVALID_VALUE', 'fees[0].method', fee({ method: 9 })],
    ['INVALID_VALUE', 'fees[0].ppm', fee({ ppm: 1_000_001 })],
    ['INVALID_VALUE', 'fees[0].ppm', fee({ ppm: -1 })],
    ['INVALID_VALUE', 'fees[0].fixed', fee({ fixed: -1n })],
    ['INVALID_VALUE', 'fees[0].cap', fee({ cap: -1n })],
    ['INVALID_VALUE', 'fees[1]', make({ fees: [{ currency: 'EUR' }, { currency: 'EUR', ppm: 1 }] })],
    ['INVALID_VALUE', 'tax_ppm', make({ taxPpm: 1_000_001, taxJurisdiction: 'DE' })],
    ['MISSING_FIELD', 'tax_jurisdiction', make({ taxPpm: 1 })],
    ['INVALID_VALUE', 'tax_jurisdiction', make({ taxJurisdiction: 'DE:vat' })],
    ['INVALID_VALUE', 'settlement_days', make({ settlementDays: 61 })],
    ['INVALID_VALUE', 'routing.strategy', make({ routing: { strategy: 7 as RoutingStrategy } })],
    ['INVALID_VALUE', 'routing.rules[0].country', rule({ country: 'de' })],
    ['INVALID_VALUE', 'routing.rules[0].brand', rule({ brand: 'Visa' })],
    ['INVALID_VALUE', 'routing.weights.cost_ppm', weights({ costPpm: -1 })],
    ['INVALID_VALUE', 'routing.weights.auth_rate_ppm', weights({ authRatePpm: 1_000_001 })],
    ['INVALID_VALUE', 'routing.weights', weights({ authRatePpm: 999_999 })],
    ['INVALID_VALUE', 'routing.weights', weights({})],
    ['MISSING_FIELD', 'routing.shares', split()],
    ['INVALID_VALUE', 'routing.shares', split(['a', 500_000], ['b', 499_999])],
    ['INVALID_VALUE', 'routing.shares[1].provider', split(['a', 500_000], ['a', 500_000])],
    ['INVALID_VALUE', 'routing.shares[0].provider', split(['A', 1_000_000])],
    ['INVALID_VALUE', 'routing.shares[1].ppm', split(['a', 1_000_000], ['b', 0])],
    ['TOO_MANY', 'routing.shares', split(...names(21).map((name) => [name, 1] as [string, number]))],
    ['INVALID_VALUE', 'routing.shares', make({ routing: { shares: [{ provider: 'a', ppm: 1_000_000 }] } })],
    ['INVALID_VALUE', 'routing.exploration.share_ppm', explore({ sharePpm: 0 })],
    ['INVALID_VALUE', 'routing.exploration.share_ppm', explore({ sharePpm: 1_000_001 })],
    ['INVALID_VALUE', 'routing.exploration.sample_min', explore({ sampleMin: 10_001 })],
    ['INVALID_VALUE', 'routing.exploration.sample_min', explore({ sampleMin: -1 })],
    ['INVALID_VALUE', 'routing.exploration', explore({}, RoutingStrategy.ORDER)],
    ['INVALID_VALUE', 'routing.attempts_max', make({ routing: { attemptsMax: 11 } })],
    ['INVALID_VALUE', 'routing.attempts_max', make({ routing: { attemptsMax: -1 } })],
    ['TOO_MANY', 'routing.rules', make({ routing: { rules: Array.from({ length: 101 }, () => ({})) } })],
    ['INVALID_VALUE', 'routing.rules[0].currency', rule({ currency: 'euro' })],
    ['INVALID_VALUE', 'routing.rules[0].amount_min', rule({ amountMin: -1n })],
    ['INVALID_VALUE', 'routing.rules[0].amount_max', rule({ amountMin: 2n, amountMax: 1n })],
    ['MISSING_FIELD', 'routing.rules[0].providers', rule({ providers: [] })],
    ['TOO_MANY', 'routing.rules[0].providers', rule({ providers: names(21) })],
    ['INVALID_VALUE', 'routing.rules[0].providers[1]', rule({ providers: ['a', 'A'] })],
    ['INVALID_VALUE', 'routing.rules[0].providers[1]', rule({ providers: ['a', 'a'] })],
    ['INVALID_VALUE', 'routing.rules[0].providers[0]', rule({ providers: ['p'.repeat(33)] })],
  ])('%s in %s', (reason, field, answer) => {
    expect(answer).toEqual({ op: 'malformed', reason, field });
  });

  test('at the very bounds nothing is malformed', () => {
    expect(rule({ providers: names(20), amountMin: 2n, amountMax: 2n })).toMatchObject({
      op: 'createMerchant',
    });
  });
});

test('a change says nothing of what is absent', () => {
  expect(update({ settlementDays: 0 })).toEqual({
    op: 'updateMerchant',
    id: CHANGE,
    merchant: MERCHANT,
    name: null,
    fees: null,
    tax: null,
    feesReturned: null,
    settlementDays: 0,
    reserve: null,
    routing: null,
  });
  expect(
    update({ fees: {}, tax: {}, reserve: {}, feesReturned: false, routing: {}, name: 'New' }),
  ).toMatchObject({
    name: 'New',
    fees: [],
    tax: { taxPpm: 0, taxJurisdiction: '' },
    reserve: { ppm: 0, days: 0 },
    feesReturned: false,
    routing: { strategy: 'score', rules: [], attemptsMax: 3 },
  });
});

test.each<[string, MessageInitShape<typeof MerchantUpdateSchema>, string, string]>([
  ['nothing to change', {}, 'NOTHING_TO_CHANGE', ''],
  ['an empty name', { name: '' }, 'MISSING_FIELD', 'name'],
  ['a tax without its jurisdiction', { tax: { ppm: 1 } }, 'MISSING_FIELD', 'tax.jurisdiction'],
  ['a reserve for no time', { reserve: { ppm: 1 } }, 'INVALID_VALUE', 'reserve.days'],
  ['a reserve of nothing', { reserve: { days: 1 } }, 'INVALID_VALUE', 'reserve.days'],
  ['a reserve of more than all', { reserve: { ppm: 1_000_001, days: 1 } }, 'INVALID_VALUE', 'reserve.ppm'],
  ['a reserve for three years', { reserve: { ppm: 1, days: 1_095 } }, 'INVALID_VALUE', 'reserve.days'],
  ['no such merchant id', { name: 'New', merchantId: 'x' }, 'INVALID_UUID', 'merchant_id'],
])('a change with %s is malformed', (_, change, reason, field) => {
  expect(update(change)).toEqual({ op: 'malformed', reason, field });
});
