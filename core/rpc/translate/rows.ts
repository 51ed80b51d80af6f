import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TimestampSchema } from '@bufbuild/protobuf/wkt';
import {
  type AccountSchema,
  AccountState,
  type NormalSide,
} from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import type { BalanceSchema } from '../../../gen/florin/ledger/v1/balances_pb.ts';
import type { BookSchema } from '../../../gen/florin/ledger/v1/books_pb.ts';
import type {
  EntryKind,
  EntrySchema,
  EntrySide,
  StatementLineSchema,
} from '../../../gen/florin/ledger/v1/statements_pb.ts';
import type {
  TransactionKind,
  TransactionSchema,
  TransactionState,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import type {
  AccountRow,
  BalanceRow,
  BookRow,
  Counters,
  EntryRow,
  StatementLineRow,
  TransactionRow,
} from '../reads.ts';
import { formatDay } from './date.ts';

/** Rows of the read models as messages. Their numbers for sides, kinds and states are those of the contract. */

export function timestamp(us: number): MessageInitShape<typeof TimestampSchema> {
  const seconds = Math.floor(us / 1e6);
  return { seconds: BigInt(seconds), nanos: (us - seconds * 1e6) * 1000 };
}

export function book({ name, shard, description, createdUs }: BookRow): MessageInitShape<typeof BookSchema> {
  return { name, shard, description, createdAt: timestamp(createdUs) };
}

export function account(row: AccountRow, bookName: string): MessageInitShape<typeof AccountSchema> {
  const [postedFloor, postedCeiling, availableFloor, availableCeiling] = row.limits.map(
    (limit) => limit ?? undefined,
  );
  return {
    id: row.id,
    book: bookName,
    code: row.code,
    asset: row.asset,
    normalSide: row.normalSide as NormalSide,
    state: row.closedUs === null ? AccountState.OPEN : AccountState.CLOSED,
    limits: present({ postedFloor, postedCeiling, availableFloor, availableCeiling }),
    metadata: row.metadata,
    openedAt: timestamp(row.openedUs),
    ...(row.closedUs === null ? {} : { closedAt: timestamp(row.closedUs) }),
    version: BigInt(row.version),
    ...counters(row),
    ...balances(row),
  };
}

export function balance(row: BalanceRow): MessageInitShape<typeof BalanceSchema> {
  const { id, code, asset, version } = row;
  return { accountId: id, code, asset, ...counters(row), ...balances(row), version: BigInt(version) };
}

function counters({ debitsPosted, creditsPosted, debitsPending, creditsPending }: Counters): Counters {
  return { debitsPosted, creditsPosted, debitsPending, creditsPending };
}

/** On the normal side; only pending movements that would lower it count against what is available. */
function balances(row: Counters & { normalSide: number }): {
  postedBalance: bigint;
  availableBalance: bigint;
} {
  const isDebit = row.normalSide === 1;
  const posted = isDebit ? row.debitsPosted - row.creditsPosted : row.creditsPosted - row.debitsPosted;
  return {
    postedBalance: posted,
    availableBalance: posted - (isDebit ? row.creditsPending : row.debitsPending),
  };
}

function present<T extends object>(values: T): { [K in keyof T]: NonNullable<T[K]> } {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]: NonNullable<T[K]> };
}

export function entry(row: EntryRow): MessageInitShape<typeof EntrySchema> {
  const { transactionId, posting, amount, pendingChange, postedBalance, availableBalance } = row;
  return {
    version: BigInt(row.version),
    transactionId,
    seq: BigInt(row.seq),
    posting,
    side: row.side as EntrySide,
    kind: row.kind as EntryKind,
    amount,
    pendingChange,
    postedBalance,
    availableBalance,
    bookedAt: timestamp(row.bookedUs),
    effectiveDate: formatDay(row.effectiveDay),
  };
}

export function statementLine(row: StatementLineRow): MessageInitShape<typeof StatementLineSchema> {
  const { transactionId, reference, amount, counterAccount } = row;
  return {
    version: BigInt(row.version),
    transactionId,
    reference,
    side: row.side as EntrySide,
    amount,
    balance: row.balance,
    effectiveDate: formatDay(row.effectiveDay),
    bookedAt: timestamp(row.bookedUs),
    counterAccount,
  };
}

export function transaction(
  row: TransactionRow,
  bookName: string,
): MessageInitShape<typeof TransactionSchema> {
  const { id, postings, targetId, reference, metadata } = row;
  return {
    id,
    book: bookName,
    kind: row.kind as TransactionKind,
    state: row.state as TransactionState,
    postings,
    targetId,
    effectiveDate: formatDay(row.effectiveDay),
    bookedAt: timestamp(row.bookedUs),
    ...(row.expiresUs === null ? {} : { expiresAt: timestamp(row.expiresUs) }),
    reference,
    metadata,
    seq: BigInt(row.seq),
  };
}
