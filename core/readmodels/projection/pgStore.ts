import type pg from 'pg';
import { DatabaseClient } from '../../journal/database.ts';
import { TamperedRow } from '../../shard/ports.ts';
import { type Statement, runSeries } from '../copy/series.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import { refusalDays } from '../rows/refusals.ts';
import { accountKey } from '../sealing/seals.ts';
import { alterAccounts } from './alterAccounts.ts';
import { advanceProgress } from './advanceProgress.ts';
import type { Batch } from './batch.ts';
import { type ProjectionStatements, type ReadModelSchema, projectionStatements } from './statements.ts';
import { type ProjectionStore, WatermarkMoved } from './store.ts';
import type { Watermark } from './watermark.ts';

export interface PgProjectionOptions {
  url: string;
  /** Default florin; florin_next while a rebuild fills it. */
  schema?: ReadModelSchema;
  /** How long rows that another transaction holds are waited for. Default 3000 ms; sensible 1000 to 30000. */
  lockWaitMs?: number;
}

const APPLICATION = 'florin projector';
/** READ COMMITTED, said explicitly: the second of two projectors must see what the first one has left. */
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';
const SESSION = `SET timezone = 'UTC'; SET synchronous_commit = on`;
const LOCK_WAIT_MS = 3_000;
/** Postgres: lock_not_available, after lock_timeout. */
const LOCK_TIMEOUT = '55P03';

/** One server's read models, over one connection that is made anew after every error. */
export class PgProjectionStore implements ProjectionStore {
  readonly #url: string;
  readonly #sql: ProjectionStatements;
  readonly #lockWaitMs: number;
  #client: pg.Client | null = null;
  #isApplying = false;

  constructor({ url, schema = 'florin', lockWaitMs = LOCK_WAIT_MS }: PgProjectionOptions) {
    this.#url = url;
    this.#lockWaitMs = lockWaitMs;
    this.#sql = projectionStatements(schema);
  }

