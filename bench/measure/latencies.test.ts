import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Latencies } from './latencies.ts';

function of(values: readonly number[]): Latencies {
  const latencies = new Latencies();
  for (const value of values) latencies.add(value);
  return latencies;
}

describe('percentiles', () => {
  test('are values that were measured, by nearest rank', () => {
    const hundred = of(Array.from({ length: 100 }, (_, i) => 100 - i));
    expect(hundred.percentile(0.5)).toBe(50);
    expect(hundred.percentile(0.99)).toBe(99);
    expect(hundred.percentile(1)).toBe(100);
    expect(of([7]).percentile(0.01)).toBe(7);
  });

  test('hold their definition for any values, also added after one was asked for', () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9_000 });
    const share = fc.double({ min: 0.001, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, share, (list, share) => {
        const [last, ...rest] = list;
        const latencies = of(rest);
        if (rest.length > 0) latencies.percentile(share);
        latencies.add(last);
        const found = latencies.percentile(share);
        const notAbove = (limit: number) => list.filter((value) => value <= limit).length;
        const below = list.filter((value) => value < found).length;
        expect(notAbove(found)).toBeGreaterThanOrEqual(share * list.length - 1e-6);
        expect(below).toBeLessThan(share * list.length + 1e-6);
      }),
    );
  });

  test('of several rounds are those of all their calls', () => {
    const all = of([1, 2, 3]);
    all.addAll(of([10, 20, 30]));
    expect(all.count).toBe(6);
    expect(all.percentile(0.5)).toBe(3);
    expect(all.percentile(1)).toBe(30);
  });

  test('of nothing are NaN, and a share out of range is refused', () => {
    expect(of([]).percentile(0.5)).toBeNaN();
    expect(() => of([1]).percentile(0)).toThrow(RangeError);
    expect(() => of([1]).percentile(50)).toThrow(RangeError);
  });
});
