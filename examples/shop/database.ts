import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * The shop's own database: an order that was taken is still there after a crash, and so is every request that was about to
 * be sent. What money moves by is written before it is asked for.
 */
const TABLES = `
  CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY,
    -- Unguessable: whoever knows it sees the order.
    id TEXT NOT NULL UNIQUE,
    made_at TEXT NOT NULL,
    -- [{product, quantity, cents}]
    lines TEXT NOT NULL,
    cents INTEGER NOT NULL,
    -- The payment at Florin, as of the highest version that was heard of.
    payment TEXT,
    version INTEGER NOT NULL DEFAULT 0,
    status TEXT,
    problem TEXT,
    action_url TEXT,
    -- When Florin's event said that it is paid: from then on the goods are sent.
    paid_at TEXT
  );
  CREATE TABLE IF NOT EXISTS payment_tries (
    order_id TEXT NOT NULL REFERENCES orders (id),
    n INTEGER NOT NULL,
    -- What is sent to Florin, the same each time.
    path TEXT NOT NULL,
    body TEXT NOT NULL,
    is_answered INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, n)
  );
  CREATE TABLE IF NOT EXISTS refund_requests (
    key TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id),
    cents INTEGER NOT NULL,
    is_answered INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id),
    cents INTEGER NOT NULL,
    status TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS events_seen (id TEXT PRIMARY KEY, seen_at TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

export class Database {
  readonly #sqlite: DatabaseSync;

  constructor(file: string) {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#sqlite = new DatabaseSync(file);
    // FULL: what was committed outlives the machine's power.
    this.#sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    this.#sqlite.exec(TABLES);
  }

  rows<T>(sql: string, ...values: (string | number | null)[]): T[] {
    return this.#sqlite.prepare(sql).all(...values) as T[];
  }

  /** How many rows it changed. */
  run(sql: string, ...values: (string | number | null)[]): number {
    return Number(this.#sqlite.prepare(sql).run(...values).changes);
  }

  /** All of it, or nothing. */
  transaction<T>(task: () => T): T {
    this.#sqlite.exec('BEGIN IMMEDIATE');
    try {
      const done = task();
      this.#sqlite.exec('COMMIT');
      return done;
    } catch (error) {
      this.#sqlite.exec('ROLLBACK');
      throw error;
    }
  }

  setting(name: string): string | undefined {
    return this.rows<{ value: string }>('SELECT value FROM settings WHERE name = ?', name)[0]?.value;
  }

  keep(name: string, value: string): void {
    this.run(
      'INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    );
  }

  close(): void {
    this.#sqlite.close();
  }
}
