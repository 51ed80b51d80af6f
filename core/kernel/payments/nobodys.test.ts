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

  test('is kept for an operator while it is on its way back, and the payment is paid for all that', () => {
    const { shop, sale } = late();
    expect(shop.told('debit_returned', sale(), RETURNED)).toBe('events');
    expect(sale()).toMatchObject({
      state: 'succeeded',
      attention: expect.stringContaining('debit_returned'),
    });
    expect(shop.intent.counters).toMatchObject({ unapplied: 10_000n, returned: 0n });
    // The bank has it already: nothing can be sent back, and then it is nobody's no more.
    shop.came(shop.last('refund'), DECLINED);
    expect(shop.balance(chart.unappliedFunds('EUR'))).toBe(10_000n);
  });
});

test('a dispute of money that is nobody’s is an operator’s, and the merchant pays nothing for it', () => {
  const { shop, sale } = late();
  const moved = { reference: 'dp_1', amount: 10_000n, currency: 'EUR', cost: 1_500n };
  for (const kind of ['dispute_opened', 'dispute_lost'] as const) {
    expect(shop.told(kind, sale(), { moved })).toBe('events');
    expect(shop.intent).toMatchObject({ disputes: [], counters: { disputed: 0n } });
    expect(shop.intent.attention).toBe(`the provider reports ${kind} of money that is nobody's: 10000 EUR`);
    expect(shop.balance(chart.merchantReceivable(shop.merchant, 'EUR'))).toBe(0n);
  }
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
