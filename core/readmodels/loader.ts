import type pg from 'pg';
import { CARD_TRIES_MAX, type CardRef } from '../kernel/payments/cardTries.ts';
import type {
  Loaded,
  LoadedAccount,
  LoadedDecline,
  LoadedPaymentEvent,
  LoadedProgress,
  RecoveryPoint,
  StateLoader,
} from '../shard/ports.ts';
import { type LoadedAccountSqlRow, copiedAccountOf, loadedAccountOf } from './loading/accountRows.ts';
import { copyOut } from './loading/copyOut.ts';
import {
  type DeclineSqlRow,
  type DuePaymentSqlRow,
  type PaymentSqlRow,
  declinesOf,
  duePaymentOf,
  paymentEventsOf,
} from './loading/paymentRows.ts';
import { recoveryPoints } from './loading/recoveryPoints.ts';
import * as sql from './loading/statements.ts';
import { accountKey, Sealer } from './sealing/seals.ts';
import { type ProgressSqlRow, sealedProgressOf } from './sealing/sqlRows.ts';

/** Keys a COPY: the text of the statement stays below a few megabytes. */
const COPY_KEYS_MAX = 131_072;

export interface StateLoaderOptions {
  /** The pool of the server that holds a shard. */
  poolOf: (shard: number) => pg.Pool;
  /** 16 bytes; the key of the rows' seals. */
  sealKey: Uint8Array;
}

/** Loads from the read models what writers need, with the watermark of the very snapshot, every seal checked. */
export class PgStateLoader implements StateLoader {
  readonly #poolOf: (shard: number) => pg.Pool;
  readonly #sealer: Sealer;

  constructor({ poolOf, sealKey }: StateLoaderOptions) {
    this.#poolOf = poolOf;
    this.#sealer = new Sealer(sealKey);
  }

  recoveryPoints(shards: readonly number[]): Promise<Map<number, RecoveryPoint>> {
    return this.#inSnapshot(shards[0], (client) => recoveryPoints(client, shards));
  }

  accountsById(shard: number, book: number, ids: string[]): Promise<Loaded<LoadedAccount>> {
    return this.#accounts(shard, sql.ACCOUNTS_BY_ID, [shard, book, ids]);
  }

  accountsByCode(shard: number, book: number, codes: string[]): Promise<Loaded<LoadedAccount>> {
    return this.#accounts(shard, sql.ACCOUNTS_BY_CODE, [shard, book, codes]);
  }

  async accountsByNumber(shard: number, numbers: Uint32Array): Promise<Loaded<LoadedAccount>> {
    const rows: LoadedAccount[] = [];
    const watermarkSeq = await this.eachAccount(shard, numbers, (account) => rows.push(account));
    return { watermarkSeq, rows };
  }

  /** As accountsByNumber, without holding them all: a million accounts are half a gigabyte as objects. Answers with the watermark. */
  async eachAccount(
    shard: number,
    numbers: Uint32Array,
    visit: (account: LoadedAccount) => void,
  ): Promise<number> {
    return this.#inSnapshot(shard, async (client) => {
      const found = await client.query<{ watermark: string }>(sql.WATERMARK, [shard]);
      // In the order of the tables, so that neighbours come from one page.
      const sorted = numbers.toSorted();
      for (let from = 0; from < sorted.length; from += COPY_KEYS_MAX) {
        const keys = Array.from(sorted.subarray(from, from + COPY_KEYS_MAX), (number) =>
          accountKey(shard, number),
        );
        await copyOut(client, sql.copyAccounts(keys), (fields) =>
          visit(copiedAccountOf(fields, this.#sealer)),
        );
      }
      return Number(found.rows[0]?.watermark ?? 0);
    });
  }

