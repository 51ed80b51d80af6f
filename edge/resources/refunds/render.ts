import {
  type Operation,
  OperationState,
  RefundReason,
} from '../../../gen/florin/payments/v1/operations_pb.ts';
import type { PaymentIntent } from '../../../gen/florin/payments/v1/payments_pb.ts';
import { PREFIX, prefixed } from '../../ids/prefixed.ts';
import { exact, orNull, seconds } from '../values.ts';

/** Of a refund whose outcome nobody knows yet the money has left the merchant: it is pending, and never guessed. */
const STATUS: Readonly<Record<OperationState, 'pending' | 'succeeded' | 'failed'>> = {
  [OperationState.UNSPECIFIED]: 'pending',
  [OperationState.PENDING]: 'pending',
  [OperationState.ACCEPTED]: 'pending',
  [OperationState.REQUIRES_ACTION]: 'pending',
  [OperationState.UNKNOWN]: 'pending',
  [OperationState.SUCCEEDED]: 'succeeded',
  [OperationState.FAILED]: 'failed',
  [OperationState.NOT_SENT]: 'failed',
  [OperationState.CANCELED]: 'failed',
};

export const REASONS = {
  requested_by_customer: RefundReason.REQUESTED_BY_CUSTOMER,
  duplicate: RefundReason.DUPLICATE,
  fraudulent: RefundReason.FRAUDULENT,
} as const;
export type Reason = keyof typeof REASONS;

/** A refund as merchants see it, with the id and the currency of its payment. */
export function renderRefund(
  refund: Operation,
  intent: Pick<PaymentIntent, 'id' | 'amount'>,
  { isLive }: { isLive: boolean },
) {
  const status = STATUS[refund.state];
  return {
    id: prefixed(PREFIX.refund, refund.requestId),
    object: 'refund',
    created: seconds(refund.askedAt),
    livemode: isLive,
    status,
    version: Number(refund.version),
    amount: exact(refund.amount),
    currency: (intent.amount?.asset ?? '').toLowerCase(),
    payment_intent: prefixed(PREFIX.paymentIntent, intent.id),
    reason: reasonOf(refund.refundReason),
    reference: orNull(refund.refundReference),
    failure_reason: status === 'failed' ? refund.declineCode || 'not_done' : null,
    metadata: refund.refundMetadata,
  };
}

function reasonOf(reason: RefundReason): Reason | null {
  return (Object.keys(REASONS) as Reason[]).find((word) => REASONS[word] === reason) ?? null;
}
