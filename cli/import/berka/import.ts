import { readFileSync, statSync } from 'node:fs';
import type { FlorinClient } from '../../../client/index.ts';
import { reasonOf } from '../../coreErrors.ts';
import { cannotRun, refused } from '../../problem.ts';
import { CUSTOMERS } from './booking.ts';
import { checkFile } from './check.ts';
import { type BadRow, describeBadRow } from './row.ts';
import { ensureBook, openAccounts, sendRows } from './send.ts';

/** The book where none is named. */
export const DEFAULT_BOOK = 'berka';
/** The whole data set has 70 MB; a text in memory ends at 512. */
const FILE_BYTES_MAX = 400_000_000;
const BAD_ROWS_SHOWN = 20;
const PAGE_ITEMS = 1_000;
const FRESH_WAIT_MS = 10_000;
/** Together with the wait: the read models may lag a minute behind before we give up. */
const FRESH_TRIES = 6;

export interface ImportOptions {
  readonly client: Pick<FlorinClient, 'books' | 'accounts' | 'transactions'>;
  readonly text: string;
  readonly book: string;
  /** What a row that cannot be booked does: `stop` sends nothing of a file that has one, `skip` books the others. */
  readonly onBadRow: 'stop' | 'skip';
  readonly onProgress?: ((progress: { rowsDone: number; rowCount: number }) => void) | undefined;
}

export interface ImportReport {
  readonly book: string;
  /** Customers' accounts that the book holds. */
  readonly accounts: number;
  readonly transactions: number;
  readonly created: number;
  readonly replayed: number;
  /** The sum of the customers' balances, minor units of CZK, as the core holds them. */
  readonly balanceSum: bigint;
  readonly seconds: number;
  readonly skippedRows: readonly BadRow[];
  readonly refusedRows: readonly BadRow[];
}

/** The text of a file, or a line that says why not. */
export function readBankFile(file: string): string {
  try {
    if (statSync(file).size <= FILE_BYTES_MAX) return readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw cannotRun(
      `${file} cannot be read (${why}): name the bank's file, for example examples/berka/trans.asc.`,
    );
  }
  throw cannotRun(
    `${file} is larger than ${FILE_BYTES_MAX / 1_000_000} MB: split it, each part with the header line.`,
  );
}

/**
 * Books a bank's file, every row once however often it is run. The file is checked whole before anything is sent; what
 * the report says of balances is read back from the core.
 */
export async function importBerka(options: ImportOptions): Promise<ImportReport> {
  const { client, text, book, onBadRow } = options;
  const startedAt = performance.now();
  const checked = checkFile(text, book);
  const { rowCount, badRows } = checked;
  if (badRows.length > 0 && (onBadRow === 'stop' || rowCount === 0)) throw badFile(badRows);
  if (rowCount === 0) throw refused('the file has a header and no rows. Nothing was sent.');

  const sending = {
    client,
    book,
    onProgress: (rowsDone: number) => options.onProgress?.({ rowsDone, rowCount }),
  };
  await ensureBook(sending);
  await openAccounts(checked.accounts, sending);
  const sent = await sendRows(text, { ...sending, onRefusal: onBadRow === 'stop' ? 'stop' : 'go on' });
  const customers = await sumCustomers({ client, book, minSeq: sent.seq });
  return {
    book,
    ...customers,
    transactions: sent.created + sent.replayed,
    created: sent.created,
    replayed: sent.replayed,
    seconds: (performance.now() - startedAt) / 1000,
    skippedRows: badRows,
    refusedRows: sent.refusedRows,
  };
}

function badFile(badRows: readonly BadRow[]): Error {
  const shown = badRows.slice(0, BAD_ROWS_SHOWN).map((bad) => `  ${describeBadRow(bad)}`);
  const more = badRows.length - shown.length;
  if (more > 0) shown.push(`  and ${more} more`);
  return refused(['the file has rows that cannot be booked. Nothing was sent:', ...shown].join('\n'));
}

interface Customers {
  readonly accounts: number;
  readonly balanceSum: bigint;
}

async function sumCustomers(options: {
  client: Pick<FlorinClient, 'accounts'>;
  book: string;
  minSeq: bigint;
}): Promise<Customers> {
  let accounts = 0;
  let balanceSum = 0n;
  let pageToken = '';
  do {
    const page = await freshPage({ ...options, pageToken });
    for (const account of page.accounts) {
      accounts += 1;
      balanceSum += account.postedBalance;
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return { accounts, balanceSum };
}

/** A page that reflects everything sent, however long the read models take within reason. */
async function freshPage(options: {
  client: Pick<FlorinClient, 'accounts'>;
  book: string;
  minSeq: bigint;
  pageToken: string;
}) {
  const { client, book, minSeq, pageToken } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.accounts.listAccounts({
        book,
        codePrefix: CUSTOMERS,
        pageSize: PAGE_ITEMS,
        pageToken,
        freshness: { minSeq, waitMs: FRESH_WAIT_MS },
      });
    } catch (error) {
      if (reasonOf(error) !== 'READ_MODEL_BEHIND' || attempt === FRESH_TRIES) throw error;
    }
  }
}
