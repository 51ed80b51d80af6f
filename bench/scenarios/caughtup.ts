import { Floor } from '../baselines/floor.ts';
import { openBook } from '../load/books.ts';
import { type Callers, forMs } from '../load/callers.ts';
import { RawChannels } from '../load/rawChannels.ts';
import { nowMs } from '../measure/clock.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, USUAL } from './ground.ts';
import { type Measured, measured, plainWay, resultOf, underProjection } from './rounds.ts';
import { BULK, callersOf } from './throughput.ts';

/** The callers hold back when the read models are further behind than this: about a second of their work. */
const LAG_EVENTS_MAX = 100_000;
const POLL_MS = 250;

/** Watches the lag while load runs. */
class LagWatch {
  events = 0;
  mostEvents = 0;
  mostSeconds: number | undefined;
  readonly #timer: NodeJS.Timeout;
  #failure: Error | undefined;

  constructor({ core: { operations } }: Ground) {
    let isAsking = false;
    this.#timer = setInterval(() => {
      if (isAsking) return;
      isAsking = true;
      operations.lag().then(
        ({ events, seconds }) => {
          isAsking = false;
          this.events = events;
          this.mostEvents = Math.max(this.mostEvents, events);
          if (seconds !== undefined) this.mostSeconds = Math.max(this.mostSeconds ?? 0, seconds);
        },
        (error: unknown) => {
          this.#failure = new Error('the lag could not be read', { cause: error });
        },
      );
    }, POLL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** One round: load held so that the lag stays small, then the rest of the way; all of it counts as time. */
async function round(ground: Ground, load: Callers, watch: LagWatch): Promise<Measured & { rate: number }> {
  const began = nowMs();
  const section = await measured(ground, async () => {
    const sent = await load.run({
      ...forMs(ground.sizes.roundMs),
      mustWait: () => watch.events > LAG_EVENTS_MAX,
    });
    await ground.core.operations.caughtUp();
    return sent;
  });
  return { ...section, rate: (section.booked * 1_000) / (nowMs() - began) };
}

async function inRounds(ground: Ground, load: Callers, watch: LagWatch) {
  const { core, sizes, tell } = ground;
  const floor = await Floor.open(core.databaseUrl);
  try {
    return await underProjection(ground, async () => {
      await load.run({ ...forMs(sizes.warmUpMs), mustWait: () => watch.events > LAG_EVENTS_MAX });
      await core.operations.caughtUp();
      const sections: Measured[] = [];
      const rates: number[] = [];
      const floors: number[] = [];
      for (let count = 1; count <= sizes.rounds; count++) {
        const tips = await floor.tips();
        const { rate, ...section } = await round(ground, load, watch);
        sections.push(section);
        rates.push(rate);
        floors.push(await floor.measure(await floor.blocksSince(tips), sizes.floorMs));
        tell(`round ${count}: ${figure(rate)}/s in SQL, floor ${figure(floors[floors.length - 1])}/s`);
      }
      return { sections, rates, floors };
    });
  } finally {
    await floor.close();
  }
}

export const caughtup: Scenario = {
  name: 'caughtup',
  about: 'read models caught up the whole time: what is booked and in SQL',
  projection: 'ran',
  sizes: { ...USUAL, roundMs: 10_000 },
  env: {},
  run: async (ground) => {
    if (ground.projection !== 'ran') throw new Error('caughtup cannot be run with a deferred projection');
    const { client, core, book, sizes } = ground;
    const accounts = await openBook(client, { book, accounts: sizes.accounts });
    const channels = new RawChannels(core.target, BULK.connections);
    const watch = new LagWatch(ground);
    try {
      const load = callersOf(ground, BULK, { channels, traffic: { accounts } });
      const found = await inRounds(ground, load, watch);
      const plain = await plainWay(ground, { traffic: 'uniform' });
      return resultOf(ground, {
        scenario: 'caughtup',
        ...found,
        plain,
        extra: {
          most_lag_events: watch.mostEvents,
          ...(watch.mostSeconds === undefined ? {} : { most_lag_seconds: watch.mostSeconds }),
        },
        bars: ({ rate }) => [{ what: 'transfers a second, in SQL', value: rate, least: 80_000 }],
      });
    } finally {
      watch.stop();
      channels.close();
    }
  },
};
