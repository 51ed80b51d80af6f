import { fromBinary } from '@bufbuild/protobuf';
import { jetstreamManager } from '@nats-io/jetstream';
import { type NatsConnection, connect } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EnvelopeSchema } from '../../gen/florin/events/v1/envelopes_pb.ts';
import { allLeaving, journalled, sourceOf } from '../../test/support/leaving.ts';
import { NOON_US } from '../../test/support/ledger.ts';
import { type NatsServer, hasNats, startNats, startNatsCluster } from '../../test/support/nats.ts';
import { paymentStory } from '../../test/support/paymentStory.ts';
import {
  type ReadModelDatabase,
  readModelDatabase,
  realClock,
  realTimers,
} from '../../test/support/projecting.ts';
import { ScriptedPayments } from '../../test/support/scriptedPayments.ts';
import { readRelayProgress, saveRelayProgress } from '../journal/relayProgress.ts';
import { replay } from './replay.ts';
import { Relay, type RelayOptions } from './relay.ts';
import { STREAMS, STREAM_NAMES, type StreamName } from './streams.ts';

const SHARD = 5;
const WAIT = { timeout: 20_000, interval: 25 };
const FIRST = { SETTLEMENT: { after: 0, previous: 0 }, NOTIFICATION: { after: 0, previous: 0 } };

