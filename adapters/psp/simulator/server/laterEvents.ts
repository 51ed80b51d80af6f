import { charge } from './authorizing.ts';
import { type Desk, tell, tellOutcome } from './desk.ts';
import type { Dispute, Later, Payment } from './model.ts';
import { DISPUTE_FEE, RETURN_FEE } from './pricing.ts';

/** What comes by itself, a while after its cause. */
export function happen(desk: Desk, what: Later, reference: string): void {
  switch (what) {
    case 'dispute':
      moveDispute(desk, paymentOf(desk, reference), 'opened');
      return;
    case 'late_success':
      succeedLate(desk, paymentOf(desk, reference));
      return;
    case 'debit_return':
      returnDebit(desk, reference);
      return;
    case 'refund_failure':
      failRefund(desk, reference);
      return;
  }
}

function succeedLate(desk: Desk, payment: Payment): void {
  const kept = desk.books.operation(payment.reference);
  if (kept === undefined || payment.state !== 'pending') throw new Error('a late success of nothing pending');
  const operation = { ...kept.operation, ...charge(desk, payment) };
  desk.books.savePayment(payment);
  desk.books.saveOperation(operation);
  tellOutcome(desk, operation, payment);
}

function failRefund(desk: Desk, reference: string): void {
  const refund = desk.books.operation(reference)?.operation;
  if (refund?.status !== 'succeeded') throw new Error('a refund that fails without having succeeded');
  const payment = paymentOf(desk, refund.payment);
  payment.refunded -= refund.amount;
  desk.books.savePayment(payment);
  desk.books.saveOperation({ ...refund, status: 'declined', code: 'refund_failed' });
  addLine(desk, 'refund_failure', payment, { reference, credit: refund.amount, debit: 0n, fee: 0n });
  tell(desk, 'refund_failed', refund, payment);
}

/** The payer's bank calls a capture back. Nothing happens where some of the payment was sent back, or is contested. */
function returnDebit(desk: Desk, reference: string): void {
  const capture = desk.books.operation(reference)?.operation;
  if (capture?.status !== 'succeeded') throw new Error('a debit that is returned without having been taken');
  const payment = paymentOf(desk, capture.payment);
  if (payment.refunded > 0n || desk.books.dispute(payment.reference) !== undefined) return;
  payment.captured -= capture.amount;
  desk.books.savePayment(payment);
  desk.books.saveOperation({ ...capture, status: 'declined', code: 'debit_returned' });
  addLine(desk, 'debit_return', payment, { reference, credit: 0n, debit: capture.amount, fee: RETURN_FEE });
  tell(desk, 'debit_returned', capture, payment, { fee: RETURN_FEE });
}

/** Somebody refunds at the provider's own pages: no call of anybody's. False where there is not so much to refund. */
export function refundByHand(
  desk: Desk,
  payment: Payment,
  { reference, amount }: { reference: string; amount: bigint },
): boolean {
  if (amount > payment.captured - payment.refunded) return false;
  payment.refunded += amount;
  desk.books.savePayment(payment);
  addLine(desk, 'refund', payment, { reference, credit: 0n, debit: amount, fee: 0n });
  const about = { reference: payment.reference, amount, currency: payment.currency };
  tell(desk, 'refunded', about, payment, { refund: reference });
  return true;
}

export type DisputeMove = Dispute['state'];

/**
 * Opened over all that was captured and not sent back by then; won, that amount comes back, whatever was sent back
 * meanwhile. False where there is nothing to dispute, or it is not the time for that move.
 */
export function moveDispute(desk: Desk, payment: Payment, move: DisputeMove): boolean {
  const { reference, currency } = payment;
  const before = desk.books.dispute(reference);
  if (before?.state !== (move === 'opened' ? undefined : 'opened')) return false;
  const amount = before?.amount ?? payment.captured - payment.refunded;
  if (amount === 0n) return false;
  desk.books.saveDispute({ payment: reference, state: move, amount });
  if (move === 'opened')
    addLine(desk, 'dispute', payment, { reference, credit: 0n, debit: amount, fee: DISPUTE_FEE });
  if (move === 'won')
    addLine(desk, 'dispute_won', payment, { reference, credit: amount, debit: 0n, fee: 0n });
  const more = { dispute: `dp_${reference}`, fee: move === 'opened' ? DISPUTE_FEE : 0n };
  tell(desk, `dispute_${move}`, { reference, amount, currency }, payment, more);
  return true;
}

function addLine(
  desk: Desk,
  type: 'refund' | 'refund_failure' | 'dispute' | 'dispute_won' | 'debit_return',
  payment: Payment,
  moved: { reference: string; credit: bigint; debit: bigint; fee: bigint },
): void {
  desk.books.addLine({
    type,
    ...moved,
    payment: payment.reference,
    currency: payment.currency,
    availableMs: desk.nowMs,
    createdMs: desk.nowMs,
  });
}

function paymentOf(desk: Desk, reference: string): Payment {
  const payment = desk.books.payment(reference);
  if (payment === undefined) throw new Error('something happens to a payment that is not there');
  return payment;
}
