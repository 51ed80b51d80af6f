import { describe, expect, test } from 'vitest';
import { ScriptedShop } from '../../../test/support/scriptedShop.ts';
import type { Outcome } from './commands.ts';
import type { Operation } from './model.ts';

function doneOf({ amount, currency }: Operation): Outcome {
  return { done: 'succeeded', amount, currency, providerReference: 'x', cost: 0n, expiresAtUs: Infinity };
}

/** An authorisation that nobody had an answer of, and that its provider has let go of at that moment. */
function closed(voidedUs: number): ScriptedShop {
  const shop = new ScriptedShop({ capture: 'manual' });
  shop.came(shop.last('authorize'), { done: 'unknown', why: 'a timeout' });
  shop.cancel();
  shop.came(shop.last('authorize'), { done: 'not_found' });
  const release = shop.last('void');
  shop.came(release, { done: 'accepted', providerReference: 'v' });
  expect(shop.told('voided', release, { occurredUs: voidedUs, proof: doneOf(release) })).toBe('events');
  expect(shop.intent).toMatchObject({ state: 'canceled', attempts: [{ state: 'failed' }] });
  return shop;
}

describe('an event that an authorisation was granted', () => {
  test.each([
    ['before its void', -1],
    ['at the moment of its void', 0],
  ])('%s moves nothing any more, and no other void is begun', (_, us) => {
    for (const proves of [true, false]) {
      const shop = closed(1_000_000);
      const authorization = shop.last('authorize');
      const { version, operations } = shop.intent;
      const proof = proves ? doneOf(authorization) : null;
      expect(shop.told('authorized', authorization, { occurredUs: 1_000_000 + us, proof })).toBe('nothing');
      expect(shop.intent).toMatchObject({ version, attention: '' });
      expect(shop.intent.operations).toHaveLength(operations.length);
    }
  });

  test('after its void has the provider let go of it once more', () => {
    const shop = closed(1_000_000);
    const authorization = shop.last('authorize');
    const told = { occurredUs: 1_000_001, proof: doneOf(authorization) };
    expect(shop.told('authorized', authorization, told)).toBe('events');
    expect(shop.last('void')).toMatchObject({ state: 'pending' });
  });
});
