import { describe, expect, test } from 'vitest';
import { foldOf } from '../../../test/support/foldedShard.ts';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';
import type { Operation } from './model.ts';

/** A payment that has let go of an authorisation which turned up while it was to be closed, and has gone on without it. */
function goneOn(): { shop: ScriptedShop; first: () => Operation } {
  const shop = new ScriptedShop({ capture: 'manual' });
  const first = (): Operation => shop.intent.operations[0];
  shop.came(first(), { done: 'not_found' });
  shop.done(first());
  shop.done(shop.last('void'));
  expect(shop.intent).toMatchObject({ state: 'processing', attempts: [{ state: 'voided' }, {}] });
  return { shop, first };
}

describe('that an authorisation was none after all, which was let go of before, an operator may accept', () => {
  test('and what the next provider has authorised stays', () => {
    const { shop, first } = goneOn();
    shop.done(shop.last('authorize'));
    shop.came(first(), DECLINED);
    expect(shop.intent.attention).toBe('two proofs contradict each other');
    expect(shop.settle(first(), 'accept')).toBe('events');
    expect(shop.intent).toMatchObject({
      state: 'requires_capture',
      attention: '',
      counters: { authorized: 10_000n, memo: 10_000n },
      attempts: [{}, { state: 'authorized' }],
    });
    expect(first().state).toBe('failed');
    shop.shard.seal();
    expect(foldOf(0, shop.shard.blocks).findings.list).toEqual([]);
  });

  test('also where no other provider has the payment', () => {
    const { shop, first } = goneOn();
    shop.came(shop.last('authorize'), { ...DECLINED, code: 'stolen_card' });
    shop.came(first(), DECLINED);
    expect(shop.settle(first(), 'accept')).toBe('events');
    expect(shop.intent).toMatchObject({
      state: 'requires_payment_method',
      counters: { authorized: 0n, memo: 0n },
    });
    shop.shard.seal();
    expect(foldOf(0, shop.shard.blocks).findings.list).toEqual([]);
  });
});

test('control: that one was none of which some is captured, no operator can accept', () => {
  const shop = new ScriptedShop({ capture: 'manual' });
  shop.done(shop.last('authorize'));
  shop.capture(4_000n, false);
  shop.done(shop.last('capture'));
  shop.came(shop.last('authorize'), DECLINED);
  expect(shop.settle(shop.last('authorize'), 'accept')).toBe('EXCEEDS_AUTHORIZED');
  expect(shop.intent.counters).toMatchObject({ authorized: 10_000n, captured: 4_000n, memo: 6_000n });
});
