import { expect, test } from 'vitest';
import { NOON_US } from '../../../test/support/ledger.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import { TERMS_MAX } from './terms.ts';
import type { FeeRule } from './model.ts';

const flat = (fixed: bigint): FeeRule[] => [{ method: '', currency: 'EUR', ppm: 0, fixed, cap: null }];
const UNTAXED = { taxPpm: 0, taxJurisdiction: '' };

function shopAt(fixed: bigint) {
  const shard = new ScriptedPayments(0, NOON_US);
  const merchant = shard.merchant({ ...UNTAXED, fees: flat(fixed), feesReturned: true });
  return { shard, merchant };
}

test('a payment keeps the terms that it was created under, in captures and refunds that come later', () => {
  const { shard, merchant } = shopAt(100n);
  const before = shard.create(merchant);
  shard.updateMerchant(merchant, { fees: flat(7n), settlementDays: 0, feesReturned: false });
  const after = shard.create(merchant);
  for (const intent of [before, after]) shard.succeed(intent);
  expect([before.counters.fees, after.counters.fees]).toEqual([100n, 7n]);
  expect([before.availableAtUs > shard.nowUs, after.availableAtUs]).toEqual([true, shard.nowUs]);
  for (const intent of [before, after]) {
    shard.run({ op: 'refundIntent', id: shard.id(), intent: intent.id, amount: 5_000n });
    shard.succeed(intent);
  }
  shard.updateMerchant(merchant, { fees: flat(9n) });
  // All of it went back; only the old terms give fees back with it.
  shard.run({ op: 'advanceIntent', id: shard.id(), intent: after.id });
  shard.run({ op: 'refundIntent', id: shard.id(), intent: before.id, amount: 4_900n });
  shard.succeed(before);
  expect([before.counters.fees, after.counters.fees]).toEqual([100n, 7n]);
  expect([before.termsNumber, after.termsNumber, merchant.terms.length]).toEqual([1, 2, 3]);
});

test('a change without other terms, or to the very same ones, gives no new number', () => {
  const { shard, merchant } = shopAt(100n);
  shard.updateMerchant(merchant, { name: 'Another name' });
  shard.updateMerchant(merchant, { fees: flat(100n), tax: UNTAXED, feesReturned: true });
  expect(merchant).toMatchObject({ name: 'Another name', version: 3, terms: [{ fees: flat(100n) }] });
});

test('routing counts at once, also for payments that were created before', () => {
  const { shard, merchant } = shopAt(100n);
  const intent = shard.create(merchant, { confirm: false });
  const asked: string[] = [];
  const { router } = shard;
  shard.router = {
    ...router,
    choose: (request) => {
      asked.push(request.merchant.routing.strategy);
      return router.choose(request);
    },
  };
  shard.updateMerchant(merchant, { routing: { strategy: 'order', rules: [], attemptsMax: 1 } });
  shard.run({ op: 'confirmIntent', id: shard.id(), intent: intent.id, method: null });
  expect(asked).toEqual(['order']);
});

test('a merchant that is not there is not changed', () => {
  const { shard, merchant } = shopAt(100n);
  const same = {
    fees: null,
    tax: null,
    feesReturned: null,
    settlementDays: null,
    reserve: null,
    routing: null,
  };
  const update = {
    op: 'updateMerchant',
    id: shard.id(),
    merchant: shard.id(),
    name: 'New',
    ...same,
  } as const;
  expect(shard.attempt(update)).toBe('MERCHANT_NOT_FOUND');
  expect(merchant.version).toBe(1);
});

test('terms are bounded: a merchant that had too many different ones gets no others', () => {
  const { shard, merchant } = shopAt(0n);
  for (let n = 1; n < TERMS_MAX; n++) shard.updateMerchant(merchant, { fees: flat(BigInt(n)) });
  expect(merchant.terms.length).toBe(TERMS_MAX);
  const same = {
    name: null,
    tax: null,
    feesReturned: null,
    settlementDays: null,
    reserve: null,
    routing: null,
  };
  const update = { op: 'updateMerchant', id: shard.id(), merchant: merchant.id, ...same } as const;
  expect(shard.attempt({ ...update, fees: flat(1n) })).toBe('TERMS_EXHAUSTED');
  expect(shard.attempt({ ...update, name: 'Still another name', fees: null })).toBe('events');
});
