import { describe, expect, test } from 'vitest';
import { NOON_US } from '../../../test/support/ledger.ts';
import { EVERY_PAYMENT_EVENT, everyPaymentEvent } from '../../../test/support/everyPaymentEvent.ts';
import { paymentStory } from '../../../test/support/paymentStory.ts';
import { randomPayments } from '../../../test/support/randomPayments.ts';
import { replayedPayments } from '../../../test/support/replayedPayments.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import { AMOUNT_MAX } from './decideRequest.ts';

/** Events that no command leads to today. */
const NEVER_DECIDED = ['attention_raised'];

/** That the writer, which applies what it has decided, and a replay, which applies bytes, come to the same. */
function expectSame(shard: ScriptedPayments): void {
  shard.seal();
  const { state, changes } = replayedPayments(shard.blocks);
  const { payments } = state;
  expect(payments.intents).toStrictEqual(shard.state.payments.intents);
  expect(payments.merchants).toStrictEqual(shard.state.payments.merchants);
  expect(payments.customers).toStrictEqual(shard.state.payments.customers);
  expect(payments.paymentMethods).toStrictEqual(shard.state.payments.paymentMethods);
  expect(payments.operations).toStrictEqual(shard.state.payments.operations);
  // Looked at only now: nothing that came later has changed what was decided.
  for (const [seq, change] of shard.decided) expect(changes.get(seq)).toStrictEqual(change);
}

describe('a change that was decided is what its bytes say', () => {
  test('of every kind of event', () => {
    const shard = everyPaymentEvent(5);
    expectSame(shard);
    const met = new Set([...shard.decided.values()].map(({ name }) => name));
    expect(EVERY_PAYMENT_EVENT.filter((name) => !met.has(name))).toEqual(NEVER_DECIDED);
  });

  test('whatever is done in whatever order', () => {
    for (let seed = 0; seed < 100; seed++) expectSame(randomPayments(seed % 64, seed).shard);
  });

  test('with any text and amount that a block can hold', () => {
    const shard = new ScriptedPayments(1, NOON_US);
    const merchant = shard.merchant({
      name: '"\\\u{0}\u{d83d} \u{2028}',
      fees: [{ method: 'card', currency: 'EUR', ppm: 1, fixed: 0n, cap: 2n ** 63n - 1n }],
      routing: {
        strategy: 'order',
        rules: [
          { currency: 'EUR', method: 'card', amountMin: 1n, amountMax: 2n ** 63n - 1n, providers: ['alpha'] },
        ],
        attemptsMax: 1,
      },
    });
    const intent = shard.create(merchant, {
      amount: AMOUNT_MAX,
      reference: '\u{feff}line\nü\u{1f600}',
      metadata: Object.fromEntries(['__proto__', 'b', '1'].map((name) => [name, 'null'])),
    });
    shard.succeed(intent, {
      amount: 2n ** 53n + 2n,
      cost: 2n ** 53n + 3n,
      providerReference: '\u{dc00}',
    });
    expect(intent.operations[0].said).toMatchObject({ amount: 2n ** 53n + 2n });
    expectSame(shard);
  });
});

test('why a provider was chosen stands in the event that began the attempt, and stays with the attempt', () => {
  const { shard } = paymentStory(5);
  const shown = new Map<string, number>();
  for (const [seq, change] of replayedPayments(shard.blocks).changes) {
    if (!('after' in change)) continue;
    for (const [index, { operation, route }] of change.attempts) {
      expect(route === undefined, `event ${seq}, attempt ${index}`).toBe(shown.has(operation));
      shown.set(operation, index);
    }
  }
  for (const { attempts } of shard.state.payments.intents.values())
    for (const { provider, route } of attempts)
      expect(route.candidates.map((one) => one.provider)).toContain(provider);
  expect([...shown.values()]).toContain(1);
});
