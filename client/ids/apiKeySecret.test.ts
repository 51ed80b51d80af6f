import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { apiKeySecretOf, newApiKeySecret } from './apiKeySecret.ts';

test.each([
  ['secret', 'test', 'sk_test_'],
  ['secret', 'live', 'sk_live_'],
  ['publishable', 'test', 'pk_test_'],
  ['publishable', 'live', 'pk_live_'],
] as const)('the secret of a %s key for %s says so, and no two are alike', (kind, mode, prefix) => {
  const made = Array.from({ length: 100 }, () => newApiKeySecret({ kind, mode }));
  for (const { secret, secretSha256, secretSuffix } of made) {
    expect(secret).toMatch(new RegExp(`^${prefix}[A-Za-z0-9]{32}$`));
    expect(secretSha256).toEqual(createHash('sha256').update(secret).digest());
    expect(secret.endsWith(secretSuffix)).toBe(true);
    expect(secretSuffix).toHaveLength(4);
  }
  expect(new Set(made.map(({ secret }) => secret)).size).toBe(100);
  expect(apiKeySecretOf(made[0].secret)).toEqual(made[0]);
});
