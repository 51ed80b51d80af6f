import { describe, expect, test } from 'vitest';
import { DECLINED, ScriptedShop, STOLEN } from '../../../test/support/scriptedShop.ts';
import { chart } from './chart.ts';
import type { Operation } from './model.ts';

const RETURNED = { moved: { reference: 'AC04', amount: 10_000n, currency: 'EUR', cost: 400n } };

/** A sale that was declined, and is done after all: nobody's money, on its way back. */
function late(more: { amount?: bigint; currency?: string } = {}): {
  shop: ScriptedShop;
  sale: () => Operation;
} {
  const shop = new ScriptedShop();
  const sale = () => shop.intent.operations[0];
  shop.came(sale(), STOLEN);
  shop.done(sale(), more);
  return { shop, sale };
}

/** The same of a payment that another provider has been paid with meanwhile. */
function lateBesideAnother(): { shop: ScriptedShop; sale: () => Operation } {
  const shop = new ScriptedShop();
  const sale = () => shop.intent.operations[0];
  shop.came(sale(), DECLINED);
  shop.done(shop.last('authorize'));
  shop.done(shop.last('capture'));
  shop.done(sale());
  return { shop, sale };
}

describe('a debit that is returned of money that is nobody’s', () => {
  test('is not taken from the merchant, who never had it', () => {
    const { shop, sale } = lateBesideAnother();
    shop.came(shop.last('refund'), DECLINED);
    expect(shop.told('debit_returned', sale(), RETURNED)).toBe('events');
    expect(shop.intent.counters).toMatchObject({ captured: 10_000n, returned: 0n, unapplied: 0n });
    expect(shop.balance(chart.pending(shop.merchant, 'EUR'))).toBe(10_000n);
    expect(shop.balance(chart.unappliedFunds('EUR'))).toBe(0n);
    expect(shop.balance(chart.pspReceivable('alpha', 'EUR'))).toBe(-400n);
    expect(shop.balance(chart.expensePspFees('EUR'))).toBe(400n);
    expect(sale()).toMatchObject({ state: 'failed', attention: expect.stringContaining('took a sale back') });
  });

  test('is booked while it is on its way back, which comes to nothing then, or is a loss', () => {
    for (const [outcome, lost] of [
      [DECLINED, 0n],
      ['done', 10_000n],
    ] as const) {
      const { shop, sale } = late();
      expect(shop.told('debit_returned', sale(), RETURNED)).toBe('events');
      expect(sale()).toMatchObject({ state: 'failed', attention: 'the provider took a sale back' });
      expect(shop.intent.counters).toMatchObject({ unapplied: 0n, returned: 0n });
      if (outcome === 'done') shop.done(shop.last('refund'));
      else shop.came(shop.last('refund'), outcome);
      expect(stands(shop)).toEqual({ unapplied: 0n, inFlight: 0n, contested: 0n, lost });
      expect(shop.balance(chart.pspReceivable('alpha', 'EUR'))).toBe(-lost - 400n);
    }
  });
});

test('money that comes once more after it was called back goes back as another refund', () => {
  const { shop, sale } = late();
  shop.came(shop.last('refund'), DECLINED);
  shop.told('debit_returned', sale(), { moved: { ...RETURNED.moved, cost: 0n } });
  shop.done(sale());
  const [first, second] = shop.intent.operations.filter(({ kind }) => kind === 'refund');
  expect(second).toMatchObject({ state: 'pending', amount: 10_000n });
  expect(second.id).not.toBe(first.id);
});

test('money that comes once more after it had gone back and was called back makes up for that', () => {
  const { shop, sale } = late();
  shop.done(shop.last('refund'));
  shop.told('debit_returned', sale(), { moved: { ...RETURNED.moved, cost: 0n } });
  expect(stands(shop)).toMatchObject({ unapplied: 0n, lost: 10_000n });
  shop.done(sale());
  expect(stands(shop)).toEqual({ unapplied: 0n, inFlight: 0n, contested: 0n, lost: 0n });
  expect(shop.intent.operations.filter(({ kind }) => kind === 'refund')).toHaveLength(1);
});

function stands(shop: ScriptedShop) {
  return {
    unapplied: shop.balance(chart.unappliedFunds('EUR')),
    inFlight: shop.balance(chart.refundsInFlight('EUR')),
    contested: shop.balance(chart.disputePending('alpha', 'EUR')),
    lost: shop.balance(chart.expenseMerchantLoss('EUR')),
  };
}

