import { describe, expect, test } from 'vitest';
import { DECLINED, ScriptedShop } from '../../../test/support/scriptedShop.ts';
import type { EventKind, Outcome } from './commands.ts';
import type { Operation } from './model.ts';

const ACCEPTED: Outcome = { done: 'accepted', providerReference: 'x' };

function doneOf({ amount, currency }: Operation): Outcome {
  return { done: 'succeeded', amount, currency, providerReference: 'x', cost: 0n, expiresAtUs: Infinity };
}

/** A capture, or a refund, that its provider has taken in, and will tell of by events alone. */
function taken(kind: 'capture' | 'refund'): ScriptedShop {
  const shop = new ScriptedShop({ capture: 'manual' });
  shop.done(shop.last('authorize'));
  shop.capture(null);
  if (kind === 'refund') {
    shop.done(shop.last('capture'));
    shop.refund(null);
  }
  shop.came(shop.last(kind), ACCEPTED);
  return shop;
}

const KINDS = {
  capture: ['captured', 'capture_failed'],
  refund: ['refunded', 'refund_failed'],
} as const satisfies Record<string, readonly [EventKind, EventKind]>;

describe.each(['capture', 'refund'] as const)('a %s that was done and taken back at one moment', (kind) => {
  const [success, failure] = KINDS[kind];

  test.each(['the failure first', 'the success first'])('is not done, %s', (order) => {
    const shop = taken(kind);
    const operation = shop.last(kind);
    const occurredUs = shop.shard.nowUs;
    const done = [success, { occurredUs, proof: doneOf(operation) }] as const;
    const back = [failure, { occurredUs, proof: DECLINED }] as const;
    for (const [told, more] of order === 'the failure first' ? [back, done] : [done, back])
      shop.told(told, operation, more);
    expect(shop.last(kind)).toMatchObject({ state: 'failed' });
    const { counters } = shop.intent;
    expect(counters).toMatchObject(kind === 'capture' ? { captured: 0n } : { refunded: 0n, refunding: 0n });
  });

  test('control: is done where the success is of a later moment', () => {
    const shop = taken(kind);
    const operation = shop.last(kind);
    const occurredUs = shop.shard.nowUs;
    shop.told(failure, operation, { occurredUs, proof: DECLINED });
    shop.told(success, operation, { occurredUs: occurredUs + 1, proof: doneOf(operation) });
    expect(shop.last(kind)).toMatchObject({ state: 'succeeded' });
  });
});

test.each([
  ['capture', 'capture_failed'],
  ['refund', 'refund_failed'],
] as const)(
  'that a %s was taken back is not forgotten where it is told before the answer to its call',
  (kind, failure) => {
    const shop = new ScriptedShop({ capture: 'manual' });
    shop.done(shop.last('authorize'));
    shop.capture(null);
    if (kind === 'refund') {
      shop.done(shop.last('capture'));
      shop.refund(null);
    }
    // Its provider can be asked: the event is a reason to ask, and nobody can ask before the call has its answer.
    expect(shop.told(failure, shop.last(kind))).toBe('later');
    shop.done(shop.last(kind));
    expect(shop.told(failure, shop.last(kind))).toBe('events');
    expect(shop.last(kind)).toMatchObject({ state: 'succeeded', dueUs: shop.shard.nowUs });
  },
);
