import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../../test/support/embedded.ts';
import { readSimulatorConfig } from './config.ts';
import { keepWebhookSecret } from './secret.ts';

test('without any setting it listens on 7430 and keeps its webhooks to itself', () => {
  expect(readSimulatorConfig({ FLORIN_DATA_DIR: '/data', FLORIN_SIMULATOR_PORT: '' })).toEqual({
    port: 7430,
    dataDir: '/data',
    file: join('/data', 'simulator.sqlite'),
    webhookUrl: undefined,
    webhookSecret: undefined,
  });
});

test.each([
  ['FLORIN_SIMULATOR_PORT', '0'],
  ['FLORIN_SIMULATOR_PORT', '65536'],
  ['FLORIN_SIMULATOR_PORT', '7430x'],
  ['FLORIN_SIMULATOR_WEBHOOK_URL', 'ftp://example.com'],
  ['FLORIN_SIMULATOR_WEBHOOK_URL', 'localhost'],
  ['FLORIN_SIMULATOR_WEBHOOK_SECRET', 'short'],
])('%s cannot be "%s", and the message names it', (name, value) => {
  expect(() => readSimulatorConfig({ [name]: value })).toThrow(name);
});

test('the secret is made once, for the owner alone', async () => {
  const folder = await temporaryFolder();
  const secret = keepWebhookSecret(folder);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(keepWebhookSecret(folder)).toBe(secret);
  expect((await stat(join(folder, 'simulator.secret'))).mode & 0o777).toBe(0o600);
  await rm(folder, { recursive: true });
});
