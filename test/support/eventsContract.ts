import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type EventSource,
  type Inbox,
  MemoryInbox,
  SqliteInbox,
  type StreamName,
  type SubscribeOptions,
  type Subscription,
  subscribe,
} from '../../client/events/index.ts';
import type { Envelope } from '../../gen/florin/events/v1/envelopes_pb.ts';
import { allLeaving, journalled, sourceOf } from './leaving.ts';
import { NOON_US } from './ledger.ts';
import { paymentStory } from './paymentStory.ts';
import { type ReadModelDatabase, readModelDatabase } from './projecting.ts';
import { ScriptedPayments } from './scriptedPayments.ts';

const WAIT = { timeout: 20_000, interval: 20 };
const SHARD = 5;

/** A way for events to come: with all that is between the journal and the consumer. */
export interface Way {
  /** For a new inbox another name. */
  source(name: string): EventSource;
  /** Breaks what is between, and mends it. */
  interrupt(): Promise<void>;
  close(): Promise<void>;
}

/** What every way of subscribing keeps to. */
export function eventsContract(
  name: string,
  open: (db: ReadModelDatabase, own: ReturnType<typeof sourceOf>) => Promise<Way>,
): void {
  describe(`events ${name}`, () => {
    let db: ReadModelDatabase;
    let own: ReturnType<typeof sourceOf>;
    let way: Way;
    let all: Record<StreamName, string[]>;
    let shards = SHARD;
    let inboxes = 0;
    const subscriptions: Subscription[] = [];

    beforeAll(async () => {
      db = await readModelDatabase();
      await journalled(db, paymentStory(SHARD).shard.blocks);
      own = sourceOf(db);
      all = { SETTLEMENT: await leaving('SETTLEMENT'), NOTIFICATION: await leaving('NOTIFICATION') };
      way = await open(db, own);
    });
    afterEach(async () => {
      for (const one of subscriptions.splice(0)) await one.stop();
    });
    afterAll(async () => {
      await way.close();
      await own.close();
      await db.drop();
    });

    async function leaving(stream: StreamName): Promise<string[]> {
      const events = await allLeaving(own.source, SHARD, { [stream]: { after: 0, previous: 0 } });
      return events.map(({ id }) => id);
    }

    /** One event more, in a shard of its own; its id. */
    async function more(): Promise<string> {
      const shard = new ScriptedPayments(++shards, NOON_US, shards);
      shard.merchant();
      shard.seal();
      await journalled(db, shard.blocks);
      all.NOTIFICATION.push(`${shards}:2`);
      return `${shards}:2`;
    }

    function begin(options: Partial<SubscribeOptions> & { inbox: Inbox; name: string }): Subscription {
      const subscription = subscribe({
        from: way.source(options.name),
        stream: 'NOTIFICATION',
        handle: () => undefined,
        ...options,
      });
      subscriptions.push(subscription);
      return subscription;
    }

    const newName = (): string => `inbox-${++inboxes}`;
    const had = (handled: readonly string[], stream: StreamName = 'NOTIFICATION'): Promise<void> =>
      vi.waitFor(() => expect(handled.toSorted()).toEqual(all[stream].toSorted()), WAIT);
    const ofShard = (ids: readonly string[]): string[] => ids.filter((id) => id.startsWith(`${SHARD}:`));

    test.each(['SETTLEMENT', 'NOTIFICATION'] as const)('come all of them, in order: %s', async (stream) => {
      const handled: string[] = [];
      const gaps: unknown[] = [];
      begin({
        name: newName(),
        inbox: new MemoryInbox(),
        stream,
        handle: ({ id }) => void handled.push(id),
        onGap: (gap) => gaps.push(gap),
      });
      await had(handled, stream);
      expect(ofShard(handled)).toEqual(ofShard(all[stream]));
      expect(gaps).toEqual([]);
    });

    test('go on after a pause with what came meanwhile, and nothing else', async () => {
      const [inbox, named] = [new MemoryInbox(), newName()];
      const first: string[] = [];
      const before = begin({ name: named, inbox, handle: ({ id }) => void first.push(id) });
      await had(first);
      await before.stop();
      const id = await more();
      const second: string[] = [];
      begin({ name: named, inbox, handle: (one) => void second.push(one.id) });
      await vi.waitFor(() => expect(second).toEqual([id]), WAIT);
    });

    test('come as they happen', async () => {
      const handled: string[] = [];
      begin({ name: newName(), inbox: new MemoryInbox(), handle: ({ id }) => void handled.push(id) });
      await had(handled);
      await more();
      await had(handled);
    });

    test('come again where they could not be handled, and before those that follow', async () => {
      const handled: string[] = [];
      const failures: string[] = [];
      let left = 2;
      begin({
        name: newName(),
        inbox: new MemoryInbox(),
        handle: ({ id }) => {
          if (id === all.NOTIFICATION[3] && left-- > 0) throw new Error('not now');
          handled.push(id);
        },
        onFailed: ({ message }) => failures.push(message),
      });
      await had(handled);
      expect(ofShard(handled)).toEqual(ofShard(all.NOTIFICATION));
      expect(failures).toEqual(['not now', 'not now']);
    });

    test('come once though what is between breaks, and effects are kept with the inbox', async () => {
      const database = new DatabaseSync(':memory:');
      database.exec('CREATE TABLE effects (id TEXT NOT NULL)');
      const insert = database.prepare('INSERT INTO effects VALUES (?)');
      const effects = (): string[] =>
        database
          .prepare('SELECT id FROM effects')
          .all()
          .map(({ id }) => String(id));
      let left = 3;
      const handle = ({ id }: Envelope): void => {
        insert.run(id);
        // What was written goes with what failed.
        if (ofShard([id]).length > 0 && Number(id.split(':')[1]) > 20 && left-- > 0)
          throw new Error('too late');
      };
      const options = { name: newName(), inbox: new SqliteInbox(database), handle };
      const before = begin(options);
      await vi.waitFor(() => expect(effects().length).toBeGreaterThan(1), WAIT);
      await way.interrupt();
      await more();
      await vi.waitFor(() => expect(effects().toSorted()).toEqual(all.NOTIFICATION.toSorted()), WAIT);
      await before.stop();
      begin(options);
      await more();
      await vi.waitFor(() => expect(effects().toSorted()).toEqual(all.NOTIFICATION.toSorted()), WAIT);
      expect(left).toBeLessThan(1);
    });
  });
}
