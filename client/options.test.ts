import { expect, test } from 'vitest';
import { type FlorinOptions, settingsOf } from './options.ts';

test('has a default for everything', () => {
  expect(settingsOf({})).toMatchObject({ target: '127.0.0.1:7400', timeoutMs: 10_000, channels: 1 });
});

const outOfRange: [name: string, options: FlorinOptions][] = [
  ['timeoutMs', { timeoutMs: 0 }],
  ['timeoutMs', { timeoutMs: NaN }],
  ['channels', { channels: 1.5 }],
  ['retry.attemptsMax', { retry: { attemptsMax: 0 } }],
  ['coalesce.itemsMax', { coalesce: { itemsMax: 8_193 } }],
  ['coalesce.bytesMax', { coalesce: { bytesMax: 1 } }],
];

test.each(outOfRange)('refuses to start with %s out of its range', (name, options) => {
  expect(() => settingsOf(options)).toThrow(new RegExp(`^${name} must be a whole number from `));
});
