import type { Refusal } from '../../../gen/florin/errors/v1/refusal_pb.ts';
import type { FlorinClient } from '../../../client/index.ts';
import { isNotFound, oneLineOf } from '../../coreErrors.ts';
import { cannotRun, refused } from '../../problem.ts';
import { type AccountToOpen, type TransactionToBook, bookingIn } from './booking.ts';
import { readRows } from './parse.ts';
import type { BadRow, Row } from './row.ts';

/** Items a call: large enough that calls cost nothing, small enough (0.6 MB) to show progress and to leave others a turn. */
const BATCH_ITEMS_MAX = 2_048;
const BOOK_DESCRIPTION = 'A real bank, 1993 to 1994 (PKDD 1999, anonymised)';

export interface SendOptions {
  readonly client: Pick<FlorinClient, 'books' | 'accounts' | 'transactions'>;
  readonly book: string;
  readonly onProgress?: ((rowsDone: number) => void) | undefined;
}

/** What the core answered to the rows. */
export interface Sent {
  readonly created: number;
  readonly replayed: number;
  /** Rows that the core refused, in the form of bad rows: they have a line too. */
  readonly refusedRows: readonly BadRow[];
  /** The sequence number to read at, so that everything sent is seen. */
  readonly seq: bigint;
}

/** Makes the book if it is missing. One that exists is taken as it is, whatever its description. */
export async function ensureBook({ client, book }: SendOptions): Promise<void> {
  try {
    await client.books.getBook({ name: book });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.books.createBook({ name: book, description: BOOK_DESCRIPTION });
  }
}

/** Opens the accounts, or finds them open; returns the sequence number that this rests on. */
export async function openAccounts(
  accounts: readonly AccountToOpen[],
  options: SendOptions,
): Promise<bigint> {
  let seq = 0n;
  for (let start = 0; start < accounts.length; start += BATCH_ITEMS_MAX) {
    const batch = accounts.slice(start, start + BATCH_ITEMS_MAX);
    const answer = await options.client.accounts.createAccounts({ book: options.book, accounts: batch });
    for (const [index, { outcome }] of answer.results.entries()) {
      if (outcome.case === 'done') continue;
      throw refused(
        `account ${batch[index].code} in book ${options.book}: ${describeRefusal(outcome.value)}. Nothing was booked; import into another book with --book.`,
      );
    }
    if (answer.results.length !== batch.length) throw shortAnswer();
    seq = answer.position?.seq ?? seq;
  }
  return seq;
}

interface Batch {
  readonly rows: readonly Row[];
  readonly transactions: readonly TransactionToBook[];
}

/**
 * Books the good rows of a file that was checked. One batch is under way at a time, while the next is being made ready:
 * calls in flight together may overtake each other, and a statement should show the order of the bank's own file.
 * With `onRefusal: 'stop'` nothing is sent after a batch that had a refusal.
 */
export async function sendRows(
  text: string,
  options: SendOptions & { readonly onRefusal: 'stop' | 'go on' },
): Promise<Sent> {
  const counts = { created: 0, replayed: 0, seq: 0n };
  const refusedRows: BadRow[] = [];
  let rowsDone = 0;
  const batches = batchesOf(text, options.book);
  let next = batches.next();
  while (next.done !== true) {
    const batch = next.value;
    const answering = sendBatch(batch, options);
    // The request is on its way; its answer's failure is awaited two lines on.
    next = batches.next();
    const answer = await answering;
    for (const [index, { outcome }] of answer.results.entries()) {
      if (outcome.case === 'booked') counts[outcome.value.replayed ? 'replayed' : 'created'] += 1;
      else refusedRows.push(refusedRow(batch.rows[index], outcome.value));
    }
    if (answer.results.length !== batch.rows.length) throw shortAnswer();
    counts.seq = answer.position?.seq ?? counts.seq;
    rowsDone += batch.rows.length;
    options.onProgress?.(rowsDone);
    if (refusedRows.length > 0 && options.onRefusal === 'stop') break;
  }
  return { ...counts, refusedRows };
}

async function sendBatch({ rows, transactions }: Batch, { client, book }: SendOptions) {
  try {
    return await client.transactions.createTransactions({ book, transactions: [...transactions] });
  } catch (error) {
    throw cannotRun(
      `lines ${rows[0].line} to ${rows[rows.length - 1].line} got no answer (${oneLineOf(error)}): run the same import again, what is booked already is not booked twice.`,
    );
  }
}

function* batchesOf(text: string, book: string): Generator<Batch> {
  const booking = bookingIn(book);
  let rows: Row[] = [];
  let transactions: TransactionToBook[] = [];
  for (const read of readRows(text)) {
    if (read.kind === 'bad') continue;
    rows.push(read.row);
    transactions.push(booking.transactionOf(read.row));
    if (rows.length < BATCH_ITEMS_MAX) continue;
    yield { rows, transactions };
    rows = [];
    transactions = [];
  }
  if (rows.length > 0) yield { rows, transactions };
}

function refusedRow(row: Row, refusal: Refusal | undefined): BadRow {
  return { line: row.line, column: columnOf(refusal?.field ?? ''), problem: describeRefusal(refusal) };
}

/** The file's column behind a field of the transaction, as far as there is one. */
function columnOf(field: string): string {
  if (field === 'effective_date') return 'date';
  if (field.endsWith('.amount')) return 'amount';
  if (field.endsWith('account')) return 'account_id';
  return 'trans_id';
}

function describeRefusal(refusal: Refusal | undefined): string {
  if (refusal === undefined) return 'refused without a reason';
  const field = refusal.field === '' ? '' : ` (${refusal.field})`;
  return `refused with ${refusal.reason}${field}: ${refusal.message}`;
}

function shortAnswer(): Error {
  return new Error('the core answered with another number of results than it was asked for');
}