  async watermarks(shards: readonly number[]): Promise<Watermark[]> {
    this.#refuseWhileApplying();
    try {
      return await this.#watermarks(shards);
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_TIMEOUT || !(await this.#endStalled())) throw error;
      return this.#watermarks(shards);
    }
  }

  async #watermarks(shards: readonly number[]): Promise<Watermark[]> {
    const client = await this.#connected();
    try {
      await client.query(this.#sql.beginWatermarks, [shards]);
      const found = await client.query<WatermarkRow>(this.#sql.readWatermarks, [shards]);
      return found.rows.map(watermarkOf);
    } catch (error) {
      this.#drop(client);
      throw error;
    }
  }

  /**
   * Whoever asks for watermarks owns the shards. A projector that had them before may have been stopped, or cut off, in
   * mid-transaction: Postgres would keep its locks for hours. False: there is none.
   */
  async #endStalled(): Promise<boolean> {
    const client = await this.#connected();
    try {
      const ended = await client.query(this.#sql.endStalledProjectors, [this.#lockWaitMs, APPLICATION]);
      return ended.rows.length > 0;
    } catch (error) {
      this.#drop(client);
      throw error;
    }
  }

  async apply(batch: Batch): Promise<void> {
    this.#refuseWhileApplying();
    this.#isApplying = true;
    try {
      await this.#apply(batch);
    } finally {
      this.#isApplying = false;
    }
  }

  async #apply(batch: Batch): Promise<void> {
    const client = await this.#connected();
    try {
      await this.#writeRows(client, batch);
      await this.#insertBooksAndAssets(client, batch);
      await this.#updateProfiles(client, batch);
      await alterAccounts(client, this.#sql, batch);
      await advanceProgress(client, this.#sql, batch);
      await this.#addDays(client, batch);
      await client.query('COMMIT');
    } catch (error) {
      // The server rolls back what this connection has open; after a COMMIT whose answer is lost, the watermark tells.
      this.#drop(client);
      throw error;
    }
  }

  /** There is one connection: what is sent meanwhile would be part of the open transaction, and see what may never be. */
  #refuseWhileApplying(): void {
    if (this.#isApplying) throw new Error('a batch is being written');
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end();
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== null) return this.#client;
    const client = new DatabaseClient({
      connectionString: this.#url,
      application_name: APPLICATION,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    client.on('error', () => {
      if (this.#client === client) this.#client = null;
    });
    await client.connect();
    await client.query(`${SESSION}; SET lock_timeout = ${this.#lockWaitMs}`);
    this.#client = client;
    return client;
  }

  #drop(client: pg.Client): void {
    if (this.#client === client) this.#client = null;
    client.end().catch(() => undefined);
  }

  #moveWatermarks(batch: Batch): Statement {
    const after = [...batch.to.values()].sort((a, b) => a.shard - b.shard);
    const columns = [
      after.map((mark) => mark.shard),
      after.map((mark) => batch.from.get(mark.shard)?.height),
      after.map((mark) => mark.height),
      after.map((mark) => mark.seq),
      after.map((mark) => `"\\\\x${Buffer.from(mark.hash).toString('hex')}"`),
      after.map((mark) => mark.blockTimeUs),
      after.map((mark) => mark.highStampMs),
      after.map((mark) => mark.lastAccount),
      after.map((mark) => mark.controlSeq),
    ];
    return { text: this.#sql.moveWatermarks, values: columns.map((column) => `{${column.join(',')}}`) };
  }

  /**
   * Everything that a batch of transfers needs but the COMMIT, in one round trip. Watermarks come first: whoever comes
   * second waits there, and what it sends behind is of no account.
   */
  async #writeRows(client: pg.Client, batch: Batch): Promise<void> {
    const sql = this.#sql;
    const copies: [RowBuffer, string][] = [
      [batch.accounts, sql.copyAccounts],
      [batch.newBalances, sql.copyBalances],
      [batch.accountChanges, sql.copyAccountChanges],
      [batch.transactions, sql.copyTransactions],
      [batch.transfers, sql.copyTransfers],
      [batch.postings, sql.copyPostings],
      [batch.entries.rows, sql.copyEntries],
      [batch.entries.pages, sql.copyEntryPages],
      [batch.newProgress, sql.copyProgress],
      [batch.refusals, sql.copyRefusals],
      [batch.payments.events, sql.copyPaymentEvents],
      [batch.payments.intents, sql.copyPaymentIntents],
      [batch.payments.references, sql.copyProviderReferences],
      [batch.payments.newStates, sql.copyPaymentStates],
      [batch.payments.merchants, sql.copyMerchants],
      [batch.payments.customers, sql.copyCustomers],
      [batch.payments.paymentMethods, sql.copyPaymentMethods],
      [batch.payments.apiKeys, sql.copyApiKeys],
      [batch.payments.paymentLinks, sql.copyPaymentLinks],
      [batch.payments.told, sql.copyToldEvents],
      [batch.payments.deliveries, sql.copyWebhookDeliveries],
      [batch.payments.webhookAttempts, sql.copyWebhookAttempts],
    ];
    const { balances } = batch;
    const { intentUpdates, states } = batch.payments;
    const statements: Statement[] = [{ text: BEGIN, values: [] }, this.#moveWatermarks(batch)];
    for (const [rows, text] of copies) if (rows.rows > 0) statements.push({ text, rows: rows.finish() });
    const updates: Update[] = [];
    if (balances.updates > 0) {
      const values = balances.columns.map((column) => column.finish());
      updates.push({ at: statements.length, rows: balances.updates, table: 'account_balances' });
      statements.push({ text: sql.updateBalances, values });
    }
    if (states.updates > 0) {
      updates.push({ at: statements.length, rows: states.updates, table: 'payment_states' });
      statements.push({ text: sql.updatePaymentStates, values: states.finish() });
    }
    if (intentUpdates.updates > 0) {
      updates.push({ at: statements.length, rows: intentUpdates.updates, table: 'payment_intents' });
      statements.push({ text: sql.updatePaymentIntents, values: intentUpdates.finish() });
    }
    const { counts, error } = await runSeries(client, statements);
    if (counts.length > 1 && counts[1] !== batch.to.size)
      throw new WatermarkMoved('another projector has moved a watermark');
    if (error !== undefined) throw error;
    const wrong = updates.find(({ at, rows }) => counts[at] !== rows);
    if (wrong !== undefined)
      throw new TamperedRow(firstShard(batch), `a row of ${wrong.table} that is missing or ahead`);
  }

  async #updateProfiles(client: pg.Client, batch: Batch): Promise<void> {
    const {
      merchantUpdates,
      customerUpdates,
      paymentMethodUpdates,
      apiKeyUpdates,
      paymentLinkUpdates,
      deliveryUpdates,
    } = batch.payments;
    for (const { statement, values } of merchantUpdates) {
      const { rowCount } = await client.query(this.#sql[statement], values);
      if (rowCount !== 1)
        throw new TamperedRow(
          firstShard(batch),
          `a row of merchants or their webhooks that is missing or ahead`,
        );
    }
    // Deliveries are nobody's books: one that somebody took out of its table stays out.
    for (const { statement, values } of deliveryUpdates) await client.query(this.#sql[statement], values);
    for (const [table, statement, updates] of [
      ['customers', this.#sql.updateCustomer, customerUpdates],
      ['payment_methods', this.#sql.updatePaymentMethod, paymentMethodUpdates],
      ['api_keys', this.#sql.updateApiKey, apiKeyUpdates],
      ['payment_links', this.#sql.updatePaymentLink, paymentLinkUpdates],
    ] as const)
      for (const values of updates) {
        const { rowCount } = await client.query(statement, values);
        if (rowCount !== 1)
          throw new TamperedRow(firstShard(batch), `a row of ${table} that is missing or ahead`);
      }
  }

  async #addDays(client: pg.Client, batch: Batch): Promise<void> {
    const displaced = [...batch.entries.displaced.rows()];
    if (displaced.length > 0) {
      const { touched } = batch;
      await client.query(this.#sql.addDisplacedDays, [
        displaced.map((row) => accountKey(touched.shard[row.place], touched.number[row.place])),
        displaced.map((row) => row.day),
        displaced.map((row) => row.debits),
        displaced.map((row) => row.credits),
      ]);
    }
    const refusals = refusalDays(batch.refusalDays);
    if (refusals.length === 0) return;
    await client.query(this.#sql.addRefusalDays, [
      refusals.map((row) => row.book),
      refusals.map((row) => row.day),
      refusals.map((row) => row.count),
    ]);
  }

  /** Few and rare: one statement a row. */
  async #insertBooksAndAssets(client: pg.Client, batch: Batch): Promise<void> {
    const sql = this.#sql;
    for (const row of batch.books) {
      await client.query(sql.insertBook, [
        row.number,
        row.name,
        row.shard,
        row.overridden,
        row.description,
        row.createdUs,
        row.seq,
      ]);
    }
    for (const row of batch.assets)
      await client.query(sql.insertAsset, [row.code, row.scale, row.name, row.seq]);
    for (const row of batch.adoptedBooks) {
      await client.query(sql.insertAdoptedBook, [
        row.number,
        row.shard,
        row.name,
        row.adoptedUs,
        row.seq,
        row.controlSeq,
      ]);
    }
    for (const row of batch.adoptedAssets) {
      await client.query(sql.insertAdoptedAsset, [
        row.shard,
        row.code,
        row.scale,
        row.name,
        row.seq,
        row.controlSeq,
      ]);
    }
  }
}

/** A statement of a series that must find all of its rows. */
interface Update {
  /** Its place in the series. */
  at: number;
  rows: number;
  table: string;
}

function firstShard(batch: Batch): number {
  const [shard = 0] = batch.to.keys();
  return shard;
}

interface WatermarkRow {
  shard: number;
  height: string;
  seq: string;
  hash: Buffer;
  block_time_us: string;
  high_stamp_ms: string;
  last_account: string;
  control_seq: string;
}

function watermarkOf(row: WatermarkRow): Watermark {
  return {
    shard: row.shard,
    height: Number(row.height),
    seq: Number(row.seq),
    hash: row.hash,
    blockTimeUs: Number(row.block_time_us),
    highStampMs: Number(row.high_stamp_ms),
    lastAccount: Number(row.last_account),
    controlSeq: Number(row.control_seq),
  };
}
