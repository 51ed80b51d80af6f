import { afterEach, expect, test, vi } from 'vitest';
import { uuidv7 } from './uuidv7.ts';

afterEach(() => {
  vi.useRealTimers();
});

const stampMs = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

test('has the form of a UUID of version 7', () => {
  for (let i = 0; i < 1_000; i++) {
    expect(uuidv7()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

test('carries the time', () => {
  const before = Date.now();
  const stamp = stampMs(uuidv7());
  // Tests before this one may have pushed the stamp ahead by a few milliseconds.
  expect(stamp).toBeGreaterThanOrEqual(before);
  expect(stamp).toBeLessThan(before + 1_000);
});

test('sorts in the order of making, also within a millisecond', () => {
  const ids = Array.from({ length: 20_000 }, uuidv7);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('keeps the order while the clock stands still or goes back', () => {
  vi.useFakeTimers({ now: Date.now() + 1_000 });
  const first = uuidv7();
  const still = Array.from({ length: 10_000 }, uuidv7);
  vi.setSystemTime(Date.now() - 60_000);
  const back = Array.from({ length: 10 }, uuidv7);
  const ids = [first, ...still, ...back];
  expect(ids.toSorted()).toEqual(ids);
  // 10,000 in one millisecond are more than the counter holds: the stamp has run ahead, by a little.
  expect(stampMs(ids[ids.length - 1]) - stampMs(first)).toBeGreaterThan(0);
  expect(stampMs(ids[ids.length - 1]) - stampMs(first)).toBeLessThanOrEqual(4);
});

test('differs in its random end', () => {
  const ends = Array.from({ length: 10_000 }, () => uuidv7().slice(19));
  expect(new Set(ends).size).toBe(ends.length);
});
