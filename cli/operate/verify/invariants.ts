import pg from 'pg';
import type { Finding } from './findings.ts';
import { Snapshot } from './snapshot.ts';

/** Every view books.invariant_* shows what breaks it: no rows, and it holds. */
const SHIPPED = `
SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'books' AND c.relkind IN ('v', 'm') AND c.relname LIKE 'invariant\\_%' ORDER BY c.relname`;
const SHOWN_MAX = 20;
/** At a time: each may sort every entry there is. */
const CONNECTIONS = 2;

interface Shipped {
  name: string;
  comment: string | null;
}

/** The invariants that the read models ship in SQL, asked while the journal is replayed. */
export class Invariants {
  readonly #snapshots: Snapshot[];
  readonly #waiting: Shipped[];
  readonly #running: Promise<Finding[]>[];
  readonly count: number;
  #onAsked: () => void = () => undefined;

  private constructor(snapshots: Snapshot[], shipped: Shipped[]) {
    this.#snapshots = snapshots;
    this.#waiting = [...shipped];
    this.count = shipped.length;
    this.#running = snapshots.map((snapshot) => this.#askAll(snapshot));
    // A connection that breaks is met by `finished`.
    for (const running of this.#running) running.catch(() => undefined);
  }

  /** Begins to ask, at the moment of that snapshot. */
  static async begin(url: string, snapshot: Snapshot): Promise<Invariants> {
    const shipped = await snapshot.client.query<Shipped>(SHIPPED);
    const moment = await snapshot.share();
    const snapshots: Snapshot[] = [];
    for (let i = 0; i < CONNECTIONS; i++) snapshots.push(await Snapshot.open(url, snapshot.server, moment));
    return new Invariants(snapshots, shipped.rows);
  }

  /** What violates them, once all are asked. */
  async finished(onAsked: () => void): Promise<Finding[]> {
    this.#onAsked = onAsked;
    return (await Promise.all(this.#running)).flat();
  }

  async close(): Promise<void> {
    this.#waiting.length = 0;
    for (const snapshot of this.#snapshots) await snapshot.close();
  }

  async #askAll(snapshot: Snapshot): Promise<Finding[]> {
    const broken: Finding[] = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      broken.push(...(await ask(snapshot, next)));
      this.#onAsked();
    }
    return broken;
  }
}

async function ask({ client, server }: Snapshot, { name, comment }: Shipped): Promise<Finding[]> {
  const finding = (message: string): Finding => ({
    rule: ruleOf(name),
    server,
    table: `books.${name}`,
    message,
  });
  await client.query('SAVEPOINT one');
  try {
    const broken = await client.query<{ row: string }>(
      `SELECT to_jsonb(v)::text AS row FROM books.${pg.escapeIdentifier(name)} AS v LIMIT ${SHOWN_MAX}`,
    );
    return broken.rows.map(({ row }) => finding(`${comment ?? 'does not hold'} Found: ${row}`));
  } catch (error) {
    // A number that an edit has put out of all bounds ends the question: that is an answer too.
    if (!(error instanceof pg.DatabaseError) || !error.code?.startsWith('22')) throw error;
    await client.query('ROLLBACK TO SAVEPOINT one');
    return [finding(`cannot be asked: ${error.message}`)];
  }
}

/** "invariant_i06_holds_add_up" is about I6. */
function ruleOf(name: string): string {
  const number = /^invariant_i0*(\d+)_/.exec(name)?.[1];
  return number === undefined ? 'SQL' : `I${number}`;
}
