import { describe, expect, test } from 'vitest';
import { DECLINED, NOT_ALLOWED, ScriptedShop, STOLEN } from '../../../test/support/scriptedShop.ts';
import { chart } from './chart.ts';

/** A cancel whose void the provider refuses, of an authorisation of which it may hold nothing any more. */
function refused(more: ConstructorParameters<typeof ScriptedShop>[0] = {}, capture = 0n): ScriptedShop {
  const shop = new ScriptedShop({ capture: 'manual', ...more });
  shop.done(shop.last('authorize'));
  if (capture > 0n) {
    shop.capture(capture, false);
    shop.done(shop.last('capture'));
  }
  shop.cancel();
  shop.came(shop.last('void'), NOT_ALLOWED);
  expect(shop.intent.attention).toContain('refused to void');
  return shop;
}

describe('that nothing is held any more where a provider refuses to void', () => {
  test('an operator may say, and the payment is canceled', () => {
    const shop = refused();
    expect(shop.settle(shop.last('void'), 'done')).toBe('events');
    expect(shop.intent).toMatchObject({
      state: 'canceled',
      cancelReason: 'requested',
      attention: '',
      counters: { memo: 0n },
      attempts: [{ state: 'voided' }],
    });
    expect(shop.last('void')).toMatchObject({ state: 'succeeded', decline: '' });
    expect(shop.balance(chart.authOpen('EUR'))).toBe(0n);
  });

  test('ends the payment as expired where its time is over', () => {
    const shop = refused({ expiresAfterSeconds: 60 });
    shop.shard.nowUs += 61e6;
    expect(shop.settle(shop.last('void'), 'done')).toBe('events');
    expect(shop.intent).toMatchObject({ state: 'expired' });
  });

  test('leaves what was captured', () => {
    const shop = refused({}, 4_000n);
    expect(shop.settle(shop.last('void'), 'done')).toBe('events');
    expect(shop.intent).toMatchObject({
      state: 'succeeded',
      canceling: false,
      cancelReason: '',
      counters: { captured: 4_000n, memo: 0n },
    });
  });

  test('cannot be said while a capture of it is under way', () => {
    const shop = refused();
    shop.capture(4_000n);
    expect(shop.settle(shop.last('void'), 'done')).toBe('PAYMENT_STATE');
    expect(shop.last('capture')).toMatchObject({ state: 'pending' });
  });

  test('leaves a payment as it is whose attempt had failed before it came late', () => {
    const shop = new ScriptedShop({ capture: 'manual' });
    shop.came(shop.last('authorize'), STOLEN);
    shop.done(shop.last('authorize'));
    shop.came(shop.last('void'), NOT_ALLOWED);
    expect(shop.intent.attention).toContain('does not let go of what came late');
    expect(shop.settle(shop.last('void'), 'done')).toBe('events');
    expect(shop.intent).toMatchObject({
      state: 'requires_payment_method',
      canceling: false,
      attention: '',
      attempts: [{ state: 'voided' }],
    });
  });

  test('is said of a void that was refused, and of no other operation that has failed', () => {
    const shop = refused();
    expect(shop.settle(shop.last('authorize'), 'done')).toBe('PAYMENT_STATE');
    expect(shop.settle(shop.last('void'), 'not_done')).toBe('PAYMENT_STATE');
    expect(shop.settle(shop.last('void'), 'accept')).toBe('events');
    expect(shop.settle(shop.last('void'), 'done')).toBe('PAYMENT_STATE');
  });
});

describe('that a void was done after it was refused, an operator may accept', () => {
  test('of an attempt that the payment has left behind: the payment goes on with the other one', () => {
    const shop = new ScriptedShop({ capture: 'manual' });
    const [first] = shop.intent.operations;
    shop.came(first, DECLINED);
    shop.done(shop.last('authorize'));
    expect(shop.intent).toMatchObject({ state: 'requires_capture', attempts: [{}, { state: 'authorized' }] });
    // The first one came after all, is let go of, which is refused, and done all the same.
    shop.done(first);
    const late = shop.last('void');
    shop.came(late, NOT_ALLOWED);
    shop.done(late);
    expect(shop.intent).toMatchObject({ state: 'conflicted', attention: 'two proofs contradict each other' });
    expect(shop.settle(late, 'accept')).toBe('events');
    expect(shop.intent).toMatchObject({
      state: 'requires_capture',
      canceling: false,
      cancelReason: '',
      counters: { memo: 10_000n },
      attempts: [{ state: 'voided' }, { state: 'authorized' }],
    });
    expect(shop.capture(null)).toBe('events');
  });

  test('of the last attempt that came late: the payment may be tried again', () => {
    const shop = new ScriptedShop({ capture: 'manual' });
    shop.came(shop.last('authorize'), STOLEN);
    shop.done(shop.last('authorize'));
    shop.came(shop.last('void'), NOT_ALLOWED);
    shop.done(shop.last('void'));
    expect(shop.settle(shop.last('void'), 'accept')).toBe('events');
    expect(shop.intent).toMatchObject({
      state: 'requires_payment_method',
      canceling: false,
      cancelReason: '',
    });
  });

  test('control: of what the payment rests on it ends the payment', () => {
    const shop = refused();
    shop.done(shop.last('void'));
    expect(shop.settle(shop.last('void'), 'accept')).toBe('events');
    expect(shop.intent).toMatchObject({ state: 'canceled', counters: { memo: 0n } });
  });
});

test('what a provider does not know, and is being closed already, is closed by one void', () => {
  const shop = new ScriptedShop({ capture: 'manual' });
  shop.came(shop.last('authorize'), {
    done: 'requires_action',
    providerReference: 'p',
    url: 'https://a.example',
  });
  shop.cancel();
  shop.came(shop.last('void'), { done: 'accepted', providerReference: 'v' });
  shop.came(shop.last('authorize'), { done: 'unknown', why: 'a timeout' });
  shop.came(shop.last('authorize'), { done: 'not_found' });
  expect(shop.intent.operations.map(({ kind }) => kind)).toEqual(['authorize', 'void']);
  expect(shop.last('authorize')).toMatchObject({ state: 'unknown', dueUs: Infinity, attention: '' });
  shop.came(shop.last('void'), NOT_ALLOWED);
  shop.came(shop.last('authorize'), { done: 'not_found' });
  expect(shop.intent).toMatchObject({ state: 'canceled', attempts: [{ state: 'failed' }] });
});
