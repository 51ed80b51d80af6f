import { describe, expect, test } from 'vitest';
import { create, open, posting } from '../../../test/support/ledger.ts';
import { DECLINED, ScriptedShop, STOLEN } from '../../../test/support/scriptedShop.ts';
import { chart } from './chart.ts';
import type { EventKind } from './commands.ts';

/** A payment of 100.00 that is paid by a sale, and its money is the merchant's. */
function paid(): ScriptedShop {
  const shop = new ScriptedShop({}, { settlementDays: 0 });
  shop.done(shop.last('sale'));
  shop.advance();
  return shop;
}

/** What a provider tells of a refund that was made at its own pages. */
function told(
  shop: ScriptedShop,
  amount: bigint,
  more: { kind?: EventKind; reference?: string; currency?: string; cost?: bigint; occurredUs?: number } = {},
): string {
  const { kind = 'refunded', reference = 're_1', currency = 'EUR', cost = 0n, occurredUs = 10 } = more;
  const moved = { reference, amount, currency, cost };
  return shop.told(kind, shop.intent.operations[0], { moved, occurredUs });
}

function stands(shop: ScriptedShop) {
  return {
    receivable: shop.balance(chart.pspReceivable('alpha', 'EUR')),
    available: shop.balance(chart.available(shop.merchant, 'EUR')),
    owed: shop.balance(chart.merchantReceivable(shop.merchant, 'EUR')),
    inFlight: shop.balance(chart.refundsInFlight('EUR')),
    unapplied: shop.balance(chart.unappliedFunds('EUR')),
    lost: shop.balance(chart.expenseMerchantLoss('EUR')),
  };
}

const NOTHING = { receivable: 0n, available: 0n, owed: 0n, inFlight: 0n, unapplied: 0n, lost: 0n };

describe('a refund that somebody made at the provider’s own pages', () => {
  test('is a refund of the merchant’s, known by the provider’s reference', () => {
    const shop = paid();
    expect(told(shop, 4_000n, { cost: 7n })).toBe('events');
    expect(shop.last('refund')).toMatchObject({
      foreign: true,
      request: '',
      state: 'succeeded',
      amount: 4_000n,
      providerReference: 're_1',
      dueUs: Infinity,
      source: 'available',
      attention: '',
    });
    expect(shop.intent.counters).toMatchObject({ captured: 10_000n, refunded: 4_000n, refunding: 0n });
    expect(stands(shop)).toEqual({ ...NOTHING, receivable: 5_993n, available: 6_000n });
  });

  test('is one refund however often, and in whatever events, it is told', () => {
    const shop = paid();
    told(shop, 4_000n);
    expect(told(shop, 4_000n, { occurredUs: 11 })).toBe('nothing');
    expect(told(shop, 4_000n, { occurredUs: 9 })).toBe('nothing');
    expect(told(shop, 1_000n, { reference: 're_2' })).toBe('events');
    expect(shop.intent.counters.refunded).toBe(5_000n);
  });

  test('leaves so much less to refund', () => {
    const shop = paid();
    told(shop, 9_000n);
    expect(shop.refund(1_001n)).toBe('EXCEEDS_CAPTURED');
    expect(shop.refund(1_000n)).toBe('events');
  });

  test('is owed by a merchant who has nothing left', () => {
    const shop = paid();
    shop.shard.ledger(payOut(shop, 10_000n));
    told(shop, 10_000n);
    expect(stands(shop)).toEqual({ ...NOTHING, owed: 10_000n });
  });

  test('beside a refund of ours that is under way, which comes to nothing then, is the merchant’s whole', () => {
    const shop = paid();
    shop.refund(6_000n);
    expect(told(shop, 10_000n)).toBe('events');
    shop.came(shop.intent.operations[1], DECLINED);
    expect(shop.intent.counters).toMatchObject({ captured: 10_000n, refunded: 10_000n, refunding: 0n });
    // What was not there is owed, and is paid by the next money that becomes available.
    expect(stands(shop)).toEqual({ ...NOTHING, available: 6_000n, owed: 6_000n });
  });

  test('beside a refund of ours that is done all the same, is one too many: both are booked, and an operator sees it', () => {
    const shop = paid();
    shop.refund(10_000n);
    expect(told(shop, 10_000n)).toBe('events');
    expect(shop.intent.attention).toBe('');
    shop.done(shop.intent.operations[1]);
    expect(shop.intent.counters).toMatchObject({ captured: 10_000n, refunded: 20_000n, refunding: 0n });
    expect(shop.intent.attention).toBe('the provider refunded more than there was to refund');
    expect(stands(shop)).toEqual({ ...NOTHING, receivable: -10_000n, owed: 10_000n });
    expect(shop.settle(shop.intent.operations[1], 'accept')).toBe('events');
    expect(shop.intent.attention).toBe('');
  });

  test('of more than was ever captured is a loss, and an operator sees it', () => {
    const shop = paid();
    told(shop, 10_500n);
    expect(shop.intent.counters).toMatchObject({ refunded: 10_000n, unapplied: 0n });
    expect(stands(shop)).toEqual({ ...NOTHING, receivable: -500n, lost: 500n });
    expect(shop.intent.attention).toBe('the provider refunded more than there was to refund');
    expect(shop.settle(shop.last('refund'), 'ask_again')).toBe('PAYMENT_STATE');
    expect(shop.settle(shop.last('refund'), 'accept')).toBe('events');
    expect(shop.intent.attention).toBe('');
  });

  test('that fails after that, or was told to have failed before, moves nothing in the end', () => {
    for (const kinds of [
      ['refunded', 'refund_failed'],
      ['refund_failed', 'refunded'],
    ] as const) {
      const shop = paid();
      for (const kind of kinds) told(shop, 10_500n, { kind, occurredUs: kind === 'refunded' ? 10 : 11 });
      expect(shop.intent.counters).toMatchObject({ refunded: 0n, refunding: 0n, unapplied: 0n });
      expect(stands(shop)).toEqual({ ...NOTHING, receivable: 10_000n, available: 10_000n });
      expect(told(shop, 10_500n, { kind: 'refund_failed', occurredUs: 12 })).toBe('nothing');
    }
  });

  test('before what it gives back is proven is to be told again', () => {
    const shop = new ScriptedShop({}, { settlementDays: 0 });
    shop.came(shop.last('sale'), { done: 'unknown', why: 'a timeout' });
    expect(told(shop, 4_000n)).toBe('later');
    shop.done(shop.intent.operations[0]);
    expect(told(shop, 4_000n)).toBe('events');
    expect(shop.intent.counters).toMatchObject({ captured: 10_000n, refunded: 4_000n });
  });

  test('of ours, that is named by the provider’s reference alone, is ours', () => {
    const shop = paid();
    shop.refund(4_000n);
    shop.done(shop.last('refund'), { providerReference: 're_1' });
    const moved = { reference: 're_1', amount: 4_000n, currency: 'EUR', cost: 0n };
    const { providerReference: payment } = shop.intent.attempts[0];
    expect(shop.told('refunded', shop.intent.operations[0], { operation: '', payment, moved })).toBe(
      'nothing',
    );
    expect(shop.intent.counters.refunded).toBe(4_000n);
  });
});

