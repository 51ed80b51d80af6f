import { describe, expect, test } from 'vitest';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';

/** A payment of which the provider knew nothing, so that a void is to close it. */
function closing(capture: 'automatic' | 'manual'): ScriptedShop {
  const shop = new ScriptedShop({ capture });
  // The first provider sells in one call; by the second one it is an authorisation.
  if (capture === 'automatic') shop.came(shop.last('sale'), DECLINED);
  shop.came(shop.last('authorize'), { done: 'unknown', why: 'a timeout' });
  shop.came(shop.last('authorize'), { done: 'not_found' });
  return shop;
}

describe('an authorisation that turns up while a void is to close it', () => {
  test('waits for the void: nothing is captured, and nobody else is asked', () => {
    for (const capture of ['automatic', 'manual'] as const) {
      const shop = closing(capture);
      shop.done(shop.last('authorize'));
      expect(shop.intent).toMatchObject({ state: 'processing', counters: { memo: 10_000n, capturing: 0n } });
      expect(shop.intent.operations.at(-1)).toMatchObject({ kind: 'void', state: 'pending' });
      expect(shop.capture(null)).toBe('PAYMENT_STATE');
    }
  });

  test('is gone with it, and counts no more where the next provider authorises', () => {
    const shop = closing('manual');
    shop.done(shop.last('authorize'));
    shop.done(shop.last('void'));
    expect(shop.intent).toMatchObject({ state: 'processing', attempts: [{ state: 'voided' }, {}] });
    shop.done(shop.last('authorize'));
    expect(shop.intent.counters).toMatchObject({ authorized: 10_000n, memo: 10_000n });
    expect(shop.capture(10_001n)).toBe('EXCEEDS_AUTHORIZED');
    expect(shop.capture(null)).toBe('events');
    expect(shop.last('capture').amount).toBe(10_000n);
  });

  test('stands where the void is refused, and is captured as was asked', () => {
    const manual = closing('manual');
    manual.done(manual.last('authorize'));
    manual.came(manual.last('void'), DECLINED);
    expect(manual.intent).toMatchObject({ state: 'requires_capture', attention: '' });
    const automatic = closing('automatic');
    automatic.done(automatic.last('authorize'));
    automatic.came(automatic.last('void'), DECLINED);
    expect(automatic.intent).toMatchObject({ state: 'processing', attention: '' });
    expect(automatic.last('capture')).toMatchObject({ state: 'pending', amount: 10_000n });
    automatic.done(automatic.last('capture'));
    expect(automatic.intent).toMatchObject({ state: 'succeeded', counters: { captured: 10_000n } });
  });
});

test('a cancel of which one void is refused waits for the other, and charges nobody again', () => {
  const shop = new ScriptedShop({ capture: 'manual' });
  shop.came(shop.last('authorize'), { done: 'requires_action', providerReference: 'p', url: '' });
  shop.cancel();
  const early = shop.last('void');
  shop.done(shop.last('authorize'));
  shop.came(early, DECLINED);
  expect(shop.intent).toMatchObject({ state: 'processing', canceling: true, attention: '' });
  shop.done(shop.last('void'));
  expect(shop.intent).toMatchObject({ state: 'canceled', attempts: [{ state: 'voided' }] });
});

test('a void that is refused again and again is asked for less and less often, and then by an operator', () => {
  const shop = new ScriptedShop({ capture: 'manual' });
  shop.came(shop.last('authorize'), { done: 'unknown', why: 'a timeout' });
  const [first] = shop.intent.operations;
  const authorization = () => shop.intent.operations.find(({ id }) => id === first.id)!;
  const waits: number[] = [];
  while (authorization().dueUs !== Infinity && waits.length < 20) {
    shop.shard.nowUs = authorization().dueUs;
    shop.came(authorization(), { done: 'not_found' });
    shop.came(shop.last('void'), DECLINED);
    waits.push((authorization().dueUs - shop.shard.nowUs) / 1e6);
  }
  expect(waits).toEqual([5, 30, 120, 300, 3_600, 86_400, 86_400, 86_400, 86_400, 86_400, Infinity]);
  expect(shop.intent.attention).toBe('the provider refuses to void what it does not know');
  // It is settled by hand, as what stays unknown is.
  expect(shop.settle(authorization(), 'not_done')).toBe('events');
  expect(authorization().state).toBe('failed');
});

test('of a sale that is done and let go of both, the provider is asked which it is', () => {
  const shop = new ScriptedShop();
  const sale = () => shop.intent.operations[0];
  shop.came(sale(), { done: 'unknown', why: 'a timeout' });
  shop.came(sale(), { done: 'not_found' });
  shop.done(sale());
  expect(shop.intent.state).toBe('succeeded');
  shop.done(shop.last('void'));
  expect(sale()).toMatchObject({ state: 'succeeded', dueUs: shop.shard.nowUs });
  shop.came(sale(), DECLINED);
  expect(shop.intent.counters).toMatchObject({ captured: 0n, returned: 10_000n, pending: 0n });
  expect(shop.intent.attention).toBe('the provider took a sale back');
});

test('a payment of which the last thing that was asked for is done is not left processing', () => {
  const shop = new ScriptedShop({ capture: 'manual' });
  const { operations } = shop.intent;
  shop.came(operations[0], DECLINED);
  shop.came(operations[1], DECLINED);
  // Both come after all, and are let go of.
  shop.done(operations[0]);
  shop.done(operations[1]);
  const [early, late] = shop.intent.operations.filter(({ kind }) => kind === 'void');
  shop.came(late, { done: 'requires_action', providerReference: '', url: '' });
  expect(shop.intent.state).toBe('conflicted');
  shop.done(late);
  shop.done(early);
  expect(shop.intent).toMatchObject({ state: 'requires_payment_method', attention: '' });
});
