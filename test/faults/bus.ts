import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import pg from 'pg';
import { SqliteInbox, type StreamName, type Subscription, subscribe } from '../../client/events/index.ts';
import { overNats } from '../../client/events/nats.ts';
import { PgStore } from '../../core/journal/pgStore.ts';
import { JournalSource } from '../../core/relay/source.ts';
import { STREAM_NAMES } from '../../core/relay/streams.ts';
import type { TestCore } from '../support/core.ts';
import type { Draw } from '../support/load/draw.ts';
import { allLeaving } from '../support/leaving.ts';
import { type NatsServer, startNats } from '../support/nats.ts';
import { type TestRelay, startTestRelay } from '../support/relay.ts';

const RELAYS = 2;
const LOOK_MS = 200;

export interface BusKills {
  relay: number;
  nats: number;
  store: number;
  stream: number;
  consumer: number;
}

/** An inbox on a disk, and who fills it: it may end at any moment, and goes on with what the disk has. */
class Consumer {
  readonly #stream: StreamName;
  readonly #nats: NatsServer;
  readonly #database: DatabaseSync;
  #subscription: Subscription | undefined;

  constructor(stream: StreamName, nats: NatsServer, folder: string) {
    this.#stream = stream;
    this.#nats = nats;
    this.#database = new DatabaseSync(join(folder, `${stream}.sqlite`));
    // What is killed here is not the machine: a commit need not reach the disk.
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    this.#database.exec('CREATE TABLE effects (id TEXT NOT NULL)');
  }

