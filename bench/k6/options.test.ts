import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { UsageError } from '../options.ts';
import { readK6Options } from './options.ts';
import { k6Scenarios } from './scenarios.ts';

test('every script is a scenario, and every scenario has its script', () => {
  const shared = new Set(['asked.js', 'edge.js', 'ledger.js', 'spikes.js']);
  const scripts = readdirSync(import.meta.dirname).filter(
    (name) => name.endsWith('.js') && !shared.has(name),
  );
  expect(scripts.toSorted()).toEqual(k6Scenarios.map(({ name }) => `${name}.js`).toSorted());
});

test('a rate is a number, or a share of what was reached', () => {
  expect(readK6Options(['checkout'])).toMatchObject({ rate: 0, callers: 128, seconds: 15 });
  expect(readK6Options(['checkout', '--rate', '1000']).rate).toBe(1_000);
  expect(readK6Options(['checkout', '--rate', '70%']).rate).toEqual({ share: 0.7 });
  expect(readK6Options(['soak']).seconds).toBe(600);
});

test.each([
  [[]],
  [['nothing']],
  [['checkout', 'reads']],
  [['checkout', '--rate', '0']],
  [['checkout', '--rate', '170%']],
  [['checkout', '--callers', 'many']],
  [['checkout', '--what']],
])('%j is told how it is used', (args) => {
  expect(() => readK6Options(args)).toThrow(UsageError);
});
