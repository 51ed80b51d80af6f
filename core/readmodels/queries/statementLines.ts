import { ENTRY_COLUMNS, entryRows } from './entryRows.ts';
import { type Marked, isoDate, us } from './reading.ts';

export type StatementAxis = 'booked' | 'effective';

export interface StatementAccountSql extends Marked {
  account_key: string;
  id: string;
  code: string;
  asset: string;
  normal_side: 1 | 2;
  opening: string;
  closing: string;
}

export interface StatementLineSql {
  /** The line's day on the statement's axis. */
  day: string;
  version: string;
  transaction_id: string | null;
  reference: string | null;
  side: 1 | 2;
  amount: string;
  effective_date: string;
  booked_us: string;
  counter_account: string;
}

/** Parameters: shard, book, account, from, to. */
const account = (opening: string, closing: string) => (where: string) =>
  `
  SELECT a.account_key, a.id, a.code, a.asset, a.normal_side,
         CASE WHEN $4::date IS NULL THEN 0 ELSE florin.balance_of(a.normal_side, opening.debits_posted, opening.credits_posted) END AS opening,
         CASE WHEN $5::date IS NULL THEN florin.balance_of(a.normal_side, b.debits_posted, b.credits_posted)
              ELSE florin.balance_of(a.normal_side, closing.debits_posted, closing.credits_posted) END AS closing
  FROM florin.accounts AS a
  JOIN florin.account_balances AS b ON b.account_key = a.account_key
  LEFT JOIN LATERAL ${opening} AS opening ON true
  LEFT JOIN LATERAL ${closing} AS closing ON true
  WHERE a.book_no = $2 AND ${where}`;

/** The account with its balances before the first and at the end of the last date. Functions of null dates cost nothing. */
export const STATEMENT_ACCOUNT: Record<StatementAxis, (where: string) => string> = {
  booked: account(
    'florin.counters_booked_at(a.account_key, florin.end_of_day($4::date - 1))',
    'florin.counters_booked_at(a.account_key, florin.end_of_day($5::date))',
  ),
  effective: account(
    'florin.posted_effective_on(a.account_key, $4::date - 1)',
    'florin.posted_effective_on(a.account_key, $5::date)',
  ),
};

const BOOKED_DAY = `(e.booked_at AT TIME ZONE 'UTC')::date`;

/**
 * The version up to which an account's entries were booked by the end of that day; `otherwise` where the day is null.
 * A scalar subquery is evaluated once, whatever the plan.
 */
const versionOn = (day: string, otherwise: string) =>
  `coalesce((SELECT florin.version_booked_at($1::bigint, florin.end_of_day(${day}))), ${otherwise})`;

/**
 * Lines of posted money by version. Parameters: account key, from, to, the cursor's day and version.
 * An account's versions are in the order of booking, so that dates become a range of the primary key.
 */
export function linesBooked(limit: string): string {
  const lines = entryRows({
    key: '$1::bigint',
    above: `greatest(CASE WHEN $4::date IS NULL THEN 0 ELSE $5::bigint END, ${versionOn('$2::date - 1', '0')})`,
    upto: versionOn('$3::date', '9223372036854775807'),
    order: 'ASC',
    where: 'amount > 0',
    limit,
  });
  return decorated(`SELECT e.*, ${BOOKED_DAY} AS day FROM ${lines} AS e ORDER BY e.page, e.version ${limit}`);
}

/**
 * Lines of posted money by effective date, and by version within a day: those that take effect when they are booked are
 * a range of versions, the others come out of the index of displaced entries; both are sorted already.
 */
export function linesEffective(limit: string): string {
  const ordinary = entryRows({
    key: '$1::bigint',
    above: `greatest(
      ${versionOn('$2::date - 1', '0')},
      ${versionOn('$4::date - 1', '0')},
      coalesce(least($5::bigint, ${versionOn('$4::date', 'NULL')}), 0))`,
    upto: versionOn('$3::date', '9223372036854775807'),
    order: 'ASC',
    where: 'amount > 0 AND effective_date IS NULL',
    limit,
  });
  return decorated(`
    SELECT * FROM (
      (SELECT e.*, ${BOOKED_DAY} AS day FROM ${ordinary} AS e ORDER BY e.page, e.version ${limit})
      UNION ALL
      (SELECT e.version AS page, ${ENTRY_COLUMNS}, e.effective_date AS day FROM florin.entries AS e
       WHERE e.account_key = $1::bigint AND e.amount > 0 AND e.effective_date IS NOT NULL
         AND ($2::date IS NULL OR e.effective_date >= $2::date) AND ($3::date IS NULL OR e.effective_date <= $3::date)
         AND ($4::date IS NULL OR (e.effective_date, e.version) > ($4::date, $5::bigint))
       ORDER BY e.effective_date, e.version ${limit})
    ) AS e
    ORDER BY day, version ${limit}`);
}

/** Joins what the chosen entries need from elsewhere; only for those, so behind the limit. */
function decorated(entries: string): string {
  return `
    SELECT ${isoDate('e.day')} AS day, e.version, t.id AS transaction_id, t.reference, e.side, e.amount,
           ${isoDate(`coalesce(e.effective_date, ${BOOKED_DAY})`)} AS effective_date, ${us('e.booked_at')} AS booked_us,
           counter.code AS counter_account
    FROM (${entries}) AS e
    JOIN florin.accounts AS own ON own.account_key = e.account_key
    LEFT JOIN florin.transactions AS t ON t.book_no = own.book_no AND t.seq = e.seq
    LEFT JOIN florin.postings AS p ON e.posting > 0 AND p.book_no = own.book_no AND p.seq = e.seq AND p.posting = e.posting
    LEFT JOIN florin.accounts AS counter ON counter.account_key = CASE
      WHEN e.side = 1 THEN coalesce(p.credit_account_key, t.credit_account_key)
      ELSE coalesce(p.debit_account_key, t.debit_account_key) END
    ORDER BY e.day, e.version`;
}
