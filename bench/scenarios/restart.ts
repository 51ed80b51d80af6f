import { countOutcomes } from '../../client/index.ts';
import { Floor } from '../baselines/floor.ts';
import type { AccountIds } from '../load/accountIds.ts';
import { WrongAnswer } from '../load/answers.ts';
import { openBook } from '../load/books.ts';
import type { Callers } from '../load/callers.ts';
import { RawChannels } from '../load/rawChannels.ts';
import { median } from '../measure/median.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, USUAL } from './ground.ts';
import { type Measured, measured, plainWay, resultOf } from './rounds.ts';
import { BULK, callersOf } from './throughput.ts';

/** After the first kill, each further one comes after so many more transfers. */
const SHARE_BETWEEN_KILLS = 0.1;

interface Crash {
  readonly section: Measured;
  readonly lagEvents: number;
  readonly readySeconds: number;
  /** In flight at the kill, and found booked by it after all. */
  readonly openBooked: number;
}

/** Loads until so many are booked, kills the core with calls under way, starts it again, and holds it to its answers. */
async function crash(ground: Ground, accounts: AccountIds, transfers: number): Promise<Crash> {
  const { core, tell } = ground;
  const channels = new RawChannels(core.target, BULK.connections);
  const callers = callersOf(ground, BULK, { channels, traffic: { accounts } });
  let killed: Promise<void> | undefined;
  let lagEvents = 0;
  const watch = setInterval(() => {
    core.operations.lag().then(
      ({ events }) => (lagEvents = events),
      // It is being killed.
      () => undefined,
    );
  }, 100);
  const section = await measured(ground, () =>
    callers.run({
      isOver: (booked) => {
        if (booked >= transfers) killed ??= core.kill();
        return false;
      },
      mayFail: () => killed !== undefined,
    }),
  );
  clearInterval(watch);
  channels.close();
  await killed;
  const readySeconds = await core.startAgain();
  tell(
    `killed after ${figure(section.booked)} more (${figure(section.booked / section.seconds)}/s), ${figure(lagEvents)} events behind: ready in ${figure(readySeconds)} s`,
  );
  return { section, lagEvents, readySeconds, openBooked: await holdToAnswers(ground, callers) };
}

/** Sends what was acknowledged and what was open once more: the former must be replays, the latter one or the other. */
async function holdToAnswers({ core }: Ground, callers: Callers): Promise<number> {
  const channels = new RawChannels(core.target, 1);
  const { batch } = callers.options;
  const { acknowledged, open } = callers.kept();
  let openBooked = 0;
  try {
    for (const request of acknowledged) {
      const { replayed } = countOutcomes(await sendAgain(channels, request));
      if (replayed !== batch) {
        throw new WrongAnswer(`${batch - replayed} of ${batch} acknowledged transfers were lost`);
      }
    }
    for (const request of open) {
      const { booked, replayed } = countOutcomes(await sendAgain(channels, request));
      if (booked + replayed !== batch) throw new WrongAnswer('a transfer that was open is refused');
      openBooked += replayed;
    }
  } finally {
    channels.close();
  }
  return openBooked;
}

function sendAgain(channels: RawChannels, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    channels.createTransactions(request, 0, (error, answer) => {
      if (error === null && answer !== undefined) resolve(answer);
      else reject(error ?? new WrongAnswer('no answer'));
    });
  });
}

async function floorOf({ core, sizes }: Ground): Promise<number> {
  const floor = await Floor.open(core.databaseUrl);
  try {
    return await floor.measure(await floor.blocksSince(new Map()), sizes.floorMs);
  } finally {
    await floor.close();
  }
}

export const restart: Scenario = {
  name: 'restart',
  about: 'kill -9 of the core under load with 5 million transfers in the journal, until it is ready again',
  projection: 'ran',
  sizes: { ...USUAL, transfers: 5_000_000 },
  env: {},
  run: async (ground) => {
    const { client, core, book, sizes } = ground;
    const accounts = await openBook(client, { book, accounts: sizes.accounts });
    const crashes: Crash[] = [];
    for (let round = 0; round < sizes.rounds; round++) {
      const transfers = round === 0 ? sizes.transfers : sizes.transfers * SHARE_BETWEEN_KILLS;
      crashes.push(await crash(ground, accounts, transfers));
    }
    const catchUpSeconds = await core.operations.caughtUp();
    const floor = await floorOf(ground);
    const plain = await plainWay(ground, { traffic: 'uniform' });
    const ready = crashes.map(({ readySeconds }) => readySeconds);
    return resultOf(ground, {
      scenario: 'restart',
      sections: crashes.map(({ section }) => section),
      floors: [floor],
      plain,
      lagStart: 0,
      lagEnd: crashes[crashes.length - 1].lagEvents,
      catchUpSeconds,
      extra: {
        ready_s: median(ready),
        ready_s_each: ready,
        lag_events_at_kill: crashes.map(({ lagEvents }) => lagEvents),
        open_at_kill_and_booked: crashes.map(({ openBooked }) => openBooked),
      },
      bars: () => [{ what: 'seconds until ready, the longest', value: Math.max(...ready), most: 5 }],
    });
  },
};
