import { type Attempt, AttemptState } from '../../../gen/florin/payments/v1/attempts_pb.ts';
import type { PaymentIntent } from '../../../gen/florin/payments/v1/payments_pb.ts';
import { PREFIX, prefixed } from '../../ids/prefixed.ts';
import { exact, orNull, payerMethodOf, seconds } from '../values.ts';

/** Merchants see fewer states than the core has: what nobody knows yet, or an operator decides about, is under way. */
const STATUS: Readonly<Record<AttemptState, string>> = {
  [AttemptState.UNSPECIFIED]: 'processing',
  [AttemptState.AUTHORIZING]: 'processing',
  [AttemptState.REQUIRES_ACTION]: 'requires_action',
  [AttemptState.UNKNOWN]: 'processing',
  [AttemptState.AUTHORIZED]: 'authorized',
  [AttemptState.CAPTURED]: 'captured',
  [AttemptState.DECLINED]: 'declined',
  [AttemptState.FAILED]: 'failed',
  [AttemptState.NOT_SENT]: 'failed',
  [AttemptState.VOIDED]: 'canceled',
  [AttemptState.EXPIRED]: 'expired',
  [AttemptState.CONFLICTED]: 'processing',
  [AttemptState.RETURNED]: 'returned',
};

/** One try at a payment by one provider, as its merchant sees it; the id is that of the operation it began with. */
export function renderAttempt(attempt: Attempt, intent: PaymentIntent, { isLive }: { isLive: boolean }) {
  const index = intent.attempts.indexOf(attempt);
  const own = intent.operations.filter((one) => one.attempt === index);
  const began = own.find(({ id }) => id === attempt.operationId);
  return {
    id: prefixed(PREFIX.attempt, attempt.operationId),
    object: 'payment_attempt',
    created: seconds(began?.askedAt),
    livemode: isLive,
    status: STATUS[attempt.state],
    version: Math.max(0, ...own.map(({ version }) => Number(version))),
    amount: exact(began?.amount ?? 0n),
    currency: (intent.amount?.asset ?? '').toLowerCase(),
    payment_intent: prefixed(PREFIX.paymentIntent, intent.id),
    payment_method: payerMethodOf(attempt.paymentMethod),
    provider: attempt.provider,
    provider_reference: orNull(attempt.providerReference),
    decline_code: orNull(began?.declineCode ?? ''),
  };
}
