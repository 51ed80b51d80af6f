import pg from 'pg';
import { DatabaseClient } from '../journal/database.ts';
import type { JournalStore } from '../journal/store.ts';
import type { Timers } from '../shard/ports.ts';
import { Batch } from './projection/batch.ts';
import { PgProjectionStore } from './projection/pgStore.ts';
import type { Watermark } from './projection/watermark.ts';
import * as sql from './rebuilding/tables.ts';
import { Sealer } from './sealing/seals.ts';

const READ_BOUNDS = { eventsMax: 65_536, bytesMax: 16 * 1024 * 1024 };
/** So many blocks behind, the rest is projected while the live projector waits: well under a second. */
const CLOSE_BLOCKS = 64;
const CHASES_MAX = 100;
/** Readers under way may hold a table that long before the swap lets everybody pass and tries again. */
const LOCK_TIMEOUT_MS = 2_000;
const SWAP_TRIES = 30;
const RETRY_MS = 500;

export interface RebuildOptions {
  /** The server, and the shards that it holds. */
  url: string;
  shards: readonly number[];
  journal: Pick<JournalStore, 'read'>;
  timers: Timers;
  /** 16 bytes; the key of the rows' seals. */
  sealKey: Uint8Array;
  onProgress?: (progress: RebuildProgress) => void;
}

export interface RebuildProgress {
  shard: number;
  /** Projected so far, and to project at this moment. */
  height: number;
  liveHeight: number;
  events: number;
}

export interface RebuildReport {
  events: number;
  /** Set when the old tables could not be dropped, since something outside Florin depends on them. */
  oldTablesKept: string | null;
}

/** Another rebuild runs on this server. */
export class RebuildRunning extends Error {
  override readonly name = 'RebuildRunning';
  constructor() {
    super('another rebuild runs on this server');
  }
}

/**
 * Builds one server's read models anew from the journal, from zero, while the core runs: into a shadow schema, up to
 * where the live ones are, and then in one transaction in their place. What the writer loads comes from the old tables
 * until that moment, and the live projector goes on behind it from the watermark that it finds.
 */
export async function rebuild(options: RebuildOptions): Promise<RebuildReport> {
  const client = new DatabaseClient({ connectionString: options.url, application_name: 'florin rebuild' });
  await client.connect();
  const shadow = new Shadow(options);
  try {
    const lock = await client.query<{ locked: boolean }>(sql.TRY_LOCK);
    if (!lock.rows[0].locked) throw new RebuildRunning();
    await client.query(sql.DROP_SHADOW);
    await client.query(sql.CREATE_SHADOW);
    await client.query(sql.DROP_OLD);
    await shadow.begin();
    for (let chase = 0; chase < CHASES_MAX; chase++) {
      const behind = await shadow.follow(await liveHeights(client));
      if (behind <= CLOSE_BLOCKS) break;
    }
    await client.query(sql.ANALYZE_SHADOW);
    await swap(client, shadow, options.timers);
    return { events: shadow.events, oldTablesKept: await dropOld(client) };
  } finally {
    await shadow.close();
    await client.end();
  }
}

async function swap(client: pg.Client, shadow: Shadow, timers: Timers): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
      await client.query(sql.LOCK_WATERMARKS);
      await shadow.follow(await liveHeights(client));
      await client.query(sql.LOCK_TABLES);
      await client.query(sql.SWAP);
      await client.query('COMMIT');
      return;
    } catch (error) {
      await client.query('ROLLBACK');
      if (!isLockTrouble(error) || tries === SWAP_TRIES) throw error;
      await new Promise<void>((resolve) => {
        timers.after(RETRY_MS, resolve);
      });
    }
  }
}

/** lock_not_available, deadlock_detected: a reader was under way. */
function isLockTrouble(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01');
}

async function dropOld(client: pg.Client): Promise<string | null> {
  try {
    await client.query(sql.DROP_OLD);
    return null;
  } catch (error) {
    return error instanceof pg.DatabaseError ? (error.detail ?? error.message) : String(error);
  }
}

async function liveHeights(client: pg.Client): Promise<Map<number, number>> {
  const found = await client.query<{ shard: number; height: string }>(sql.LIVE_HEIGHTS);
  return new Map(found.rows.map((row) => [row.shard, Number(row.height)]));
}

/** The read models that are being built. */
class Shadow {
  events = 0;
  readonly #options: RebuildOptions;
  readonly #store: PgProjectionStore;
  readonly #batch: Batch;
  #marks: Watermark[] = [];

  constructor(options: RebuildOptions) {
    this.#options = options;
    this.#store = new PgProjectionStore({ url: options.url, schema: 'florin_next' });
    this.#batch = new Batch(new Sealer(options.sealKey));
  }

  async begin(): Promise<void> {
    this.#marks = await this.#store.watermarks(this.#options.shards);
  }

  /** Projects up to these heights: the live projector has been there, so they are proven. Answers with the blocks that were missing. */
  async follow(heights: ReadonlyMap<number, number>): Promise<number> {
    let blocks = 0;
    for (const [index, mark] of this.#marks.entries()) {
      const liveHeight = heights.get(mark.shard) ?? 0;
      blocks += Math.max(0, liveHeight - mark.height);
      while (this.#marks[index].height < liveHeight) await this.#project(index, liveHeight);
    }
    return blocks;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #project(index: number, liveHeight: number): Promise<void> {
    const mark = this.#marks[index];
    const read = await this.#options.journal.read(mark.shard, mark.height + 1, READ_BOUNDS);
    const blocks = read.filter((block) => block.height <= liveHeight);
    if (blocks.length === 0)
      throw new Error(`block ${mark.height + 1} of shard ${mark.shard} is not in the journal`);
    for (const _slice of this.#batch.encode([mark], blocks)) {
      await new Promise<void>((resolve) => {
        this.#options.timers.soon(resolve);
      });
    }
    await this.#store.apply(this.#batch);
    const after = this.#batch.to.get(mark.shard);
    if (after === undefined) throw new Error(`the batch has no watermark of shard ${mark.shard}`);
    this.#marks[index] = after;
    this.events += this.#batch.events;
    this.#options.onProgress?.({ shard: mark.shard, height: after.height, liveHeight, events: this.events });
  }
}
