import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { PspEventKind, RawWebhook } from '../../../core/processes/psp.ts';
import { freePort } from '../../../test/support/ports.ts';
import { PATIENT, authorization, authorized, ended, newId, onto, succeeded } from '../contract/calls.ts';
import { describePspContract } from '../contract/contract.ts';
import type { Driver, Subject } from '../contract/subject.ts';
import { AdyenAdapter } from './adapter.ts';
import { signatureOf, webhookOf } from './testing/events.ts';
import { AdyenServer } from './testing/server.ts';

const API_KEY = 'AQEyhmfxK.the-key-of-the-tests';
const HMAC_KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';
const MERCHANT_ACCOUNT = 'FlorinTestECOM';
const EVENT_MS_MAX = 5_000;

/** Digits as Adyen's table has them, a second time. */
const DIGITS: Readonly<Record<string, number>> = {
  EUR: 2,
  USD: 2,
  JPY: 0,
  KWD: 3,
  CLP: 2,
  ISK: 2,
  CVE: 0,
  IDR: 0,
};

/** What a kind of ours is told by. */
const TOLD: Partial<Record<PspEventKind, readonly (readonly [code: string, success: 'true' | 'false'])[]>> = {
  authorized: [['AUTHORISATION', 'true']],
  captured: [['CAPTURE', 'true']],
  capture_failed: [['CAPTURE', 'false']],
  voided: [['TECHNICAL_CANCEL', 'true']],
  declined: [
    ['AUTHORISATION', 'false'],
    ['TECHNICAL_CANCEL', 'false'],
  ],
  refunded: [['REFUND', 'true']],
  refund_failed: [['REFUND', 'false']],
};

async function webhook(operation: string, kind: PspEventKind): Promise<RawWebhook> {
  const until = performance.now() + EVENT_MS_MAX;
  while (performance.now() < until) {
    const found = server.webhooks.find(
      ({ told }) =>
        told.merchantReference === operation &&
        TOLD[kind]?.some(([code, success]) => told.eventCode === code && told.success === success),
    );
    if (found !== undefined) return { body: found.body, headers: {} };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`no webhook "${kind}" about ${operation}`);
}

