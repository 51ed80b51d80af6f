import { type LoadedAccount, TamperedRow } from '../../shard/ports.ts';
import { KEY_SHIFT, type Sealer } from '../sealing/seals.ts';
import { type AccountSqlRow, sealedAccountOf } from '../sealing/sqlRows.ts';
import type { FieldReader } from './copyOut.ts';

/** An account and its balance in one row; `account_key` is null where only the watermark was found. */
export interface LoadedAccountSqlRow extends Omit<AccountSqlRow, 'account_key'> {
  watermark: string;
  account_key: string | null;
  version: string | null;
  debits_posted: string;
  credits_posted: string;
  debits_pending: string;
  credits_pending: string;
  last_seq: string;
  balance_seal: string;
}

/** The account, both of its seals checked. */
export function loadedAccountOf(
  row: LoadedAccountSqlRow & { account_key: string },
  sealer: Sealer,
): LoadedAccount {
  const account = sealedAccountOf(row, sealer);
  if (row.version === null) throw broken(account.accountKey, 'is missing');
  return loaded(
    account,
    {
      version: BigInt(row.version),
      debitsPosted: BigInt(row.debits_posted),
      creditsPosted: BigInt(row.credits_posted),
      debitsPending: BigInt(row.debits_pending),
      creditsPending: BigInt(row.credits_pending),
      lastSeq: BigInt(row.last_seq),
      seal: BigInt(row.balance_seal),
    },
    sealer,
  );
}

/** The same from a binary COPY of the same columns without the watermark. */
export function copiedAccountOf(fields: FieldReader, sealer: Sealer): LoadedAccount {
  const account = {
    accountKey: fields.i64(),
    book: fields.i32(),
    id: fields.uuid(),
    code: fields.ascii(),
    asset: fields.ascii(),
    normalSide: fields.i16(),
    closed: fields.boolean(),
    limits: [fields.i64OrNull(), fields.i64OrNull(), fields.i64OrNull(), fields.i64OrNull()],
  };
  if (sealer.accountSeal(account) !== fields.i64()) {
    throw new TamperedRow(shardOf(account.accountKey), `the row of account ${account.id} in florin.accounts`);
  }
  const version = fields.i64OrNull();
  if (version === null) throw broken(account.accountKey, 'is missing');
  return loaded(
    account,
    {
      version,
      debitsPosted: fields.i64(),
      creditsPosted: fields.i64(),
      debitsPending: fields.i64(),
      creditsPending: fields.i64(),
      lastSeq: fields.i64(),
      seal: fields.i64(),
    },
    sealer,
  );
}

interface Balance {
  version: bigint;
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
  lastSeq: bigint;
  seal: bigint;
}

function loaded(
  account: ReturnType<typeof sealedAccountOf>,
  balance: Balance,
  sealer: Sealer,
): LoadedAccount {
  if (sealer.balanceSeal({ accountKey: account.accountKey, ...balance }) !== balance.seal) {
    throw broken(account.accountKey, 'was edited');
  }
  return {
    number: Number(account.accountKey & 0xffffffffn),
    book: account.book,
    id: account.id,
    code: account.code,
    asset: account.asset,
    normalSide: account.normalSide,
    closed: account.closed,
    version: Number(balance.version),
    debitsPosted: balance.debitsPosted,
    creditsPosted: balance.creditsPosted,
    debitsPending: balance.debitsPending,
    creditsPending: balance.creditsPending,
    limits: account.limits as (bigint | null)[],
  };
}

function broken(accountKey: bigint, how: string): TamperedRow {
  const number = Number(accountKey & 0xffffffffn);
  return new TamperedRow(
    shardOf(accountKey),
    `the row of account number ${number} in florin.account_balances (it ${how})`,
  );
}

function shardOf(accountKey: bigint): number {
  return Math.floor(Number(accountKey) / KEY_SHIFT);
}
