import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { RelayProgress } from '../journal/relayProgress.ts';
import type { Clock, Timers } from '../shard/ports.ts';
import type { ProjectedMark } from '../readmodels/queries/leaving.ts';
import type { Cursors, Leaving } from './envelopes/encoder.ts';
import { Lane, whereToGoOn } from './lane.ts';
import { type StreamIdentity, declareStream, findStream } from './nats/declaring.ts';
import { lastOf } from './nats/holding.ts';
import { Publisher } from './nats/publisher.ts';
import type { JournalSource, Part, ShardSource } from './source.ts';
import { STREAM_NAMES, type StreamName } from './streams.ts';

/** How long it waits for news of the journal: short behind news, longer the longer nothing came. */
const NEWS_MS_MIN = 10;
const NEWS_MS_MAX = 100;
/** How often streams are looked at, and progress is kept. */
const LOOK_MS = 1_000;
/** At its end it waits this long for what is under way. */
const SETTLE_MS = 2_000;
/** Shards that are read ahead while events of others are published. */
const AHEAD = 4;

export interface ProgressStore {
  read(): Promise<RelayProgress[]>;
  save(rows: readonly RelayProgress[]): Promise<void>;
}

export interface SessionOptions {
  readonly connection: NatsConnection;
  readonly source: JournalSource;
  readonly progress: ProgressStore;
  readonly replicas: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onStored: (event: Leaving) => void;
}

/** The lanes of one shard, which read its journal together. */
interface ShardLanes {
  readonly source: ShardSource;
  readonly lanes: readonly Lane[];
}

