import { fromBinary } from '@bufbuild/protobuf';
import { RetentionPolicy, jetstreamManager } from '@nats-io/jetstream';
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
import { type RelayProgress, readRelayProgress, saveRelayProgress } from '../journal/relayProgress.ts';
import { replay } from './replay.ts';
import { Relay, type RelayOptions } from './relay.ts';
import type { JournalSource } from './source.ts';
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

  const target = () => ({ urls: [nats.url] });

  function begin(more: Partial<RelayOptions> = {}) {
    const failures: string[] = [];
    const relay = new Relay({
      nats: target(),
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

  /** As a relay that has not noticed, or the socket of one that is gone, puts its next into a stream made anew. */
  async function madeAnewWithStrays(stream: StreamName): Promise<void> {
    const manager = await jetstreamManager(connection);
    const { config, state } = await manager.streams.info(stream);
    const last = await manager.streams.getMessage(stream, { seq: state.last_seq });
    await manager.streams.delete(stream);
    await manager.streams.add(config);
    await manager.jetstream().publish(last!.subject, last!.data, { headers: last!.header });
  }

  const filledInAnyOrder = (): Promise<void> =>
    vi.waitFor(async () => {
      for (const stream of STREAM_NAMES)
        expect([...new Set(await held(stream))].toSorted()).toEqual(expected[stream].toSorted());
    }, WAIT);

  test('fills a stream made anew, though somebody has put a later event there before', async () => {
    begin();
    await filled();
    await end();
    await madeAnewWithStrays('SETTLEMENT');
    begin();
    await filledInAnyOrder();
  });

  test('fills it too where nothing was kept of it', async () => {
    begin();
    await filled();
    await end();
    await madeAnewWithStrays('SETTLEMENT');
    await db.rows('DELETE FROM florin.relay_progress');
    begin();
    await filledInAnyOrder();
  });

  test('fills a stream made anew while a replay is under way', async () => {
    begin();
    await filled();
    await end();
    const manager = await jetstreamManager(connection);
    const { config } = await manager.streams.info('SETTLEMENT');
    const range = { shard: SHARD, from: 1, to: seqOf(expected.SETTLEMENT.at(-1)!) };
    let isFirst = true;
    const source: JournalSource = Object.create(own.source, {
      marks: { value: () => own.source.marks() },
      shard: {
        value: (shard: number) => {
          const real = own.source.shard(shard);
          const next = real.next.bind(real);
          real.next = async (...args) => {
            if (isFirst) {
              isFirst = false;
              await manager.streams.delete('SETTLEMENT');
              await manager.streams.add(config);
            }
            return next(...args);
          };
          return real;
        },
      },
    }) as JournalSource;
    const ground = { nats: target(), source, clock: realClock, timers: realTimers, name: 'again' };
    await expect(replay(range, ground)).rejects.toThrow('the stream SETTLEMENT was made anew meanwhile');
    await manager.streams.purge('SETTLEMENT', { keep: 1 });
    begin();
    await filledInAnyOrder();
  });

  test('what a relay knew that was held up does not count once another has begun anew', async () => {
    begin();
    await filled();
    await end();
    const before = await readRelayProgress(db.pool);
    await (await jetstreamManager(connection)).streams.delete('SETTLEMENT');
    begin();
    await filled();
    await end();
    const after = await readRelayProgress(db.pool);
    await expect(saveRelayProgress(db.pool, before)).rejects.toThrow('another relay has found');
    expect((await readRelayProgress(db.pool)).toSorted(byStream)).toEqual(after.toSorted(byStream));
  });

  test('refuses a stream of another journal: its seqs say nothing of this one', async () => {
    begin();
    await filled();
    await end();
    await db.rows(`UPDATE florin.journal SET block_time_us = block_time_us + 1 WHERE shard = ${SHARD}`);
    const { failures } = begin();
    await vi.waitFor(() => expect(failures[0]).toMatch('holds events of another journal'), WAIT);
  });

  test.each([
    ['max_msgs_per_subject', { max_msgs_per_subject: 1 }],
    ['max_msgs', { max_msgs: 3 }],
  ])('takes from a stream what would let go of events before anybody has read them: %s', async (_, bad) => {
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'NOTIFICATION', subjects: ['florin.v1.payments.>'], ...bad });
    begin();
    await filled();
  });

  test('waits where a stream is full, rather than that the oldest go', async () => {
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'NOTIFICATION', subjects: ['florin.v1.payments.>'], max_bytes: 4_000 });
    const { failures } = begin();
    await vi.waitFor(() => expect(failures).toContain('maximum bytes exceeded'), WAIT);
    const { config, state } = await manager.streams.info('NOTIFICATION');
    expect(state.first_seq).toBe(1);
    await manager.streams.update('NOTIFICATION', { ...config, max_bytes: -1 });
    // A small one that still fits may overtake a large one that does not.
    const sorted = (ids: readonly string[]): string[] => ids.toSorted();
    await vi.waitFor(
      async () => expect(sorted(await held('NOTIFICATION'))).toEqual(sorted(expected.NOTIFICATION)),
      WAIT,
    );
  });

  test('refuses a stream that lets go of what consumers have taken', async () => {
    const manager = await jetstreamManager(connection);
    await manager.streams.add({
      name: 'NOTIFICATION',
      subjects: ['florin.v1.payments.>'],
      retention: RetentionPolicy.Interest,
    });
    const { failures } = begin();
    await vi.waitFor(() => expect(failures[0]).toMatch('lets go of what consumers have taken'), WAIT);
  });

  test('goes on with the others of a cluster when the one that leads is killed', async () => {
    const cluster = await startNatsCluster();
    const urls = cluster.map(({ url }) => url);
    try {
      begin({ nats: { urls }, replicas: 3 });
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

  test('a replay beside a running relay brings exactly its range, and the next relay goes on behind both', async () => {
    begin();
    await filled();
    const [from, to] = [expected.SETTLEMENT[2], expected.SETTLEMENT[9]].map(seqOf);
    const ground = { nats: target(), source: own.source, clock: realClock, timers: realTimers };
    const replayed = replay({ shard: SHARD, from, to }, { ...ground, name: 'beside' });
    const more = new ScriptedPayments(6, NOON_US, 7);
    more.merchant();
    more.seal();
    await journalled(db, more.blocks);
    await replayed;
    const isWithin = (id: string): boolean =>
      id.startsWith(`${SHARD}:`) && seqOf(id) >= from && seqOf(id) <= to;
    for (const stream of STREAM_NAMES) expected[stream].push(...expected[stream].filter(isWithin));
    expected.NOTIFICATION.push('6:2');
    await vi.waitFor(async () => {
      for (const stream of STREAM_NAMES)
        expect((await held(stream)).toSorted()).toEqual(expected[stream].toSorted());
    }, WAIT);
    await end();
    const stored: string[] = [];
    const { relay } = begin({ onStored: ({ id }) => void stored.push(id) });
    await vi.waitFor(async () => expect(await relay.lag()).toMatchObject({ events: 0 }), WAIT);
    expect(stored).toEqual([]);
  });

  test('a replay brings a range once more, and moves nothing else', async () => {
    begin();
    await filled();
    await end();
    const [, second, third] = expected.SETTLEMENT;
    const range = { shard: SHARD, from: seqOf(second), to: seqOf(third) };
    const name = 'again';
    const ground = { nats: target(), source: own.source, clock: realClock, timers: realTimers };
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
    const beyond = { ...range, to: 1_000_000 };
    await expect(replay(beyond, { ...ground, name })).rejects.toThrow('has no event 1000000 yet');
  });
});

const byStream = (a: RelayProgress, b: RelayProgress): number => a.stream.localeCompare(b.stream);
const seqOf = (id: string): number => Number(id.split(':')[1]);
