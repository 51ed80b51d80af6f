import {
  type AccountRef,
  type AsOf,
  type BookRef,
  type Marked,
  type Page,
  type Reader,
  accountCondition,
  bigOrNull,
  marked,
  numberOrNull,
  pageOf,
  us,
  withWatermark,
} from './reading.ts';

export interface AccountRecord {
  id: string;
  code: string;
  asset: string;
  /** 1 debit, 2 credit. */
  normalSide: 1 | 2;
  /** In the order of LIMIT_ORDER. */
  limits: (bigint | null)[];
  metadata: Record<string, string>;
  openedUs: number;
  /** null while open. */
  closedUs: number | null;
  version: bigint;
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
  postedBalance: bigint;
  availableBalance: bigint;
}

const ACCOUNT = `
  a.id, a.code, a.asset, a.normal_side, a.posted_floor, a.posted_ceiling, a.available_floor, a.available_ceiling, a.metadata,
  ${us('a.opened_at')} AS opened_us, ${us('a.closed_at')} AS closed_us,
  b.version, b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending`;

const FROM = 'florin.accounts AS a JOIN florin.account_balances AS b ON b.account_key = a.account_key';

export async function getAccount(reader: Reader, account: AccountRef): Promise<AsOf<AccountRecord | null>> {
  const { where, value } = accountCondition(account, '$3');
  const found = await reader.query<AccountSql>(
    withWatermark(`SELECT ${ACCOUNT} FROM ${FROM} WHERE a.book_no = $2 AND ${where}`),
    [account.shard, account.book, value],
  );
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.id !== null);
  return { asOfSeq, value: rows.length === 0 ? null : accountOf(rows[0]) };
}

export interface AccountFilter {
  /** '' for all. Codes are ASCII, so that a prefix is a range. */
  codePrefix: string;
  /** '' for all. */
  asset: string;
  state: 'any' | 'open' | 'closed';
  /** The code behind which the page begins; '' for the first page. */
  after: string;
  limit: number;
}

/** By code. */
export async function listAccounts(
  reader: Reader,
  book: BookRef,
  filter: AccountFilter,
): Promise<AsOf<Page<AccountRecord>>> {
  const found = await reader.query<AccountSql>(
    withWatermark(`
      SELECT ${ACCOUNT} FROM ${FROM}
      WHERE a.book_no = $2 AND a.code > $3 AND a.code >= $4 AND a.code < $5
        AND ($6 = '' OR a.asset = $6)
        AND ($7 = 'any' OR ($7 = 'open') = (a.closed_at IS NULL))
      ORDER BY a.code LIMIT $8`),
    // DEL sorts behind every character that a code may have.
    [
      book.shard,
      book.book,
      filter.after,
      filter.codePrefix,
      `${filter.codePrefix}\x7f`,
      filter.asset,
      filter.state,
      filter.limit + 1,
    ],
  );
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.id !== null);
  return { asOfSeq, value: pageOf(rows.map(accountOf), filter.limit) };
}

interface AccountSql extends Marked {
  id: string;
  code: string;
  asset: string;
  normal_side: 1 | 2;
  posted_floor: string | null;
  posted_ceiling: string | null;
  available_floor: string | null;
  available_ceiling: string | null;
  metadata: Record<string, string> | null;
  opened_us: string;
  closed_us: string | null;
  version: string;
  debits_posted: string;
  credits_posted: string;
  debits_pending: string;
  credits_pending: string;
}

function accountOf(row: AccountSql): AccountRecord {
  const counters = countersOf(row);
  return {
    id: row.id,
    code: row.code,
    asset: row.asset,
    normalSide: row.normal_side,
    limits: [row.posted_floor, row.posted_ceiling, row.available_floor, row.available_ceiling].map(bigOrNull),
    metadata: row.metadata ?? {},
    openedUs: Number(row.opened_us),
    closedUs: numberOrNull(row.closed_us),
    version: BigInt(row.version),
    ...counters,
    ...balancesOf(counters, row.normal_side),
  };
}

export interface Counters {
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
}

export function countersOf(
  row: Pick<AccountSql, 'debits_posted' | 'credits_posted' | 'debits_pending' | 'credits_pending'>,
): Counters {
  return {
    debitsPosted: BigInt(row.debits_posted),
    creditsPosted: BigInt(row.credits_posted),
    debitsPending: BigInt(row.debits_pending),
    creditsPending: BigInt(row.credits_pending),
  };
}

/** Both balances on the normal side; the available one less pending movements that would lower it. */
export function balancesOf(
  counters: Counters,
  normalSide: 1 | 2,
): { postedBalance: bigint; availableBalance: bigint } {
  const { debitsPosted, creditsPosted, debitsPending, creditsPending } = counters;
  const postedBalance = normalSide === 1 ? debitsPosted - creditsPosted : creditsPosted - debitsPosted;
  return {
    postedBalance,
    availableBalance: postedBalance - (normalSide === 1 ? creditsPending : debitsPending),
  };
}
