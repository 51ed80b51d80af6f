import { expect, test } from 'vitest';
import { foldOf } from '../../../test/support/foldedShard.ts';
import { randomPayments } from '../../../test/support/randomPayments.ts';
import { ScriptedShop } from '../../../test/support/scriptedShop.ts';

const SEEDS = 200;

test(`finds nothing wrong with whatever the kernel makes of any sequence of commands and outcomes (seeds 1 to ${SEEDS})`, () => {
  const came = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const sequence = randomPayments(3, seed);
    const { fold, findings } = foldOf(3, sequence.shard.blocks);
    expect({ seed, findings: findings.list }).toEqual({ seed, findings: [] });
    expect(fold.payments.intents.size).toBe(sequence.shard.state.payments.intents.size);
    for (const [what, count] of sequence.came) came.set(what, (came.get(what) ?? 0) + count);
  }
  // The control: it did go many ways.
  expect(came.get('events')).toBeGreaterThan(SEEDS * 10);
  expect([...came.keys()]).toEqual(expect.arrayContaining(['nothing', 'PAYMENT_STATE', 'EXCEEDS_CAPTURED']));
});

test('finds nothing wrong with a payment that goes on without an authorisation which turned up while it was closed', () => {
  const shop = new ScriptedShop({ capture: 'manual' });
  const [first] = shop.intent.operations;
  shop.came(first, { done: 'unknown', why: 'a timeout' });
  shop.came(first, { done: 'not_found' });
  shop.done(first);
  expect(shop.intent.counters).toMatchObject({ authorized: 10_000n, memo: 10_000n });
  shop.done(shop.last('void'));
  expect(shop.intent).toMatchObject({ counters: { authorized: 0n, memo: 0n }, attempts: [{}, {}] });
  shop.done(shop.last('authorize'));
  expect(shop.intent).toMatchObject({ state: 'requires_capture', counters: { authorized: 10_000n } });
  shop.shard.seal();
  expect(foldOf(0, shop.shard.blocks).findings.list).toEqual([]);
});
