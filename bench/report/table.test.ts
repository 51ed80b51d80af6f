import { expect, test } from 'vitest';
import { jsonOf, type PaymentsResult } from './result.ts';
import { table } from './table.ts';

const found: PaymentsResult = {
  scenario: 'payments',
  figures: { payments_per_s: 2_345.6, rounds: [2_000, 3_000], projection: 'ran', rss_bytes: 1_048_576 },
  bars: [
    { what: 'payments a second', value: 2_345.6, least: 1_500 },
    { what: 'differences', value: 1, most: 0 },
  ],
};

test('of a scenario about payments every figure is a row under its own name, and every bar says whether it was kept', () => {
  expect(table(found).split('\n')).toEqual([
    'payments',
    '  payments per s  2,346',
    '  rounds          2,000; 3,000',
    '  projection      ran',
    '  core            1 MiB at most',
    '  kept    payments a second: 2,346 (at least 1,500)',
    '  MISSED  differences: 1 (at most 0)',
  ]);
});

test('as JSON its figures stand beside its name', () => {
  expect(jsonOf(found)).toEqual({ scenario: 'payments', bars: found.bars, ...found.figures });
});
