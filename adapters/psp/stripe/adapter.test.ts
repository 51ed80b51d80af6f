import { inspect } from 'node:util';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../test/support/ports.ts';
import {
  HASTY,
  PATIENT,
  authorization,
  authorized,
  newId,
  onto,
  settled,
  succeeded,
} from '../contract/calls.ts';
import { describePspContract } from '../contract/contract.ts';
import { StripeAdapter } from './adapter.ts';
import { StripeServer } from './testing/server.ts';
import { driverOf } from './testing/driver.ts';

const KEY = 'sk_test_florin';
const SECRET = 'whsec_of_the_tests';
const SEARCH_LAG_MS = 200;

const server = new StripeServer({ key: KEY, secret: SECRET, searchLagMs: SEARCH_LAG_MS });
const url = await server.open();
const driver = driverOf(server);
const OPTIONS = {
  url,
  secretKey: KEY,
  webhookSecrets: ['whsec_the_one_before', SECRET],
  returnUrl: 'https://florin.example/back',
  consistencyMs: 600,
};
const adapter = new StripeAdapter(OPTIONS);
const { account } = server;

afterAll(async () => {
  adapter.close();
  await server.close();
});

describePspContract('Stripe', async () => ({
  adapter,
  driver,
  unreachable: new StripeAdapter({ ...OPTIONS, url: `http://127.0.0.1:${await freePort()}` }),
  tearDown: () => Promise.resolve(),
}));

beforeEach(() => {
  server.fault = { kind: 'none' };
  server.asked.length = 0;
});

afterAll(() => {
  // Whatever Stripe would refuse as no request of its API.
  expect(server.violations).toEqual([]);
});

const lagOver = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SEARCH_LAG_MS + 20));

describe('an authorisation', () => {
  test('is created first, confirmed second, and nothing else', async () => {
    const { call, reference } = await authorized(adapter, 'pm_card_visa');
    expect(server.asked).toEqual(['POST /v1/payment_intents', 'POST /v1/payment_intents/:id/confirm']);
    const [intent] = account.intents;
    expect(intent).toMatchObject({ id: reference, captureMethod: 'manual', descriptor: 'FLORIN TEST' });
    expect(intent.metadata).toEqual({ florin_operation: call.operation, florin_payment: call.payment });
  });

  test('tells when it lapses, and a sale what it costs', async () => {
    const held = succeeded(await adapter.authorize(authorization('pm_card_visa'), PATIENT));
    expect(held.expiresAtMs).toBe((account.intents[0].charge?.captureBefore ?? 0) * 1_000);
    expect(held.cost).toBeNull();
    const sold = succeeded(
      await adapter.authorize(authorization('pm_card_visa', { capture: true }), PATIENT),
    );
    expect(sold.cost).toBe(175n);
  });

  test('whose creation was not answered is found among the newest, before the search shows it', async () => {
    const call = authorization('pm_card_visa');
    server.fault = { kind: 'lost_reply', at: /payment_intents$/ };
    expect((await adapter.authorize(call, PATIENT)).done).toBe('unknown');
    server.fault = { kind: 'none' };
    const asked = { operation: call.operation, kind: 'authorize', providerReference: '' } as const;
    // Created and never confirmed: no card was asked.
    expect(await adapter.query(asked, PATIENT)).toEqual({ done: 'not_found' });
    // Sent again under the same keys it is the same payment intent.
    const count = account.intents.length;
    expect((await adapter.authorize(call, PATIENT)).done).toBe('succeeded');
    expect(account.intents).toHaveLength(count);
    expect((await adapter.query(asked, PATIENT)).done).toBe('succeeded');
  });

  test('that could not be confirmed any more was not sent: an intent that nobody confirms is nothing', async () => {
    const call = authorization('pm_card_visa');
    server.fault = { kind: 'rate_limited', at: /confirm$/ };
    expect((await adapter.authorize(call, PATIENT)).done).toBe('not_sent');
    expect(await driver.truth(call.operation)).toBeNull();
  });

  test('that would need the payer is declined where the payer could not come back', async () => {
    const nowhere = new StripeAdapter({ ...OPTIONS, returnUrl: '' });
    const outcome = await nowhere.authorize(authorization('pm_card_threeDSecure2Required'), PATIENT);
    nowhere.close();
    expect(outcome).toMatchObject({
      done: 'declined',
      code: 'authentication_failed',
      providerCode: 'authentication_not_handled',
    });
  });

  test('below the smallest charge is declined for its amount', async () => {
    const outcome = await adapter.authorize(authorization('pm_card_visa', { amount: 49n }), PATIENT);
    expect(outcome).toMatchObject({
      done: 'declined',
      code: 'amount_not_allowed',
      providerCode: 'amount_too_small',
    });
    expect(adapter.capabilities.minimum.EUR).toBe(50n);
  });

  test('of an amount that Stripe cannot count is not sent', async () => {
    for (const money of [
      { currency: 'KWD', amount: 1_001n },
      { currency: 'MGA', amount: 1_050n },
      { currency: 'ISK', amount: 1_000_000n },
    ])
      expect(await adapter.authorize(authorization('pm_card_visa', money), PATIENT)).toMatchObject({
        done: 'declined',
        code: 'amount_not_allowed',
      });
    expect(server.asked).toEqual([]);
  });

  test('with a key that Stripe does not take was not sent, and the key is in no outcome', async () => {
    const wrong = new StripeAdapter({ ...OPTIONS, secretKey: 'sk_test_wrong' });
    const call = authorization('pm_card_visa');
    const outcome = await wrong.authorize(call, PATIENT);
    wrong.close();
    expect(outcome.done).toBe('not_sent');
    expect(inspect([outcome, wrong], { depth: 9, showHidden: true })).not.toContain('sk_test');
    expect(server.violations.splice(0)).toHaveLength(1);
  });
});

