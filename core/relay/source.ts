import type { Block } from '../journal/block.ts';
import type { PgStore } from '../journal/pgStore.ts';
import type { ReadBounds } from '../journal/readBounds.ts';
import { type ProjectedMark, projectedMarks } from '../readmodels/queries/leaving.ts';
import type { Reader } from '../readmodels/queries/reading.ts';
import { type Cursors, type Leaving, eachEvent, encodeBlocks, streamOf } from './envelopes/encoder.ts';
import { ShardNames } from './envelopes/names.ts';
import type { StreamName } from './streams.ts';

/** Of the journal at once: some ten thousand events. */
const BOUNDS: ReadBounds = { eventsMax: 16_384, bytesMax: 4 * 1024 * 1024 };
/** Blocks of this many bytes are looked through at once for the event before a place. */
const LOOK_BACK: ReadBounds = { eventsMax: 65_536, bytesMax: 8 * 1024 * 1024 };
const LOOK_BACK_BLOCKS = 256;
/** The control shard has nothing that leaves. */
export const DATA_SHARDS = 64;

export interface JournalServer {
  readonly store: Pick<PgStore, 'read' | 'blockOfSeq'>;
  readonly reader: Reader;
}

/** Some events of a shard, in their order, and how far the journal was read with them. */
export interface Part {
  readonly leaving: readonly Leaving[];
  readonly seq: number;
}

/**
 * The events that leave, read from journal and read models alone. It reads up to where the read models are: they are
 * never ahead of what the writer has proven, and have every name that the events use.
 */
export class JournalSource {
  readonly #servers: readonly JournalServer[];
  readonly #serverOf: (shard: number) => number;

  constructor(servers: readonly JournalServer[], serverOf: (shard: number) => number) {
    this.#servers = servers;
    this.#serverOf = serverOf;
  }

  /** How far each shard may be read. */
  async marks(): Promise<ProjectedMark[]> {
    const found = await Promise.all(this.#servers.map(({ reader }) => projectedMarks(reader)));
    return found.flat().filter(({ shard }) => shard < DATA_SHARDS);
  }

  shard(shard: number): ShardSource {
    return new ShardSource(this.#servers[this.#serverOf(shard)], shard);
  }

  /** When the event behind that seq was booked, microseconds; null where there is none yet. */
  async bookedAfter(shard: number, seq: number): Promise<number | null> {
    const { store } = this.#servers[this.#serverOf(shard)];
    return (await store.blockOfSeq(shard, seq + 1))?.blockTimeUs ?? null;
  }
}

/** One shard of it; what its events name is kept. */
export class ShardSource {
  readonly shard: number;
  readonly #server: JournalServer;
  readonly #names: ShardNames;
  /** The block that is read next, if `#nextSeq` is asked for. */
  #nextHeight = 1;
  #nextSeq = 1;

  constructor(server: JournalServer, shard: number) {
    this.shard = shard;
    this.#server = server;
    this.#names = new ShardNames(server.reader, shard);
  }

  /** What comes behind `after`, up to the mark: some of it, or null where there is nothing. */
  async next(after: number, mark: ProjectedMark, cursors: Cursors): Promise<Part | null> {
    if (after >= mark.seq) return null;
    const { store } = this.#server;
    if (this.#nextSeq !== after + 1) {
      const block = await store.blockOfSeq(this.shard, after + 1);
      if (block === null) throw new Error(`the journal has no event ${after + 1} of shard ${this.shard}`);
      this.#nextHeight = block.height;
    }
    const read = await store.read(this.shard, this.#nextHeight, BOUNDS);
    const blocks = read.filter(({ height }) => height <= mark.height);
    const last = blocks.at(-1);
    if (last === undefined) return null;
    const leaving = await encodeBlocks(blocks, cursors, this.#names);
    const seq = last.firstSeq + last.eventCount - 1;
    this.#nextHeight = last.height + 1;
    this.#nextSeq = seq + 1;
    return { leaving, seq };
  }

  /** The last event of the stream up to that seq; 0 for none. */
  async lastUpTo(stream: StreamName, seq: number): Promise<number> {
    if (seq === 0) return 0;
    const { store } = this.#server;
    let last = (await store.blockOfSeq(this.shard, seq))?.height;
    if (last === undefined) throw new Error(`the journal has no event ${seq} of shard ${this.shard}`);
    for (; last > 0; last -= LOOK_BACK_BLOCKS) {
      const first: number = Math.max(1, last - LOOK_BACK_BLOCKS + 1);
      const found = await this.#lastBetween(stream, { first, last, seq });
      if (found > 0) return found;
    }
    return 0;
  }

  async #lastBetween(
    stream: StreamName,
    { first, last, seq }: { first: number; last: number; seq: number },
  ): Promise<number> {
    let found = 0;
    const look = (block: Block): void =>
      eachEvent(block, (cursor) => {
        if (cursor.seq <= seq && streamOf(cursor) === stream) found = cursor.seq;
      });
    for (let height = first; height <= last;) {
      const blocks = await this.#server.store.read(this.shard, height, LOOK_BACK);
      if (blocks.length === 0) break;
      for (const block of blocks) if (block.height <= last) look(block);
      height = blocks[blocks.length - 1].height + 1;
    }
    return found;
  }
}
