import { describe, expect, test } from 'vitest';
import { PATIENT, authorization, authorized, ended, fateOf, newId, onto, succeeded } from './calls.ts';
import type { Subject } from './subject.ts';

/** What comes after an authorisation. */
export function followUpRules(current: () => Subject): void {
  describe('a capture', () => {
    test('of everything succeeds with what was asked for, and tells its cost where the provider does', async () => {
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const capture = onto(call, reference);
      const answer = await adapter.capture(capture, PATIENT);
      const outcome = succeeded(await ended(current(), 'capture', capture));
      expect(outcome).toMatchObject({ amount: call.amount, currency: call.currency });
      expect(outcome.cost === null || outcome.cost >= 0n).toBe(true);
      expect(await driver.truth(capture.operation)).toMatchObject({
        kind: 'capture',
        status: 'succeeded',
        decimal: '100.50',
      });
      expect(await adapter.capture(capture, PATIENT)).toEqual(answer);
    });

    test('of a part leaves the rest open, and a final one releases it', async () => {
      const { adapter, driver } = current();
      const { partialCapture, multipleCaptures } = adapter.capabilities;
      if (!partialCapture || !multipleCaptures) return;
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const first = onto(call, reference, { amount: 4_000n, final: false });
      expect(succeeded(await ended(current(), 'capture', first)).amount).toBe(4_000n);
      const last = onto(call, reference, { amount: 5_000n, final: true });
      expect(succeeded(await ended(current(), 'capture', last)).amount).toBe(5_000n);
      const more = onto(call, reference, { amount: 1n });
      expect((await ended(current(), 'capture', more)).done).toBe('declined');
      expect((await driver.truth(more.operation))?.status).not.toBe('succeeded');
    });

    test('above what was authorised is declined', async () => {
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const capture = onto(call, reference, { amount: call.amount + 1n });
      expect(await ended(current(), 'capture', capture)).toMatchObject({ done: 'declined' });
      expect((await driver.truth(capture.operation))?.status).not.toBe('succeeded');
    });
  });

  describe('an increment', () => {
    test('raises what can be captured', async () => {
      const { adapter, driver } = current();
      if (!adapter.capabilities.increment) return;
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const increment = onto(call, reference, { amount: 950n });
      expect(succeeded(await adapter.increment(increment, PATIENT)).amount).toBe(950n);
      const capture = onto(call, reference, { amount: 11_000n });
      expect(succeeded(await ended(current(), 'capture', capture)).amount).toBe(11_000n);
    });
  });

  describe('a void', () => {
    test('releases the authorisation: nothing can be captured afterwards', async () => {
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const release = onto(call, reference);
      expect(succeeded(await ended(current(), 'void', release)).amount).toBe(call.amount);
      expect(await driver.truth(release.operation)).toMatchObject({ kind: 'void', status: 'succeeded' });
      expect((await ended(current(), 'capture', onto(call, reference))).done).toBe('declined');
    });

    test('after the capture is declined', async () => {
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      succeeded(await ended(current(), 'capture', onto(call, reference)));
      expect(await ended(current(), 'void', onto(call, reference))).toMatchObject({
        done: 'declined',
        code: 'operation_not_allowed',
      });
    });

    test('by our reference alone does the same', async () => {
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const release = onto(call, '');
      succeeded(await ended(current(), 'void', release));
      // The second try may know more than the first, and is the same operation.
      succeeded(await ended(current(), 'void', { ...release, providerReference: reference }));
      expect((await ended(current(), 'capture', onto(call, reference))).done).toBe('declined');
    });

    test.each(['void', 'refund'] as const)(
      'or refund of what was never seen is declined, and closes the reference for good (%s)',
      async (verb) => {
        const { adapter, driver } = current();
        const call = authorization(driver.tokens.succeeds);
        expect(await ended(current(), verb, onto(call, ''))).toMatchObject({
          done: 'declined',
          code: 'operation_not_allowed',
        });
        if (driver.ways?.closing === 'none') return;
        expect((await adapter.authorize(call, PATIENT)).done).toBe('declined');
        expect((await driver.truth(call.operation))?.status).not.toBe('succeeded');
        expect((await fateOf(current(), call)).done).toBe('declined');
      },
    );
  });

  describe('a refund', () => {
    test('sends back a part and then the rest, and no more', async () => {
      const { adapter, driver } = current();
      const { sale, partialRefund } = adapter.capabilities;
      if (!partialRefund) return;
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds, { capture: sale });
      if (!sale) succeeded(await ended(current(), 'capture', onto(call, reference)));
      const part = onto(call, reference, { amount: 50n });
      const outcome = await ended(current(), 'refund', part);
      expect(['succeeded', 'accepted']).toContain(outcome.done);
      if (outcome.done === 'succeeded') expect(outcome).toMatchObject({ amount: 50n, currency: 'EUR' });
      expect(await ended(current(), 'refund', part)).toEqual(outcome);
      expect(await driver.truth(part.operation)).toMatchObject({ kind: 'refund', decimal: '0.50' });
      const rest = await ended(current(), 'refund', onto(call, reference, { amount: 10_000n }));
      expect(['succeeded', 'accepted']).toContain(rest.done);
      expect((await ended(current(), 'refund', onto(call, reference, { amount: 1n }))).done).toBe('declined');
    });

    test('of what was only authorised is declined', async () => {
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      expect((await ended(current(), 'refund', onto(call, reference))).done).toBe('declined');
    });
  });

  test('a follow-up of a payment that the provider does not know is declined', async () => {
    const call = authorization(current().driver.tokens.succeeds, { operation: newId() });
    expect((await ended(current(), 'capture', onto(call, ''))).done).toBe('declined');
  });
}
