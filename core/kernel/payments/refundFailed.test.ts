import { expect, test } from 'vitest';
import { DAY_US } from '../../../test/support/ledger.ts';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';
import { chart } from './chart.ts';
import { dueOf } from './due.ts';

const TERMS = { settlementDays: 2, reserve: { ppm: 100_000, days: 30 } };

function balances(shop: ScriptedShop) {
  const { merchant } = shop;
  return {
    pending: shop.balance(chart.pending(merchant, 'EUR')),
    available: shop.balance(chart.available(merchant, 'EUR')),
    reserve: shop.balance(chart.reserve(merchant, 'EUR')),
  };
}

test('money of a refund that was not done waits for its day as before, and its reserve is kept', () => {
  const shop = new ScriptedShop({}, TERMS);
  shop.done(shop.last('sale'));
  const { availableAtUs } = shop.intent;
  shop.refund(null);
  expect(dueOf(shop.intent)).toBe(shop.shard.nowUs);
  shop.came(shop.last('refund'), DECLINED);
  expect(balances(shop)).toEqual({ pending: 10_000n, available: 0n, reserve: 0n });
  expect(dueOf(shop.intent)).toBe(availableAtUs);
  expect(shop.advance()).toBe('nothing');
  shop.shard.nowUs = availableAtUs;
  expect(shop.advance()).toBe('events');
  expect(balances(shop)).toEqual({ pending: 0n, available: 9_000n, reserve: 1_000n });
});

test('the same where its day has come meanwhile: it becomes available at once, less the reserve', () => {
  const shop = new ScriptedShop({}, TERMS);
  shop.done(shop.last('sale'));
  const { availableAtUs } = shop.intent;
  shop.refund(4_000n);
  shop.shard.nowUs = availableAtUs + DAY_US;
  shop.advance();
  expect(balances(shop)).toEqual({ pending: 0n, available: 5_400n, reserve: 600n });
  shop.came(shop.last('refund'), DECLINED);
  expect(dueOf(shop.intent)).toBe(availableAtUs);
  shop.advance();
  expect(balances(shop)).toEqual({ pending: 0n, available: 9_000n, reserve: 1_000n });
});

test('of several captures none becomes available before its day', () => {
  const shop = new ScriptedShop({ capture: 'manual' }, TERMS);
  shop.done(shop.last('authorize'));
  shop.capture(6_000n, false);
  shop.done(shop.last('capture'));
  const { availableAtUs } = shop.intent;
  shop.shard.nowUs += DAY_US;
  shop.capture(null);
  shop.done(shop.last('capture'));
  const { later } = shop.intent;
  expect(later).toMatchObject([{ amount: 4_000n }]);
  shop.refund(3_000n);
  expect(shop.intent.later).toMatchObject([{ amount: 1_000n }]);
  shop.came(shop.last('refund'), DECLINED);
  expect(shop.intent).toMatchObject({ availableAtUs, later });
  // What was taken of the day before as well comes with the last of it.
  shop.refund(5_000n);
  shop.came(shop.last('refund'), DECLINED);
  expect(shop.intent).toMatchObject({ availableAtUs, later: [{ amount: 5_000n, atUs: later[0].atUs }] });
});

test('money that was available goes back to where it came from', () => {
  const shop = new ScriptedShop({}, TERMS);
  shop.done(shop.last('sale'));
  shop.shard.nowUs = shop.intent.availableAtUs;
  shop.advance();
  shop.refund(4_000n);
  shop.came(shop.last('refund'), DECLINED);
  expect(balances(shop)).toEqual({ pending: 0n, available: 9_000n, reserve: 1_000n });
  expect(dueOf(shop.intent)).toBe(shop.intent.reserves[0].untilUs);
});
