import { expect, test } from 'vitest';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';

const askedBy = ({ intent }: ScriptedShop): string[] => intent.operations.map(({ request }) => request);

test('an attempt tells which command asked for it, and the next route that none did', () => {
  const shop = new ScriptedShop({ capture: 'manual' });
  const created = shop.intent.id;
  expect(askedBy(shop)).toEqual([created]);
  shop.came(shop.last('authorize'), DECLINED);
  expect(askedBy(shop)).toEqual([created, '']);
  shop.came(shop.last('authorize'), { done: 'not_sent', why: 'no connection' });
  expect(shop.intent.state).toBe('requires_payment_method');
  const id = shop.shard.id();
  shop.shard.run({
    op: 'confirmIntent',
    id,
    intent: created,
    method: { type: 'card', token: 'pm_card_visa' },
  });
  expect(askedBy(shop)).toEqual([created, '', id]);
});
