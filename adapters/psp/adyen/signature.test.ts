import { expect, test } from 'vitest';
import { hmacKeyOf, isSigned, signedText } from './signature.ts';

// The example of Adyen's documentation and libraries ("Verify HMAC signatures").
const KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';
const SIGNATURE = 'coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=';
const PUBLISHED = {
  pspReference: '7914073381342284',
  originalReference: '',
  merchantAccountCode: 'TestMerchant',
  merchantReference: 'TestPayment-1407325143704',
  amount: { value: 1130, currency: 'EUR' },
  eventCode: 'AUTHORISATION',
  success: 'true',
  additionalData: { hmacSignature: SIGNATURE },
};
const keys = [hmacKeyOf(KEY)];

const itemOf = (more: object = {}): ReadonlyMap<string, unknown> =>
  new Map(Object.entries({ ...PUBLISHED, ...more }));

test('the published example has the published signature', () => {
  expect(signedText(itemOf())).toBe(
    '7914073381342284::TestMerchant:TestPayment-1407325143704:1130:EUR:AUTHORISATION:true',
  );
  expect(isSigned(itemOf(), keys)).toBe(true);
});

test('an original reference that is missing, null or empty is signed as nothing', () => {
  expect(isSigned(itemOf({ originalReference: undefined }), keys)).toBe(true);
  expect(isSigned(itemOf({ originalReference: null }), keys)).toBe(true);
});

test.each([
  ['pspReference', '7914073381342285'],
  ['originalReference', '7914073381342284'],
  ['merchantAccountCode', 'TestMerchant2'],
  ['merchantReference', 'TestPayment-1407325143705'],
  ['amount', { value: 1131, currency: 'EUR' }],
  ['amount', { value: 1130, currency: 'USD' }],
  ['amount', { value: '1130', currency: 'EUR' }],
  ['amount', { value: 1130.5, currency: 'EUR' }],
  ['amount', null],
  ['eventCode', 'CAPTURE'],
  ['success', 'false'],
  ['success', true],
  ['additionalData', {}],
  ['additionalData', null],
  ['additionalData', { hmacSignature: '' }],
  ['additionalData', { hmacSignature: SIGNATURE.slice(0, -1) }],
  ['additionalData', { hmacSignature: `${SIGNATURE}${SIGNATURE}` }],
  ['additionalData', { hmacSignature: [SIGNATURE] }],
])('another %s is not signed: %j', (name, value) => {
  expect(isSigned(itemOf({ [name]: value }), keys)).toBe(false);
});

test('one of several keys is enough, and none is not', () => {
  expect(isSigned(itemOf(), [hmacKeyOf('00'.repeat(32)), ...keys])).toBe(true);
  expect(isSigned(itemOf(), [hmacKeyOf('00'.repeat(32))])).toBe(false);
  expect(isSigned(itemOf(), [])).toBe(false);
});

test('colons and backslashes of our reference are signed as they stand', () => {
  for (const merchantReference of ['a:b', 'a\\b', 'a\\:b', ':', '\\'])
    expect(signedText(itemOf({ merchantReference }))).toBe(
      `7914073381342284::TestMerchant:${merchantReference}:1130:EUR:AUTHORISATION:true`,
    );
});

test('a colon anywhere else is refused: two events could read the same', () => {
  // With it, moving "TestMerchant" between two fields would keep the text and so the signature.
  expect(signedText(itemOf({ originalReference: ':TestMerchant', merchantAccountCode: '' }))).toBeNull();
  for (const name of ['pspReference', 'originalReference', 'merchantAccountCode', 'eventCode', 'success'])
    expect(signedText(itemOf({ [name]: 'a:b' })), name).toBeNull();
  expect(signedText(itemOf({ amount: { value: 1, currency: 'EUR:X' } }))).toBeNull();
});

test('an event without money is signed with nothing in its place', () => {
  const text = '7914073381342284::TestMerchant:TestPayment-1407325143704:::AUTHORISATION:true';
  expect(signedText(itemOf({ amount: undefined }))).toBe(text);
  expect(signedText(itemOf({ amount: { value: 0, currency: 'EUR' } }))).toContain(':0:EUR:');
});

test.each(['', 'xyz', KEY.slice(1), `${KEY}00`, `${KEY.slice(0, -1)}g`, `${KEY} `])(
  'a key that is not 64 hexadecimal digits is refused and not shown: "%s"',
  (hex) => {
    expect(() => hmacKeyOf(hex)).toThrow('64 hexadecimal digits');
    if (hex !== '') expect(() => hmacKeyOf(hex)).not.toThrow(hex);
  },
);