describe('a refund at the provider’s own pages of money that is nobody’s', () => {
  /** A sale that was declined, and is done after all: on its way back. */
  function late(): ScriptedShop {
    const shop = new ScriptedShop();
    shop.came(shop.intent.operations[0], STOLEN);
    shop.done(shop.intent.operations[0]);
    return shop;
  }

  test('is its way back', () => {
    const shop = late();
    shop.came(shop.last('refund'), DECLINED);
    told(shop, 10_000n);
    expect(shop.last('refund')).toMatchObject({ foreign: true, source: 'unapplied' });
    expect(shop.intent.counters).toMatchObject({ unapplied: 0n, refunded: 0n });
    expect(stands(shop)).toEqual(NOTHING);
  });

  test('while it is on its way back already waits for nothing: ours comes to nothing then, or both are done', () => {
    for (const [outcome, lost] of [
      [DECLINED, 0n],
      ['done', 10_000n],
    ] as const) {
      const shop = late();
      const ours = shop.last('refund');
      told(shop, 10_000n);
      if (outcome === 'done') shop.done(ours);
      else shop.came(ours, outcome);
      expect(shop.intent.counters.unapplied).toBe(0n);
      expect(stands(shop)).toEqual({ ...NOTHING, receivable: -lost, lost });
    }
  });

  test('of a sale of another amount than was asked leaves the rest to an operator', () => {
    const shop = new ScriptedShop();
    shop.done(shop.last('sale'), { amount: 10_001n });
    told(shop, 1n);
    expect(stands(shop)).toEqual({ ...NOTHING, receivable: 10_000n, unapplied: 10_000n });
    expect(shop.settle(shop.last('sale'), 'send_back')).toBe('events');
    expect(shop.last('refund')).toMatchObject({ state: 'pending', amount: 10_000n });
  });
});

function payOut(shop: ScriptedShop, amount: bigint) {
  const { shard } = shop;
  const elsewhere = shard.id();
  shard.ledger(open(elsewhere, { code: `elsewhere:${elsewhere}`, asset: 'EUR', normalSide: 2 }));
  return create(shard.id(), [posting(chart.available(shop.merchant, 'EUR').id, elsewhere, amount)]);
}
