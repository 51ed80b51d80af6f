import type pg from 'pg';
import type { Block } from './block.ts';
import { ZERO_HASH } from './hash.ts';
import {
  AppendDuplicate,
  AppendRefused,
  AppendUnknown,
  type JournalStore,
  type LeaseStore,
  type Tip,
} from './store.ts';
import { APPEND, Claims } from './claims.ts';
import { copyBlocks } from './copyBlocks.ts';
import { DatabaseClient, databasePool } from './database.ts';
import { AppendQuery } from './appendQuery.ts';
import { BLOCK_COLUMNS, blockOfRow, type BlockRow } from './sql.ts';
import { type ReadBounds, within } from './readBounds.ts';
import { streamBlocks } from './streamBlocks.ts';
import { hashesAt, tips } from './takeOver.ts';

export interface PgStoreOptions {
  url: string;
  /** How long one append may take before its outcome counts as unknown. Default 30000 ms; sensible 5000 to 60000. */
  appendTimeoutMs?: number;
  /** How long a take-over or a lease waits for a row before frozen cores lose it. Default 3000 ms; sensible 1000 to 10000. */
  lockWaitMs?: number;
  onWarning?: (what: string) => void;
}

/** Said explicitly, whatever the server's defaults are. */
const SESSION = '-c default_transaction_isolation=read\\ committed -c synchronous_commit=on -c timezone=UTC';

/** The journal and the leases of one Postgres server. Appends have a connection of their own, one at a time. */
export class PgStore implements JournalStore, LeaseStore {
  readonly #options: Required<Omit<PgStoreOptions, 'onWarning'>> & Pick<PgStoreOptions, 'onWarning'>;
  #pool: pg.Pool;
  /** For COPY alone: pg never clears the timer of `query_timeout` behind a stream, and it would keep the process. */
  #copies: pg.Pool;
  readonly #claims: Claims;
  #appender: pg.Client | null = null;

