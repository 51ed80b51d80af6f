import { expect, test } from 'vitest';
import { readProvidersConfig } from './config.ts';
import { configuredProviders } from './registry.ts';

const named = (env: Record<string, string>) =>
  configuredProviders(readProvidersConfig({ isEmbedded: false }, env)).map(({ adapter }) => adapter.name);

test('providers are those that are named, in that order', () => {
  expect(named({})).toEqual([]);
  expect(named({ FLORIN_PROVIDERS: 'none' })).toEqual([]);
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
