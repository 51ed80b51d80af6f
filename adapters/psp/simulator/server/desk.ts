import type { Books } from './books.ts';
import type { Behaviour } from './cards.ts';
import {
  type EventType,
  type Kind,
  type Operation,
  type OperationStatus,
  type Payment,
  paymentId,
} from './model.ts';

/** How a webhook fares on its way. */
export interface Delivery {
  /** 0: it is lost. */
  readonly copies: 0 | 1 | 2;
  readonly delayMs: number;
}

/** How long after its cause something happens by itself, milliseconds. */
export interface Delays {
  /** A dispute, after the charge. */
  readonly disputeMs: number;
  /** A refund that fails, after it was answered. */
  readonly refundFailureMs: number;
  /** A capture that the payer's bank calls back, after it. */
  readonly debitReturnMs: number;
  /** The success that comes after the cancel, after the payment was asked for. */
  readonly lateSuccessMs: number;
}

export const DELAYS: Delays = {
  disputeMs: 2_000,
  refundFailureMs: 2_000,
  debitReturnMs: 2_000,
  lateSuccessMs: 2_000,
};

/** What a decision is made with: it happens inside a turn, at one moment. */
export interface Desk {
  readonly books: Books;
  readonly nowMs: number;
  readonly delays: Delays;
  /** Decided for each event by its id, so that a replayed run has the same fate. */
  readonly deliveryOf: (eventId: string, behaviour: Behaviour) => Delivery;
  /** Whether anybody is told; where not, events are only kept. */
  readonly isHeard: boolean;
  /** Ids of the events that this turn of the desk has written. */
  readonly told: string[];
}

/** What is decided about an operation. */
export interface Verdict {
  readonly status: OperationStatus;
  readonly amount: bigint;
  readonly cost: bigint | null;
  readonly code: string;
}

export function succeeded(amount: bigint, cost: bigint | null = null): Verdict {
  return { status: 'succeeded', amount, cost, code: '' };
}

export function declined(amount: bigint, code: string): Verdict {
  return { status: 'declined', amount, cost: null, code };
}

const DONE: Readonly<Record<Kind, EventType>> = {
  authorize: 'authorized',
  sale: 'captured',
  increment: 'authorized',
  capture: 'captured',
  void: 'voided',
  refund: 'refunded',
};

/** Tells the outcome of an operation. A follow-up that is declined is known to its caller, who alone can have asked. */
export function tellOutcome(desk: Desk, operation: Operation, payment: Payment): void {
  if (operation.status === 'succeeded') tell(desk, DONE[operation.kind], operation, payment);
  if (operation.status === 'declined' && (operation.kind === 'authorize' || operation.kind === 'sale'))
    tell(desk, 'declined', operation, payment);
}

export function tell(
  desk: Desk,
  type: EventType,
  about: Pick<Operation, 'reference' | 'amount' | 'currency'>,
  payment: Payment,
  /** Of a dispute, or a refund that was made by hand: its reference; of a dispute and a debit that was returned: what it costs, minor units. */
  more: { dispute?: string; refund?: string; fee?: bigint } = {},
): void {
  const id = `evt_${more.refund ?? about.reference}_${type}`;
  const { copies, delayMs } = desk.deliveryOf(id, payment.behaviour);
  desk.told.push(id);
  desk.books.addEvent({
    id,
    body: JSON.stringify({
      id,
      type,
      created_ms: desk.nowMs,
      operation: about.reference,
      payment: paymentId(payment.reference),
      amount: about.amount.toString(),
      currency: about.currency,
      ...(more.dispute === undefined ? {} : { dispute: more.dispute }),
      ...(more.refund === undefined ? {} : { refund: more.refund }),
      ...(more.fee === undefined ? {} : { fee: more.fee.toString() }),
    }),
    state: desk.isHeard && copies > 0 ? 'waiting' : 'kept',
    copies,
    dueMs: desk.nowMs + delayMs,
  });
}
