import type { Behaviour, Brand } from './cards.ts';

/** What can be asked for. A sale is an authorisation and its capture in one. */
export type Kind = 'authorize' | 'sale' | 'increment' | 'capture' | 'void' | 'refund';

export type OperationStatus =
  /** The payer has to pass a challenge, and `continue` has to be called. */
  | 'requires_action'
  /** Taken in; what comes of it is told by webhook and query. */
  | 'pending'
  | 'succeeded'
  /** It was not done, and will not be; of a refund also: it was done and has failed since. */
  | 'declined';

/** One thing that was asked for, under a reference that the caller chose: a UUID, which is the idempotency key as well. */
export interface Operation {
  readonly reference: string;
  readonly kind: Kind;
  /** Reference of the operation that made the payment. */
  readonly payment: string;
  readonly status: OperationStatus;
  /** Minor units that were charged, released or sent back; of what was not done, that were asked for. */
  readonly amount: bigint;
  readonly currency: string;
  /** What the provider takes for it, minor units; null for what is free. */
  readonly cost: bigint | null;
  /** Why not, in the provider's own words; '' where it was done. */
  readonly code: string;
  readonly createdMs: number;
}

/** What a caller gets to see once, and at every replay again. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

export type PaymentState =
  /** Waits for the payer's challenge. */
  | 'challenged'
  /** The payer has passed; waits for `continue`. */
  | 'authenticated'
  | 'authentication_failed'
  | 'pending'
  /** `authorized - captured - released` can still be captured, until `expiresMs`. */
  | 'authorized'
  /** Nothing is open: captured in full or in part, or released. */
  | 'closed'
  | 'declined'
  /** A void or refund has named a reference that was not known then: it will never be. */
  | 'barred';

/** An authorisation or sale and what became of it. Amounts are minor units. */
export interface Payment {
  readonly reference: string;
  state: PaymentState;
  readonly behaviour: Behaviour;
  readonly brand: Brand;
  readonly last4: string;
  readonly currency: string;
  readonly asked: bigint;
  authorized: bigint;
  captured: bigint;
  released: bigint;
  refunded: bigint;
  readonly isSale: boolean;
  /** The caller's payment, for people who look for it; '' for none. */
  readonly merchantPayment: string;
  readonly statementDescriptor: string;
  /** '' for none. */
  readonly returnUrl: string;
  readonly createdMs: number;
  /** When what is open lapses. */
  expiresMs: number;
}

export type EventType =
  /** The payer has passed or failed the challenge, and `continue` goes on. */
  | 'challenge_over'
  | 'authorized'
  | 'captured'
  | 'voided'
  | 'declined'
  | 'refunded'
  | 'refund_failed'
  | 'dispute_opened'
  | 'dispute_won'
  | 'dispute_lost'
  | 'debit_returned';

/** A line of the settlement report: what moved between the provider and the merchant. Credit is the merchant's gain. */
export interface SettlementLine {
  readonly type: 'charge' | 'refund' | 'refund_failure' | 'dispute' | 'dispute_won' | 'debit_return';
  readonly reference: string;
  readonly payment: string;
  readonly currency: string;
  readonly credit: bigint;
  readonly debit: bigint;
  readonly fee: bigint;
  readonly availableMs: number;
  readonly createdMs: number;
}

/** A payer's bank contests a payment, once; it is won or lost after that, and stays so. */
export interface Dispute {
  readonly payment: string;
  readonly state: 'opened' | 'won' | 'lost';
  /** What was withdrawn when it was opened, minor units. */
  readonly amount: bigint;
}

/** What happens later by itself. */
export type Later = 'dispute' | 'refund_failure' | 'late_success' | 'debit_return';

/** How long an authorisation stands. */
export const AUTHORIZATION_MS = 7 * 86_400_000;
/** How long a payer may take for a challenge. */
export const CHALLENGE_MS = 3_600_000;
/** When charged money is available, but for the card that has it at once. */
export const SETTLEMENT_MS = 2 * 86_400_000;
/** The most that a payment may come to, minor units: below 2^53, so that the database's integers are exact as numbers. */
export const AMOUNT_MAX = 999_999_999_999n;

/** The id by which callers know a payment. */
export function paymentId(reference: string): string {
  return `pay_${reference.replaceAll('-', '')}`;
}

/** The reference behind a payment's id, or behind `ref:{reference}`; null for anything else. */
export function referenceOfId(id: string): string | null {
  if (id.startsWith('ref:')) return isReference(id.slice(4)) ? id.slice(4) : null;
  const parts = /^pay_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(id);
  return parts === null ? null : parts.slice(1).join('-');
}

export function isReference(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}
