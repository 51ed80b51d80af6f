import { Floor } from '../baselines/floor.ts';
import { openBook } from '../load/books.ts';
import { type Callers, forMs } from '../load/callers.ts';
import { RawChannels } from '../load/rawChannels.ts';
import { median } from '../measure/median.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, UNBOUNDED_LAG, USUAL } from './ground.ts';
import { type Measured, measured, plainWay, rateOf, resultOf, underProjection } from './rounds.ts';
import { BULK, callersOf } from './throughput.ts';

/** Rounds on drawn accounts and on one hot account in turn, so that a noisy minute meets both. */
async function bothWays(ground: Ground, { uniform, hot }: { uniform: Callers; hot: Callers }) {
  const { sizes, tell, core } = ground;
  const floor = await Floor.open(core.databaseUrl);
  try {
    return await underProjection(ground, async () => {
      await uniform.run(forMs(sizes.warmUpMs / 2));
      await hot.run(forMs(sizes.warmUpMs / 2));
      const sections: Measured[] = [];
      const uniformRates: number[] = [];
      const floors: number[] = [];
      for (let round = 1; round <= sizes.rounds; round++) {
        const even = rateOf(await uniform.run(forMs(sizes.roundMs)));
        const tips = await floor.tips();
        const section = await measured(ground, () => hot.run(forMs(sizes.roundMs)));
        floors.push(await floor.measure(await floor.blocksSince(tips), sizes.floorMs));
        sections.push(section);
        uniformRates.push(even);
        tell(`round ${round}: hot ${figure(rateOf(section))}/s, uniform ${figure(even)}/s`);
      }
      return { sections, floors, uniformRates };
    });
  } finally {
    await floor.close();
  }
}

export const hot: Scenario = {
  name: 'hot',
  about: 'as bulk, every transfer debits one account',
  projection: 'deferred',
  sizes: { ...USUAL, roundMs: 4_000 },
  env: UNBOUNDED_LAG,
  run: async (ground) => {
    const { client, core, book, sizes } = ground;
    const accounts = await openBook(client, { book, accounts: sizes.accounts });
    const channels = new RawChannels(core.target, BULK.connections);
    try {
      const of = (hot: { hot?: number }): Callers =>
        callersOf(ground, BULK, { channels, traffic: { accounts, ...hot } });
      const found = await bothWays(ground, { uniform: of({}), hot: of({ hot: 0 }) });
      const plain = await plainWay(ground, { traffic: 'hot' });
      const toUniform = median(found.sections.map((section, i) => rateOf(section) / found.uniformRates[i]));
      return resultOf(ground, {
        scenario: 'hot',
        ...found,
        plain,
        extra: { uniform_per_s: median(found.uniformRates), ratio_to_uniform: toUniform },
        bars: ({ rate }) => [
          { what: 'share of the rate on drawn accounts', value: toUniform, least: 0.9 },
          { what: 'times the plain way on one hot account', value: rate / plain, least: 100 },
        ],
      });
    } finally {
      channels.close();
    }
  },
};
