import { describe, expect, test } from 'vitest';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';
import type { Intent } from './model.ts';

const MOST = 999_999_999_999n;

/** What came of changing the amount, or of raising what is authorised. */
const update = ({ shard, intent }: ScriptedShop, amount: bigint): string =>
  shard.attempt({
    op: 'updateIntent',
    id: shard.id(),
    intent: intent.id,
    amount,
    method: null,
    reference: null,
    description: null,
    metadata: null,
  });
const increment = ({ shard, intent }: ScriptedShop, amount: bigint): string =>
  shard.attempt({ op: 'incrementIntent', id: shard.id(), intent: intent.id, amount });

describe('no payment is of more than twelve digits', () => {
  test('when it is created, whether it is confirmed with that or not', () => {
    for (const confirm of [false, true]) {
      const { shard } = new ScriptedShop();
      const [merchant] = shard.state.payments.merchants.values();
      const created = (amount: bigint): Intent => shard.create(merchant, { amount, confirm });
      expect(created(MOST)).toMatchObject({ amount: MOST });
      expect(() => created(MOST + 1n)).toThrow('AMOUNT_TOO_LARGE');
    }
  });

  test('when it is changed', () => {
    const shop = new ScriptedShop({ confirm: false });
    expect(update(shop, MOST + 1n)).toBe('AMOUNT_TOO_LARGE');
    expect(update(shop, MOST)).toBe('events');
  });

  test('when what is authorised is raised', () => {
    const shop = new ScriptedShop({ capture: 'manual' });
    shop.done(shop.last('authorize'));
    expect(increment(shop, MOST - 9_999n)).toBe('AMOUNT_TOO_LARGE');
    expect(increment(shop, MOST - 10_000n)).toBe('events');
  });

  test('but a provider’s word is booked whatever it is', () => {
    const shop = new ScriptedShop({ amount: MOST });
    shop.done(shop.last('sale'), { amount: MOST + 1n });
    expect(shop.intent.counters.unapplied).toBe(MOST + 1n);
    shop.came(shop.last('sale'), DECLINED);
    expect(shop.intent.counters.unapplied).toBe(0n);
  });
});
