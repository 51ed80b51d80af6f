import { Webhook } from 'standardwebhooks';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { TEST_SECRETS } from '../testing/secrets.ts';
import { WebhookSecrets } from './secrets.ts';
import { signatureOf } from './signature.ts';

const ENDPOINT = { id: '0190a000-0000-7000-8000-000000000005', secretGeneration: 2 };
const NOW = Math.floor(Date.parse('2026-11-27T00:00:00Z') / 1_000);

/** What a receiver makes of it, by the library that receivers use. */
function verified(
  secret: string,
  { id, timestamp, body }: Parameters<typeof signatureOf>[0],
  signature: string,
) {
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  };
  return new Webhook(secret).verify(body, headers);
}

test('what is signed is verified by the library of Standard Webhooks, and nothing else is', () => {
  const timestamp = Math.floor(Date.now() / 1_000);
  const signed = { id: 'evt_1', timestamp, body: '{"a":"ü \\u2028"}' };
  const secrets = TEST_SECRETS.signing({ ...ENDPOINT, oldSecretUntil: undefined }, NOW);
  const signature = signatureOf(signed, secrets);
  const secret = TEST_SECRETS.secretOf(ENDPOINT, 2);
  expect(verified(secret, signed, signature)).toEqual({ a: 'ü \u2028' });
  for (const other of [
    { ...signed, body: '{}' },
    { ...signed, id: 'evt_2' },
    { ...signed, timestamp: timestamp - 1 },
  ])
    expect(() => verified(secret, other, signature)).toThrow('No matching signature');
});

test('during a rotation both secrets sign, afterwards the new one alone', () => {
  const until = timestampFromMs((NOW + 60) * 1_000);
  const [first, second] = [1, 2].map((generation) => TEST_SECRETS.secretOf(ENDPOINT, generation));
  expect(first).not.toBe(second);
  const timestamp = Math.floor(Date.now() / 1_000);
  const signed = { id: 'evt_1', timestamp, body: '{}' };
  const during = signatureOf(signed, TEST_SECRETS.signing({ ...ENDPOINT, oldSecretUntil: until }, NOW));
  for (const secret of [first, second]) expect(verified(secret, signed, during)).toEqual({});
  const after = signatureOf(signed, TEST_SECRETS.signing({ ...ENDPOINT, oldSecretUntil: until }, NOW + 60));
  expect(verified(second, signed, after)).toEqual({});
  expect(() => verified(first, signed, after)).toThrow('No matching signature');
});

test('secrets differ by endpoint, generation and key, and a short key is refused', () => {
  const other = new WebhookSecrets(new Uint8Array(32).fill(8));
  const secrets = [
    TEST_SECRETS.secretOf(ENDPOINT, 1),
    TEST_SECRETS.secretOf(ENDPOINT, 2),
    TEST_SECRETS.secretOf({ id: '0190a000-0000-7000-8000-000000000006' }, 1),
    other.secretOf(ENDPOINT, 1),
  ];
  expect(new Set(secrets).size).toBe(4);
  for (const secret of secrets) expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(() => new WebhookSecrets(new Uint8Array(31))).toThrow(RangeError);
});
