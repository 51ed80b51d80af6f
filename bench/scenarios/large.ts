import { Floor } from '../baselines/floor.ts';
import { openBook } from '../load/books.ts';
import { type Callers, forMs } from '../load/callers.ts';
import { RawChannels } from '../load/rawChannels.ts';
import { nowMs } from '../measure/clock.ts';
import { memoryOf } from '../core/procfs.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, UNBOUNDED_LAG, USUAL } from './ground.ts';
import { measured, plainWay, resultOf, underProjection } from './rounds.ts';
import { BULK, callersOf } from './throughput.ts';

const TENTHS = 10;
const GIB = 2 ** 30;

/** Sends `transfers` without a pause and returns the rate of each tenth of them. */
async function inTenths(ground: Ground, load: Callers) {
  const { core, sizes, tell } = ground;
  const floor = await Floor.open(core.databaseUrl);
  try {
    return await underProjection(ground, async () => {
      await load.run(forMs(sizes.warmUpMs));
      const tips = await floor.tips();
      const tenths: number[] = [];
      let before = { booked: 0, at: nowMs() };
      const isOver = (booked: number): boolean => {
        if (booked < ((tenths.length + 1) * sizes.transfers) / TENTHS) return false;
        const at = nowMs();
        tenths.push(((booked - before.booked) * 1_000) / (at - before.at));
        before = { booked, at };
        tell(
          `tenth ${tenths.length}: ${figure(tenths[tenths.length - 1])}/s, core ${figure(memoryOf(core.pid).rssBytes / 2 ** 20)} MiB`,
        );
        return tenths.length === TENTHS;
      };
      const section = await measured(ground, () =>
        load.run({ isOver: (booked) => tenths.length === TENTHS || isOver(booked) }),
      );
      // What the load left the core with; catching up comes after it and is told apart.
      const loadBytes = core.peakBytes();
      const floors = [await floor.measure(await floor.blocksSince(tips), sizes.floorMs)];
      return { sections: [section], floors, tenths, loadBytes };
    });
  } finally {
    await floor.close();
  }
}

export const large: Scenario = {
  name: 'large',
  about: '10 million transfers on a million accounts',
  projection: 'deferred',
  sizes: { ...USUAL, accounts: 1_000_000, transfers: 10_000_000 },
  env: UNBOUNDED_LAG,
  run: async (ground) => {
    const { client, core, book, sizes, tell } = ground;
    const began = nowMs();
    const accounts = await openBook(client, { book, accounts: sizes.accounts });
    const openSeconds = (nowMs() - began) / 1_000;
    tell(`${figure(sizes.accounts)} accounts opened in ${figure(openSeconds)} s`);
    const channels = new RawChannels(core.target, BULK.connections);
    try {
      const load = callersOf(ground, BULK, { channels, traffic: { accounts } });
      const found = await inTenths(ground, load);
      const plain = await plainWay(ground, { traffic: 'uniform' });
      const lastToFirst = found.tenths[TENTHS - 1] / found.tenths[0];
      return resultOf(ground, {
        scenario: 'large',
        ...found,
        plain,
        extra: {
          tenths_per_s: found.tenths,
          last_to_first_tenth: lastToFirst,
          rss_bytes_under_load: found.loadBytes,
          accounts_opened_per_s: sizes.accounts / openSeconds,
        },
        bars: () => [
          { what: 'memory of the core, GiB', value: core.peakBytes() / GIB, most: 1.25 },
          { what: 'rate of the last tenth to that of the first', value: lastToFirst, least: 0.8 },
        ],
      });
    } finally {
      channels.close();
    }
  },
};
