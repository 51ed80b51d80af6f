import pg from 'pg';
import { uuidv7 } from '../../client/index.ts';
import type { Draw } from '../load/draw.ts';
import { nowMs } from '../measure/clock.ts';

const CONNECTIONS = 20;

const CREATE = `
CREATE SCHEMA IF NOT EXISTS bench;
DROP TABLE IF EXISTS bench.entries, bench.accounts;
CREATE TABLE bench.accounts (id integer PRIMARY KEY, balance bigint NOT NULL, version bigint NOT NULL)
  WITH (fillfactor = 50);
CREATE TABLE bench.entries (account integer NOT NULL, version bigint NOT NULL, transaction uuid NOT NULL,
  amount bigint NOT NULL, balance bigint NOT NULL, booked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, version))`;
const FILL = 'INSERT INTO bench.accounts SELECT id, 0, 0 FROM generate_series(1, $1) AS id';

const LOCK = {
  name: 'lock',
  text: 'SELECT id, balance, version FROM bench.accounts WHERE id IN ($1, $2) ORDER BY id FOR UPDATE',
};
const UPDATE = {
  name: 'update',
  text: 'UPDATE bench.accounts SET balance = $2, version = $3 WHERE id = $1',
};
const ENTRIES = {
  name: 'entries',
  text: `INSERT INTO bench.entries (account, version, transaction, amount, balance)
VALUES ($1, $2, $3, $4, $5), ($6, $7, $3, $8, $9)`,
};

interface Account {
  readonly id: number;
  readonly balance: string;
  readonly version: string;
}

export interface PlainOptions {
  readonly url: string;
  readonly accounts: number;
  readonly draw: Draw;
  /** Every transfer debits one account. */
  readonly isHot: boolean;
}

/**
 * The plain way, as a service on Postgres is commonly written: 20 connections, each transfer a transaction of its own
 * that locks the two account rows in the order of their ids, updates both, inserts two entry rows, and commits.
 */
export class PlainWay {
  readonly #options: PlainOptions;
  readonly #clients: pg.Client[];

  private constructor(options: PlainOptions, clients: pg.Client[]) {
    this.#options = options;
    this.#clients = clients;
  }

  static async open(options: PlainOptions): Promise<PlainWay> {
    const clients = Array.from(
      { length: CONNECTIONS },
      () => new pg.Client({ connectionString: options.url }),
    );
    // After Ctrl-C the server goes first; whoever awaits a query hears of it.
    for (const client of clients) client.on('error', () => {});
    await Promise.all(clients.map((client) => client.connect()));
    await clients[0].query(CREATE);
    await clients[0].query(FILL, [options.accounts]);
    await clients[0].query('ANALYZE bench.accounts');
    return new PlainWay(options, clients);
  }

  /** Transfers a second over so long. */
  async measure(ms: number): Promise<number> {
    await this.#run(ms / 4);
    return this.#run(ms);
  }

  async #run(ms: number): Promise<number> {
    const began = nowMs();
    const counts = await Promise.all(
      this.#clients.map(async (client) => {
        let count = 0;
        for (; nowMs() - began < ms; count++) await this.#transfer(client);
        return count;
      }),
    );
    return (counts.reduce((sum, count) => sum + count, 0) * 1_000) / (nowMs() - began);
  }

  async #transfer(client: pg.Client): Promise<void> {
    const { accounts, draw, isHot } = this.#options;
    const debit = isHot ? 1 : 1 + draw.below(accounts);
    let credit = 1 + draw.below(accounts - 1);
    if (credit >= debit) credit += 1;
    const amount = BigInt(1 + draw.below(10_000));
    await client.query('BEGIN');
    const { rows } = await client.query<Account>({ ...LOCK, values: [debit, credit] });
    const [from, to] = rows[0].id === debit ? rows : [rows[1], rows[0]];
    const fromAfter = { balance: BigInt(from.balance) - amount, version: BigInt(from.version) + 1n };
    const toAfter = { balance: BigInt(to.balance) + amount, version: BigInt(to.version) + 1n };
    await client.query({ ...UPDATE, values: [debit, fromAfter.balance, fromAfter.version] });
    await client.query({ ...UPDATE, values: [credit, toAfter.balance, toAfter.version] });
    const debited = [debit, fromAfter.version, uuidv7(), -amount, fromAfter.balance];
    const credited = [credit, toAfter.version, amount, toAfter.balance];
    await client.query({ ...ENTRIES, values: debited.concat(credited) });
    await client.query('COMMIT');
  }

  async close(): Promise<void> {
    await this.#clients[0].query('DROP TABLE bench.entries, bench.accounts');
    await Promise.all(this.#clients.map((client) => client.end()));
  }
}
