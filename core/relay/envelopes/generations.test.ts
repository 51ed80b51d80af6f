import { expect, test } from 'vitest';
import { Generations } from './generations.ts';

test('what a batch uses stays, whoever comes with it, and what nobody uses goes', () => {
  const kept = new Generations<number, string>(100);
  kept.set(0, 'hot');
  for (let batch = 0; batch < 50; batch++) {
    kept.turn();
    expect(kept.get(0)).toBe('hot');
    for (let key = 1; key <= 30; key++) kept.set(batch * 1_000 + key, 'cold');
    expect(kept.get(0)).toBe('hot');
  }
  expect(kept.get(1)).toBeUndefined();
  expect(kept.size).toBeLessThanOrEqual(260);
});

test('a batch may use more than is kept', () => {
  const kept = new Generations<number, number>(10);
  for (const from of [0, 1_000]) {
    kept.turn();
    for (let key = from; key < from + 500; key++) kept.set(key, key);
    for (let key = from; key < from + 500; key++) expect(kept.get(key)).toBe(key);
  }
  kept.turn();
  kept.turn();
  expect(kept.size).toBeLessThanOrEqual(1_000);
});
