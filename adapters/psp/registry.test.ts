import { expect, test } from 'vitest';
import { readProvidersConfig } from './config.ts';
import { UnknownProvider, configuredProviders } from './registry.ts';

const ADYEN = {
  FLORIN_PROVIDERS: 'adyen',
  FLORIN_ADYEN_API_KEY: 'AQEyhmfx.key',
  FLORIN_ADYEN_MERCHANT_ACCOUNT: 'FlorinECOM',
  FLORIN_ADYEN_HMAC_KEYS: `${'ab'.repeat(32)}, ${'CD'.repeat(32)}`,
};
const BANK = {
  FLORIN_BANK_FOLDER: '/var/lib/bank',
  FLORIN_BANK_ACCOUNT: 'DE89370400440532013000/Florin Ltd',
};
const registered = (env: Record<string, string>) =>
  configuredProviders(readProvidersConfig({ isEmbedded: false }, env));

test('providers come in the order in which they are named, and every name is that of its adapter', () => {
  const names = registered({ ...ADYEN, ...BANK, FLORIN_PROVIDERS: ' adyen ,simulator,bank_transfer' }).map(
    ({ adapter }) => adapter.name,
  );
  expect(names).toEqual(['adyen', 'simulator', 'bank_transfer']);
  expect(registered({})).toEqual([]);
  expect(registered({ FLORIN_PROVIDERS: 'none' })).toEqual([]);
});

test('a name that there is not is refused with those that there are', () => {
  for (const name of ['nobody', 'constructor', '__proto__'])
    expect(() => registered({ FLORIN_PROVIDERS: name })).toThrow(UnknownProvider);
  expect(() => registered({ FLORIN_PROVIDERS: 'nobody' })).toThrow(/simulator.*adyen/);
});

test.each([
  ['FLORIN_ADYEN_API_KEY', ''],
  ['FLORIN_ADYEN_API_KEY', 'line\nbreak'],
  ['FLORIN_ADYEN_MERCHANT_ACCOUNT', ''],
  ['FLORIN_ADYEN_URL', 'http://adyen.example/v71'],
  ['FLORIN_ADYEN_HMAC_KEYS', 'not-hexadecimal'],
])(
  'a setting of Adyen that cannot be used is named in one line, without its value: %s=%j',
  (variable, value) => {
    const start = (): unknown => registered({ ...ADYEN, [variable]: value });
    expect(start).toThrow(UnknownProvider);
    expect(start).toThrow(new RegExp(`^FLORIN_PROVIDERS names "adyen": [^\n]*${variable}[^\n]*$`));
    expect(start).not.toThrow(/line|not-hex|adyen\.example|AQEyhmfx/);
  },
);

test.each(['FLORIN_BANK_FOLDER', 'FLORIN_BANK_ACCOUNT'])(
  '%s of a bank that is named has to be there',
  (variable) => {
    const env = { ...BANK, FLORIN_PROVIDERS: 'bank_transfer', [variable]: '' };
    expect(() => registered(env)).toThrow(
      new RegExp(`^FLORIN_PROVIDERS names "bank_transfer": ${variable} `),
    );
  },
);

test('settings of a provider that is not named are not looked at', () => {
  expect(
    registered({ FLORIN_PROVIDERS: 'simulator', FLORIN_ADYEN_HMAC_KEYS: 'not-hexadecimal' }),
  ).toHaveLength(1);
});

const named = (env: Record<string, string>) =>
  configuredProviders(readProvidersConfig({ isEmbedded: false }, env)).map(({ adapter }) => adapter.name);

test('Stripe is a provider where it is named and has its key', () => {
  expect(named({ FLORIN_PROVIDERS: ' stripe , simulator', FLORIN_STRIPE_SECRET_KEY: 'sk_test_1' })).toEqual([
    'stripe',
    'simulator',
  ]);
});

test('one that there is not, or that lacks its key, stops the start with a line that says so', () => {
  expect(() => named({ FLORIN_PROVIDERS: 'nobody' })).toThrow(
    /"nobody": there are .*simulator.*stripe.*"none"/,
  );
  expect(() => named({ FLORIN_PROVIDERS: 'stripe' })).toThrow('FLORIN_STRIPE_SECRET_KEY is not set');
  expect(() => named({ FLORIN_PROVIDERS: 'stripe', FLORIN_STRIPE_SECRET_KEY: '' })).toThrow('is not set');
});

test('Stripe is asked at its own address, and takes webhooks by secrets of which there may be several', () => {
  const { stripe } = readProvidersConfig({ isEmbedded: true }, {});
  expect(stripe).toEqual({ url: 'https://api.stripe.com', secretKey: '', webhookSecrets: [], returnUrl: '' });
  const env = { FLORIN_STRIPE_WEBHOOK_SECRETS: 'whsec_new, whsec_old,' };
  expect(readProvidersConfig({ isEmbedded: true }, env).stripe.webhookSecrets).toEqual([
    'whsec_new',
    'whsec_old',
  ]);
});

const STRIPE = { FLORIN_PROVIDERS: 'stripe' };
const BANK_NAMED = { ...BANK, FLORIN_PROVIDERS: 'bank_transfer' };
const LIVE_ADYEN = 'https://abc123-FlorinPay-checkout-live.adyenpayments.com/checkout/v71';

test.each([
  [{ FLORIN_PROVIDERS: 'simulator' }, false],
  [{ ...STRIPE, FLORIN_STRIPE_SECRET_KEY: 'sk_test_1' }, false],
  [{ ...STRIPE, FLORIN_STRIPE_SECRET_KEY: 'rk_test_1' }, false],
  [{ ...STRIPE, FLORIN_STRIPE_SECRET_KEY: 'sk_live_1' }, true],
  [{ ...STRIPE, FLORIN_STRIPE_SECRET_KEY: 'rk_live_1' }, true],
  [ADYEN, false],
  [{ ...ADYEN, FLORIN_ADYEN_URL: LIVE_ADYEN }, true],
  [BANK_NAMED, false],
  [{ ...BANK_NAMED, FLORIN_BANK_MODE: 'test' }, false],
  [{ ...BANK_NAMED, FLORIN_BANK_MODE: 'live' }, true],
])('whether a provider moves real money is told by its settings: %j', (env, live) => {
  expect(registered(env).map(({ adapter }) => adapter.capabilities.live)).toEqual([live]);
});

test('a mode of the bank that there is not stops the start, and is not taken for test', () => {
  for (const mode of ['Live', 'live ', 'prod'])
    expect(() => registered({ ...BANK_NAMED, FLORIN_BANK_MODE: mode })).toThrow(
      'FLORIN_PROVIDERS names "bank_transfer": FLORIN_BANK_MODE has to be test or live.',
    );
});
