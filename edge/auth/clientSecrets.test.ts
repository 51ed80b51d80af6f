import { expect, test } from 'vitest';
import { ClientSecrets } from './clientSecrets.ts';

const secrets = new ClientSecrets(new Uint8Array(32).fill(7));
const OWNER = { book: 'shop', merchantId: '0190a000-0000-7000-8000-00000000000a', isLive: false };
const INTENT = '0190a000-0000-7000-8000-000000000001';

test('a client secret begins with the id of its payment, and is the same at every edge', () => {
  const secret = secrets.secretOf(OWNER, INTENT);
  expect(secret).toMatch(/^pi_0190a000000070008000000000000001_secret_[\w-]{43}$/);
  expect(new ClientSecrets(new Uint8Array(32).fill(7)).secretOf(OWNER, INTENT)).toBe(secret);
  expect(secrets.isGood(OWNER, INTENT, secret)).toBe(true);
});

test('it is good for one payment of one merchant, in one mode, and with one key', () => {
  const secret = secrets.secretOf(OWNER, INTENT);
  const other = INTENT.replace(/1$/, '2');
  expect(secrets.isGood(OWNER, other, secret)).toBe(false);
  expect(secrets.isGood(OWNER, other, secret.replace('1_secret', '2_secret'))).toBe(false);
  for (const owner of [{ book: 'shop2' }, { merchantId: INTENT }, { isLive: true }])
    expect(secrets.isGood({ ...OWNER, ...owner }, INTENT, secret)).toBe(false);
  const elsewhere = new ClientSecrets(new Uint8Array(32).fill(8));
  expect(elsewhere.isGood(OWNER, INTENT, secret)).toBe(false);
});

test('nothing that is near it is good', () => {
  const secret = secrets.secretOf(OWNER, INTENT);
  for (const near of ['', secret.slice(0, -1), `${secret}A`, `${secret.slice(0, -1)}é`, secret.toUpperCase()])
    expect(secrets.isGood(OWNER, INTENT, near)).toBe(false);
});

test('a key that is too short is refused', () => {
  expect(() => new ClientSecrets(new Uint8Array(31))).toThrow(RangeError);
});