describe('a dispute of money that is nobody’s', () => {
  const moved = { reference: 'dp_1', amount: 10_000n, currency: 'EUR', cost: 1_500n };
  const free = { ...moved, cost: 0n };
  const NOTHING = { unapplied: 0n, inFlight: 0n, contested: 0n, lost: 0n };

  /** One whose way back has come to nothing, or to what is said. */
  function contested(back: 'failed' | 'done'): { shop: ScriptedShop; sale: () => Operation } {
    const { shop, sale } = late();
    if (back === 'done') shop.done(shop.last('refund'));
    else shop.came(shop.last('refund'), DECLINED);
    expect(shop.told('dispute_opened', sale(), { moved, occurredUs: 1 })).toBe('events');
    return { shop, sale };
  }

  test('costs the merchant nothing, and bars no refund of what is the merchant’s', () => {
    const { shop, sale } = lateBesideAnother();
    shop.told('dispute_opened', sale(), { moved });
    expect(shop.intent.counters.disputed).toBe(0n);
    expect(shop.balance(chart.merchantReceivable(shop.merchant, 'EUR'))).toBe(0n);
    expect(shop.balance(chart.disputeHold(shop.merchant, 'EUR'))).toBe(0n);
    expect(shop.balance(chart.expensePspFees('EUR'))).toBe(1_500n);
    expect(shop.refund(1_000n)).toBe('events');
  });

  test('holds it until it is decided: nothing of it can be sent back or taken', () => {
    const { shop, sale } = contested('failed');
    expect(stands(shop)).toEqual({ ...NOTHING, unapplied: 10_000n, contested: 10_000n });
    expect(shop.settle(sale(), 'send_back')).toBe('PAYMENT_STATE');
    expect(shop.settle(sale(), 'accept')).toBe('events');
    expect(shop.intent.counters).toMatchObject({ captured: 0n, unapplied: 10_000n });
    shop.told('dispute_won', sale(), { moved: free, occurredUs: 2 });
    expect(stands(shop)).toEqual({ ...NOTHING, unapplied: 10_000n });
    expect(shop.settle(sale(), 'send_back')).toBe('events');
  });

  test('that is lost takes it, and what had gone back before is a loss', () => {
    for (const [back, lost] of [
      ['failed', 0n],
      ['done', 10_000n],
    ] as const) {
      const { shop, sale } = contested(back);
      shop.told('dispute_lost', sale(), { moved: free, occurredUs: 2 });
      expect(stands(shop)).toEqual({ ...NOTHING, lost });
      expect(shop.intent).toMatchObject({ counters: { unapplied: 0n }, disputes: [{ source: 'unapplied' }] });
      // It is won after all.
      shop.told('dispute_won', sale(), { moved: free, occurredUs: 3 });
      expect(stands(shop)).toEqual({ ...NOTHING, unapplied: 10_000n - lost });
    }
  });

  test('that is lost while it is on its way back, where another amount than was asked goes back: the two together are a loss', () => {
    const { shop, sale } = late();
    shop.told('dispute_lost', sale(), { moved: free, occurredUs: 2 });
    shop.done(shop.last('refund'), { amount: 9_999n });
    expect(shop.last('refund')).toMatchObject({ state: 'pending', said: { amount: 9_999n } });
    expect(shop.settle(shop.last('refund'), 'accept')).toBe('events');
    expect(shop.last('refund')).toMatchObject({ state: 'succeeded' });
    expect(stands(shop)).toEqual({ ...NOTHING, lost: 9_999n });
    // That only a part was sent back is told, too.
    expect(shop.settle(shop.last('refund'), 'accept')).toBe('events');
    expect(shop.last('refund').attention).toBe('');
  });

  test('that is told twice, or out of order, moves nothing but the fee of its opening, once', () => {
    const { shop, sale } = late();
    shop.told('dispute_lost', sale(), { moved: free, occurredUs: 2 });
    expect(shop.told('dispute_opened', sale(), { moved, occurredUs: 1 })).toBe('events');
    expect(shop.told('dispute_opened', sale(), { moved, occurredUs: 1 })).toBe('nothing');
    expect(shop.balance(chart.expensePspFees('EUR'))).toBe(1_500n);
    expect(stands(shop)).toMatchObject({ contested: 0n });
  });
});

