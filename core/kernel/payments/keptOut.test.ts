import { expect, test } from 'vitest';
import { create, open, posting } from '../../../test/support/ledger.ts';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';
import { chart } from './chart.ts';
import { dueOf } from './due.ts';

/** A payment of whose pending money a caller of the ledger has moved a part elsewhere. */
function moved(): ScriptedShop {
  const shop = new ScriptedShop({}, { settlementDays: 0 });
  shop.done(shop.intent.operations[0]);
  const { shard, merchant } = shop;
  const elsewhere = shard.id();
  shard.ledger(open(elsewhere, { code: 'elsewhere', asset: 'EUR', normalSide: 2 }));
  const pending = chart.pending(merchant, 'EUR');
  shard.ledger(create(shard.id(), [posting(pending.id, elsewhere, 1n)]));
  expect(shop.balance(pending)).toBe(9_999n);
  return shop;
}

/** What the merchant has, and owes for what was moved. */
function stands(shop: ScriptedShop) {
  const { merchant } = shop;
  return {
    pending: shop.balance(chart.pending(merchant, 'EUR')),
    available: shop.balance(chart.available(merchant, 'EUR')),
    owed: shop.balance(chart.merchantReceivable(merchant, 'EUR')),
  };
}

test('what a caller moved away keeps no money from becoming available: the merchant owes it', () => {
  const shop = moved();
  expect(shop.advance()).toBe('events');
  expect(stands(shop)).toEqual({ pending: 0n, available: 10_000n, owed: 1n });
  expect(dueOf(shop.intent)).toBe(Infinity);
});

test('what a caller moved away keeps no capture from being taken back', () => {
  const shop = moved();
  shop.came(shop.intent.operations[0], DECLINED);
  expect(shop.intent.counters).toMatchObject({ captured: 0n, returned: 10_000n });
  expect(stands(shop)).toEqual({ pending: 0n, available: 0n, owed: 1n });
});

test('a caller’s refund still meets the floor', () => {
  const shop = moved();
  expect(shop.refund(null)).toBe('INSUFFICIENT_FUNDS');
  expect(shop.refund(9_999n)).toBe('events');
});

test('what is owed already is not paid by owing it', () => {
  const shop = moved();
  shop.advance();
  const [first] = shop.intent.operations;
  const again = shop.shard.create(shop.shard.state.payments.merchants.values().next().value!);
  shop.shard.succeed(again);
  const pending = chart.pending(shop.merchant, 'EUR');
  const elsewhere = shop.shard.id();
  shop.shard.ledger(open(elsewhere, { code: 'elsewhere else', asset: 'EUR', normalSide: 2 }));
  shop.shard.ledger(create(shop.shard.id(), [posting(pending.id, elsewhere, 10_000n)]));
  expect(first.state).toBe('succeeded');
  expect(shop.shard.attempt({ op: 'advanceIntent', id: shop.shard.id(), intent: again.id })).toBe('events');
  expect(stands(shop)).toEqual({ pending: 0n, available: 19_999n, owed: 10_000n });
});
