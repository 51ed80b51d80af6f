import { setTimeout as sleep } from 'node:timers/promises';
import { readBenchConfig } from '../config.ts';
import { NatsServer, natsProgram } from '../core/natsServer.ts';
import { RelayProcess, quantileMs } from '../core/relayProcess.ts';
import { openBook } from '../load/books.ts';
import { Callers } from '../load/callers.ts';
import { RawChannels } from '../load/rawChannels.ts';
import { nowMs } from '../measure/clock.ts';
import { median } from '../measure/median.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, UNBOUNDED_LAG, USUAL } from './ground.ts';
import { BULK, callersOf } from './throughput.ts';

const POLL_MS = 100;
/** The load under which the lag is measured. */
const PER_SECOND = 10_000;
/** How often the lag of the read models, which the relay cannot outrun, is looked at. */
const LOOK_MS = 500;
const PACED = { callers: 8, batch: 100 };

/** A bus that has nothing, and a relay that fills it from the journal: events a second, from the first one on. */
async function filled(ground: Ground): Promise<{ rate: number; cpuUs: number }> {
  const nats = await NatsServer.start(readBenchConfig().workDir);
  const relay = await RelayProcess.start(ground.core, nats.url);
  try {
    let first: { count: number; at: number; cpuMs: number } | undefined;
    for (;;) {
      const count = await relay.published();
      const at = nowMs();
      if (first === undefined && count > 0) first = { count, at, cpuMs: relay.cpuMs() };
      if (count > 0 && (await relay.lagEvents()) === 0) {
        const last = await relay.published();
        const events = last - first!.count;
        const rate = (events * 1_000) / (at - first!.at);
        const cpuUs = ((relay.cpuMs() - first!.cpuMs) * 1_000) / events;
        ground.tell(`${figure(last)} events at ${figure(rate)}/s, ${figure(cpuUs)} us of the relay each`);
        return { rate, cpuUs };
      }
      await sleep(POLL_MS);
    }
  } finally {
    await relay.stop();
    await nats.remove();
  }
}

/** Load at a fixed rate, and how old events are when the bus has acknowledged them. */
async function delayed(
  ground: Ground,
  load: Callers,
): Promise<{ p50Ms: number; p99Ms: number; perSecond: number; projectedMs: number }> {
  const nats = await NatsServer.start(readBenchConfig().workDir);
  const relay = await RelayProcess.start(ground.core, nats.url);
  const paced = (ms: number) => {
    const began = nowMs();
    let booked = 0;
    return load.run({
      isOver: (count) => {
        booked = count;
        return nowMs() - began >= ms;
      },
      mustWait: () => booked >= ((nowMs() - began) * PER_SECOND) / 1_000,
    });
  };
  const caughtUp = async (): Promise<void> => {
    await ground.core.operations.caughtUp();
    while ((await relay.published()) === 0 || (await relay.lagEvents()) > 0) await sleep(POLL_MS);
  };
  try {
    await caughtUp();
    await paced(ground.sizes.warmUpMs);
    await caughtUp();
    const before = await relay.delays();
    const projected: number[] = [];
    const look = setInterval(() => {
      ground.core.operations.lag().then(
        ({ seconds = 0 }) => projected.push(seconds * 1_000),
        () => undefined,
      );
    }, LOOK_MS);
    const { booked, seconds } = await paced(ground.sizes.roundMs).finally(() => clearInterval(look));
    await caughtUp();
    const after = await relay.delays();
    return {
      p50Ms: quantileMs(before, after, 0.5),
      p99Ms: quantileMs(before, after, 0.99),
      perSecond: booked / seconds,
      projectedMs: Math.max(0, ...projected),
    };
  } finally {
    await relay.stop();
    await nats.remove();
  }
}

export const relay: Scenario = {
  name: 'relay',
  about: 'events to NATS JetStream: a bus filled from the journal, then the lag at 10,000/s',
  projection: 'ran',
  sizes: { ...USUAL, transfers: 500_000, roundMs: 10_000 },
  env: UNBOUNDED_LAG,
  missing: () => (natsProgram() === null ? 'nats-server' : null),
  run: async (ground) => {
    const { client, core, book, sizes } = ground;
    const accounts = await openBook(client, { book, accounts: sizes.accounts });
    const channels = new RawChannels(core.target, BULK.connections);
    try {
      const load = callersOf(ground, BULK, { channels, traffic: { accounts } });
      await load.run({ isOver: (booked) => booked >= sizes.transfers });
      await core.operations.caughtUp();
      const fills = [];
      for (let round = 0; round < sizes.rounds; round++) fills.push(await filled(ground));
      const paced = new Callers({ ...load.options, ...PACED, batch: Math.min(PACED.batch, sizes.batchMost) });
      const { p50Ms, p99Ms, perSecond, projectedMs } = await delayed(ground, paced);
      const rate = median(fills.map((one) => one.rate));
      return {
        scenario: 'relay',
        figures: {
          events_per_s: rate,
          rounds: fills.map((one) => one.rate),
          relay_cpu_us_per_event: median(fills.map((one) => one.cpuUs)),
          lag_load_per_s: perSecond,
          lag_p50_ms: p50Ms,
          lag_p99_ms: p99Ms,
          most_projection_lag_ms: projectedMs,
        },
        bars: [
          { what: 'events a second, journal to acknowledgement', value: rate, least: 50_000 },
          { what: 'p99 of the lag at 10,000/s, ms', value: p99Ms, most: 250 },
        ],
      };
    } finally {
      channels.close();
    }
  },
};
