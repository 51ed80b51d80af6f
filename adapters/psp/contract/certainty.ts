import { describe, expect, test } from 'vitest';
import { HASTY, PATIENT, authorization, authorized, ended, fateOf, newId, onto, succeeded } from './calls.ts';
import type { Driver, Fault, Subject } from './subject.ts';

/** What is known, and what is not: a guess costs money either way. */
export function certaintyRules(current: () => Subject): void {
  async function during<T>(driver: Driver, fault: Fault, task: () => Promise<T>): Promise<T> {
    await driver.fault(fault);
    try {
      return await task();
    } finally {
      await driver.fault('none');
    }
  }

  describe('an outcome', () => {
    test('is not_sent where nobody listens, for every call that would change something', async () => {
      const { unreachable, driver } = current();
      const call = authorization(driver.tokens.succeeds);
      const { operation } = call;
      const outcomes = [
        await unreachable.authorize(call, PATIENT),
        await unreachable.continue(
          { operation, providerReference: 'any', returned: 'redirectResult=any' },
          PATIENT,
        ),
        ...(unreachable.capabilities.increment
          ? [await unreachable.increment(onto(call, 'any'), PATIENT)]
          : []),
        await unreachable.capture(onto(call, 'any'), PATIENT),
        await unreachable.void(onto(call, 'any'), PATIENT),
        await unreachable.refund(onto(call, 'any'), PATIENT),
      ];
      for (const outcome of outcomes) {
        expect(outcome.done).toBe('not_sent');
        expect(outcome.done === 'not_sent' && outcome.why.length <= 200 && outcome.why !== '').toBe(true);
      }
      if (driver.ways?.queries === 'none') return;
      const asked = { operation, kind: 'authorize', providerReference: '' } as const;
      expect((await unreachable.query(asked, PATIENT)).done).toBe('unknown');
    });

    test.each(['rate_limited', 'unavailable'] as const)(
      'is not_sent where the provider documents that nothing was done (%s)',
      async (fault) => {
        const { adapter, driver } = current();
        const call = authorization(driver.tokens.succeeds);
        const outcome = await during(driver, fault, () => adapter.authorize(call, PATIENT));
        expect(outcome.done).toBe('not_sent');
        expect(await driver.truth(call.operation)).toBeNull();
        // Nothing is remembered of it either.
        expect((await adapter.authorize(call, PATIENT)).done).toBe('succeeded');
      },
    );

    test.each(['lost_reply', 'error_after', 'hang_after'] as const)(
      'is unknown after %s, the query tells that it was done, and a second try is no second charge',
      async (fault) => {
        const { adapter, driver } = current();
        const call = authorization(driver.tokens.succeeds);
        const before = await driver.successes('authorize');
        const outcome = await during(driver, fault, () => adapter.authorize(call, HASTY));
        expect(outcome.done).toBe('unknown');
        expect(await fateOf(current(), call)).toMatchObject({ done: 'succeeded', amount: call.amount });
        expect((await adapter.authorize(call, PATIENT)).done).toBe('succeeded');
        expect(await driver.successes('authorize')).toBe(before + 1);
      },
    );

    test.each(['error_before', 'hang_before'] as const)(
      'is unknown after %s, and the query finds nothing',
      async (fault) => {
        const { adapter, driver } = current();
        const call = authorization(driver.tokens.succeeds);
        const outcome = await during(driver, fault, () => adapter.authorize(call, HASTY));
        expect(outcome.done).toBe('unknown');
        expect(await fateOf(current(), call)).toEqual({ done: 'not_found' });
        expect(await driver.truth(call.operation)).toBeNull();
      },
    );

    test('of a capture, void or refund is unknown likewise, and found by our reference', async () => {
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const capture = onto(call, reference);
      const lost = await during(driver, 'lost_reply', () => adapter.capture(capture, PATIENT));
      expect(lost.done).toBe('unknown');
      if (driver.ways?.queries === 'none') {
        // The same call under the same key is the question, and is no second capture.
        const asked = { operation: capture.operation, kind: 'capture', providerReference: '' } as const;
        expect((await adapter.query(asked, PATIENT)).done).toBe('not_found');
        const again = succeeded(await ended(current(), 'capture', capture));
        expect(again).toMatchObject({ amount: call.amount, currency: call.currency });
        return;
      }
      const found = await adapter.query(
        { operation: capture.operation, kind: 'capture', providerReference: '' },
        PATIENT,
      );
      expect(found).toMatchObject({ done: 'succeeded', amount: call.amount, currency: call.currency });
      const refund = onto(call, reference, { amount: 10n });
      await during(driver, 'error_after', () => adapter.refund(refund, PATIENT));
      const sent = await adapter.query(
        { operation: refund.operation, kind: 'refund', providerReference: reference },
        PATIENT,
      );
      expect(['succeeded', 'accepted']).toContain(sent.done);
    });

    test('that times out after the charge is unknown, and the query tells the truth', async () => {
      const { adapter, driver } = current();
      const call = authorization(driver.tokens.timeoutThenSuccess, { capture: adapter.capabilities.sale });
      expect((await adapter.authorize(call, HASTY)).done).toBe('unknown');
      expect(await fateOf(current(), call)).toMatchObject({ done: 'succeeded', amount: call.amount });
    });

    test('of what never arrived is unknown, and not found afterwards', async () => {
      const { adapter, driver } = current();
      const call = authorization(driver.tokens.neverArrives);
      expect((await adapter.authorize(call, HASTY)).done).toBe('unknown');
      expect(await fateOf(current(), call)).toEqual({ done: 'not_found' });
      expect(await driver.truth(call.operation)).toBeNull();
    });

    test('of a query that goes wrong is unknown, never not_found', async () => {
      const { adapter, driver } = current();
      if (driver.ways?.queries === 'none') return;
      for (const fault of ['lost_reply', 'error_before', 'hang_before', 'unavailable'] as const) {
        const asked = { operation: newId(), kind: 'authorize', providerReference: '' } as const;
        const outcome = await during(driver, fault, () => adapter.query(asked, HASTY));
        expect(outcome.done, fault).toBe('unknown');
      }
    });
  });

  describe('a deadline', () => {
    test('is honoured', async () => {
      const { adapter, driver } = current();
      const began = performance.now();
      await adapter.authorize(authorization(driver.tokens.neverArrives), { deadlineMs: 300 });
      const tookMs = performance.now() - began;
      expect(tookMs).toBeGreaterThanOrEqual(295);
      expect(tookMs).toBeLessThan(1_500);
    });

    test('of the caller’s own ends a call at once, as unknown', async () => {
      const { adapter, driver } = current();
      const giveUp = new AbortController();
      const began = performance.now();
      setTimeout(() => giveUp.abort(), 150);
      const outcome = await adapter.authorize(authorization(driver.tokens.neverArrives), {
        deadlineMs: 20_000,
        signal: giveUp.signal,
      });
      expect(outcome.done).toBe('unknown');
      expect(performance.now() - began).toBeLessThan(2_000);
    });

    test('that was over before the call began sends nothing', async () => {
      const { adapter, driver } = current();
      const call = authorization(driver.tokens.succeeds);
      const outcome = await adapter.authorize(call, { ...PATIENT, signal: AbortSignal.abort() });
      expect(outcome.done).toBe('not_sent');
      expect(await driver.truth(call.operation)).toBeNull();
    });
  });
}
