import { entryRows } from './entryRows.ts';
import {
  type AsOf,
  type BookRef,
  type Marked,
  type Page,
  type Reader,
  isoDate,
  marked,
  moment,
  numberOrNull,
  pageOf,
  us,
  withWatermark,
} from './reading.ts';

export interface PostingRecord {
  debitAccount: string;
  creditAccount: string;
  asset: string;
  amount: bigint;
  postedAmount: bigint;
  reversedAmount: bigint;
  /** Of a post, void or expiry: how much left the hold; else null. */
  releasedAmount: bigint | null;
}

export interface TransactionRecord {
  /** null for an expiry. */
  id: string | null;
  seq: number;
  /** Numbers of `Kind` and `State` in core/kernel/ledger/layout.ts. */
  kind: number;
  state: number;
  postings: PostingRecord[];
  targetId: string | null;
  effectiveDate: string;
  bookedUs: number;
  expiresUs: number | null;
  reference: string;
  metadata: Record<string, string>;
}

/** Every kind but a pending one is done when it is booked. */
const STATE = 'CASE WHEN t.kind = 2 THEN progress.state ELSE 2 END';

const PROGRESS =
  'LEFT JOIN florin.transaction_progress AS progress ON progress.shard = $1 AND progress.seq = t.seq';

/** Amounts as text: JSON numbers are not exact. */
const POSTINGS = `
  (SELECT json_agg(json_build_array(d.id, c.id, d.asset, p.amount::text,
      coalesce(progress.posted[1 + p.posting], 0)::text, coalesce(progress.reversed[1 + p.posting], 0)::text, p.released::text) ORDER BY p.posting)
   FROM (
     SELECT 0 AS posting, t.debit_account_key, t.credit_account_key, t.amount, t.released
     UNION ALL
     SELECT more.posting, more.debit_account_key, more.credit_account_key, more.amount, more.released
     FROM florin.postings AS more WHERE t.posting_count > 1 AND more.book_no = t.book_no AND more.seq = t.seq
   ) AS p
   JOIN florin.accounts AS d ON d.account_key = p.debit_account_key
   JOIN florin.accounts AS c ON c.account_key = p.credit_account_key)`;

const TRANSACTION = `
  t.id, t.seq, t.kind, ${STATE} AS state, ${POSTINGS} AS postings, target.id AS target_id,
  ${isoDate("coalesce(t.effective_date, (t.booked_at AT TIME ZONE 'UTC')::date)")} AS effective_date,
  ${us('t.booked_at')} AS booked_us, ${us('t.expires_at')} AS expires_us, t.reference, t.metadata`;

const TARGET =
  'LEFT JOIN florin.transactions AS target ON target.book_no = t.book_no AND target.seq = t.target_seq';

const GET = withWatermark(
  `SELECT ${TRANSACTION} FROM florin.transactions AS t ${PROGRESS} ${TARGET} WHERE t.book_no = $2 AND t.id = $3::uuid`,
);

export async function getTransaction(
  reader: Reader,
  book: BookRef,
  id: string,
): Promise<AsOf<TransactionRecord | null>> {
  const found = await reader.query<TransactionSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: rows.length === 0 ? null : transactionOf(rows[0]) };
}

const BY_SEQ = `
  SELECT ${TRANSACTION} FROM florin.transactions AS t ${PROGRESS} ${TARGET}
  WHERE t.book_no = $2 AND t.seq = ANY ($3::bigint[]) ORDER BY t.seq`;

/** Those of a book that have these seqs, in their order. */
export async function listTransactionsBySeq(
  reader: Reader,
  book: BookRef,
  seqs: readonly number[],
): Promise<TransactionRecord[]> {
  if (seqs.length === 0) return [];
  const found = await reader.query<TransactionSql>(BY_SEQ, [book.shard, book.book, seqs]);
  return found.rows.map(transactionOf);
}

const HAS_ACCOUNT = 'SELECT FROM florin.accounts WHERE book_no = $1 AND id = $2::uuid';

export interface TransactionFilter {
  /** Only those that touch this account; null for all. */
  accountId: string | null;
  /** A number of `Kind`; 0 for any. */
  kind: number;
  /** A number of `State`; 0 for any. */
  state: number;
  /** Exactly this reference; '' for any. */
  reference: string;
  /** Booked at or after, microseconds since 1970; null for no bound. */
  bookedFromUs: number | null;
  /** Booked before. */
  bookedUntilUs: number | null;
  /** The page holds smaller seqs only; null for the first page. */
  beforeSeq: number | null;
  limit: number;
}

