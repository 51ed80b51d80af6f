import { describe, expect, test } from 'vitest';
import { LedgerTime } from './ledgerTime.ts';

/** A server whose clock reads `aheadUs` more than ours, and an answer that takes its time both ways. */
function rig({ aheadUs }: { aheadUs: number }) {
  let ownUs = 1_000_000;
  const way = { thereUs: 100, backUs: 100, aheadUs };
  const store = {
    databaseTimeUs: () => {
      ownUs += way.thereUs;
      const serverUs = ownUs + way.aheadUs;
      ownUs += way.backUs;
      return Promise.resolve(serverUs);
    },
  };
  const time = new LedgerTime(store, { monotonicUs: () => ownUs, wallUs: () => ownUs });
  return { time, way, errorUs: () => time.nowUs() - (ownUs + way.aheadUs) };
}

describe("the ledger's time", () => {
  test('does not move with an answer that lay in its socket', async () => {
    const { time, way, errorUs } = rig({ aheadUs: 5_000 });
    await time.read();
    expect(errorUs()).toBe(0);
    for (const [thereUs, backUs] of [
      [100, 50_000],
      [50_000, 100],
      [0, 80_000],
    ]) {
      Object.assign(way, { thereUs, backUs });
      await time.read();
      expect(errorUs()).toBe(0);
    }
  });

  test('is brought right by a quick reading, where the first one was slow', async () => {
    const { time, way, errorUs } = rig({ aheadUs: 5_000 });
    Object.assign(way, { thereUs: 100, backUs: 40_100 });
    await time.read();
    expect(errorUs()).toBe(-20_000);
    Object.assign(way, { thereUs: 100, backUs: 100 });
    await time.read();
    expect(Math.abs(errorUs())).toBeLessThanOrEqual(100);
  });

  test('follows a clock that goes wrong as far as a reading proves it', async () => {
    const { time, way, errorUs } = rig({ aheadUs: 5_000 });
    await time.read();
    way.aheadUs += 300;
    await time.read();
    expect(errorUs()).toBe(-100);
    way.aheadUs -= 1_000;
    await time.read();
    expect(errorUs()).toBe(100);
  });

  test('was never read: there is none', () => {
    expect(() => rig({ aheadUs: 0 }).time.nowUs()).toThrow('the server clock was never read');
  });
});