/**
 * Brings events to the bus over one connection, until something goes wrong: then it is over, and the next session begins
 * with what the streams hold. So one way leads out of every fault, whether a connection, a store or a stream was lost.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #streams = new Map<StreamName, { created: string; lastSeq: number }>();
  readonly #shards = new Map<number, ShardLanes>();
  readonly #kept = new Map<string, RelayProgress>();
  readonly #publisher: Publisher;
  #isOver = false;
  /** Of whoever waits for time to pass. */
  readonly #waiting = new Set<() => void>();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#publisher = new Publisher({
      ...options,
      onStored: (event, { streamSeq }) => this.#stored(event, streamSeq),
    });
  }

  /** Up to where everything of a shard is on the bus, in all of its streams; null where that is not known yet. */
  settled(shard: number): number | null {
    const lanes = this.#shards.get(shard)?.lanes;
    return lanes === undefined ? null : Math.min(...lanes.map(({ settled }) => settled));
  }

  /** Goes on until `stop`; rejects with what went wrong. */
  async run(onBegun: () => void): Promise<void> {
    const manager = await jetstreamManager(this.#options.connection);
    // Before the streams: they are never shorter than what was kept of them before, unless they have lost something.
    for (const row of await this.#options.progress.read()) this.#kept.set(`${row.stream} ${row.shard}`, row);
    for (const stream of STREAM_NAMES)
      this.#streams.set(stream, { ...(await declareStream(manager, stream, this.#options)) });
    onBegun();
    const closed = this.#options.connection.closed().then((error) => {
      throw error ?? new Error('the connection to NATS has ended');
    });
    const tasks = [this.#pump(manager), this.#watch(manager)];
    try {
      await Promise.race([...tasks, this.#publisher.failed, closed]);
      this.stop();
      await Promise.all(tasks);
      // Not after a fault: of a stream that has lost something this would be too much.
      await this.#save();
    } catch (error) {
      this.#publisher.close();
      throw error;
    } finally {
      this.stop();
      closed.catch(() => undefined);
      await Promise.allSettled(tasks);
      this.#publisher.close();
    }
  }

  /** Publishes nothing more, and lets what is under way be acknowledged. */
  stop(): void {
    this.#isOver = true;
    for (const wake of this.#waiting) wake();
  }

  async #pump(manager: JetStreamManager): Promise<void> {
    let waitMs = NEWS_MS_MIN;
    while (!this.#isOver) {
      const marks = await this.#options.source.marks();
      const behind = await this.#behind(manager, marks);
      for await (const [shard, part] of this.#parts(behind)) {
        if (this.#isOver) break;
        await this.#publish(shard, part);
      }
      waitMs = behind.length > 0 ? NEWS_MS_MIN : Math.min(NEWS_MS_MAX, waitMs * 2);
      if (behind.length === 0) await this.#pause(waitMs);
    }
    await Promise.race([this.#publisher.settled(), this.#within(SETTLE_MS)]);
  }

  /** The shards that have something to be read. */
  async #behind(
    manager: JetStreamManager,
    marks: readonly ProjectedMark[],
  ): Promise<(ProjectedMark & { lanes: ShardLanes })[]> {
    const missing = marks.filter(({ shard, seq }) => seq > 0 && !this.#shards.has(shard));
    await Promise.all(missing.map(({ shard }) => this.#begin(manager, shard)));
    // Before a stream that has lost something is as long again as it was: another relay would take it for whole. And
    // though nothing has changed: it is refused where another one has begun an era that this one does not know.
    if (missing.length > 0) await this.#save('all');
    return marks.flatMap((mark) => {
      const lanes = this.#shards.get(mark.shard);
      return lanes === undefined || lanes.lanes.every(({ read }) => read >= mark.seq)
        ? []
        : [{ ...mark, lanes }];
    });
  }

  async #begin(manager: JetStreamManager, shard: number): Promise<void> {
    const lanes = await Promise.all(
      STREAM_NAMES.map(async (stream) => {
        const held = await lastOf(manager, stream, shard);
        if (held !== null && (await this.#options.source.bookedAfter(shard, held.seq - 1)) !== held.bookedUs)
          throw new Error(
            `the stream ${stream} holds events of another journal: delete it, or use another account`,
          );
        const from = whereToGoOn(held, this.#kept.get(`${stream} ${shard}`), this.#identity(stream));
        return new Lane({ shard, stream }, from);
      }),
    );
    this.#shards.set(shard, { source: this.#options.source.shard(shard), lanes });
  }

  /** Reads some shards ahead, one part each, so that the journal is read while events are published. */
  async *#parts(
    behind: readonly (ProjectedMark & { lanes: ShardLanes })[],
  ): AsyncGenerator<[ShardLanes, Part]> {
    const reads: { lanes: ShardLanes; part: Promise<Part | null> }[] = [];
    const rest = [...behind];
    const read = (): void => {
      const next = rest.shift();
      if (next === undefined) return;
      const part = next.lanes.source.next(readUpTo(next.lanes), next, cursorsOf(next.lanes));
      part.catch(() => undefined);
      reads.push({ lanes: next.lanes, part });
    };
    for (let i = 0; i < AHEAD; i++) read();
    for (let one = reads.shift(); one !== undefined; one = reads.shift()) {
      const part = await one.part;
      if (part !== null) yield [one.lanes, part];
      read();
    }
  }

  async #publish({ lanes }: ShardLanes, { leaving, seq }: Part): Promise<void> {
    const byStream = new Map(lanes.map((lane) => [lane.stream, lane]));
    for (const event of leaving) {
      if (this.#publisher.isFull) await this.#publisher.room();
      byStream.get(event.stream)!.send(event.seq);
      this.#publisher.publish(event);
    }
    for (const lane of lanes) lane.read = Math.max(lane.read, seq);
  }

  #stored(event: Leaving, streamSeq: number): void {
    const lane = this.#shards.get(event.shard)?.lanes.find(({ stream }) => stream === event.stream);
    lane?.store(event.seq);
    const stream = this.#streams.get(event.stream);
    if (stream !== undefined && streamSeq > stream.lastSeq) stream.lastSeq = streamSeq;
    this.#options.onStored(event);
  }

  /** Throws once a stream is gone, is another one, or has lost what it had. */
  async #watch(manager: JetStreamManager): Promise<void> {
    while (!this.#isOver) {
      await this.#pause(LOOK_MS);
      for (const stream of STREAM_NAMES) {
        const known = { ...this.#identity(stream) };
        const found = await findStream(manager, stream);
        if (found === null) throw new Error(`the stream ${stream} is gone`);
        if (found.created !== known.created) throw new Error(`the stream ${stream} is another one`);
        if (found.state.last_seq < known.lastSeq)
          throw new Error(`the stream ${stream} has lost its last events`);
      }
      await this.#save();
    }
  }

  async #save(which: 'changed' | 'all' = 'changed'): Promise<void> {
    const rows = [...this.#shards.values()].flatMap(({ lanes }) =>
      lanes.map((lane) => {
        const { created, lastSeq } = this.#identity(lane.stream);
        const { shard, stream, stored, settled, era } = lane;
        return { shard, stream, created, streamSeq: lastSeq, lastSeq: stored, readSeq: settled, era };
      }),
    );
    const changed = rows.filter((row) => {
      const kept = this.#kept.get(`${row.stream} ${row.shard}`);
      return which === 'all' || kept?.lastSeq !== row.lastSeq || kept.readSeq !== row.readSeq;
    });
    await this.#options.progress.save(changed);
    for (const row of changed) this.#kept.set(`${row.stream} ${row.shard}`, row);
  }

  #identity(stream: StreamName): StreamIdentity {
    const identity = this.#streams.get(stream);
    if (identity === undefined) throw new Error(`the stream ${stream} was not declared`);
    return identity;
  }

  /** The same, cut short by the end of the session. */
  #pause(milliseconds: number): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return this.#within(milliseconds);
  }

  #within(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = this.#options.timers.after(milliseconds, wake);
      this.#waiting.add(wake);
    });
  }
}

const readUpTo = ({ lanes }: ShardLanes): number => Math.min(...lanes.map(({ read }) => read));

function cursorsOf({ lanes }: ShardLanes): Cursors {
  return Object.fromEntries(
    lanes.map(({ stream, read, sent }) => [stream, { after: Math.max(read, sent), previous: sent }]),
  );
}