/** Newest first; null where the filter names an account that the book does not have. */
export async function listTransactions(
  reader: Reader,
  book: BookRef,
  filter: TransactionFilter,
): Promise<AsOf<Page<TransactionRecord> | null>> {
  const values: unknown[] = [book.shard, book.book, filter.limit + 1];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const found = await reader.query<TransactionSql>(withWatermark(listSql(filter, given)), values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  if (rows.length === 0 && filter.accountId !== null) {
    // Asked behind the list, which is no race: an account that is not there now was not there then.
    const account = await reader.query(HAS_ACCOUNT, [book.book, filter.accountId]);
    if (account.rows.length === 0) return { asOfSeq, value: null };
  }
  return { asOfSeq, value: pageOf(rows.map(transactionOf), filter.limit) };
}

/** The statement that fits the filter, so that each has an index to walk: by account, open holds, reference, kind, or seq. */
function listSql(filter: TransactionFilter, given: (value: unknown) => string): string {
  const upto = upperSeq(filter, given);
  const above = filter.bookedFromUs === null ? '0' : seqBookedAt(given(filter.bookedFromUs - 1));
  const conditions = ['t.book_no = $2'];
  if (filter.kind !== 0) conditions.push(`t.kind = ${given(filter.kind)}`);
  if (filter.state !== 0) conditions.push(`${STATE} = ${given(filter.state)}`);
  if (filter.reference !== '') conditions.push(`t.reference = ${given(filter.reference)}`);
  let source = 'florin.transactions AS t';
  let order = 't.seq';
  if (filter.accountId !== null) {
    source = `${entriesOf({ account: given(filter.accountId), above, upto })} AS e JOIN florin.transactions AS t ON t.seq = e.seq`;
    // Several postings of one transaction leave neighbouring versions: the last of them stands for it.
    conditions.push('e.seq IS DISTINCT FROM e.later_seq');
    // The same order as by seq, and one in which entries are found.
    order = 'e.page DESC, e.version';
  } else {
    conditions.push(`t.seq > ${above}`, `t.seq <= ${upto}`);
    if (isOpenOrEnded(filter.state)) {
      source = `florin.transaction_progress AS open JOIN florin.transactions AS t ON t.seq = open.seq AND open.book_no = $2 AND open.state = ${given(filter.state)}`;
      conditions.push(`open.seq > ${above}`, `open.seq <= ${upto}`);
    }
  }
  // Postings and targets are looked up for the page only.
  return `
    SELECT ${TRANSACTION}
    FROM (SELECT t.* FROM ${source} ${PROGRESS} WHERE ${conditions.join(' AND ')} ORDER BY ${order} DESC LIMIT $3) AS t
    ${PROGRESS} ${TARGET}
    ORDER BY t.seq DESC`;
}

/** A scalar subquery is evaluated once, whatever the plan. */
function seqBookedAt(us: string): string {
  return `(SELECT florin.seq_booked_at($2, ${moment(us)}))`;
}

/** Pending, voided and expired ones are few: the index of progress leads to them. */
function isOpenOrEnded(state: number): boolean {
  return state === 1 || state === 3 || state === 4;
}

function upperSeq(filter: TransactionFilter, given: (value: unknown) => string): string {
  const bounds: string[] = [];
  if (filter.beforeSeq !== null) bounds.push(`${given(filter.beforeSeq)}::bigint - 1`);
  if (filter.bookedUntilUs !== null) bounds.push(seqBookedAt(given(filter.bookedUntilUs - 1)));
  return bounds.length === 0 ? '9223372036854775807' : `least(${bounds.join(', ')})`;
}

/** An account's entries between two seqs, as a range of versions, newest first; each with the seq of the next newer one. */
function entriesOf({ account, above, upto }: { account: string; above: string; upto: string }): string {
  const key = `(SELECT account_key FROM florin.accounts WHERE book_no = $2 AND id = ${account}::uuid)`;
  const versionAt = (seq: string): string => `(SELECT florin.version_at_seq(${key}, ${seq}))`;
  const range = { key, above: versionAt(above), upto: versionAt(upto), order: 'DESC' as const };
  return `(
    SELECT page, version, seq, lag(seq) OVER (ORDER BY page DESC, version DESC) AS later_seq FROM ${entryRows(range)} AS e)`;
}

interface TransactionSql extends Marked {
  id: string | null;
  seq: string;
  kind: number;
  state: number;
  postings: [string, string, string, string, string, string, string | null][];
  target_id: string | null;
  effective_date: string;
  booked_us: string;
  expires_us: string | null;
  reference: string | null;
  metadata: Record<string, string> | null;
}

function transactionOf(row: TransactionSql): TransactionRecord {
  return {
    id: row.id,
    seq: Number(row.seq),
    kind: row.kind,
    state: row.state,
    postings: row.postings.map(
      ([debitAccount, creditAccount, asset, amount, posted, reversed, released]) => ({
        debitAccount,
        creditAccount,
        asset,
        amount: BigInt(amount),
        postedAmount: BigInt(posted),
        reversedAmount: BigInt(reversed),
        releasedAmount: released === null ? null : BigInt(released),
      }),
    ),
    targetId: row.target_id,
    effectiveDate: row.effective_date,
    bookedUs: Number(row.booked_us),
    expiresUs: numberOrNull(row.expires_us),
    reference: row.reference ?? '',
    metadata: row.metadata ?? {},
  };
}
