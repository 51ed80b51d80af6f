import { describe, expect, test } from 'vitest';
import { DECLINED, ScriptedShop, STOLEN } from '../../../test/support/scriptedShop.ts';
import type { EventKind, Outcome } from './commands.ts';
import { stepsOf } from './due.ts';

/** A payment that is paid, by a sale. */
function paid(): ScriptedShop {
  const shop = new ScriptedShop();
  shop.done(shop.last('sale'));
  return shop;
}

const DONE: Outcome = {
  done: 'succeeded',
  amount: 4_000n,
  currency: 'EUR',
  providerReference: 'x',
  cost: 0n,
  expiresAtUs: Infinity,
};

describe('an event of something that nobody here has asked for', () => {
  test('proves nothing of the call that it names: a refund that failed takes no sale back', () => {
    const shop = paid();
    expect(shop.told('refund_failed', shop.last('sale'), { proof: DECLINED })).toBe('events');
    expect(shop.last('sale')).toMatchObject({ state: 'succeeded' });
    expect(shop.intent.counters).toMatchObject({ captured: 10_000n, returned: 0n });
  });

  test('is an operator’s to see: a refund at the provider’s own pages is not passed over', () => {
    for (const proof of [DONE, null]) {
      const shop = paid();
      expect(shop.told('refunded', shop.last('sale'), { proof })).toBe('events');
      expect(shop.intent.attention).toBe('the provider reports refunded, which nobody here asked for');
      expect(shop.settle(shop.last('sale'), 'accept')).toBe('events');
      expect(shop.intent).toMatchObject({ state: 'succeeded', attention: '' });
    }
  });

  test('does not pass for an authorisation that is asked for', () => {
    for (const kind of ['captured', 'voided', 'refunded'] satisfies EventKind[]) {
      const shop = new ScriptedShop({ capture: 'manual' });
      shop.came(shop.last('authorize'), { done: 'unknown', why: 'a timeout' });
      expect(shop.told(kind, shop.last('authorize'), { proof: DONE })).toBe('events');
      expect(shop.last('authorize')).toMatchObject({ state: 'unknown', said: null });
      expect(shop.intent.counters.authorized).toBe(0n);
    }
  });
});

describe('an event that says that the payer has done what was asked', () => {
  const URL = 'https://bank.example/challenge';

  test('makes the payment go on at once, and moves nothing by itself', () => {
    const shop = new ScriptedShop();
    shop.came(shop.last('sale'), { done: 'requires_action', providerReference: 'p', url: URL });
    expect(shop.last('sale').dueUs).toBeGreaterThan(shop.shard.nowUs);
    expect(shop.told('action_done', shop.last('sale'))).toBe('events');
    expect(shop.last('sale')).toMatchObject({ state: 'requires_action', dueUs: shop.shard.nowUs });
    expect(shop.intent.state).toBe('requires_action');
    const moments = { nowUs: shop.shard.nowUs, sinceUs: 0 };
    expect(stepsOf(shop.intent, moments)).toMatchObject([{ do: 'continue' }]);
  });

  test('says nothing where nobody waits for it', () => {
    const shop = paid();
    expect(shop.told('action_done', shop.last('sale'))).toBe('nothing');
    expect(shop.intent).toMatchObject({ state: 'succeeded', attention: '' });
  });
});

test('an event that the books have no room for is kept for an operator', () => {
  const shop = new ScriptedShop();
  const [sale] = shop.intent.operations;
  shop.came(sale, STOLEN);
  shop.done(sale);
  // Of money that came late a part goes back, and the rest is taken for what was to be paid.
  shop.done(shop.last('refund'), { amount: 4_000n });
  expect(shop.settle(shop.last('refund'), 'accept')).toBe('events');
  expect(shop.settle(shop.last('refund'), 'accept')).toBe('events');
  expect(shop.intent.counters).toMatchObject({ captured: 6_000n, unapplied: 0n });
  const moved = { reference: 'AC04', amount: 10_000n, currency: 'EUR', cost: 0n };
  expect(shop.told('debit_returned', sale, { moved })).toBe('events');
  expect(shop.intent.attention).toBe(
    'debit_returned of a sale that is succeeded, of a payment that is succeeded',
  );
  expect(shop.intent.counters).toMatchObject({ captured: 6_000n, returned: 0n });
});

test('of what is proven a provider is asked less and less often, whatever it answers that proves nothing', () => {
  for (const outcome of [{ done: 'not_found' }, { done: 'accepted', providerReference: 'x' }] as const) {
    const shop = paid();
    shop.told('capture_failed', shop.last('sale'));
    let asked = 0;
    while (shop.last('sale').dueUs !== Infinity && asked < 20) {
      shop.shard.nowUs = shop.last('sale').dueUs;
      shop.came(shop.last('sale'), outcome);
      asked++;
    }
    expect(asked).toBe(11);
    expect(shop.intent).toMatchObject({ state: 'succeeded', attention: expect.stringContaining('reported') });
    // What it tells next is asked about like the first time.
    shop.told('capture_failed', shop.last('sale'));
    expect(shop.last('sale')).toMatchObject({ silent: 0, dueUs: shop.shard.nowUs });
  }
});
