import { describe, expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';
import { Draw } from './draw.ts';

const of = (more: { seed?: number; perSecond?: number; forMs?: number } = {}): Arrivals =>
  new Arrivals({
    draw: new Draw(more.seed ?? 7),
    perSecond: more.perSecond ?? 1_000,
    forMs: more.forMs ?? 10_000,
  });

describe('arrivals', () => {
  test('come at the rate that was asked for, with gaps as independent people leave them', () => {
    const offsets = [...of().offsets()];
    expect(Math.abs(offsets.length - 10_000)).toBeLessThan(400);
    const gaps = offsets.map((at, i) => at - (offsets[i - 1] ?? 0));
    // Of an exponential distribution a share of 1/e is longer than the mean; of even gaps half were.
    expect(gaps.filter((gap) => gap > 1).length / gaps.length).toBeCloseTo(1 / Math.E, 1);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  });

  test('are those of the seed', () => {
    expect([...of().offsets()]).toEqual([...of().offsets()]);
    expect([...of({ seed: 8 }).offsets()]).not.toEqual([...of().offsets()]);
  });

  test('wait for nobody: all are begun though none has ended, and the time of each is when it was due', async () => {
    const begun: number[] = [];
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const all = of({ forMs: 50 }).each(async (dueMs) => {
      begun.push(dueMs);
      await gate;
    });
    const expected = [...of({ forMs: 50 }).offsets()];
    await expect.poll(() => begun.length).toBe(expected.length);
    expect(begun.map((due) => due - begun[0])).toEqual(
      expected.map((at) => expect.closeTo(at - expected[0], 6) as number),
    );
    open();
    await all;
  });

  test('end with the first task that fails', async () => {
    await expect(of({ forMs: 20 }).each(() => Promise.reject(new Error('refused')))).rejects.toThrow(
      'refused',
    );
  });
});
