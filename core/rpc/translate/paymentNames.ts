import { AttemptState } from '../../../gen/florin/payments/v1/attempts_pb.ts';
import {
  OperationKind,
  OperationState,
  RefundReason,
} from '../../../gen/florin/payments/v1/operations_pb.ts';
import { RoutingStrategy } from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { Verdict } from '../../../gen/florin/payments/v1/operators_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  CancelReason,
  CaptureMethod,
  PaymentIntentState,
  DisputeState,
} from '../../../gen/florin/payments/v1/payments_pb.ts';
import { TimelineCause, TimelineEventKind } from '../../../gen/florin/payments/v1/timelines_pb.ts';
import type { Cause, IntentCreated, IntentMoved } from '../../kernel/payments/change.ts';
import type * as kernelCommands from '../../kernel/payments/commands.ts';
import type * as kernel from '../../kernel/payments/model.ts';

/** The kernel's words as numbers of the contract. A word without a number does not compile. */

export const METHOD_TYPES: Readonly<Record<kernel.MethodType, PaymentMethodType>> = {
  card: PaymentMethodType.CARD,
  wallet: PaymentMethodType.WALLET,
  bank_debit: PaymentMethodType.BANK_DEBIT,
  credit_transfer: PaymentMethodType.CREDIT_TRANSFER,
  redirect: PaymentMethodType.REDIRECT,
  voucher: PaymentMethodType.VOUCHER,
};

export const ROUTING_STRATEGIES: Readonly<Record<kernel.RoutingStrategy, RoutingStrategy>> = {
  score: RoutingStrategy.SCORE,
  order: RoutingStrategy.ORDER,
  expected_value: RoutingStrategy.EXPECTED_VALUE,
  split: RoutingStrategy.SPLIT,
};

export const CAPTURE_METHODS: Readonly<Record<kernel.Intent['capture'], CaptureMethod>> = {
  automatic: CaptureMethod.AUTOMATIC,
  manual: CaptureMethod.MANUAL,
};

export const INTENT_STATES: Readonly<Record<kernel.IntentState, PaymentIntentState>> = {
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
};

export const ATTEMPT_STATES: Readonly<Record<kernel.AttemptState, AttemptState>> = {
  authorizing: AttemptState.AUTHORIZING,
  requires_action: AttemptState.REQUIRES_ACTION,
  unknown: AttemptState.UNKNOWN,
  authorized: AttemptState.AUTHORIZED,
  captured: AttemptState.CAPTURED,
  declined: AttemptState.DECLINED,
  failed: AttemptState.FAILED,
  not_sent: AttemptState.NOT_SENT,
  voided: AttemptState.VOIDED,
  expired: AttemptState.EXPIRED,
  returned: AttemptState.RETURNED,
  conflicted: AttemptState.CONFLICTED,
};

export const OPERATION_KINDS: Readonly<Record<kernel.OperationKind, OperationKind>> = {
  authorize: OperationKind.AUTHORIZE,
  sale: OperationKind.SALE,
  increment: OperationKind.INCREMENT,
  capture: OperationKind.CAPTURE,
  void: OperationKind.VOID,
  refund: OperationKind.REFUND,
};

export const OPERATION_STATES: Readonly<Record<kernel.OperationState, OperationState>> = {
  pending: OperationState.PENDING,
  accepted: OperationState.ACCEPTED,
  requires_action: OperationState.REQUIRES_ACTION,
  unknown: OperationState.UNKNOWN,
  succeeded: OperationState.SUCCEEDED,
  failed: OperationState.FAILED,
  not_sent: OperationState.NOT_SENT,
  canceled: OperationState.CANCELED,
};

/** 'expired' is the kernel's own; an intent that was never canceled has ''. */
export const CANCEL_REASONS: Readonly<Record<string, CancelReason>> = {
  requested: CancelReason.REQUESTED,
  abandoned: CancelReason.ABANDONED,
  duplicate: CancelReason.DUPLICATE,
  fraudulent: CancelReason.FRAUDULENT,
  expired: CancelReason.EXPIRED,
};

export const REFUND_REASONS: Readonly<Record<kernel.RefundReason, RefundReason>> = {
  requested_by_customer: RefundReason.REQUESTED_BY_CUSTOMER,
  duplicate: RefundReason.DUPLICATE,
  fraudulent: RefundReason.FRAUDULENT,
};

export const VERDICTS: Readonly<Record<kernelCommands.Verdict, Verdict>> = {
  ask_again: Verdict.ASK_AGAIN,
  done: Verdict.DONE,
  not_done: Verdict.NOT_DONE,
  accept: Verdict.ACCEPT,
  send_back: Verdict.SEND_BACK,
};

export const CAUSES: Readonly<Record<Cause, TimelineCause>> = {
  caller: TimelineCause.CALLER,
  provider: TimelineCause.PROVIDER,
  timer: TimelineCause.TIMER,
  operator: TimelineCause.OPERATOR,
};

export const EVENT_KINDS: Readonly<Record<(IntentCreated | IntentMoved)['name'], TimelineEventKind>> = {
  intent_created: TimelineEventKind.INTENT_CREATED,
  attempt_started: TimelineEventKind.ATTEMPT_STARTED,
  operation_started: TimelineEventKind.OPERATION_STARTED,
  operation_changed: TimelineEventKind.OPERATION_CHANGED,
  intent_canceled: TimelineEventKind.INTENT_CANCELED,
  intent_expired: TimelineEventKind.INTENT_EXPIRED,
  money_available: TimelineEventKind.MONEY_AVAILABLE,
  attention_raised: TimelineEventKind.ATTENTION_RAISED,
  event_received: TimelineEventKind.EVENT_RECEIVED,
  operation_settled: TimelineEventKind.OPERATION_SETTLED,
  intent_updated: TimelineEventKind.INTENT_UPDATED,
  reserve_released: TimelineEventKind.RESERVE_RELEASED,
  refund_updated: TimelineEventKind.REFUND_UPDATED,
};

/** The kernel's word of a number; undefined for 0 and for numbers that the contract does not know. */
export function wordOf<Word extends string>(
  numbers: Readonly<Record<Word, number>>,
  number: number,
): Word | undefined {
  return (Object.keys(numbers) as Word[]).find((word) => numbers[word] === number);
}

export const DISPUTE_STATES: Readonly<Record<kernel.DisputeState, DisputeState>> = {
  open: DisputeState.OPEN,
  won: DisputeState.WON,
  lost: DisputeState.LOST,
};
