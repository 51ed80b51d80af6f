import { randomUUID } from 'node:crypto';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { databasePool } from './journal/database.ts';
import { PgStore } from './journal/pgStore.ts';
import { readRelayProgress, saveRelayProgress } from './journal/relayProgress.ts';
import { serverOf } from './journal/servers.ts';
import { createLogger } from './logging.ts';
import { startOps } from './ops/server.ts';
import { relayMetrics } from './relayMetrics.ts';
import { Relay } from './relay/relay.ts';
import { type ReplayRange, replay } from './relay/replay.ts';
import type { ProgressStore } from './relay/session.ts';
import { JournalSource } from './relay/source.ts';
import { systemTimers } from './timers.ts';

export interface RelayProcess {
  readonly port: number;
  stop(): Promise<void>;
}

/** Brings events to the bus: beside any core, and beside other relays. */
export async function startRelay(config: Config, databaseUrls: readonly string[]): Promise<RelayProcess> {
  const log = createLogger({ level: config.logLevel });
  const metrics = relayMetrics();
  const journal = openJournal(databaseUrls, (error) => log.warn({ err: error }, 'database.connection.lost'));
  const relay = new Relay({
    nats: config.relay.nats,
    replicas: config.relay.replicas,
    source: journal.source,
    progress: journal.progress,
    clock: systemClock,
    timers: systemTimers,
    onStored: ({ stream, bookedUs }) => metrics.stored(stream, (systemClock.wallUs() - bookedUs) / 1e6),
    onBegun: () => log.info({}, 'relay.session.begun'),
    onFailed: (error, retryMs) => {
      metrics.failed();
      log.warn({ err: error, retryMs }, 'relay.session.failed');
    },
  });
  metrics.watch(() => relay.lag());
  const ops = await startOps({
    host: config.host,
    port: config.relay.port,
    unready: () => relay.unready,
    registry: metrics.registry,
  });
  const running = relay.run();
  return {
    port: ops.port,
    stop: async () => {
      relay.stop();
      await running;
      await ops.stop();
      await journal.close();
    },
  };
}

/** Brings a range to the bus once more; answers with how many events that were. */
export async function replayRange(
  config: Config,
  databaseUrls: readonly string[],
  range: ReplayRange,
): Promise<number> {
  const journal = openJournal(databaseUrls, () => undefined);
  try {
    return await replay(range, {
      nats: config.relay.nats,
      source: journal.source,
      clock: systemClock,
      timers: systemTimers,
      name: randomUUID(),
    });
  } finally {
    await journal.close();
  }
}

function openJournal(databaseUrls: readonly string[], onLost: (error: Error) => void) {
  const servers = databaseUrls.map((url) => {
    const reader = databasePool({
      connectionString: url,
      max: 4,
      application_name: 'florin relay',
      connectionTimeoutMillis: 5_000,
      query_timeout: 30_000,
    });
    reader.on('error', onLost);
    return { store: new PgStore({ url }), reader };
  });
  const of = (shard: number): number => serverOf(shard, servers.length);
  const progress: ProgressStore = {
    read: async () => (await Promise.all(servers.map(({ reader }) => readRelayProgress(reader)))).flat(),
    save: async (rows) => {
      for (const [index, ofServer] of Map.groupBy(rows, ({ shard }) => of(shard)))
        await saveRelayProgress(servers[index].reader, ofServer);
    },
  };
  return {
    source: new JournalSource(servers, of),
    progress,
    close: async () => {
      await Promise.all(servers.flatMap(({ store, reader }) => [store.close(), reader.end()]));
    },
  };
}
