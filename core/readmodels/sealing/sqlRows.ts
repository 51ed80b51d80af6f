import { TamperedRow } from '../../shard/ports.ts';
import { type AccountRow, KEY_SHIFT, type ProgressRow, type Sealer } from './seals.ts';

/** An account as `pg` hands it over: bigint comes as text. */
export interface AccountSqlRow {
  account_key: string;
  book_no: number;
  id: string;
  code: string;
  asset: string;
  normal_side: number;
  closed: boolean;
  posted_floor: string | null;
  posted_ceiling: string | null;
  available_floor: string | null;
  available_ceiling: string | null;
  seal: string;
}

export interface ProgressSqlRow {
  shard: number;
  seq: string;
  book_no: number;
  state: number;
  expires_at_us: string | null;
  last_seq: string;
  seal: string;
  posted: string[];
  reversed: string[];
}

/** The row as it was sealed; throws `TamperedRow` where it is not. */
export function sealedAccountOf(row: AccountSqlRow, sealer: Sealer): AccountRow {
  const account: AccountRow = {
    accountKey: BigInt(row.account_key),
    book: row.book_no,
    id: row.id,
    code: row.code,
    asset: row.asset,
    normalSide: row.normal_side,
    closed: row.closed,
    limits: [row.posted_floor, row.posted_ceiling, row.available_floor, row.available_ceiling].map(bigOrNull),
  };
  if (sealer.accountSeal(account) !== BigInt(row.seal)) {
    throw new TamperedRow(
      (Number(row.account_key) / KEY_SHIFT) | 0,
      `the row of account ${row.id} in florin.accounts`,
    );
  }
  return account;
}

/** The row as it was sealed; throws `TamperedRow` where it is not. */
export function sealedProgressOf(row: ProgressSqlRow, sealer: Sealer): ProgressRow {
  const progress: ProgressRow = {
    shard: row.shard,
    seq: Number(row.seq),
    book: row.book_no,
    state: row.state,
    expiresAtUs: bigOrNull(row.expires_at_us),
    lastSeq: Number(row.last_seq),
    posted: row.posted.map(BigInt),
    reversed: row.reversed.map(BigInt),
  };
  if (sealer.progressSeal(progress) !== BigInt(row.seal)) {
    throw new TamperedRow(row.shard, `the row of seq ${row.seq} in florin.transaction_progress`);
  }
  return progress;
}

function bigOrNull(text: string | null): bigint | null {
  return text === null ? null : BigInt(text);
}