describe('a void under our reference alone', () => {
  test('of a sale that went through says that it is there, so that nobody takes it for closed', async () => {
    const { call } = await authorized(adapter, 'pm_card_visa', { capture: true });
    expect(await adapter.void(onto(call, ''), PATIENT)).toMatchObject({
      done: 'declined',
      code: 'not_permitted',
    });
  });

  test('of an intent that was created and never confirmed cancels it: a confirmation that comes late is refused', async () => {
    const call = authorization('pm_card_visa');
    server.fault = { kind: 'hang_before', at: /confirm$/ };
    expect((await adapter.authorize(call, HASTY)).done).toBe('unknown');
    server.fault = { kind: 'none' };
    expect(await adapter.void(onto(call, ''), PATIENT)).toMatchObject({
      done: 'declined',
      code: 'operation_not_allowed',
      providerCode: 'never_authorized',
    });
    expect(await adapter.authorize(call, PATIENT)).toMatchObject({
      done: 'declined',
      code: 'operation_not_allowed',
    });
    expect(await driver.truth(call.operation)).toBeNull();
  });

  test('holds while an authorisation is on its way: whichever comes first, both agree', async () => {
    for (let round = 0; round < 5; round++) {
      const call = authorization('pm_card_visa');
      const [authorised, released] = await Promise.all([
        adapter.authorize(call, PATIENT),
        new Promise((resolve) => setTimeout(resolve, round * 8)).then(() =>
          adapter.void(onto(call, ''), PATIENT),
        ),
      ]);
      const [intent, ...others] = account.intents.filter(
        ({ metadata }) =>
          metadata.florin_operation === call.operation && metadata.florin_closed === undefined,
      );
      expect(others).toEqual([]);
      // Nothing is held at the end, whatever the two were told.
      expect(['canceled', undefined]).toContain(intent?.status);
      if (released.done === 'declined') expect(authorised.done).not.toBe('succeeded');
    }
  });

  test('where the creation exists and is not shown anywhere is unknown, not closed', async () => {
    const call = authorization('pm_card_visa');
    server.fault = { kind: 'lost_reply', at: /payment_intents$/ };
    await adapter.authorize(call, PATIENT);
    server.fault = { kind: 'none' };
    const [intent] = account.intents.splice(0, 1);
    expect(await adapter.void(onto(call, ''), PATIENT)).toMatchObject({ done: 'unknown' });
    account.intents.unshift(intent);
    expect((await adapter.void(onto(call, ''), PATIENT)).done).toBe('declined');
  });

  test('finds by search what is older than its key', async () => {
    const { call } = await authorized(adapter, 'pm_card_visa');
    await lagOver();
    server.forgetKeys();
    const older = Array.from({ length: 100 }, () => ({
      ...account.intents[0],
      id: `pi_${newId()}`,
      metadata: {},
      indexed: [],
    }));
    account.intents.unshift(...older);
    expect((await adapter.void(onto(call, ''), PATIENT)).done).toBe('succeeded');
    account.intents.splice(0, 100);
  });

  test('closes a reference again as it did the first time', async () => {
    const call = authorization('pm_card_visa');
    const release = onto(call, '');
    const first = await adapter.void(release, PATIENT);
    expect(first).toMatchObject({ done: 'declined', code: 'operation_not_allowed' });
    expect(await adapter.void(release, PATIENT)).toEqual(first);
    await lagOver();
    expect(await adapter.void(onto(call, ''), PATIENT)).toEqual(first);
  });
});

