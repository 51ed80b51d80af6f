import { expect, test } from 'vitest';
import { foldOf } from '../../../test/support/foldedShard.ts';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';

/** A capture in part that came after all, while one of all that is authorised is under way; it is sent back. */
function sentBack(final: boolean): ScriptedShop {
  const shop = new ScriptedShop({ capture: 'manual' });
  shop.done(shop.last('authorize'));
  shop.capture(4_000n, final);
  const first = shop.last('capture');
  shop.came(first, DECLINED);
  shop.capture(null);
  shop.done(first);
  expect(shop.intent.attention).toBe('the money came after all');
  expect(shop.settle(first, 'send_back')).toBe('events');
  shop.done(shop.last('refund'));
  return shop;
}

test('a part that is sent back while another capture is under way leaves what its provider still holds', () => {
  const shop = sentBack(false);
  expect(shop.intent.counters).toMatchObject({ memo: 10_000n, capturing: 10_000n });
  shop.came(shop.last('capture'), DECLINED);
  expect(shop.intent).toMatchObject({ state: 'requires_capture' });
  shop.cancel();
  shop.done(shop.last('void'));
  expect(shop.intent).toMatchObject({ state: 'canceled', counters: { memo: 0n, unapplied: 0n } });
  shop.shard.seal();
  expect(foldOf(0, shop.shard.blocks).findings.list).toEqual([]);
});

test('control: one that was the last has the provider let go of the rest', () => {
  const shop = sentBack(true);
  expect(shop.intent.counters).toMatchObject({ memo: 0n, capturing: 10_000n });
  shop.came(shop.last('capture'), DECLINED);
  expect(shop.intent).toMatchObject({ state: 'canceled' });
});
