import { balancesOf, countersOf } from './accounts.ts';
import { entryRows } from './entryRows.ts';
import {
  type AccountRef,
  type AsOf,
  type Marked,
  type Page,
  type Reader,
  accountCondition,
  isoDate,
  marked,
  pageOf,
  us,
  withWatermark,
} from './reading.ts';

/** The numbers are those of florin.ledger.v1.EntryKind. */
export const EntryKind = { posted: 1, held: 2, released: 3, postedFromHold: 4 } as const;

export interface EntryRecord {
  version: bigint;
  /** null for an expiry. */
  transactionId: string | null;
  seq: number;
  posting: number;
  /** 1 debit, 2 credit. */
  side: 1 | 2;
  /** A number of `EntryKind`. */
  kind: number;
  amount: bigint;
  pendingChange: bigint;
  postedBalance: bigint;
  availableBalance: bigint;
  bookedUs: number;
  effectiveDate: string;
}

/** What a list of an account's entries answers; `value` is null where there is no such account. */
export type EntryPage = AsOf<Page<EntryRecord> | null>;

const ENTRY = `
  e.version, e.seq, e.posting, e.side, e.amount, coalesce(e.pending_change, 0) AS pending_change, e.debits_posted, e.credits_posted,
  coalesce(e.debits_pending, 0) AS debits_pending, coalesce(e.credits_pending, 0) AS credits_pending,
  ${us('e.booked_at')} AS booked_us, ${isoDate("coalesce(e.effective_date, (e.booked_at AT TIME ZONE 'UTC')::date)")} AS effective_date`;

export interface EntryFilter {
  newestFirst: boolean;
  /** The version behind which the page begins; null for the first page. */
  after: bigint | null;
  limit: number;
}

export async function listEntries(
  reader: Reader,
  account: AccountRef,
  filter: EntryFilter,
): Promise<EntryPage> {
  const { where, value } = accountCondition(account, '$3');
  const order = filter.newestFirst ? 'DESC' : 'ASC';
  // Versions have no gaps, so that a page is a range of them.
  const [above, upto] = filter.newestFirst
    ? ['upto.version - $5', 'upto.version']
    : ['coalesce($4::bigint, 0)', 'coalesce($4::bigint, 0) + $5'];
  const found = await reader.query<EntrySql>(
    withWatermark(`
      SELECT a.normal_side, e.*, t.id AS transaction_id
      FROM florin.accounts AS a
      JOIN florin.account_balances AS b ON b.account_key = a.account_key
      CROSS JOIN LATERAL (SELECT least(b.version, $4::bigint - 1) AS version) AS upto
      LEFT JOIN LATERAL (
        SELECT ${ENTRY} FROM ${entryRows({ key: 'a.account_key', above, upto, order })} AS e
      ) AS e ON true
      LEFT JOIN florin.transactions AS t ON t.book_no = a.book_no AND t.seq = e.seq
      WHERE a.book_no = $2 AND ${where}
      ORDER BY e.version ${order}`),
    [account.shard, account.book, value, filter.after, filter.limit + 1],
  );
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.normal_side !== null);
  if (rows.length === 0) return { asOfSeq, value: null };
  return { asOfSeq, value: pageOf(rows.filter((row) => row.version !== null).map(entryOf), filter.limit) };
}

interface EntrySql extends Marked {
  normal_side: 1 | 2;
  version: string;
  transaction_id: string | null;
  seq: string;
  posting: number;
  side: 1 | 2;
  amount: string;
  pending_change: string;
  debits_posted: string;
  credits_posted: string;
  debits_pending: string;
  credits_pending: string;
  booked_us: string;
  effective_date: string;
}

function entryOf(row: EntrySql): EntryRecord {
  const amount = BigInt(row.amount);
  const pendingChange = BigInt(row.pending_change);
  return {
    version: BigInt(row.version),
    transactionId: row.transaction_id,
    seq: Number(row.seq),
    posting: row.posting,
    side: row.side,
    kind: kindOf(amount, pendingChange),
    amount,
    pendingChange,
    ...balancesOf(countersOf(row), row.normal_side),
    bookedUs: Number(row.booked_us),
    effectiveDate: row.effective_date,
  };
}

function kindOf(amount: bigint, pendingChange: bigint): number {
  if (pendingChange === 0n) return EntryKind.posted;
  if (pendingChange > 0n) return EntryKind.held;
  return amount === 0n ? EntryKind.released : EntryKind.postedFromHold;
}
