import pg from 'pg';
import { DatabaseClient } from '../../../core/journal/database.ts';
import { scanCopy, type Tuples } from './tuples.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/** Where a shard's read models stand. */
export interface Watermark {
  shard: number;
  height: number;
  seq: number;
}

/** A shard's last block. */
export interface ShardTip {
  shard: number;
  height: number;
  seq: number;
}

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
const SESSION = `
SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL jit = off; SET LOCAL work_mem = '128MB'`;
const HAS_JOURNAL = `SELECT to_regclass('florin.journal') IS NOT NULL AND to_regclass('florin.projection') IS NOT NULL AS found`;
const TIPS = `
SELECT s.shard, tip.height, tip.first_seq + tip.event_count - 1 AS seq
FROM generate_series(0, 64) AS s(shard)
CROSS JOIN LATERAL (SELECT height, first_seq, event_count FROM florin.journal j WHERE j.shard = s.shard::smallint ORDER BY height DESC LIMIT 1) AS tip
ORDER BY s.shard`;
const WATERMARKS = 'SELECT shard, height, seq FROM florin.projection ORDER BY shard';

/** One server's database as it was at one moment: the writer may go on meanwhile. */
export class Snapshot {
  readonly client: pg.Client;
  /** From 1, in the order of DATABASE_URLS. */
  readonly server: number;

  constructor(client: pg.Client, server: number) {
    this.client = client;
    this.server = server;
  }

  /** With `shared`, the moment is that of another snapshot of the server, see `share`. */
  static async open(url: string, server: number, shared?: string): Promise<Snapshot> {
    const client = new DatabaseClient({
      connectionString: url,
      application_name: 'florin verify',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(BEGIN);
      if (shared !== undefined) await client.query(`SET TRANSACTION SNAPSHOT ${pg.escapeLiteral(shared)}`);
      await client.query(SESSION);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    return new Snapshot(client, server);
  }

  /** What further connections name to see the same moment, as long as this one lives. */
  async share(): Promise<string> {
    const result = await this.client.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    return result.rows[0].id;
  }

  async hasJournal(): Promise<boolean> {
    const result = await this.client.query<{ found: boolean }>(HAS_JOURNAL);
    return result.rows[0].found;
  }

  async tips(): Promise<ShardTip[]> {
    const result = await this.client.query<{ shard: number; height: string; seq: string }>(TIPS);
    return result.rows.map((row) => ({ shard: row.shard, height: Number(row.height), seq: Number(row.seq) }));
  }

  async watermarks(): Promise<Map<number, Watermark>> {
    const result = await this.client.query<{ shard: number; height: string; seq: string }>(WATERMARKS);
    return new Map(
      result.rows.map((row) => [
        row.shard,
        { shard: row.shard, height: Number(row.height), seq: Number(row.seq) },
      ]),
    );
  }

  scan(select: string, onTuple: (tuples: Tuples, at: number, end: number) => void): Promise<number> {
    return scanCopy(this.client, select, onTuple);
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}
