import { take } from './authorizing.ts';
import { type Desk, type Verdict, declined, succeeded } from './desk.ts';
import { AMOUNT_MAX, type Payment } from './model.ts';

export interface FollowUpRequest {
  /** Minor units, 1 to AMOUNT_MAX. */
  readonly amount: bigint;
  readonly currency: string;
  /** Of a capture: no other follows, and the rest is released. */
  readonly isFinal: boolean;
}

export type FollowUpKind = 'increment' | 'capture' | 'void' | 'refund';

/** Acts on a payment that is known. Changes and saves it only where the verdict is a success. */
export function followUp(
  desk: Desk,
  kind: FollowUpKind,
  reference: string,
  request: FollowUpRequest,
  payment: Payment,
): Verdict {
  const refusal = refusalOf(desk, kind, request, payment);
  if (refusal !== null) return declined(request.amount, refusal);
  const verdict = carryOut(desk, kind, reference, request, payment);
  desk.books.savePayment(payment);
  return verdict;
}

/** Why not, or null. Order is precedence: what the payment is, then the currency, then the amount. */
function refusalOf(
  desk: Desk,
  kind: FollowUpKind,
  { amount, currency }: FollowUpRequest,
  payment: Payment,
): string | null {
  const state = payment.state;
  if (state === 'barred') return 'payment_not_found';
  if (state === 'declined') return 'payment_declined';
  const isUnderWay = state === 'challenged' || state === 'authenticated' || state === 'authentication_failed';
  if (kind !== 'void' && isUnderWay) return 'authentication_pending';
  if (kind !== 'void' && state === 'pending') return 'payment_pending';
  if (kind === 'refund') {
    if (payment.captured === 0n) return 'not_captured';
  } else {
    if (state === 'closed') return payment.captured === 0n ? 'already_voided' : 'already_captured';
    if (state === 'authorized' && desk.nowMs >= payment.expiresMs) return 'authorization_expired';
  }
  if (currency !== payment.currency) return 'currency_mismatch';
  return isTooLarge(kind, amount, payment) ? 'amount_too_large' : null;
}

function isTooLarge(kind: FollowUpKind, amount: bigint, payment: Payment): boolean {
  switch (kind) {
    case 'capture':
      return amount > openOf(payment);
    case 'increment':
      return payment.authorized + amount > AMOUNT_MAX;
    case 'refund':
      return amount > payment.captured - payment.refunded;
    case 'void':
      // It releases what is open, whatever the caller believes that to be, and says how much that was.
      return false;
  }
}

function carryOut(
  desk: Desk,
  kind: FollowUpKind,
  reference: string,
  { amount, isFinal }: FollowUpRequest,
  payment: Payment,
): Verdict {
  switch (kind) {
    case 'increment':
      payment.authorized += amount;
      return succeeded(amount);
    case 'capture': {
      const cost = take(desk, payment, reference, amount);
      if (isFinal) payment.released = payment.authorized - payment.captured;
      if (openOf(payment) === 0n) payment.state = 'closed';
      return succeeded(amount, cost);
    }
    case 'void':
      return release(desk, payment);
    case 'refund':
      payment.refunded += amount;
      desk.books.addLine({
        type: 'refund',
        reference,
        payment: payment.reference,
        currency: payment.currency,
        credit: 0n,
        debit: amount,
        fee: 0n,
        availableMs: desk.nowMs,
        createdMs: desk.nowMs,
      });
      if (payment.behaviour === 'refund_fails_later')
        desk.books.addLater(desk.nowMs + desk.delays.refundFailureMs, 'refund_failure', reference);
      return succeeded(amount);
  }
}

function release(desk: Desk, payment: Payment): Verdict {
  const open = openOf(payment);
  switch (payment.state) {
    case 'authorized':
      payment.released += open;
      payment.state = 'closed';
      return succeeded(open);
    case 'pending':
      // It says that it is canceled, and the success comes all the same: that is what this token is for.
      return succeeded(payment.asked);
    case 'challenged':
    case 'authenticated':
    case 'authentication_failed': {
      payment.state = 'declined';
      const asked = desk.books.operation(payment.reference)?.operation;
      if (asked === undefined) throw new Error('a payment without the operation that made it');
      desk.books.saveOperation({ ...asked, status: 'declined', code: 'canceled' });
      return succeeded(payment.asked);
    }
    case 'closed':
    case 'declined':
    case 'barred':
      throw new Error(`nothing to release of a payment that is ${payment.state}`);
  }
}

function openOf({ authorized, captured, released }: Payment): bigint {
  return authorized - captured - released;
}
