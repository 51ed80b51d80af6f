import { AccountState, NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { EntrySide, StatementAxis } from '../../gen/florin/ledger/v1/statements_pb.ts';
import { TransactionKind, TransactionState } from '../../gen/florin/ledger/v1/transactions_pb.ts';

/** The contract's enums as people and JSON see them: `debit` for NORMAL_SIDE_DEBIT. */
export const normalSideName = nameIn(NormalSide);
export const accountStateName = nameIn(AccountState);
export const entrySideName = nameIn(EntrySide);
export const transactionKindName = nameIn(TransactionKind);
export const transactionStateName = nameIn(TransactionState);

export const ACCOUNT_STATES = { open: AccountState.OPEN, closed: AccountState.CLOSED } as const;
export const AXES = { effective: StatementAxis.EFFECTIVE, booked: StatementAxis.BOOKED } as const;
export const KINDS = {
  direct: TransactionKind.DIRECT,
  pending: TransactionKind.PENDING,
  post: TransactionKind.POST,
  void: TransactionKind.VOID,
  expiry: TransactionKind.EXPIRY,
  reversal: TransactionKind.REVERSAL,
} as const;
export const STATES = {
  pending: TransactionState.PENDING,
  posted: TransactionState.POSTED,
  voided: TransactionState.VOIDED,
  expired: TransactionState.EXPIRED,
} as const;

/** A value that a newer core knows and we do not is shown as its number. */
function nameIn(names: Readonly<Record<string, number>>): (value: number) => string {
  const byValue = new Map(Object.entries(names).map(([name, value]) => [value, name.toLowerCase()]));
  return (value) => byValue.get(value) ?? String(value);
}
