import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BadWebhookKey, keepWebhookKey } from './keyFile.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a key is made once, for its owner alone, and found again', () => {
  const file = join(folder, 'secrets', 'webhook.key');
  const key = keepWebhookKey(file);
  expect(key).toHaveLength(32);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(keepWebhookKey(file)).toEqual(key);
});

test('one that others may read is closed to them', () => {
  const file = join(folder, 'webhook.key');
  keepWebhookKey(file);
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  writeFileSync(file, text, { mode: 0o644 });
  keepWebhookKey(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('what is no key is refused and left as it is', () => {
  const file = join(folder, 'webhook.key');
  writeFileSync(file, 'short\n');
  expect(() => keepWebhookKey(file)).toThrow(BadWebhookKey);
  expect(readFileSync(file, 'utf8')).toBe('short\n');
});