function decimalOf(value: number, currency: string): string {
  const digits = DIGITS[currency];
  const text = String(value).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

const server = new AdyenServer({
  apiKey: API_KEY,
  merchantAccount: MERCHANT_ACCOUNT,
  hmacKey: HMAC_KEY,
  nowMs: () => Date.now(),
});
const settings = {
  url: await server.open(),
  apiKey: API_KEY,
  merchantAccount: MERCHANT_ACCOUNT,
  hmacKeys: ['00'.repeat(32), HMAC_KEY],
};
const adapter = new AdyenAdapter(settings);

const driver: Driver = {
  tokens: {
    succeeds: 'shopper/1/M5N7TQ4TG5PFWR50',
    declines: [
      ['shopper-1/REFUSED000000002', 'generic_decline', 'soft'],
      ['shopper-1/REFUSED000000009', 'issuer_unavailable', 'soft'],
      ['shopper-1/REFUSED000000012', 'insufficient_funds', 'soft'],
      ['shopper-1/REFUSED000000005', 'invalid_account', 'hard'],
      ['shopper-1/REFUSED000000006', 'expired_card', 'hard'],
      ['shopper-1/REFUSED000000020', 'fraudulent', 'hard'],
      ['shopper-1/REFUSED000000024', 'incorrect_cvc', 'hard'],
      ['shopper-1/REFUSED000000046', 'not_permitted', 'hard'],
      ['shopper-1/NOSUCHMETHOD0001', 'invalid_account', 'hard'],
      ['M5N7TQ4TG5PFWR50', 'invalid_account', 'hard'],
    ],
    challenges: 'shopper-1/CHALLENGED000001',
    timeoutThenSuccess: 'shopper-1/DONEUNANSWERED01',
    neverArrives: 'shopper-1/NEVERARRIVES0001',
  },
  ways: { followUps: 'later', queries: 'none', signatures: 'in_body', closing: 'none' },
  exponents: [
    { currency: 'JPY', amount: 1_050n, decimal: '1050' },
    { currency: 'EUR', amount: 1_050n, decimal: '10.50' },
    { currency: 'KWD', amount: 1_050n, decimal: '1.050' },
    { currency: 'CLP', amount: 1_050n, decimal: '1050.00' },
    { currency: 'ISK', amount: 7n, decimal: '7.00' },
    { currency: 'CVE', amount: 105_000n, decimal: '1050' },
    { currency: 'IDR', amount: 100n, decimal: '1' },
  ],
  truth: (operation) => {
    const entry = server.provider.books.get(operation);
    if (entry === undefined) return Promise.resolve(null);
    const { kind, status, value, currency } = entry;
    return Promise.resolve({ kind, status, currency, decimal: decimalOf(value, currency) });
  },
  successes: (kind) =>
    Promise.resolve(
      [...server.provider.books.values()].filter((one) => one.kind === kind && one.status === 'succeeded')
        .length,
    ),
  challenge: (url, result) => Promise.resolve(server.provider.challenge(url, result)),
  fault: (fault) => {
    server.fault = fault;
    return Promise.resolve();
  },
  webhook,
  // The moment is no part of what is signed.
  sign: (body) => ({ body, headers: {} }),
};

const subject: Subject = {
  adapter,
  driver,
  unreachable: new AdyenAdapter({ ...settings, url: `http://127.0.0.1:${await freePort()}/v71` }),
  tearDown: () => Promise.resolve(),
};

afterAll(async () => {
  adapter.close();
  await server.close();
  expect(server.complaints).toEqual([]);
});

describePspContract('Adyen', () => Promise.resolve(subject));

describe('an amount that Adyen cannot count', () => {
  test('is declined and not sent: nothing is rounded', async () => {
    for (const currency of ['CVE', 'IDR']) {
      const call = authorization(driver.tokens.succeeds, { currency, amount: 1_050n });
      expect(await adapter.authorize(call, PATIENT)).toMatchObject({
        done: 'declined',
        code: 'amount_not_allowed',
        providerCode: 'not_whole',
      });
      expect(await driver.truth(call.operation)).toBeNull();
    }
  });
});

describe('a capture', () => {
  test('of a part releases the rest, since the account is not set up for several', async () => {
    const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
    const part = onto(call, reference, { amount: 4_000n, final: true });
    expect(succeeded(await ended(subject, 'capture', part)).amount).toBe(4_000n);
    const more = await ended(subject, 'capture', onto(call, reference, { amount: 1n }));
    expect(more.done).toBe('declined');
    expect(adapter.capabilities.multipleCaptures).toBe(false);
  });

  test('is taken in first, and under the same key again with the same answer', async () => {
    const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
    const capture = onto(call, reference);
    const first = await adapter.capture(capture, PATIENT);
    expect(first).toMatchObject({ done: 'accepted' });
    expect(await adapter.capture(capture, PATIENT)).toEqual(first);
    expect(first.done === 'accepted' && first.providerReference !== reference).toBe(true);
  });

  test('with no reference of Adyen’s, or one that is a path, is not sent', async () => {
    const call = authorization(driver.tokens.succeeds);
    for (const reference of ['', '../cancels', 'a b', '882543/captures?x='])
      expect(await adapter.capture(onto(call, reference), PATIENT)).toMatchObject({
        done: 'declined',
        providerCode: 'no_psp_reference',
      });
  });
});

test('an authorisation whose answer was lost is let go by our reference, and the provider’s books agree', async () => {
  const call = authorization(driver.tokens.succeeds);
  server.fault = 'lost_reply';
  expect((await adapter.authorize(call, PATIENT)).done).toBe('unknown');
  server.fault = 'none';
  const release = onto(call, '');
  const outcome = succeeded(await ended(subject, 'void', release));
  expect(outcome).toMatchObject({ amount: call.amount, currency: call.currency });
  expect(await driver.truth(release.operation)).toMatchObject({ kind: 'void', status: 'succeeded' });
});

test('a sale and an increment are not offered, and not sent', async () => {
  const call = authorization(driver.tokens.succeeds, { capture: true });
  expect(await adapter.authorize(call, PATIENT)).toMatchObject({ done: 'declined' });
  expect(await driver.truth(call.operation)).toBeNull();
  expect(await adapter.increment()).toMatchObject({ done: 'declined', code: 'operation_not_allowed' });
});

test('what Adyen has told a reference of is never "not found"', async () => {
  for (const kind of ['authorize', 'capture', 'void', 'refund'] as const) {
    const asked = { operation: newId(), kind };
    expect((await adapter.query({ ...asked, providerReference: 'Q000000000000001' })).done).toBe('unknown');
    expect((await adapter.query({ ...asked, providerReference: '' })).done).toBe('not_found');
  }
});

describe('credentials', () => {
  test('that are wrong were not let in: nothing was done, and another provider may be asked', async () => {
    for (const more of [{ apiKey: 'wrong' }, { merchantAccount: 'SomebodyElse' }]) {
      const stranger = new AdyenAdapter({ ...settings, ...more });
      const call = authorization(driver.tokens.succeeds);
      expect((await stranger.authorize(call, PATIENT)).done).toBe('not_sent');
      expect(await driver.truth(call.operation)).toBeNull();
      stranger.close();
    }
  });

  test('are in nothing that could be logged', async () => {
    const outcome = await subject.unreachable.authorize(authorization(driver.tokens.succeeds), PATIENT);
    const shown = inspect([adapter, outcome], { depth: 9, showHidden: true });
    expect(shown).not.toContain(API_KEY);
    expect(shown).not.toContain(HMAC_KEY);
  });

  test.each([
    [{ url: 'http://checkout-test.adyen.com/v71' }, 'FLORIN_ADYEN_URL'],
    [{ url: 'no address' }, 'FLORIN_ADYEN_URL'],
    [{ apiKey: '' }, 'FLORIN_ADYEN_API_KEY'],
    [{ apiKey: 'sec\r\nret' }, 'FLORIN_ADYEN_API_KEY'],
    [{ merchantAccount: '' }, 'FLORIN_ADYEN_MERCHANT_ACCOUNT'],
    [{ hmacKeys: ['secret'] }, 'FLORIN_ADYEN_HMAC_KEYS'],
  ])('that cannot be used are refused by name, without their value: %j', (more, name) => {
    const make = (): AdyenAdapter => new AdyenAdapter({ ...settings, ...more });
    expect(make).toThrow(RangeError);
    expect(make).toThrow(name);
    expect(make).not.toThrow(/sec|ret\b/);
  });
});

describe('a batch', () => {
  const signer = { merchantAccount: MERCHANT_ACCOUNT, hmacKey: HMAC_KEY };
  const told = (index: number) =>
    ({
      eventCode: 'AUTHORISATION',
      success: 'true',
      pspReference: `Q00000000000000${index}`,
      merchantReference: newId(),
      amount: { value: 100 + index, currency: 'EUR' },
    }) as const;

  test('is genuine when each of its events is', () => {
    const body = webhookOf([told(1), told(2), told(3)], signer, Date.now());
    expect(adapter.verifyWebhook({ body, headers: {} })).toBe(true);
    expect(adapter.parseWebhook({ body, headers: {} }).map(({ money }) => money?.amount)).toEqual([
      101n,
      102n,
      103n,
    ]);
  });

  test('is not when one of them is signed with another key, for another account, or was swapped in', () => {
    const other = { ...signer, hmacKey: '11'.repeat(32) };
    const items = (body: Uint8Array): unknown[] =>
      (JSON.parse(Buffer.from(body).toString()) as { notificationItems: unknown[] }).notificationItems;
    const [good] = items(webhookOf([told(1)], signer, Date.now()));
    const [unsigned] = items(webhookOf([told(2)], other, Date.now()));
    const [foreign] = items(webhookOf([told(3)], { ...signer, merchantAccount: 'SomebodyElse' }, Date.now()));
    const stolen = JSON.parse(JSON.stringify(good)) as {
      NotificationRequestItem: { additionalData: object };
    };
    stolen.NotificationRequestItem.additionalData = { hmacSignature: signatureOf(told(4), signer) };
    const verify = (notificationItems: unknown[]): boolean =>
      adapter.verifyWebhook({
        body: Buffer.from(JSON.stringify({ live: 'false', notificationItems })),
        headers: {},
      });
    expect(verify([good])).toBe(true);
    for (const bad of [unsigned, foreign, stolen, {}, null]) expect(verify([good, bad])).toBe(false);
    expect(verify([])).toBe(false);
    expect(verify(Array.from({ length: 101 }, () => good))).toBe(false);
  });
});
