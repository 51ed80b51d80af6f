import { expect, test } from 'vitest';
import { samples } from './operations.ts';

test('reads every sample of one metric, with labels or without, and no metric whose name only begins alike', () => {
  const text = [
    '# HELP florin_lag Events.',
    '# TYPE florin_lag gauge',
    'florin_lag{shard="0"} 12',
    'florin_lag{shard="1",server="a b}"} 1.5e3',
    'florin_lag_seconds 7',
    'florin_plain 3 1700000000000',
  ].join('\n');
  expect(samples(text, 'florin_lag')).toEqual([12, 1500]);
  expect(samples(text, 'florin_plain')).toEqual([3]);
  expect(samples(text, 'florin_none')).toEqual([]);
});
