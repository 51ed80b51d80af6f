import { describe, expect, test } from 'vitest';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';
import { chart } from './chart.ts';

function costs(shop: ScriptedShop, provider = 'alpha'): { spent: bigint; owes: bigint } {
  return {
    spent: shop.balance(chart.expensePspFees('EUR')),
    owes: shop.balance(chart.pspReceivable(provider, 'EUR')),
  };
}

describe('what a provider takes for an operation is booked once', () => {
  test('of a sale that it takes back, and that is done after all', () => {
    const shop = new ScriptedShop();
    const sale = () => shop.intent.operations[0];
    shop.done(sale(), { cost: 30n });
    shop.came(sale(), DECLINED);
    expect(costs(shop)).toEqual({ spent: 30n, owes: -30n });
    shop.done(sale(), { cost: 30n });
    expect(costs(shop)).toEqual({ spent: 30n, owes: 9_970n });
  });

  test('of a refund that comes back, and is done after all', () => {
    const shop = new ScriptedShop();
    shop.done(shop.last('sale'));
    shop.refund(4_000n);
    for (const outcome of ['done', 'declined', 'done'])
      if (outcome === 'done') shop.done(shop.last('refund'), { cost: 30n });
      else shop.came(shop.last('refund'), DECLINED);
    expect(costs(shop)).toEqual({ spent: 30n, owes: 5_970n });
  });

  test('as the provider says it last: the difference is booked, whichever way it goes', () => {
    for (const again of [20n, 45n]) {
      const shop = new ScriptedShop();
      const sale = () => shop.intent.operations[0];
      shop.done(sale(), { cost: 30n });
      shop.came(sale(), DECLINED);
      shop.done(sale(), { cost: again });
      expect(costs(shop)).toEqual({ spent: again, owes: 10_000n - again });
    }
  });

  test('of another amount than was asked, which an operator accepts, sends back, or the provider corrects', () => {
    for (const how of ['accept', 'send_back', 'corrected'] as const) {
      const shop = new ScriptedShop();
      shop.done(shop.last('sale'), { amount: 10_001n, cost: 30n });
      expect(costs(shop).spent).toBe(30n);
      if (how === 'corrected') shop.done(shop.last('sale'), { cost: 25n });
      else expect(shop.settle(shop.last('sale'), how)).toBe('events');
      expect(costs(shop).spent).toBe(how === 'corrected' ? 25n : 30n);
    }
  });
});

describe('what a provider gives instead of taking', () => {
  test('lessens what was spent on it', () => {
    const shop = new ScriptedShop();
    shop.done(shop.last('sale'), { cost: -12n });
    expect(costs(shop)).toEqual({ spent: -12n, owes: 10_012n });
    expect(shop.balance(chart.pending(shop.merchant, 'EUR'))).toBe(10_000n);
  });

  test('for a dispute is the merchant’s, who paid for it', () => {
    const shop = new ScriptedShop({}, { settlementDays: 0 });
    shop.done(shop.last('sale'));
    shop.advance();
    const moved = { reference: 'dp_1', amount: 10_000n, currency: 'EUR' };
    shop.told('dispute_opened', shop.last('sale'), { moved: { ...moved, cost: 1_500n }, occurredUs: 1 });
    shop.told('dispute_won', shop.last('sale'), { moved: { ...moved, cost: -1_500n }, occurredUs: 2 });
    expect(costs(shop)).toEqual({ spent: 0n, owes: 10_000n });
    expect(shop.balance(chart.incomeDispute('EUR'))).toBe(0n);
    const { available, merchantReceivable } = chart;
    const owed = shop.balance(merchantReceivable(shop.merchant, 'EUR'));
    expect(shop.balance(available(shop.merchant, 'EUR')) - owed).toBe(10_000n);
  });
});