describe('a void', () => {
  test('of a payment whose payer is being asked ends the asking', async () => {
    const call = authorization('pm_card_threeDSecure2Required');
    const first = await adapter.authorize(call, PATIENT);
    if (first.done !== 'requires_action') throw new Error(first.done);
    const release = onto(call, first.providerReference);
    expect(succeeded(await adapter.void(release, PATIENT)).amount).toBe(call.amount);
    expect(await settled(adapter, call)).toMatchObject({ done: 'declined', code: 'operation_not_allowed' });
  });

  test('whose answer was lost is found by our reference, and done once', async () => {
    const { call, reference } = await authorized(adapter, 'pm_card_visa');
    const release = onto(call, reference);
    server.fault = { kind: 'lost_reply', at: /cancel$/ };
    expect((await adapter.void(release, PATIENT)).done).toBe('unknown');
    server.fault = { kind: 'none' };
    const { operation } = release;
    const found = await adapter.query({ operation, kind: 'void', providerReference: '' }, PATIENT);
    expect(succeeded(found).amount).toBe(call.amount);
    expect(await adapter.void(release, PATIENT)).toEqual(found);
    // Another void of the same has nothing left to do.
    expect(await adapter.void(onto(call, reference), PATIENT)).toMatchObject({
      code: 'operation_not_allowed',
    });
  });

  test('that left its note and was never sent is not found', async () => {
    const { call, reference } = await authorized(adapter, 'pm_card_visa');
    const release = onto(call, reference);
    server.fault = { kind: 'error_before', at: /cancel$/ };
    expect((await adapter.void(release, PATIENT)).done).toBe('unknown');
    const asked = { operation: release.operation, kind: 'void', providerReference: '' } as const;
    expect(await adapter.query(asked, PATIENT)).toEqual({ done: 'not_found' });
  });
});

describe('a capture', () => {
  test('of a part is the last: the rest is released', async () => {
    const { call, reference } = await authorized(adapter, 'pm_card_visa');
    const capture = onto(call, reference, { amount: 4_000n });
    expect(succeeded(await adapter.capture(capture, PATIENT))).toMatchObject({ amount: 4_000n, cost: 85n });
    expect((await adapter.capture(onto(call, reference, { amount: 1n }), PATIENT)).done).toBe('declined');
    // What was authorised stays what was authorised.
    expect(await settled(adapter, call)).toMatchObject({ done: 'succeeded', amount: call.amount });
  });

  test('sent again after its key has lapsed is found by its note', async () => {
    const { call, reference } = await authorized(adapter, 'pm_card_visa');
    const capture = onto(call, reference);
    const first = succeeded(await adapter.capture(capture, PATIENT));
    server.forgetKeys();
    expect(await adapter.capture(capture, PATIENT)).toMatchObject({
      done: 'succeeded',
      amount: first.amount,
    });
    const lines = account.lines.filter(({ key }) => key === capture.operation);
    expect(lines).toHaveLength(1);
  });

  test('that people made in Stripe’s pages is not taken for ours', async () => {
    const { call, reference } = await authorized(adapter, 'pm_card_visa');
    await adapter.capture(onto(call, reference), PATIENT);
    const asked = { operation: newId(), kind: 'capture', providerReference: reference } as const;
    expect((await adapter.query(asked, PATIENT)).done).toBe('unknown');
  });
});