describe('what a provider did otherwise than was asked', () => {
  test('is remembered over a contradiction: no more goes back than came', () => {
    const { shop, sale } = late({ amount: 70n });
    shop.came(sale(), DECLINED);
    shop.done(sale(), { amount: 70n });
    expect(sale()).toMatchObject({ attention: '', said: { amount: 70n } });
    shop.came(shop.last('refund'), DECLINED);
    expect(shop.settle(shop.last('refund'), 'send_back')).toBe('events');
    expect(shop.last('refund')).toMatchObject({ state: 'pending', amount: 70n });
    expect(shop.balance(chart.unappliedFunds('EUR'))).toBe(0n);
  });

  test('goes back in its own currency after a contradiction', () => {
    const { shop, sale } = late({ amount: 70n, currency: 'USD' });
    shop.came(sale(), DECLINED);
    shop.done(sale(), { amount: 70n, currency: 'USD' });
    shop.came(shop.last('refund'), DECLINED);
    shop.settle(shop.last('refund'), 'send_back');
    expect(shop.last('refund')).toMatchObject({ amount: 70n, currency: 'USD' });
  });
});

test('what could not be sent back is sent in the currency that came, whatever the provider says of its first way back', () => {
  const { shop } = late();
  shop.came(shop.last('refund'), DECLINED);
  shop.done(shop.last('refund'), { amount: 9_999n, currency: 'USD' });
  expect(shop.settle(shop.last('refund'), 'send_back')).toBe('events');
  expect(shop.last('refund')).toMatchObject({ state: 'pending', amount: 10_000n, currency: 'EUR' });
  expect(shop.balance(chart.unappliedFunds('USD'))).toBe(0n);
});

describe('nobody’s money of which the provider says in the end that it never came', () => {
  test('leaves the books by an operator’s word, and no authorisation of another attempt with it', () => {
    const shop = new ScriptedShop({ capture: 'automatic' });
    const sale = () => shop.intent.operations[0];
    shop.came(sale(), DECLINED);
    shop.done(shop.last('authorize'));
    shop.came(shop.last('capture'), DECLINED);
    shop.done(sale());
    shop.came(sale(), DECLINED);
    expect(shop.intent).toMatchObject({ state: 'conflicted', counters: { memo: 10_000n } });
    // It is on its way back: what comes of that is to be known first.
    expect(shop.settle(sale(), 'accept')).toBe('PAYMENT_STATE');
    shop.came(shop.last('refund'), DECLINED);
    expect(shop.settle(sale(), 'accept')).toBe('events');
    expect(shop.intent.counters).toMatchObject({ authorized: 10_000n, memo: 10_000n, unapplied: 0n });
    expect(shop.balance(chart.unappliedFunds('EUR'))).toBe(0n);
    expect(shop.balance(chart.pspReceivable('alpha', 'EUR'))).toBe(0n);
    expect(sale()).toMatchObject({ state: 'failed', attention: '', source: 'available' });
  });
});

describe('nobody’s money that is not on its way back has an operator', () => {
  test('where the provider took it back, brought it, and contradicted itself', () => {
    const shop = new ScriptedShop();
    const sale = () => shop.intent.operations[0];
    shop.done(sale());
    shop.came(sale(), DECLINED);
    shop.done(sale());
    shop.came(sale(), DECLINED);
    shop.done(sale());
    expect(shop.intent).toMatchObject({
      state: 'conflicted',
      attention: 'the money came after all',
      counters: { unapplied: 10_000n },
    });
  });

  test('where it could not be sent back, whatever was said of that in between', () => {
    const { shop } = late();
    shop.came(shop.last('refund'), DECLINED);
    shop.done(shop.last('refund'), { currency: 'USD' });
    shop.came(shop.last('refund'), DECLINED);
    expect(shop.intent).toMatchObject({ state: 'conflicted', counters: { unapplied: 10_000n } });
    expect(shop.intent.attention).toBe('money that nobody wants could not be sent back');
  });

  test('where a part was sent back after all', () => {
    const { shop } = late();
    shop.came(shop.last('refund'), DECLINED);
    shop.done(shop.last('refund'), { amount: 9_999n });
    expect(shop.intent).toMatchObject({
      attention: 'only a part of the money that nobody wants was sent back',
      counters: { unapplied: 1n },
    });
  });
});

test('another amount than was asked, of what a void has closed, is nobody’s money no more', () => {
  const shop = new ScriptedShop();
  const [sale] = shop.intent.operations;
  shop.done(sale, { amount: 10_001n });
  expect(shop.intent.counters.unapplied).toBe(10_001n);
  shop.came(sale, { done: 'not_found' });
  shop.done(shop.last('void'));
  expect(shop.intent.operations[0]).toMatchObject({ state: 'failed', said: null });
  expect(shop.intent.counters.unapplied).toBe(0n);
  expect(shop.balance(chart.unappliedFunds('EUR'))).toBe(0n);
});
