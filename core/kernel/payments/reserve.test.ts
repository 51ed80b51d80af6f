import { expect, test } from 'vitest';
import { DAY_US, NOON_US } from '../../../test/support/ledger.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import { chart, type ChartAccount } from './chart.ts';
import { dueOf } from './due.ts';
import type { Intent, Merchant, Reserve, Terms } from './model.ts';

const UNCHARGED = { fees: [], taxPpm: 0, taxJurisdiction: '', settlementDays: 0 };

class Shop {
  readonly shard = new ScriptedPayments(0, NOON_US);
  readonly merchant: Merchant;

  constructor(reserve: Reserve, more: Partial<Terms> = {}) {
    this.merchant = this.shard.merchant({ ...UNCHARGED, ...more, reserve });
  }

  /** A payment that is captured; at once, or by hand. */
  sold(amount: bigint, capture: 'automatic' | 'manual' = 'automatic'): Intent {
    const intent = this.shard.create(this.merchant, { amount, capture });
    this.shard.succeed(intent);
    return intent;
  }

  captured(amount: bigint): Intent {
    const intent = this.sold(amount, 'manual');
    this.shard.run({ op: 'captureIntent', id: this.shard.id(), intent: intent.id, amount, final: true });
    this.shard.succeed(intent);
    return intent;
  }

  advance(intent: Intent): string {
    return this.shard.attempt({ op: 'advanceIntent', id: this.shard.id(), intent: intent.id });
  }

  refund(intent: Intent, amount: bigint): string {
    return this.shard.attempt({ op: 'refundIntent', id: this.shard.id(), intent: intent.id, amount });
  }

  /** The provider says that the newest operation, which had succeeded, did not. */
  takeBack(intent: Intent): void {
    const providerReference = '';
    this.shard.outcome(intent, {
      done: 'declined',
      code: 'generic_decline',
      providerCode: 'taken back',
      providerReference,
    });
  }

  get balances() {
    const { id } = this.merchant;
    return {
      pending: this.#balance(chart.pending(id, 'EUR')),
      available: this.#balance(chart.available(id, 'EUR')),
      reserve: this.#balance(chart.reserve(id, 'EUR')),
      owed: this.#balance(chart.merchantReceivable(id, 'EUR')),
    };
  }

  #balance(account: ChartAccount): bigint {
    return this.shard.balance(account);
  }
}

test('of money that becomes available the reserve keeps its part, half to even, and releases it after its days', () => {
  const shop = new Shop({ ppm: 100_000, days: 90 });
  const intent = shop.sold(10_005n);
  expect(shop.advance(intent)).toBe('events');
  expect(shop.balances).toEqual({ pending: 0n, available: 9_005n, reserve: 1_000n, owed: 0n });
  expect(intent.counters).toMatchObject({ pending: 0n, reserve: 1_000n });
  expect(dueOf(intent)).toBe(NOON_US + 90 * DAY_US);
  shop.shard.nowUs += 90 * DAY_US - 1;
  expect(shop.advance(intent)).toBe('nothing');
  shop.shard.nowUs += 1;
  expect(shop.advance(intent)).toBe('events');
  expect(shop.balances).toEqual({ pending: 0n, available: 10_005n, reserve: 0n, owed: 0n });
  expect([intent.counters.reserve, intent.reserves, dueOf(intent)]).toEqual([0n, [], Infinity]);
  expect(shop.advance(intent)).toBe('nothing');
});

test('a timer that is late keeps nothing back for longer', () => {
  const shop = new Shop({ ppm: 500_000, days: 10 }, { settlementDays: 1 });
  const intent = shop.sold(100n);
  const dueUs = intent.availableAtUs;
  shop.shard.nowUs = dueUs + 3 * DAY_US;
  shop.advance(intent);
  expect(intent.reserves).toEqual([{ amount: 50n, untilUs: dueUs + 10 * DAY_US }]);
});

test('each capture has a reserve of its own, and each is released in its turn', () => {
  const shop = new Shop({ ppm: 100_000, days: 5 });
  const intent = shop.sold(1_000n, 'manual');
  const capture = { op: 'captureIntent', intent: intent.id } as const;
  for (const final of [false, true]) {
    shop.shard.run({ ...capture, id: shop.shard.id(), amount: final ? null : 400n, final });
    shop.shard.succeed(intent);
    shop.advance(intent);
    shop.shard.nowUs += DAY_US;
  }
  expect(intent.reserves.map(({ amount }) => amount)).toEqual([40n, 60n]);
  shop.shard.nowUs += 3 * DAY_US;
  shop.advance(intent);
  expect(shop.balances).toMatchObject({ available: 940n, reserve: 60n });
  shop.shard.nowUs += DAY_US;
  shop.advance(intent);
  expect(shop.balances).toMatchObject({ available: 1_000n, reserve: 0n });
});

test('a refund takes pending money, then available money, and never the reserve', () => {
  const shop = new Shop({ ppm: 200_000, days: 30 });
  const intent = shop.sold(1_000n);
  shop.advance(intent);
  expect(shop.refund(intent, 801n)).toBe('INSUFFICIENT_FUNDS');
  expect(shop.refund(intent, 800n)).toBe('events');
  expect(shop.balances).toEqual({ pending: 0n, available: 0n, reserve: 200n, owed: 0n });
});

test('a reserve that is agreed later is kept of later payments only', () => {
  const shop = new Shop({ ppm: 0, days: 0 });
  const before = shop.sold(1_000n);
  shop.shard.updateMerchant(shop.merchant, { reserve: { ppm: 100_000, days: 30 } });
  const after = shop.sold(1_000n);
  shop.advance(before);
  shop.advance(after);
  expect([before.counters.reserve, after.counters.reserve]).toEqual([0n, 100n]);
});

test('a capture that is taken back after its money was used leaves a debt, which sales and then the reserve pay', () => {
  const shop = new Shop({ ppm: 100_000, days: 30 });
  const lost = shop.captured(1_000n);
  shop.advance(lost);
  shop.takeBack(lost);
  // What is there to be taken is taken first.
  expect(shop.balances).toEqual({ pending: 0n, available: 0n, reserve: 100n, owed: 100n });
  const small = shop.sold(60n);
  shop.advance(small);
  expect(shop.balances).toEqual({ pending: 0n, available: 0n, reserve: 100n, owed: 40n });
  expect(small.counters.reserve).toBe(0n);
  shop.shard.nowUs += 30 * DAY_US;
  shop.advance(lost);
  expect(shop.balances).toEqual({ pending: 0n, available: 60n, reserve: 0n, owed: 0n });
  const big = shop.sold(1_000n);
  shop.advance(big);
  expect(shop.balances).toEqual({ pending: 0n, available: 960n, reserve: 100n, owed: 0n });
});
