import type pg from 'pg';
import { READ_SNAPSHOT } from '../loading/statements.ts';
import {
  type StatementAxis,
  type StatementLineSql,
  STATEMENT_ACCOUNT,
  type StatementAccountSql,
  linesBooked,
  linesEffective,
} from './statementLines.ts';
import {
  type AccountRef,
  type AsOf,
  type Page,
  type Reader,
  accountCondition,
  marked,
  pageOf,
  withWatermark,
} from './reading.ts';

/** Which lines: dates are YYYY-MM-DD, inclusive; null for an open end. */
export interface StatementRange {
  axis: StatementAxis;
  fromDate: string | null;
  toDate: string | null;
}

/** Where a page ended: what the next one begins behind. The balance lets it go on without summing up again. */
export interface StatementCursor {
  /** The day of the last line on the statement's axis, YYYY-MM-DD. */
  day: string;
  version: bigint;
  balance: bigint;
}

export interface StatementLine {
  version: bigint;
  /** null for an expiry, which never is a line today. */
  transactionId: string | null;
  reference: string;
  /** 1 debit, 2 credit. */
  side: 1 | 2;
  amount: bigint;
  /** The posted balance on the normal side after this line, in the order of the statement. */
  balance: bigint;
  effectiveDate: string;
  bookedUs: number;
  counterAccount: string;
}

export interface StatementHeader {
  accountId: string;
  code: string;
  asset: string;
  openingBalance: bigint;
  closingBalance: bigint;
}

export interface StatementPage {
  header: StatementHeader;
  lines: Page<StatementLine>;
  /** Behind the last line of the page; null where there is no other page. */
  next: StatementCursor | null;
}

/** A page of a statement; `value` is null where there is no such account. Read it inside one snapshot (`inSnapshot`). */
export async function statementPage(
  reader: Reader,
  account: AccountRef,
  { range, after, limit }: { range: StatementRange; after: StatementCursor | null; limit: number },
): Promise<AsOf<StatementPage | null>> {
  const { asOfSeq, value: found } = await statementAccount(reader, account, range);
  if (found === null) return { asOfSeq, value: null };
  const select = range.axis === 'booked' ? linesBooked : linesEffective;
  const values = [
    found.accountKey,
    range.fromDate,
    range.toDate,
    after?.day ?? null,
    after?.version ?? null,
    limit + 1,
  ];
  const rows = await reader.query<StatementLineSql>(select('LIMIT $6'), values);
  const running = new RunningBalance(found.normalSide, after?.balance ?? found.header.openingBalance);
  const lines = pageOf(rows.rows, limit);
  const page = { rows: lines.rows.map((row) => running.line(row)), hasMore: lines.hasMore };
  const last = lines.rows[lines.rows.length - 1];
  const next = page.hasMore
    ? { day: last.day, version: BigInt(last.version), balance: running.balance }
    : null;
  return { asOfSeq, value: { header: found.header, lines: page, next } };
}

export interface StatementChunk {
  asOfSeq: number;
  header: StatementHeader;
  lines: StatementLine[];
  /** In the last chunk only. */
  footer: { lineCount: number; debits: bigint; credits: bigint } | null;
}

/**
 * A whole statement in chunks, through a cursor of the server in one snapshot, so that its length costs no memory here.
 * Yields nothing where there is no such account. The connection is held until the last chunk, or `return`.
 */
export async function* streamStatement(
  pool: pg.Pool,
  account: AccountRef,
  { range, chunkLines }: { range: StatementRange; chunkLines: number },
): AsyncGenerator<StatementChunk> {
  const client = await pool.connect();
  let isDone = false;
  try {
    await client.query(READ_SNAPSHOT);
    yield* chunks(client, account, { range, chunkLines });
    await client.query('COMMIT');
    isDone = true;
  } finally {
    // A reader who left early leaves an open cursor: the connection is not used again.
    client.release(!isDone);
  }
}

async function* chunks(
  client: pg.PoolClient,
  account: AccountRef,
  { range, chunkLines }: { range: StatementRange; chunkLines: number },
): AsyncGenerator<StatementChunk> {
  const { asOfSeq, value: found } = await statementAccount(client, account, range);
  if (found === null) return;
  const select = range.axis === 'booked' ? linesBooked : linesEffective;
  await client.query(`DECLARE lines NO SCROLL CURSOR FOR ${select('')}`, [
    found.accountKey,
    range.fromDate,
    range.toDate,
    null,
    null,
  ]);
  const running = new RunningBalance(found.normalSide, found.header.openingBalance);
  for (let isLast = false; !isLast;) {
    const rows = await client.query<StatementLineSql>(`FETCH ${chunkLines} FROM lines`);
    isLast = rows.rows.length < chunkLines;
    const lines = rows.rows.map((row) => running.line(row));
    yield { asOfSeq, header: found.header, lines, footer: isLast ? running.footer() : null };
  }
}

/** Runs reads that must agree with each other. */
export async function inSnapshot<T>(pool: pg.Pool, read: (reader: Reader) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(READ_SNAPSHOT);
    const result = await read(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

interface FoundAccount {
  accountKey: string;
  normalSide: 1 | 2;
  header: StatementHeader;
}

async function statementAccount(
  reader: Reader,
  account: AccountRef,
  range: StatementRange,
): Promise<AsOf<FoundAccount | null>> {
  const { where, value } = accountCondition(account, '$3');
  const found = await reader.query<StatementAccountSql>(withWatermark(STATEMENT_ACCOUNT[range.axis](where)), [
    account.shard,
    account.book,
    value,
    range.fromDate,
    range.toDate,
  ]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.account_key !== null);
  if (rows.length === 0) return { asOfSeq, value: null };
  const [row] = rows;
  const header = {
    accountId: row.id,
    code: row.code,
    asset: row.asset,
    openingBalance: BigInt(row.opening),
    closingBalance: BigInt(row.closing),
  };
  return { asOfSeq, value: { accountKey: row.account_key, normalSide: row.normal_side, header } };
}

/** The balance in the order of the statement, line by line. */
class RunningBalance {
  balance: bigint;
  readonly #normalSide: 1 | 2;
  #lineCount = 0;
  #debits = 0n;
  #credits = 0n;

  constructor(normalSide: 1 | 2, opening: bigint) {
    this.#normalSide = normalSide;
    this.balance = opening;
  }

  line(row: StatementLineSql): StatementLine {
    const amount = BigInt(row.amount);
    this.balance += row.side === this.#normalSide ? amount : -amount;
    this.#lineCount++;
    if (row.side === 1) this.#debits += amount;
    else this.#credits += amount;
    return {
      version: BigInt(row.version),
      transactionId: row.transaction_id,
      reference: row.reference ?? '',
      side: row.side,
      amount,
      balance: this.balance,
      effectiveDate: row.effective_date,
      bookedUs: Number(row.booked_us),
      counterAccount: row.counter_account,
    };
  }

  footer(): NonNullable<StatementChunk['footer']> {
    return { lineCount: this.#lineCount, debits: this.#debits, credits: this.#credits };
  }
}
