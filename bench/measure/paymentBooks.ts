import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Reported } from '../core/simulator.ts';
import { nowMs } from './clock.ts';

const POLL_MS = 100;

/** An operation as Florin has booked it. */
export interface Booked {
  readonly reference: string;
  readonly kind: string;
  readonly outcome: string;
  readonly amount: bigint;
  readonly currency: string;
}

/** Minor units by currency. */
export type Sums = ReadonlyMap<string, bigint>;

/** Payments of all books in the read models, as anybody with SQL sees them. */
export class PaymentBooks {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<PaymentBooks> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return new PaymentBooks(client);
  }

  close(): Promise<void> {
    return this.#client.end();
  }

  /** How many wait for a provider. */
  async waiting(): Promise<number> {
    return this.#count("SELECT count(*) AS n FROM books.payment_intents WHERE state = 'processing'");
  }

  /** How many of a book will expire, and are marked to be looked at just then. */
  async expiring(book: string): Promise<number> {
    return this.#count(
      'SELECT count(*) AS n FROM books.payment_intents WHERE book = $1 AND due_at = expires_at',
      [book],
    );
  }

  /** Waits until no payment waits for a provider. */
  async untilSettled({ limitMs }: { limitMs: number }): Promise<void> {
    const end = nowMs() + limitMs;
    for (let waiting = await this.waiting(); waiting > 0; waiting = await this.waiting()) {
      if (nowMs() > end) throw new Error(`${waiting} payments still wait for a provider`);
      await sleep(POLL_MS);
    }
  }

  /** How often the provider's own books and ours differ, operation by operation and in what the provider owes. */
  async mismatches(report: AsyncIterable<Reported>): Promise<number> {
    const reported: Reported[] = [];
    for await (const line of report) reported.push(line);
    return (
      differingOperations(reported, await this.#operations()) +
      differingSums(owedBy(reported), await this.#receivable())
    );
  }

  async #operations(): Promise<Booked[]> {
    const { rows } = await this.#client.query<Omit<Booked, 'amount'> & { amount: string }>(
      'SELECT operation_id AS reference, kind, outcome, amount, currency FROM books.provider_calls',
    );
    return rows.map(({ amount, ...row }) => ({ ...row, amount: BigInt(amount) }));
  }

  async #receivable(): Promise<Sums> {
    const { rows } = await this.#client.query<{ currency: string; sum: string }>(
      "SELECT asset AS currency, sum(posted_balance) AS sum FROM books.accounts WHERE code LIKE 'psp_receivable:simulator:%' GROUP BY asset",
    );
    return new Map(rows.map(({ currency, sum }) => [currency, BigInt(sum)]));
  }

  async #count(sql: string, values: readonly string[] = []): Promise<number> {
    const { rows } = await this.#client.query<{ n: string }>(sql, [...values]);
    return Number(rows[0].n);
  }
}

/** Which outcome of ours says the same as a status of the provider's. */
const OUTCOMES: Readonly<Record<string, string>> = { succeeded: 'succeeded', declined: 'failed' };

/** Operations of which both sides do not say the same: done or not, what, how much. */
export function differingOperations(reported: readonly Reported[], booked: readonly Booked[]): number {
  const ours = new Map(booked.map((one) => [one.reference, one]));
  let differing = 0;
  for (const { reference, kind, status, amount, currency } of reported) {
    const own = ours.get(reference);
    ours.delete(reference);
    const isSame =
      own !== undefined &&
      own.outcome === OUTCOMES[status] &&
      own.kind === kind &&
      own.amount === amount &&
      own.currency === currency;
    if (!isSame) differing += 1;
  }
  // What the provider does not know of must not be done here either.
  for (const { outcome } of ours.values()) if (outcome === 'succeeded') differing += 1;
  return differing;
}

/** What the provider owes by its own report: what it took from payers, less what it sent back and what it keeps. */
export function owedBy(reported: readonly Reported[]): Sums {
  const owed = new Map<string, bigint>();
  for (const { kind, status, amount, currency, cost } of reported) {
    if (status !== 'succeeded') continue;
    const moved = kind === 'sale' || kind === 'capture' ? amount : kind === 'refund' ? -amount : 0n;
    owed.set(currency, (owed.get(currency) ?? 0n) + moved - cost);
  }
  return owed;
}

/** Currencies in which two sums differ; one that is missing is 0. */
export function differingSums(one: Sums, other: Sums): number {
  const currencies = new Set([...one.keys(), ...other.keys()]);
  return [...currencies].filter((currency) => (one.get(currency) ?? 0n) !== (other.get(currency) ?? 0n))
    .length;
}
