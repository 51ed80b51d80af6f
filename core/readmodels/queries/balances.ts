import { type Counters, balancesOf, countersOf } from './accounts.ts';
import {
  type AccountRef,
  type AsOf,
  type Marked,
  type Reader,
  accountCondition,
  marked,
  moment,
  withWatermark,
} from './reading.ts';

export type BalanceMoment =
  | { at: 'now' }
  /** Everything booked up to and including this moment, microseconds since 1970. */
  | { at: 'booked'; us: number }
  /** Everything posted that takes effect up to and including this date, YYYY-MM-DD. */
  | { at: 'effective'; date: string };

export interface BalanceRecord extends Counters {
  id: string;
  code: string;
  asset: string;
  /** 1 debit, 2 credit. */
  normalSide: 1 | 2;
  /** Of the last entry that counts; 0 on the effective axis. */
  version: bigint;
  postedBalance: bigint;
  availableBalance: bigint;
}

const COUNTERS = {
  now: 'florin.account_balances AS c ON c.account_key = a.account_key',
  booked: `LATERAL florin.counters_booked_at(a.account_key, ${moment('$4')}) AS c ON true`,
  effective: 'LATERAL florin.posted_effective_on(a.account_key, $4::date) AS c ON true',
};

const FIELDS = {
  now: 'c.version, c.debits_posted, c.credits_posted, c.debits_pending, c.credits_pending',
  booked: 'c.version, c.debits_posted, c.credits_posted, c.debits_pending, c.credits_pending',
  effective: '0 AS version, c.debits_posted, c.credits_posted, 0 AS debits_pending, 0 AS credits_pending',
};

export async function getBalance(
  reader: Reader,
  account: AccountRef,
  when: BalanceMoment,
): Promise<AsOf<BalanceRecord | null>> {
  const { where, value } = accountCondition(account, '$3');
  const extra = when.at === 'now' ? [] : [when.at === 'booked' ? when.us : when.date];
  const found = await reader.query<BalanceSql>(
    withWatermark(`
      SELECT a.id, a.code, a.asset, a.normal_side, ${FIELDS[when.at]}
      FROM florin.accounts AS a JOIN ${COUNTERS[when.at]}
      WHERE a.book_no = $2 AND ${where}`),
    [account.shard, account.book, value, ...extra],
  );
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.id !== null);
  return { asOfSeq, value: rows.length === 0 ? null : balanceOf(rows[0]) };
}

interface BalanceSql extends Marked {
  id: string;
  code: string;
  asset: string;
  normal_side: 1 | 2;
  version: string;
  debits_posted: string;
  credits_posted: string;
  debits_pending: string;
  credits_pending: string;
}

function balanceOf(row: BalanceSql): BalanceRecord {
  const counters = countersOf(row);
  return {
    id: row.id,
    code: row.code,
    asset: row.asset,
    normalSide: row.normal_side,
    version: BigInt(row.version),
    ...counters,
    ...balancesOf(counters, row.normal_side),
  };
}