  async otherIds(shard: number, visit: (book: number, id: string) => void): Promise<void> {
    if (!Number.isSafeInteger(shard)) throw new RangeError(`${shard} is no shard`);
    await this.#inSnapshot(shard, (client) =>
      copyOut(client, sql.copyOtherIds(shard), (fields) => visit(fields.i32(), fields.uuid())),
    );
  }

  async spentIds(shard: number, book: number, ids: string[]): Promise<Loaded<{ id: string; seq: number }>> {
    const found = await this.#poolOf(shard).query<{ watermark: string | null; id: string; seq: string }>(
      sql.SPENT_IDS,
      [shard, book, ids],
    );
    const spent = found.rows.filter((row) => row.id !== null);
    const mark = found.rows.find((row) => row.watermark !== null);
    return {
      watermarkSeq: Number(mark?.watermark ?? 0),
      rows: spent.map((row) => ({ id: row.id, seq: Number(row.seq) })),
    };
  }

  async progress(shard: number, seqs: number[]): Promise<Loaded<LoadedProgress>> {
    const found = await this.#poolOf(shard).query<ProgressSqlRow & { watermark: string }>(sql.PROGRESS, [
      shard,
      seqs,
    ]);
    const rows = found.rows
      .filter((row) => row.seq !== null)
      .map((row) => sealedProgressOf(row, this.#sealer));
    return {
      watermarkSeq: Number(found.rows[0]?.watermark ?? 0),
      rows: rows.map((row) => ({
        seq: row.seq,
        book: row.book,
        state: row.state,
        posted: [...row.posted],
        reversed: [...row.reversed],
      })),
    };
  }

  async dueHolds(
    shard: number,
    nowUs: number,
    limit: number,
  ): Promise<{ seq: number; book: number; id: string }[]> {
    const found = await this.#poolOf(shard).query<{ seq: string; book_no: number; id: string }>(
      sql.DUE_HOLDS,
      [shard, nowUs, limit],
    );
    return found.rows.map((row) => ({ seq: Number(row.seq), book: row.book_no, id: row.id }));
  }

  async nextExpiry(shard: number, behindUs: number): Promise<number> {
    const found = await this.#poolOf(shard).query<{ next: string | null }>(sql.NEXT_EXPIRY, [
      shard,
      behindUs,
    ]);
    return Number(found.rows[0].next ?? Infinity);
  }

  async payments(shard: number, seqs: number[]): Promise<Loaded<LoadedPaymentEvent>> {
    const found = await this.#poolOf(shard).query<PaymentSqlRow>(sql.PAYMENTS, [shard, seqs]);
    return {
      watermarkSeq: Number(found.rows[0]?.watermark ?? 0),
      rows: paymentEventsOf(found.rows, shard, this.#sealer),
    };
  }

  async cardDeclines(shard: number, limit: number): Promise<Loaded<LoadedDecline>> {
    return this.#declines(shard, sql.CARD_DECLINES, [shard, limit]);
  }

  async cardDeclinesOf(shard: number, cards: readonly CardRef[]): Promise<Loaded<LoadedDecline>> {
    return this.#declines(shard, sql.CARD_DECLINES_OF, [
      shard,
      cards.map(({ book }) => book),
      cards.map(({ merchant }) => merchant),
      cards.map(({ token }) => token),
      CARD_TRIES_MAX,
    ]);
  }

  async #declines(shard: number, statement: string, values: unknown[]): Promise<Loaded<LoadedDecline>> {
    const found = await this.#poolOf(shard).query<DeclineSqlRow>(statement, values);
    return {
      watermarkSeq: Number(found.rows[0]?.watermark ?? 0),
      rows: declinesOf(found.rows, shard, this.#sealer),
    };
  }

  async paymentOfOperation(
    shard: number,
    operation: string,
  ): Promise<{ shard: number; book: number; intent: string } | null> {
    const found = await this.#poolOf(shard).query<{ shard: number; book_no: number; id: string }>(
      sql.PAYMENT_OF_OPERATION,
      [operation],
    );
    const row = found.rows.at(0);
    return row === undefined ? null : { shard: row.shard, book: row.book_no, intent: row.id };
  }

  async duePayments(shard: number, nowUs: number, limit: number): Promise<number[]> {
    const found = await this.#poolOf(shard).query<DuePaymentSqlRow>(sql.DUE_PAYMENTS, [shard, nowUs, limit]);
    return found.rows.map((row) => duePaymentOf(row, shard, this.#sealer));
  }

  async nextPaymentDue(shard: number, behindUs: number): Promise<number> {
    const found = await this.#poolOf(shard).query<{ next: string | null }>(sql.NEXT_PAYMENT_DUE, [
      shard,
      behindUs,
    ]);
    return Number(found.rows[0].next ?? Infinity);
  }

  async owedPayments(
    shard: number,
    { provider, after, limit }: { provider: string; after: number; limit: number },
  ): Promise<number[]> {
    const values = [shard, provider, after, limit];
    const found = await this.#poolOf(shard).query<{ seq: string }>(sql.OWED_PAYMENTS, values);
    return found.rows.map(({ seq }) => Number(seq));
  }

  async #accounts(shard: number, statement: string, values: unknown[]): Promise<Loaded<LoadedAccount>> {
    const found = await this.#poolOf(shard).query<LoadedAccountSqlRow>(statement, values);
    const rows: LoadedAccount[] = [];
    for (const row of found.rows) {
      if (row.account_key !== null)
        rows.push(loadedAccountOf({ ...row, account_key: row.account_key }, this.#sealer));
    }
    return { watermarkSeq: Number(found.rows[0]?.watermark ?? 0), rows };
  }

  async #inSnapshot<T>(shard: number, read: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#poolOf(shard).connect();
    try {
      await client.query(sql.READ_SNAPSHOT);
      const result = await read(client);
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
}
