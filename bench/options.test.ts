import { expect, test } from 'vitest';
import { readOptions, UsageError } from './options.ts';

test('takes a scenario with its own sizes unless told otherwise', () => {
  expect(readOptions(['bulk'])).toMatchObject({
    scenario: 'bulk',
    json: false,
    sizes: {},
    projection: undefined,
  });
  expect(
    readOptions(['large', '--json', '--seconds', '2', '--accounts', '1000', '--projection', 'ran']),
  ).toMatchObject({
    json: true,
    sizes: { roundMs: 2_000, accounts: 1_000 },
    projection: 'ran',
  });
});

test.each([
  [[]],
  [['fast']],
  [['bulk', 'hot']],
  [['bulk', '--accounts', '5']],
  [['bulk', '--seconds', '1.5']],
  [['bulk', '--projection', 'maybe']],
  [['bulk', '--unknown']],
])('refuses %j in words', (args) => {
  expect(() => readOptions(args)).toThrow(UsageError);
});
