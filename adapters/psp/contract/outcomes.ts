import { describe, expect, test } from 'vitest';
import { PATIENT, authorization, authorized, newId, succeeded } from './calls.ts';
import type { Driver, Subject } from './subject.ts';

/** Plays the challenge; what the payer brought back from it goes with the call that follows. */
async function passed(
  driver: Driver,
  url: string,
  result: 'pass' | 'fail',
): Promise<{ readonly returned: string }> {
  const returned = await driver.challenge(url, result);
  return { returned: typeof returned === 'string' ? returned : '' };
}

/** What an authorisation or sale comes to. */
export function outcomeRules(current: () => Subject): void {
  describe('an authorisation', () => {
    test('succeeds with the amount and currency that were asked for, and is in the books of the provider', async () => {
      const { adapter, driver } = current();
      const call = authorization(driver.tokens.succeeds);
      const outcome = succeeded(await adapter.authorize(call, PATIENT));
      expect(outcome).toMatchObject({ amount: 10_050n, currency: 'EUR' });
      expect(outcome.providerReference).not.toBe('');
      expect(outcome.expiresAtMs === null || outcome.expiresAtMs > 1.7e12).toBe(true);
      expect(await driver.truth(call.operation)).toMatchObject({
        kind: 'authorize',
        status: 'succeeded',
        decimal: '100.50',
        currency: 'EUR',
      });
    });

    test('that captures at once is a sale, and its cost is told where the provider tells any', async () => {
      const { adapter, driver } = current();
      if (!adapter.capabilities.sale) return;
      const call = authorization(driver.tokens.succeeds, { capture: true });
      const { amount, cost } = succeeded(await adapter.authorize(call, PATIENT));
      expect(amount).toBe(10_050n);
      expect(cost === null || (cost >= 0n && cost < amount)).toBe(true);
      expect(await driver.truth(call.operation)).toMatchObject({ kind: 'sale', status: 'succeeded' });
    });

    test('that is declined says so in our words, and the books of the provider have no success of it', async () => {
      const { adapter, driver } = current();
      const kinds = driver.tokens.declines.map(([, , kind]) => kind);
      expect(kinds).toContain('soft');
      expect(kinds).toContain('hard');
      for (const [token, code] of driver.tokens.declines) {
        const call = authorization(token);
        const outcome = await adapter.authorize(call, PATIENT);
        expect(outcome, token).toMatchObject({ done: 'declined', code });
        expect(outcome.done === 'declined' && outcome.providerCode.length <= 64).toBe(true);
        expect((await driver.truth(call.operation))?.status, token).not.toBe('succeeded');
      }
    });

    test('under the same operation twice is one charge, also when both are asked for at once', async () => {
      const { adapter, driver } = current();
      const call = authorization(driver.tokens.succeeds);
      const before = await driver.successes('authorize');
      const tries = await Promise.all(Array.from({ length: 8 }, () => adapter.authorize(call, PATIENT)));
      const again = await adapter.authorize(call, PATIENT);
      for (const one of [...tries, again]) expect(one).toEqual(again);
      expect(again.done).toBe('succeeded');
      expect(await driver.successes('authorize')).toBe(before + 1);
    });

    test('of another amount under an operation that was used is never a success of that amount', async () => {
      const { adapter, driver } = current();
      const call = authorization(driver.tokens.succeeds);
      succeeded(await adapter.authorize(call, PATIENT));
      const changed = await adapter.authorize({ ...call, amount: call.amount + 1n }, PATIENT);
      expect(changed.done === 'succeeded' && changed.amount !== call.amount).toBe(false);
      expect(await driver.truth(call.operation)).toMatchObject({ decimal: '100.50' });
    });

    test('counts minor units as ISO 4217 does, whatever the provider counts in', async () => {
      const { adapter, driver } = current();
      expect(new Set(driver.exponents.map(({ decimal }) => decimal.split('.')[1]?.length ?? 0)).size).toBe(3);
      for (const { currency, amount, decimal } of driver.exponents) {
        const call = authorization(driver.tokens.succeeds, { currency, amount });
        expect(succeeded(await adapter.authorize(call, PATIENT))).toMatchObject({ amount, currency });
        expect(await driver.truth(call.operation)).toMatchObject({ decimal, currency });
      }
    });

    test('in a currency that the provider does not take is declined, and nothing is done', async () => {
      const { adapter, driver } = current();
      const call = authorization(driver.tokens.succeeds, { currency: 'XTS' });
      expect(adapter.capabilities.currencies).not.toContain('XTS');
      expect(await adapter.authorize(call, PATIENT)).toMatchObject({
        done: 'declined',
        code: 'currency_not_supported',
      });
      expect(await driver.truth(call.operation)).toBeNull();
    });

    test('takes the largest amount that the capabilities name', async () => {
      const { adapter, driver } = current();
      const amount = adapter.capabilities.maximum;
      const call = authorization(driver.tokens.succeeds, { amount });
      expect(succeeded(await adapter.authorize(call, PATIENT)).amount).toBe(amount);
    });
  });

  describe('a challenge', () => {
    test('is an address to be sent to; once it is passed, going on is a success', async () => {
      const { adapter, driver } = current();
      const token = driver.tokens.challenges;
      if (token === null) return;
      const call = authorization(token, { returnUrl: 'https://shop.example/back' });
      const first = await adapter.authorize(call, PATIENT);
      expect(first).toMatchObject({ done: 'requires_action', action: { type: 'redirect' } });
      if (first.done !== 'requires_action') return;
      const { operation } = call;
      const { providerReference } = first;
      const isAsked = driver.ways?.queries !== 'none';
      if (isAsked)
        expect(await adapter.query({ operation, kind: 'authorize', providerReference }, PATIENT)).toEqual(
          first,
        );
      expect((await driver.truth(operation))?.status).not.toBe('succeeded');
      // Too early changes nothing.
      expect(await adapter.continue({ operation, providerReference, returned: '' }, PATIENT)).toMatchObject({
        done: 'requires_action',
      });
      const further = { operation, providerReference, ...(await passed(driver, first.action.url, 'pass')) };
      const outcome = succeeded(await adapter.continue(further, PATIENT));
      expect(outcome).toMatchObject({ amount: call.amount });
      expect(outcome.providerReference).not.toBe('');
      // Some providers have no reference before the challenge is passed.
      expect([outcome.providerReference, '']).toContain(providerReference);
      expect(await adapter.continue(further, PATIENT)).toEqual(outcome);
      expect(await driver.truth(operation)).toMatchObject({ status: 'succeeded' });
    });

    test('that is failed ends as declined', async () => {
      const { adapter, driver } = current();
      const token = driver.tokens.challenges;
      if (token === null) return;
      const call = authorization(token, { returnUrl: 'https://shop.example/back' });
      const first = await adapter.authorize(call, PATIENT);
      if (first.done !== 'requires_action') throw new Error(`no challenge but ${first.done}`);
      const returned = await passed(driver, first.action.url, 'fail');
      const { providerReference } = first;
      const further = { operation: call.operation, providerReference, ...returned };
      const outcome = await adapter.continue(further, PATIENT);
      expect(outcome).toMatchObject({ done: 'declined', code: 'authentication_failed' });
      expect((await driver.truth(call.operation))?.status).not.toBe('succeeded');
    });
  });

  test('operations of different payments do not get into each other’s way', async () => {
    const { adapter, driver } = current();
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        authorized(adapter, driver.tokens.succeeds, { amount: 100n + BigInt(index), payment: newId() }),
      ),
    );
    expect(new Set(all.map(({ reference }) => reference)).size).toBe(20);
    for (const { call } of all)
      expect(await driver.truth(call.operation)).toMatchObject({
        decimal: `1.${call.amount.toString().slice(1)}`,
      });
  });
}
