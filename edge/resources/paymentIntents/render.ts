import {
  CancelReason,
  CaptureMethod,
  type PaymentIntent,
  PaymentIntentState,
} from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import { PREFIX, prefixed } from '../../ids/prefixed.ts';
import { AT_HAND } from '../expand/paths.ts';
import { exact, orNull, payerMethodOf, seconds } from '../values.ts';
import { renderAttempt } from './attempts.ts';
import type { Status } from './schemas.ts';

/** Merchants see fewer states than the core has: what an operator decides about is not decided yet. */
const STATUS: Readonly<Record<PaymentIntentState, Status>> = {
  [PaymentIntentState.UNSPECIFIED]: 'processing',
  [PaymentIntentState.REQUIRES_PAYMENT_METHOD]: 'requires_payment_method',
  [PaymentIntentState.REQUIRES_CONFIRMATION]: 'requires_confirmation',
  [PaymentIntentState.REQUIRES_ACTION]: 'requires_action',
  [PaymentIntentState.PROCESSING]: 'processing',
  [PaymentIntentState.REQUIRES_CAPTURE]: 'requires_capture',
  [PaymentIntentState.PARTIALLY_CAPTURED]: 'requires_capture',
  [PaymentIntentState.SUCCEEDED]: 'succeeded',
  [PaymentIntentState.CANCELED]: 'canceled',
  [PaymentIntentState.EXPIRED]: 'canceled',
  [PaymentIntentState.CONFLICTED]: 'processing',
};

const CANCEL_REASON: Readonly<Record<CancelReason, string | null>> = {
  [CancelReason.UNSPECIFIED]: null,
  [CancelReason.REQUESTED]: 'requested_by_customer',
  [CancelReason.ABANDONED]: 'abandoned',
  [CancelReason.DUPLICATE]: 'duplicate',
  [CancelReason.FRAUDULENT]: 'fraudulent',
  [CancelReason.EXPIRED]: 'expired',
};

export function statusOf(state: PaymentIntentState): Status {
  return STATUS[state];
}

/** A payment intent as merchants see it. */
export function renderPaymentIntent(intent: PaymentIntent, { isLive }: { isLive: boolean }) {
  const { counters, paymentMethod, amount } = intent;
  const status = STATUS[intent.state];
  const latest = intent.attempts.at(-1);
  const attempt = latest === undefined ? null : renderAttempt(latest, intent, { isLive });
  return {
    id: prefixed(PREFIX.paymentIntent, intent.id),
    object: 'payment_intent',
    created: seconds(intent.createdAt),
    livemode: isLive,
    status,
    version: Number(intent.version),
    amount: exact(amount?.minorUnits ?? 0n),
    amount_capturable: status === 'requires_capture' ? capturable(intent) : 0,
    amount_received: exact(counters?.captured ?? 0n),
    amount_refunded: exact((counters?.refunded ?? 0n) + (counters?.refunding ?? 0n)),
    currency: (amount?.asset ?? '').toLowerCase(),
    capture_method: intent.captureMethod === CaptureMethod.MANUAL ? 'manual' : 'automatic',
    payment_method: payerMethodOf(paymentMethod),
    customer: intent.customerId === '' ? null : prefixed(PREFIX.customer, intent.customerId),
    description: orNull(intent.description),
    reference: orNull(intent.reference),
    statement_descriptor: orNull(intent.statementDescriptor),
    return_url: orNull(intent.returnUrl),
    next_action:
      status === 'requires_action' && intent.nextActionUrl !== ''
        ? {
            type: 'redirect_to_url',
            redirect_to_url: { url: intent.nextActionUrl, return_url: orNull(intent.returnUrl) },
          }
        : null,
    last_payment_error: paymentError(intent.lastDeclineCode, intent),
    latest_attempt: attempt?.id ?? null,
    client_secret: orNull(''),
    cancellation_reason: status === 'canceled' ? CANCEL_REASON[intent.cancelReason] : null,
    expires_at: intent.expiresAt === undefined || isFinal(status) ? null : seconds(intent.expiresAt),
    available_on: intent.availableAt === undefined ? null : seconds(intent.availableAt),
    metadata: intent.metadata,
    ...(attempt === null ? {} : { [AT_HAND]: { latest_attempt: attempt } }),
  };
}

export type RenderedPaymentIntent = ReturnType<typeof renderPaymentIntent>;

/** What no payer is told of a card: whoever has it and should not would learn that it is known. */
const KEPT_FROM_PAYERS = new Set(['lost_card', 'stolen_card', 'fraudulent']);

/** The same to whoever asks: to a payer without what is the merchant's alone. */
export function renderFor(caller: Pick<Caller, 'isLive' | 'kind'>, intent: PaymentIntent) {
  const whole = renderPaymentIntent(intent, caller);
  if (caller.kind === 'secret') return whole;
  const {
    amount_capturable: _capturable,
    amount_received: _received,
    amount_refunded: _refunded,
    customer: _customer,
    reference: _reference,
    statement_descriptor: _descriptor,
    expires_at: _expires,
    available_on: _available,
    latest_attempt: _attempt,
    [AT_HAND]: _atHand,
    metadata: _metadata,
    ...seen
  } = whole;
  const declineCode = KEPT_FROM_PAYERS.has(intent.lastDeclineCode)
    ? 'generic_decline'
    : intent.lastDeclineCode;
  return { ...seen, last_payment_error: paymentError(declineCode, intent) };
}

function isFinal(status: Status): boolean {
  return status === 'succeeded' || status === 'canceled';
}

function capturable({ counters }: PaymentIntent): number {
  if (counters === undefined) return 0;
  const open = counters.authorized - counters.captured - counters.capturing;
  return open > 0n ? exact(open) : 0;
}

/** Why the last try was declined, as long as the payment waits for another. */
function paymentError(declineCode: string, { state }: PaymentIntent) {
  if (declineCode === '' || state !== PaymentIntentState.REQUIRES_PAYMENT_METHOD) return null;
  return {
    code: 'card_declined',
    decline_code: declineCode,
    message: `The payment was declined: ${declineCode.replaceAll('_', ' ')}.`,
  };
}
