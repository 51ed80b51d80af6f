import pg from 'pg';
import type { Block } from '../../core/journal/block.ts';
import { type ReadBounds, within } from '../../core/journal/readBounds.ts';
import { migrate } from '../../core/readmodels/migrate.ts';
import { PgStateLoader } from '../../core/readmodels/loader.ts';
import { PgProjectionStore } from '../../core/readmodels/projection/pgStore.ts';
import { Projector, type ProjectorEvent } from '../../core/readmodels/projector.ts';
import { REFUSALS } from '../../core/kernel/ledger/refusals.ts';
import type { BlockFeed, Clock, Timers } from '../../core/shard/ports.ts';
import { freshDatabase } from './postgres.ts';

export const SEAL_KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 7);

export const realTimers: Timers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};

export const realClock: Clock = {
  wallUs: () => Math.round(performance.timeOrigin * 1000 + performance.now() * 1000),
  monotonicUs: () => performance.now() * 1000,
};

/** Committed blocks without a journal. */
export class MemoryFeed implements BlockFeed {
  readonly #blocks = new Map<number, Block[]>();
  readonly #listeners = new Set<(shard: number) => void>();
  /** Heights above are committed and not proven. */
  provenMax = Infinity;

  add(...blocks: Block[]): void {
    for (const block of blocks) this.#of(block.shard).push(block);
    for (const shard of new Set(blocks.map((block) => block.shard)))
      for (const tell of this.#listeners) tell(shard);
  }

  provenHeight(shard: number): number {
    return Math.min(this.provenMax, this.#of(shard).at(-1)?.height ?? 0);
  }

  read(shard: number, fromHeight: number, bounds: ReadBounds): Promise<Block[]> {
    return Promise.resolve(within(this.#of(shard).slice(fromHeight - 1), ({ body }) => body.length, bounds));
  }

  onCommitted(callback: (shard: number) => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  #of(shard: number): Block[] {
    const blocks = this.#blocks.get(shard) ?? [];
    this.#blocks.set(shard, blocks);
    return blocks;
  }
}

/** A migrated database of its own. */
export async function readModelDatabase() {
  const database = await freshDatabase();
  await migrate(database.url, {
    assets: [
      { code: 'EUR', scale: 2, name: 'Euro' },
      { code: 'USD', scale: 2, name: 'US Dollar' },
    ],
    reasons: Object.entries(REFUSALS).map(([name, { number }]) => ({ number, name })),
  });
  const pool = new pg.Pool({ connectionString: database.url, max: 4 });
  // The database is dropped by force at the end, under the pool's idle connections.
  pool.on('error', () => undefined);
  return {
    url: database.url,
    pool,
    loader: new PgStateLoader({ poolOf: () => pool, sealKey: SEAL_KEY }),
    rows: async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
      (await pool.query(sql, values)).rows,
    drop: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

export type ReadModelDatabase = Awaited<ReturnType<typeof readModelDatabase>>;

/** A projector of those shards into that database. */
export function projectorOf(options: {
  url: string;
  feed: BlockFeed;
  shards: readonly number[];
  onEvent?: (event: ProjectorEvent) => void;
}): Projector {
  return new Projector({
    feed: options.feed,
    timers: realTimers,
    targets: [{ store: new PgProjectionStore({ url: options.url }), shards: options.shards }],
    sealKey: SEAL_KEY,
    log:
      options.onEvent ??
      ((event) => {
        throw new Error(`unexpected ${event.event}`, { cause: 'error' in event ? event.error : undefined });
      }),
  });
}

/** Projects everything that the feed has, and stops. */
export async function projectAll(url: string, feed: MemoryFeed, tips: Record<number, number>): Promise<void> {
  const shards = Object.keys(tips).map(Number);
  const projector = projectorOf({ url, feed, shards });
  await projector.start();
  for (const shard of shards) {
    const isThere = await projector.waitForSeq(shard, tips[shard], 15_000);
    if (!isThere) throw new Error(`shard ${shard} stopped at ${projector.watermark(shard).seq}`);
  }
  await projector.stop();
}