  constructor(options: PgStoreOptions) {
    this.#options = { appendTimeoutMs: 30_000, lockWaitMs: 3_000, ...options };
    const onWarning = (what: string): void => this.#options.onWarning?.(what);
    this.#claims = new Claims({
      url: options.url,
      lockWaitMs: this.#options.lockWaitMs,
      session: SESSION,
      onWarning,
    });
    this.#pool = databasePool({
      connectionString: options.url,
      max: 4,
      application_name: 'florin journal',
      connectionTimeoutMillis: 5_000,
      query_timeout: 30_000,
      options: SESSION,
    });
    this.#copies = databasePool({
      connectionString: options.url,
      max: 2,
      application_name: 'florin journal copy',
      connectionTimeoutMillis: 5_000,
      options: SESSION,
    });
    for (const pool of [this.#pool, this.#copies]) pool.on('error', (error) => onWarning(error.message));
  }

  /** One after the other: a warning must be known to belong to one append. */
  append(blocks: readonly Block[]): Promise<ReadonlySet<number>> {
    const appended = this.#appending.then(() => this.#append(blocks));
    this.#appending = appended.then(
      () => undefined,
      () => undefined,
    );
    return appended;
  }

  #appending: Promise<void> = Promise.resolve();

  async #append(blocks: readonly Block[]): Promise<ReadonlySet<number>> {
    const client = await this.#openAppender();
    let warning: string | null = null;
    const onNotice = (notice: { severity: string | undefined; message?: string | undefined }) => {
      if (notice.severity === 'WARNING') warning = notice.message ?? 'a warning';
    };
    client.on('notice', onNotice);
    try {
      const appended = await new Promise<ReadonlySet<number>>((resolve, reject) => {
        client.query(
          new AppendQuery(blocks, (error, shards) => (error === null ? resolve(shards!) : reject(error))),
        );
      });
      if (warning !== null) throw new AppendUnknown(warning);
      return appended;
    } catch (error) {
      if ((error as { code?: unknown }).code === '23505' && blocks.length > 1)
        throw new AppendDuplicate(messageOf(error));
      if (error instanceof AppendUnknown || !isDefinite(error)) {
        this.#dropAppender(client);
        throw error instanceof AppendUnknown ? error : new AppendUnknown(messageOf(error));
      }
      throw new AppendRefused(messageOf(error));
    } finally {
      client.off('notice', onNotice);
    }
  }

  async #openAppender(): Promise<pg.Client> {
    if (this.#appender !== null) return this.#appender;
    const client = new DatabaseClient({
      connectionString: this.#options.url,
      application_name: APPEND,
      connectionTimeoutMillis: 5_000,
      query_timeout: this.#options.appendTimeoutMs,
      keepAlive: true,
      options: SESSION,
    });
    client.on('error', (error) => {
      this.#options.onWarning?.(error.message);
      if (this.#appender === client) this.#appender = null;
    });
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => undefined);
      // Nothing was sent yet.
      throw new AppendRefused(messageOf(error));
    }
    this.#appender = client;
    return client;
  }

  /** A connection on which an append is unknown may still commit it: nothing else is ever sent on it. */
  #dropAppender(client: pg.Client): void {
    if (this.#appender === client) this.#appender = null;
    // The socket may be half open, so nobody waits for a goodbye.
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }

  raiseEpoch(shard: number, from: number, owner: string): Promise<number | null> {
    return this.#claims.raiseEpoch(shard, from, owner);
  }

  epochOf(shard: number): Promise<{ epoch: number; owner: string }> {
    return this.#claims.epochOf(shard);
  }

  hold(shards: readonly number[], holder: string, lengthMs: number): Promise<ReadonlySet<number>> {
    return this.#claims.hold(shards, holder, lengthMs);
  }

  release(shards: readonly number[], holder: string): Promise<void> {
    return this.#claims.release(shards, holder);
  }

  takeEpochs(shards: readonly number[], owner: string): Promise<Map<number, number>> {
    return this.#claims.takeEpochs(shards, owner);
  }

  tips(shards: readonly number[]): Promise<Map<number, Tip>> {
    return tips(this.#pool, shards);
  }

  hashesAt(places: ReadonlyMap<number, number>): Promise<Map<number, Uint8Array>> {
    return hashesAt(this.#pool, places);
  }

  async isAtEpoch(shard: number, epoch: number): Promise<boolean> {
    const result = await this.#pool.query('SELECT 1 FROM florin.epochs WHERE shard = $1 AND epoch = $2', [
      shard,
      epoch,
    ]);
    return result.rows.length === 1;
  }

  async tip(shard: number): Promise<Tip> {
    const result = await this.#pool.query<Omit<BlockRow, 'body'>>(
      'SELECT height, epoch, first_seq, event_count, block_time_us, hash FROM florin.journal WHERE shard = $1 ORDER BY height DESC LIMIT 1',
      [shard],
    );
    const row = result.rows[0];
    if (row === undefined) return { height: 0, epoch: 0, seq: 0, blockTimeUs: 0, hash: ZERO_HASH };
    return {
      height: Number(row.height),
      epoch: Number(row.epoch),
      seq: Number(row.first_seq) + row.event_count - 1,
      blockTimeUs: Number(row.block_time_us),
      hash: row.hash,
    };
  }

  async databaseTimeUs(): Promise<number> {
    const result = await this.#pool.query<{ us: string }>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us',
    );
    return Number(result.rows[0].us);
  }

  async read(shard: number, fromHeight: number, bounds: ReadBounds): Promise<Block[]> {
    // Sizes first: bodies differ too much for a fixed count of rows.
    const sizes = await this.#pool.query<{ eventCount: number; bytes: number }>(
      'SELECT event_count AS "eventCount", octet_length(body) AS bytes FROM florin.journal WHERE shard = $1 AND height >= $2 ORDER BY height LIMIT 4096',
      [shard, fromHeight],
    );
    const count = within(sizes.rows, ({ bytes }) => bytes, bounds).length;
    if (count === 0) return [];
    const heights = { from: fromHeight, to: fromHeight + count - 1 };
    return this.#copying((client) => copyBlocks(client, shard, heights));
  }

  stream(
    range: { shard: number; from: number; to: number },
    visit: (blocks: readonly Block[]) => Promise<void>,
  ): Promise<void> {
    return this.#copying((client) => streamBlocks(client, range, visit));
  }

  async #copying<T>(copy: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#copies.connect();
    try {
      const result = await copy(client);
      client.release();
      return result;
    } catch (error) {
      // A COPY that broke off may have left rows on the connection.
      client.release(true);
      throw error;
    }
  }

  async blockOfSeq(shard: number, seq: number): Promise<Block | null> {
    const result = await this.#pool.query<BlockRow>(
      `SELECT ${BLOCK_COLUMNS} FROM florin.journal WHERE shard = $1 AND first_seq <= $2 AND event_count > 0 ORDER BY first_seq DESC LIMIT 1`,
      [shard, seq],
    );
    const block = result.rows.length === 0 ? null : blockOfRow(result.rows[0]);
    return block !== null && seq < block.firstSeq + block.eventCount ? block : null;
  }

  async block(shard: number, height: number): Promise<Block | null> {
    const result = await this.#pool.query<BlockRow>(
      `SELECT ${BLOCK_COLUMNS} FROM florin.journal WHERE shard = $1 AND height = $2`,
      [shard, height],
    );
    return result.rows.length === 0 ? null : blockOfRow(result.rows[0]);
  }

  /** Makes the partitions that the journal needs for so many heights beyond its highest block. */
  async reserveHeights(ahead: number): Promise<void> {
    await this.#pool.query(
      'SELECT florin.ensure_journal_partitions((SELECT coalesce(max(height), 0) FROM florin.projection) + $1)',
      [ahead],
    );
  }

  async close(): Promise<void> {
    await this.#appender?.end().catch(() => undefined);
    this.#appender = null;
    await Promise.all([this.#pool.end(), this.#copies.end(), this.#claims.close()]);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Errors that the server answered with before anything could commit: out of disk, memory or connections, read-only,
 * starting up, deadlock. Everything else, a duplicate key included, leaves the outcome open.
 */
function isDefinite(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return false;
  return (
    code.startsWith('53') ||
    code === '25006' ||
    code === '57P03' ||
    code === '40001' ||
    code === '40P01' ||
    code === '42P01' ||
    code === '23514'
  );
}
