import type { Fields } from './requests.ts';

/** Objects as Stripe's reference shows them, without what nobody here looks at. */
export interface Intent {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: string;
  readonly created: number;
  readonly descriptor: string;
  metadata: Fields;
  /** What the search knows, and since when, milliseconds. */
  readonly indexed: { atMs: number; metadata: Fields }[];
  paymentMethod: string;
  status:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'processing'
    | 'requires_capture'
    | 'succeeded'
    | 'canceled';
  received: number;
  returnUrl: string;
  error: object | null;
  charge: Charge | null;
}

export interface Charge {
  readonly id: string;
  readonly status: 'succeeded' | 'failed';
  captured: number;
  refunded: number;
  readonly captureBefore: number;
}

export interface Refund {
  readonly id: string;
  readonly intent: Intent;
  readonly amount: number;
  readonly created: number;
  readonly metadata: Fields;
  status: 'succeeded' | 'pending' | 'failed';
  failureReason: string | null;
}

const ZERO = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');
const THREE = 'bhd jod kwd omr tnd'.split(' ');

/** As people write it: by Stripe's own page on currencies, not by the adapter's table. */
export function decimalOf(units: number, currency: string): string {
  const digits = ZERO.includes(currency) ? 0 : THREE.includes(currency) ? 3 : 2;
  return (units / 10 ** digits).toFixed(digits);
}

/** What Stripe cannot take: the last digits that have to be 0. */
export function isRound(units: number, currency: string): boolean {
  if (currency === 'isk' || currency === 'ugx') return units % 100 === 0;
  return !THREE.includes(currency) || units % 10 === 0;
}

export function intentBody(
  intent: Intent,
  { url, isExpanded }: { url: string; isExpanded: boolean },
): object {
  const { charge, status } = intent;
  return {
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amount,
    amount_capturable: status === 'requires_capture' ? intent.amount : 0,
    amount_received: intent.received,
    capture_method: intent.captureMethod,
    confirmation_method: 'automatic',
    created: intent.created,
    currency: intent.currency,
    last_payment_error: intent.error,
    latest_charge: charge === null ? null : isExpanded ? chargeBody(intent, charge) : charge.id,
    livemode: false,
    metadata: intent.metadata,
    next_action:
      status === 'requires_action'
        ? {
            type: 'redirect_to_url',
            redirect_to_url: { url: `${url}/3ds/${intent.id}`, return_url: intent.returnUrl },
          }
        : null,
    payment_method: intent.paymentMethod || null,
    payment_method_types: ['card'],
    statement_descriptor_suffix: intent.descriptor || null,
    status,
  };
}

export function chargeBody(intent: Intent, charge: Charge): object {
  const isCaptured = charge.captured > 0;
  return {
    id: charge.id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: charge.captured,
    amount_refunded: charge.refunded,
    balance_transaction: isCaptured
      ? {
          id: charge.id.replace('ch_', 'txn_'),
          object: 'balance_transaction',
          amount: charge.captured,
          currency: intent.currency,
          fee: Math.floor(charge.captured * 0.015) + 25,
        }
      : null,
    captured: isCaptured,
    currency: intent.currency,
    payment_intent: intent.id,
    payment_method_details: { type: 'card', card: { brand: 'visa', capture_before: charge.captureBefore } },
    status: charge.status,
  };
}

export function refundBody(refund: Refund): object {
  return {
    id: refund.id,
    object: 'refund',
    amount: refund.amount,
    balance_transaction: refund.id.replace('re_', 'txn_'),
    charge: refund.intent.charge?.id ?? null,
    created: refund.created,
    currency: refund.intent.currency,
    ...(refund.failureReason === null ? {} : { failure_reason: refund.failureReason }),
    metadata: refund.metadata,
    payment_intent: refund.intent.id,
    status: refund.status,
  };
}