describe.runIf(hasNats())('the relay', () => {
  let db: ReadModelDatabase;
  let nats: NatsServer;
  let own: ReturnType<typeof sourceOf>;
  let connection: NatsConnection;
  let expected: Record<StreamName, string[]>;
  const running: { relay: Relay; over: Promise<void> }[] = [];

  beforeEach(async () => {
    db = await readModelDatabase();
    nats = await startNats();
    own = sourceOf(db);
    await journalled(db, paymentStory(SHARD).shard.blocks);
    connection = await nats.connect();
    expected = idsOf(await allLeaving(own.source, SHARD, FIRST));
  });

  afterEach(async () => {
    for (const { relay, over } of running.splice(0)) {
      relay.stop();
      await over;
    }
    await connection.close();
    await own.close();
    await nats.stop();
    await db.drop();
  });

  function idsOf(events: readonly { stream: StreamName; id: string }[]): Record<StreamName, string[]> {
    const of = (stream: StreamName) => events.filter((one) => one.stream === stream).map(({ id }) => id);
    return { SETTLEMENT: of('SETTLEMENT'), NOTIFICATION: of('NOTIFICATION') };
  }

  function begin(more: Partial<RelayOptions> = {}) {
    const failures: string[] = [];
    const relay = new Relay({
      nats: { urls: [nats.url], credentialsFile: undefined },
      replicas: 1,
      source: own.source,
      progress: {
        read: () => readRelayProgress(db.pool),
        save: (rows) => saveRelayProgress(db.pool, rows),
      },
      clock: realClock,
      timers: realTimers,
      onStored: () => undefined,
      onBegun: () => undefined,
      onFailed: ({ message }) => failures.push(message),
      ...more,
    });
    running.push({ relay, over: relay.run() });
    return { relay, failures };
  }

  async function end(): Promise<void> {
    const { relay, over } = running.pop()!;
    relay.stop();
    await over;
  }

  /** The ids that a stream holds, in its order. */
  async function held(stream: StreamName): Promise<string[]> {
    const manager = await jetstreamManager(connection);
    const found = await manager.streams.info(stream).catch(() => null);
    const ids: string[] = [];
    for (let seq = found?.state.first_seq ?? 1; seq <= (found?.state.last_seq ?? 0); seq++) {
      const message = await manager.streams.getMessage(stream, { seq });
      if (message !== null) ids.push(fromBinary(EnvelopeSchema, message.data).id);
    }
    return ids;
  }

  const filled = (): Promise<void> =>
    vi.waitFor(async () => {
      for (const stream of STREAM_NAMES) expect(await held(stream)).toEqual(expected[stream]);
    }, WAIT);

  test('brings every event once, in order, under the subject of its type and shard', async () => {
    const { relay, failures } = begin();
    await filled();
    const manager = await jetstreamManager(connection);
    const first = await manager.streams.getMessage('NOTIFICATION', { seq: 1 });
    expect(first?.subject).toBe(`florin.v1.payments.merchant_created.${SHARD}`);
    expect(first?.header.get('Nats-Msg-Id')).toBe(expected.NOTIFICATION[0]);
    const { config } = await manager.streams.info('SETTLEMENT');
    expect(config.max_age / 1e6).toBe(STREAMS.SETTLEMENT.keepsMs);
    await vi.waitFor(async () => expect(await relay.lag()).toEqual({ events: 0, seconds: 0 }), WAIT);
    expect(relay.unready).toBeNull();
    expect(failures).toEqual([]);
  });

  test('goes on where it was, with what came meanwhile', async () => {
    begin();
    await filled();
    await end();
    const more = new ScriptedPayments(6, NOON_US, 7);
    more.merchant();
    more.seal();
    await journalled(db, more.blocks);
    const stored: string[] = [];
    begin({ onStored: ({ id }) => void stored.push(id) });
    expected.NOTIFICATION.push('6:2');
    await filled();
    expect(stored).toEqual(['6:2']);
  });

  test('fills a stream that is deleted while nothing happens', async () => {
    begin();
    await filled();
    await (await jetstreamManager(connection)).streams.delete('SETTLEMENT');
    await filled();
  });

  test('fills the streams of a server that has lost its store, and tells meanwhile how far it is behind', async () => {
    const { relay, failures } = begin();
    await filled();
    await nats.kill();
    nats.wipe();
    await vi.waitFor(() => expect(relay.unready).not.toBeNull(), WAIT);
    const more = new ScriptedPayments(6, NOON_US, 7);
    more.merchant();
    more.seal();
    await journalled(db, more.blocks);
    expected.NOTIFICATION.push('6:2');
    await vi.waitFor(async () => expect((await relay.lag()).events).toBe(2), WAIT);
    expect((await relay.lag()).seconds).toBeGreaterThan(0);
    await nats.start();
    connection = await nats.connect();
    await vi.waitFor(async () => {
      for (const stream of STREAM_NAMES)
        expect((await held(stream)).toSorted()).toEqual(expected[stream].toSorted());
    }, WAIT);
    expect(failures.length).toBeGreaterThan(0);
  });

  test('does not bring again what a stream has let go of', async () => {
    begin();
    await filled();
    await end();
    await (await jetstreamManager(connection)).streams.purge('SETTLEMENT');
    const stored: string[] = [];
    const { relay } = begin({ onStored: ({ id }) => void stored.push(id) });
    await vi.waitFor(async () => expect(await relay.lag()).toMatchObject({ events: 0 }), WAIT);
    expect(stored).toEqual([]);
  });

  test('brings a tail again that the server has lost', async () => {
    const stored: string[] = [];
    begin({ onStored: ({ id }) => void stored.push(id) });
    await filled();
    await nats.kill();
    const restore = nats.copyStore();
    await nats.start();
    const more = new ScriptedPayments(6, NOON_US, 7);
    more.merchant();
    more.seal();
    await journalled(db, more.blocks);
    expected.NOTIFICATION.push('6:2');
    connection = await nats.connect();
    await filled();
    await nats.kill();
    restore();
    await nats.start();
    connection = await nats.connect();
    await filled();
    expect(stored.filter((id) => id === '6:2')).toHaveLength(2);
  });

  test('two at once are one', async () => {
    begin();
    begin();
    await filled();
    await vi.waitFor(async () => {
      for (const { relay } of running) expect(await relay.lag()).toMatchObject({ events: 0 });
    }, WAIT);
    await filled();
  });

  test('goes on with the others of a cluster when the one that leads is killed', async () => {
    const cluster = await startNatsCluster();
    const urls = cluster.map(({ url }) => url);
    try {
      begin({ nats: { urls, credentialsFile: undefined }, replicas: 3 });
      connection = await connect({
        servers: urls,
        maxReconnectAttempts: -1,
        waitOnFirstConnect: true,
      });
      await filled();
      const { cluster: place } = await (await jetstreamManager(connection)).streams.info('NOTIFICATION');
      await cluster[Number(place!.leader!.slice(1))].kill();
      const more = new ScriptedPayments(6, NOON_US, 7);
      more.merchant();
      more.seal();
      await journalled(db, more.blocks);
      expected.NOTIFICATION.push('6:2');
      await filled();
      await end();
    } finally {
      for (const server of cluster) await server.stop();
    }
  }, 60_000);

  test('a replay brings a range once more, and moves nothing else', async () => {
    begin();
    await filled();
    await end();
    const [, second, third] = expected.SETTLEMENT;
    const range = { shard: SHARD, from: seqOf(second), to: seqOf(third) };
    const name = 'again';
    const target = { urls: [nats.url], credentialsFile: undefined };
    const ground = { nats: target, source: own.source, clock: realClock, timers: realTimers };
    const count = await replay(range, { ...ground, name });
    const again = (stream: StreamName) =>
      expected[stream].filter((id) => seqOf(id) >= range.from && seqOf(id) <= range.to);
    expect(count).toBe(again('SETTLEMENT').length + again('NOTIFICATION').length);
    for (const stream of STREAM_NAMES) expected[stream].push(...again(stream));
    await filled();
    const stored: string[] = [];
    begin({ onStored: ({ id }) => void stored.push(id) });
    await vi.waitFor(async () => expect(await running[0].relay.lag()).toMatchObject({ events: 0 }), WAIT);
    expect(stored).toEqual([]);
    await filled();
  });
});

const seqOf = (id: string): number => Number(id.split(':')[1]);
