import { describe } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
import { overRpc } from '../../client/events/index.ts';
import { overNats } from '../../client/events/nats.ts';
import { readRelayProgress, saveRelayProgress } from '../../core/journal/relayProgress.ts';
import { JournalFeed } from '../../core/relay/feed.ts';
import { Relay } from '../../core/relay/relay.ts';
import { serve } from '../../core/rpc/testing/serving.ts';
import { eventsContract } from '../support/eventsContract.ts';
import { hasNats, startNats } from '../support/nats.ts';
import { freePort } from '../support/ports.ts';
import { realClock, realTimers } from '../support/projecting.ts';

const clocks = { clock: realClock, timers: realTimers };

eventsContract('by gRPC', async (_, { source }) => {
  const grpcPort = await freePort();
  const options = { level: 'silent', grpcPort, feed: new JournalFeed({ source, ...clocks }) };
  let serving = await serve(options);
  const florin = connectFlorin({ target: `127.0.0.1:${grpcPort}` });
  return {
    source: () => overRpc({ florin, heartbeatMs: 200 }),
    interrupt: async () => {
      await serving.close();
      serving = await serve(options);
    },
    close: async () => {
      florin.close();
      await serving.close();
    },
  };
});

describe.runIf(hasNats())('with a bus', () => {
  eventsContract('by NATS', async (db, { source }) => {
    const nats = await startNats();
    const relay = new Relay({
      nats: { urls: [nats.url] },
      replicas: 1,
      source,
      progress: {
        read: () => readRelayProgress(db.pool),
        save: (rows) => saveRelayProgress(db.pool, rows),
      },
      ...clocks,
      onStored: () => undefined,
      onBegun: () => undefined,
      onFailed: () => undefined,
    });
    const running = relay.run();
    return {
      source: (name) => overNats({ connection: { servers: nats.url }, durable: name }),
      // The worst that can happen to a server: its streams and consumers are gone.
      interrupt: async () => {
        await nats.kill();
        nats.wipe();
        await nats.start();
      },
      close: async () => {
        relay.stop();
        await running;
        await nats.stop();
      },
    };
  });
});
