import type { DatabaseSync } from 'node:sqlite';
import type { StreamName } from './streams.ts';

/** An event of a stream that is being handled. */
export interface Place {
  readonly stream: StreamName;
  readonly shard: number;
  readonly seq: number;
}

/**
 * What a consumer keeps of what it has handled: of each shard the last event, since events of a shard are handled in
 * their order and none without the one before. Once per inbox means: `effect` and the place are kept together, or neither.
 */
export interface Inbox {
  /** By shard the seq of the last event that was handled. */
  places(stream: StreamName): Promise<ReadonlyMap<number, number>>;
  keep(place: Place, effect: () => Promise<void> | void): Promise<void>;
}

/** Forgets with its process: for effects that do so too. */
export class MemoryInbox implements Inbox {
  readonly #places = new Map<StreamName, Map<number, number>>();

  places(stream: StreamName): Promise<ReadonlyMap<number, number>> {
    return Promise.resolve(new Map(this.#places.get(stream)));
  }

  async keep({ stream, shard, seq }: Place, effect: () => Promise<void> | void): Promise<void> {
    await effect();
    const places = this.#places.get(stream) ?? new Map<number, number>();
    this.#places.set(stream, places.set(shard, seq));
  }
}

/**
 * In a table of SQLite. What the effect writes by the same connection is in the same transaction; nobody else may use
 * that connection meanwhile, unless all effects are done when they return.
 */
export class SqliteInbox implements Inbox {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(
      'CREATE TABLE IF NOT EXISTS inbox (stream TEXT NOT NULL, shard INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (stream, shard)) STRICT',
    );
  }

  places(stream: StreamName): Promise<ReadonlyMap<number, number>> {
    const rows = this.#database.prepare('SELECT shard, seq FROM inbox WHERE stream = ?').all(stream);
    return Promise.resolve(new Map(rows.map(({ shard, seq }) => [Number(shard), Number(seq)])));
  }

  async keep({ stream, shard, seq }: Place, effect: () => Promise<void> | void): Promise<void> {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have been faster: then its effect counts, and this one is undone.
      const kept = this.#database
        .prepare(
          'INSERT INTO inbox VALUES (?, ?, ?) ON CONFLICT (stream, shard) DO UPDATE SET seq = excluded.seq WHERE seq < excluded.seq',
        )
        .run(stream, shard, seq);
      if (kept.changes === 1) {
        const done = effect();
        // An effect that is done at once leaves nobody the time to use the connection meanwhile.
        if (done !== undefined) await done;
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}
