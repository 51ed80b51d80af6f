import { AccountState, NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { EntrySide, StatementAxis } from '../../gen/florin/ledger/v1/statements_pb.ts';
import { TransactionKind, TransactionState } from '../../gen/florin/ledger/v1/transactions_pb.ts';
import {
  BalanceTransactionStatus,
  BalanceTransactionType,
} from '../../gen/florin/payments/v1/balance_transactions_pb.ts';
import { AttemptState } from '../../gen/florin/payments/v1/attempts_pb.ts';
import { OperationKind, OperationState } from '../../gen/florin/payments/v1/operations_pb.ts';
import { Verdict } from '../../gen/florin/payments/v1/operators_pb.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  CancelReason,
  CaptureMethod,
  PaymentIntentState,
  DisputeState,
} from '../../gen/florin/payments/v1/payments_pb.ts';
import { BreakerState } from '../../gen/florin/payments/v1/providers_pb.ts';
import { StoredPaymentMethodState } from '../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import { NextStepKind, TimelineCause, TimelineEventKind } from '../../gen/florin/payments/v1/timelines_pb.ts';

/** The contract's enums as people and JSON see them: `debit` for NORMAL_SIDE_DEBIT. */
export const normalSideName = nameIn(NormalSide);
export const accountStateName = nameIn(AccountState);
export const entrySideName = nameIn(EntrySide);
export const transactionKindName = nameIn(TransactionKind);
export const transactionStateName = nameIn(TransactionState);
export const paymentStateName = nameIn(PaymentIntentState);
export const captureMethodName = nameIn(CaptureMethod);
export const cancelReasonName = nameIn(CancelReason);
export const breakerStateName = nameIn(BreakerState);
export const storedMethodStateName = nameIn(StoredPaymentMethodState);
export const methodTypeName = nameIn(PaymentMethodType);
export const disputeStateName = nameIn(DisputeState);
export const attemptStateName = nameIn(AttemptState);
export const operationKindName = nameIn(OperationKind);
export const operationStateName = nameIn(OperationState);
export const timelineKindName = nameIn(TimelineEventKind);
export const timelineCauseName = nameIn(TimelineCause);
export const nextStepName = nameIn(NextStepKind);
export const balanceTransactionTypeName = nameIn(BalanceTransactionType);
export const balanceTransactionStatusName = nameIn(BalanceTransactionStatus);

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
export const PAYMENT_STATES = {
  requires_payment_method: PaymentIntentState.REQUIRES_PAYMENT_METHOD,
  requires_confirmation: PaymentIntentState.REQUIRES_CONFIRMATION,
  requires_action: PaymentIntentState.REQUIRES_ACTION,
  processing: PaymentIntentState.PROCESSING,
  requires_capture: PaymentIntentState.REQUIRES_CAPTURE,
  partially_captured: PaymentIntentState.PARTIALLY_CAPTURED,
  succeeded: PaymentIntentState.SUCCEEDED,
  canceled: PaymentIntentState.CANCELED,
  expired: PaymentIntentState.EXPIRED,
  conflicted: PaymentIntentState.CONFLICTED,
} as const;
export const VERDICTS = {
  ask_again: Verdict.ASK_AGAIN,
  done: Verdict.DONE,
  not_done: Verdict.NOT_DONE,
  accept: Verdict.ACCEPT,
  send_back: Verdict.SEND_BACK,
} as const;

/** A value that a newer core knows and we do not is shown as its number. */
function nameIn(names: Readonly<Record<string, number>>): (value: number) => string {
  const byValue = new Map(Object.entries(names).map(([name, value]) => [value, name.toLowerCase()]));
  return (value) => byValue.get(value) ?? String(value);
}
