import { expect, test } from 'vitest';
import { create, hold, open, posting } from '../../../test/support/ledger.ts';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';
import { wordsOf } from '../ledger/uuid.ts';
import { type ChartAccount, chart } from './chart.ts';

/** Of a caller of the ledger, from an account of the chart to one of its own: whether it was booked. */
function moves(shop: ScriptedShop, from: ChartAccount, amount: bigint): boolean {
  const { shard } = shop;
  const elsewhere = shard.id();
  shard.ledger(open(elsewhere, { code: `elsewhere:${elsewhere}`, asset: 'EUR', normalSide: 2 }));
  const before = shop.balance(from);
  shard.ledger(create(shard.id(), [posting(from.id, elsewhere, amount)]));
  return shop.balance(from) !== before;
}

/** A payment of whose money, which is the merchant's by now, a caller of the ledger has paid a part out. */
function paidOut(): ScriptedShop {
  const shop = new ScriptedShop({}, { settlementDays: 0 });
  shop.done(shop.intent.operations[0]);
  shop.advance();
  expect(moves(shop, chart.available(shop.merchant, 'EUR'), 1n)).toBe(true);
  return shop;
}

/** What the merchant has, and owes. */
function stands(shop: ScriptedShop) {
  const { merchant } = shop;
  return {
    pending: shop.balance(chart.pending(merchant, 'EUR')),
    available: shop.balance(chart.available(merchant, 'EUR')),
    owed: shop.balance(chart.merchantReceivable(merchant, 'EUR')),
  };
}

test('nobody but payments moves what is not the merchant’s yet', () => {
  const shop = new ScriptedShop({}, { settlementDays: 0 });
  shop.done(shop.intent.operations[0]);
  expect(moves(shop, chart.pending(shop.merchant, 'EUR'), 1n)).toBe(false);
  expect(moves(shop, chart.reserve(shop.merchant, 'EUR'), 1n)).toBe(false);
  expect(shop.advance()).toBe('events');
  expect(stands(shop)).toEqual({ pending: 0n, available: 10_000n, owed: 0n });
});

test('nor holds it, nor adds to it', () => {
  const shop = new ScriptedShop({}, { settlementDays: 0 });
  shop.done(shop.intent.operations[0]);
  const { shard } = shop;
  const elsewhere = shard.id();
  shard.ledger(open(elsewhere, { code: 'elsewhere', asset: 'EUR', normalSide: 2 }));
  const pending = chart.pending(shop.merchant, 'EUR');
  const slot = shard.state.accounts.find(shard.book, ...wordsOf(pending.id));
  const before = { ...shard.state.accounts.countersOf(slot) };
  shard.ledger(hold(shard.id(), [posting(pending.id, elsewhere, 1n)]));
  shard.ledger(create(shard.id(), [posting(elsewhere, pending.id, 1n)]));
  expect({ ...shard.state.accounts.countersOf(slot) }).toEqual(before);
});

test('what was paid out keeps no capture from being taken back: the merchant owes it', () => {
  const shop = paidOut();
  shop.came(shop.intent.operations[0], DECLINED);
  expect(shop.intent.counters).toMatchObject({ captured: 0n, returned: 10_000n });
  expect(stands(shop)).toEqual({ pending: 0n, available: 0n, owed: 1n });
});

test('a caller’s refund still meets the floor', () => {
  const shop = paidOut();
  expect(shop.refund(null)).toBe('INSUFFICIENT_FUNDS');
  expect(shop.refund(9_999n)).toBe('events');
});

test('what is owed is paid by the next money that becomes available', () => {
  const shop = paidOut();
  shop.came(shop.intent.operations[0], DECLINED);
  const again = shop.shard.create(shop.shard.state.payments.merchants.values().next().value!);
  shop.shard.succeed(again);
  expect(shop.shard.attempt({ op: 'advanceIntent', id: shop.shard.id(), intent: again.id })).toBe('events');
  expect(stands(shop)).toEqual({ pending: 0n, available: 9_999n, owed: 0n });
});