  start(): void {
    const insert = this.#database.prepare('INSERT INTO effects VALUES (?)');
    this.#subscription = subscribe({
      from: overNats({ connection: { servers: this.#nats.url }, durable: 'campaign' }),
      stream: this.#stream,
      inbox: new SqliteInbox(this.#database),
      handle: ({ id }) => void insert.run(id),
    });
  }

  async stop(): Promise<void> {
    await this.#subscription?.stop();
    this.#subscription = undefined;
  }

  /** In the order in which they were handled. */
  effects(): string[] {
    return this.#database
      .prepare('SELECT id FROM effects ORDER BY rowid')
      .all()
      .map(({ id }) => String(id));
  }

  async close(): Promise<void> {
    await this.stop();
    this.#database.close();
  }
}

/** A bus with two relays before it, and a consumer of each stream with an inbox behind it: all of them may be killed. */
export class Bus {
  readonly kills: BusKills = { relay: 0, nats: 0, store: 0, stream: 0, consumer: 0 };
  readonly #core: TestCore;
  readonly #draw: Draw;
  readonly #nats: NatsServer;
  readonly #relays: TestRelay[];
  readonly #folder: string;
  readonly #consumers: readonly Consumer[];

  private constructor(core: TestCore, draw: Draw, parts: { nats: NatsServer; relays: TestRelay[] }) {
    this.#core = core;
    this.#draw = draw;
    this.#nats = parts.nats;
    this.#relays = parts.relays;
    this.#folder = mkdtempSync(join(tmpdir(), 'florin-inbox-'));
    this.#consumers = STREAM_NAMES.map((stream) => new Consumer(stream, parts.nats, this.#folder));
    for (const consumer of this.#consumers) consumer.start();
  }

  static async start(core: TestCore, draw: Draw): Promise<Bus> {
    const nats = await startNats();
    const relays: TestRelay[] = [];
    try {
      while (relays.length < RELAYS) relays.push(await startTestRelay(core, nats.url));
      return new Bus(core, draw, { nats, relays });
    } catch (error) {
      for (const relay of relays) await relay.kill();
      await nats.stop();
      throw error;
    }
  }

  /** One fault; what was killed is there again when it settles. */
  async hurt(): Promise<void> {
    const draw = this.#draw;
    const lot = draw.unit();
    if (lot < 0.3) {
      const relay = draw.oneOf(this.#relays);
      await relay.kill();
      this.kills.relay++;
      await started(() => relay.restart());
    } else if (lot < 0.5) {
      await this.#nats.kill();
      this.kills.nats++;
      await wait(draw.from(0, 1_000));
      await this.#nats.start();
    } else if (lot < 0.7) {
      await this.#nats.kill();
      this.kills.store++;
      this.#nats.wipe();
      await this.#nats.start();
    } else if (lot < 0.9) await this.#deleteStream();
    else {
      const consumer = draw.oneOf(this.#consumers);
      await consumer.stop();
      this.kills.consumer++;
      consumer.start();
    }
  }

  /** Whatever is wrong once everything is well again: by then each inbox must have every event of the journal once. */
  async findings(healMsMax: number): Promise<string[]> {
    const until = performance.now() + healMsMax;
    const expected = await this.#journal(until);
    for (;;) {
      const found = this.#consumers.flatMap((consumer, index) =>
        compared(STREAM_NAMES[index], expected[index], consumer.effects()),
      );
      if (found.length === 0 || performance.now() > until) return found;
      await wait(LOOK_MS);
    }
  }

  get handled(): number {
    return this.#consumers.reduce((sum, consumer) => sum + consumer.effects().length, 0);
  }

  async stop(): Promise<void> {
    for (const consumer of this.#consumers) await consumer.close();
    for (const relay of this.#relays) await relay.kill();
    await this.#nats.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #deleteStream(): Promise<void> {
    const connection = await this.#nats.connect();
    try {
      const manager = await jetstreamManager(connection);
      // It may be gone already, if the relays have not come to it yet.
      if (await manager.streams.delete(this.#draw.oneOf(STREAM_NAMES)).catch(() => false))
        this.kills.stream++;
    } finally {
      await connection.close();
    }
  }

  /** The ids of each stream's events, once the read models have all of the journal. */
  async #journal(until: number): Promise<string[][]> {
    const url = this.#core.databaseUrl;
    const [store, reader] = [new PgStore({ url }), new pg.Pool({ connectionString: url, max: 2 })];
    reader.on('error', () => undefined);
    try {
      while (!(await isProjected(reader)) && performance.now() < until) await wait(LOOK_MS);
      const source = new JournalSource([{ store, reader }], () => 0);
      const ids: string[][] = STREAM_NAMES.map(() => []);
      const first = { after: 0, previous: 0 };
      for (const { shard, seq } of await source.marks())
        for (const { stream, id } of seq === 0
          ? []
          : await allLeaving(source, shard, { SETTLEMENT: first, NOTIFICATION: first }))
          ids[STREAM_NAMES.indexOf(stream)].push(id);
      return ids;
    } finally {
      await Promise.all([store.close(), reader.end()]);
    }
  }
}

async function isProjected(reader: pg.Pool): Promise<boolean> {
  const { rows } = await reader.query<{ behind: string }>(
    `SELECT count(*) AS behind FROM florin.projection AS p
     WHERE p.seq < (SELECT coalesce(max(j.first_seq + j.event_count - 1), 0) FROM florin.journal AS j WHERE j.shard = p.shard)`,
  );
  return rows[0].behind === '0';
}

/** A relay that finds no database does not start: whoever runs it tries again. */
async function started(start: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      return await start();
    } catch (error) {
      if (tries === 60) throw error;
      await wait(500);
    }
}

/** What an inbox lacks, has more than once, out of order, or from nowhere. */
export function compared(stream: string, expected: readonly string[], effects: readonly string[]): string[] {
  const had = Map.groupBy(effects, (id) => id);
  const known = new Set(expected);
  const last = new Map<string, number>();
  return [
    ...expected.filter((id) => !had.has(id)).map((id) => `${stream} ${id} never came to the inbox`),
    ...[...had].flatMap(([id, times]) =>
      times.length > 1 ? [`${stream} ${id} came ${times.length} times`] : [],
    ),
    ...[...had.keys()].filter((id) => !known.has(id)).map((id) => `${stream} ${id} is of no journal`),
    ...effects.flatMap((id) => {
      const [shard, seq] = id.split(':');
      const before = last.get(shard) ?? 0;
      last.set(shard, Number(seq));
      return Number(seq) < before ? [`${stream} ${id} came behind ${before}`] : [];
    }),
  ];
}
