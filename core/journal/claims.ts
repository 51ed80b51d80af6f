import type pg from 'pg';
import { databasePool } from './database.ts';

export interface ClaimsOptions {
  url: string;
  /** How long a row that another transaction holds is waited for. */
  lockWaitMs: number;
  /** What is said to each session. */
  session: string;
  onWarning: (what: string) => void;
}

/** Connections whose transactions last one statement: one that waits for its client in mid-transaction has lost it. */
export const APPEND = 'florin append';
const TAKEOVER = 'florin takeover';
const LEASE = 'florin lease';
/** Postgres: lock_not_available, after lock_timeout. */
const LOCK_TIMEOUT = '55P03';

/**
 * Ends what a stopped or cut off core has left between Execute and Sync: it has written or locked something (else it
 * has no xid) and waits for its client, for longer than anybody waits for a lock. No timeout of Postgres 15 or 16 acts
 * there. A backend that waits for its disk or a standby is not among them: its client would get no further either.
 */
const END_FROZEN = `
  SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
  WHERE application_name = ANY ($1) AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
    AND wait_event = 'ClientRead' AND backend_xid IS NOT NULL
    AND xact_start < clock_timestamp() - $2 * interval '1 millisecond'`;

/**
 * Who writes a shard of one server: epochs and leases. Each kind has connections of its own, so that a take-over which
 * waits for a row never keeps a lease from being renewed.
 */
export class Claims {
  readonly #lockWaitMs: number;
  readonly #takeovers: pg.Pool;
  readonly #leases: pg.Pool;
  /** For ending frozen backends: behind take-overs that wait for them it would come late. */
  readonly #enders: pg.Pool;

  constructor({ url, lockWaitMs, session, onWarning }: ClaimsOptions) {
    this.#lockWaitMs = lockWaitMs;
    const pool = (application: string, max: number): pg.Pool => {
      const made = databasePool({
        connectionString: url,
        max,
        application_name: application,
        connectionTimeoutMillis: 5_000,
        query_timeout: 30_000,
        options: `${session} -c lock_timeout=${lockWaitMs}`,
      });
      made.on('error', (error) => onWarning(error.message));
      return made;
    };
    this.#takeovers = pool(TAKEOVER, 4);
    this.#leases = pool(LEASE, 1);
    this.#enders = pool(TAKEOVER, 1);
  }

  async raiseEpoch(shard: number, from: number, owner: string): Promise<number | null> {
    const rows = await this.#claim<{ epoch: string }>(
      this.#takeovers,
      'UPDATE florin.epochs SET epoch = epoch + 1, owner = $3 WHERE shard = $1 AND epoch = $2 RETURNING epoch',
      [shard, from, owner],
    );
    return rows.length === 0 ? null : Number(rows[0].epoch);
  }

  /**
   * Raises the epochs of many shards in one statement, which has committed when this returns. Rows are locked in the
   * order of shards, as appends lock them: the raise waits for an append that is under way, and neither can wait for the
   * other in a circle. A shard's first epoch is 1, so taking one that nobody has ever had makes it 2.
   */
  async takeEpochs(shards: readonly number[], owner: string): Promise<Map<number, number>> {
    const rows = await this.#claim<{ shard: number; epoch: string }>(
      this.#takeovers,
      `INSERT INTO florin.epochs AS e (shard, epoch, owner)
       SELECT shard, 2, $2 FROM unnest($1::smallint[]) AS shard ORDER BY shard
       ON CONFLICT (shard) DO UPDATE SET epoch = e.epoch + 1, owner = excluded.owner
       RETURNING shard, epoch`,
      [shards, owner],
    );
    return new Map(rows.map(({ shard, epoch }) => [shard, Number(epoch)]));
  }

  async epochOf(shard: number): Promise<{ epoch: number; owner: string }> {
    await this.#claim(
      this.#takeovers,
      `INSERT INTO florin.epochs (shard, epoch, owner) VALUES ($1, 1, '') ON CONFLICT DO NOTHING`,
      [shard],
    );
    const result = await this.#takeovers.query<{ epoch: string; owner: string }>(
      'SELECT epoch, owner FROM florin.epochs WHERE shard = $1',
      [shard],
    );
    return { epoch: Number(result.rows[0].epoch), owner: result.rows[0].owner };
  }

  async hold(shards: readonly number[], holder: string, lengthMs: number): Promise<ReadonlySet<number>> {
    const rows = await this.#claim<{ shard: number }>(
      this.#leases,
      `INSERT INTO florin.leases AS l (shard, holder, expires_at)
       SELECT shard, $2, clock_timestamp() + $3 * interval '1 millisecond' FROM unnest($1::smallint[]) AS shard ORDER BY shard
       ON CONFLICT (shard) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
         WHERE l.holder = excluded.holder OR l.expires_at < clock_timestamp()
       RETURNING l.shard`,
      [shards, holder, lengthMs],
    );
    return new Set(rows.map((row) => row.shard));
  }

  async release(shards: readonly number[], holder: string): Promise<void> {
    await this.#claim(
      this.#leases,
      'UPDATE florin.leases SET expires_at = clock_timestamp() WHERE shard = ANY($1::smallint[]) AND holder = $2',
      [shards, holder],
    );
  }

  /** A core that froze in mid-statement keeps its locks: whoever may have them now does not wait for it to wake up. */
  async #claim<Row extends pg.QueryResultRow>(
    pool: pg.Pool,
    text: string,
    values: unknown[],
  ): Promise<Row[]> {
    try {
      return (await pool.query<Row>(text, values)).rows;
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_TIMEOUT) throw error;
      await this.#enders.query(END_FROZEN, [[APPEND, TAKEOVER, LEASE], this.#lockWaitMs]);
      // Even if none was ended: another take-over may have come first.
      return (await pool.query<Row>(text, values)).rows;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#takeovers.end(), this.#leases.end(), this.#enders.end()]);
  }
}