describe('a refund', () => {
  test('is found by our reference alone, by its own id, and among those of the payment', async () => {
    const { call, reference } = await authorized(adapter, 'pm_card_visa', { capture: true });
    await adapter.refund(onto(call, reference, { amount: 20n }), PATIENT);
    const refund = onto(call, reference, { amount: 30n });
    const outcome = succeeded(await adapter.refund(refund, PATIENT));
    for (const providerReference of ['', reference, outcome.providerReference])
      expect(
        await adapter.query({ operation: refund.operation, kind: 'refund', providerReference }, PATIENT),
      ).toEqual(outcome);
    const other = { operation: newId(), kind: 'refund', providerReference: reference } as const;
    expect(await adapter.query(other, PATIENT)).toEqual({ done: 'not_found' });
  });

  test('that takes days is accepted, and one that fails later is declined when asked about', async () => {
    const { call, reference } = await authorized(adapter, 'pm_card_pendingRefund', { capture: true });
    const refund = onto(call, reference);
    expect(await adapter.refund(refund, PATIENT)).toMatchObject({ done: 'accepted' });
    account.failRefund(refund.operation);
    const asked = { operation: refund.operation, kind: 'refund', providerReference: reference } as const;
    expect(await adapter.query(asked, PATIENT)).toMatchObject({ done: 'declined', code: 'lost_card' });
    const [event] = adapter.parseWebhook(await driver.webhook(refund.operation, 'refund_failed'));
    expect(event).toMatchObject({
      kind: 'refund_failed',
      operation: refund.operation,
      providerReference: reference,
    });
  });

  test('of a sale under our reference alone is made', async () => {
    const { call } = await authorized(adapter, 'pm_card_visa', { capture: true });
    expect(succeeded(await adapter.refund(onto(call, ''), PATIENT)).amount).toBe(call.amount);
  });

  test('of what is only authorised is not asked for: Stripe would release it', async () => {
    const { call, reference } = await authorized(adapter, 'pm_card_visa');
    expect((await adapter.refund(onto(call, reference), PATIENT)).done).toBe('declined');
    expect(server.asked).not.toContain('POST /v1/refunds');
    expect((await adapter.capture(onto(call, reference), PATIENT)).done).toBe('succeeded');
  });
});

test('events name the operation that they came of', async () => {
  const sale = await authorized(adapter, 'pm_card_visa', { capture: true });
  const [sold] = adapter.parseWebhook(await driver.webhook(sale.call.operation, 'captured'));
  expect(sold).toMatchObject({ kind: 'captured', operation: sale.call.operation });
  const held = await authorized(adapter, 'pm_card_visa');
  const capture = onto(held.call, held.reference);
  await adapter.capture(capture, PATIENT);
  const [captured] = adapter.parseWebhook(await driver.webhook(capture.operation, 'captured'));
  expect(captured).toMatchObject({ kind: 'captured', operation: capture.operation });
  const given = await authorized(adapter, 'pm_card_visa');
  const release = onto(given.call, given.reference);
  await adapter.void(release, PATIENT);
  const [voided] = adapter.parseWebhook(await driver.webhook(release.operation, 'voided'));
  expect(voided).toMatchObject({ kind: 'voided', operation: release.operation });
});

test('what cannot name a provider, or stand in a header, is refused, and the key is not repeated', () => {
  expect(() => new StripeAdapter({ ...OPTIONS, name: 'Stripe!' })).toThrow('Stripe!');
  for (const secretKey of ['', 'sk_test_\n', 'sk_tést']) {
    const make = (): StripeAdapter => new StripeAdapter({ ...OPTIONS, secretKey });
    expect(make).toThrow('the secret key of Stripe cannot be one');
  }
});
