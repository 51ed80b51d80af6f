import { BEHAVIOURS, type Card } from './cards.ts';
import { type Desk, type Verdict, declined, succeeded } from './desk.ts';
import { AUTHORIZATION_MS, CHALLENGE_MS, type Payment, SETTLEMENT_MS } from './model.ts';
import { costOf } from './pricing.ts';

export interface AuthorizeRequest {
  readonly token: string;
  /** Minor units, 1 to AMOUNT_MAX. */
  readonly amount: bigint;
  readonly currency: string;
  readonly isSale: boolean;
  readonly returnUrl: string;
  readonly statementDescriptor: string;
  readonly merchantPayment: string;
}

/** Makes the payment and says what comes of asking for it. */
export function authorize(
  desk: Desk,
  reference: string,
  request: AuthorizeRequest,
  card: Card,
): { payment: Payment; verdict: Verdict } {
  const { amount } = request;
  const known = desk.books.payment(reference);
  // Only a void or refund can have come first, and it has closed the reference.
  if (known !== undefined) return { payment: known, verdict: declined(amount, 'reference_closed') };
  const payment = newPayment(desk, reference, request, card);
  const verdict = firstVerdict(desk, payment);
  if (verdict.status === 'declined') payment.state = 'declined';
  desk.books.addPayment(payment);
  return { payment, verdict };
}

function firstVerdict(desk: Desk, payment: Payment): Verdict {
  const { asked, behaviour } = payment;
  const code = BEHAVIOURS[behaviour];
  if (code !== null) return declined(asked, code);
  if (behaviour === 'challenges') {
    payment.state = 'challenged';
    payment.expiresMs = desk.nowMs + CHALLENGE_MS;
    return { status: 'requires_action', amount: asked, cost: null, code: '' };
  }
  if (behaviour === 'success_after_cancel') {
    payment.state = 'pending';
    desk.books.addLater(desk.nowMs + desk.delays.lateSuccessMs, 'late_success', payment.reference);
    return { status: 'pending', amount: asked, cost: null, code: '' };
  }
  return charge(desk, payment);
}

/** Sets the money aside, and of a sale takes it. Whoever saves the payment does so afterwards. */
export function charge(desk: Desk, payment: Payment): Verdict {
  const amount = approvedOf(payment);
  payment.authorized = amount;
  payment.state = 'authorized';
  payment.expiresMs = desk.nowMs + AUTHORIZATION_MS;
  if (!payment.isSale) return succeeded(amount);
  payment.state = 'closed';
  return succeeded(amount, take(desk, payment, payment.reference, amount));
}

function approvedOf({ behaviour, asked }: Payment): bigint {
  if (behaviour === 'amount_mismatch') return otherThan(asked);
  return behaviour === 'partial_approval' ? (asked + 1n) / 2n : asked;
}

function otherThan(amount: bigint): bigint {
  return amount > 1n ? amount - 1n : amount + 1n;
}

/** Books a capture or sale and answers with its cost. */
export function take(desk: Desk, payment: Payment, reference: string, amount: bigint): bigint {
  const { books, nowMs, delays } = desk;
  const cost = costOf(amount, payment.currency);
  if (payment.captured === 0n && payment.behaviour === 'disputed_later')
    books.addLater(nowMs + delays.disputeMs, 'dispute', payment.reference);
  if (payment.behaviour === 'debit_returned')
    books.addLater(nowMs + delays.debitReturnMs, 'debit_return', reference);
  payment.captured += amount;
  if (payment.captured > payment.authorized) throw new Error('more was captured than was authorised');
  books.addLine({
    type: 'charge',
    reference,
    payment: payment.reference,
    currency: payment.currency,
    credit: amount,
    debit: 0n,
    fee: cost,
    availableMs: payment.behaviour === 'available_at_once' ? nowMs : nowMs + SETTLEMENT_MS,
    createdMs: nowMs,
  });
  return cost;
}

/** Goes on where the payer was sent to a challenge; null where there is nothing to go on with, or not yet. */
export function goOn(desk: Desk, payment: Payment): Verdict | null {
  const isLate = desk.nowMs >= payment.expiresMs;
  if (payment.state === 'challenged' && !isLate) return null;
  let verdict: Verdict;
  if (payment.state === 'challenged') verdict = declined(payment.asked, 'challenge_expired');
  else if (payment.state === 'authentication_failed')
    verdict = declined(payment.asked, 'authentication_failed');
  else if (payment.state === 'authenticated' && isLate)
    verdict = declined(payment.asked, 'challenge_expired');
  else if (payment.state === 'authenticated') verdict = charge(desk, payment);
  else return null;
  if (verdict.status === 'declined') payment.state = 'declined';
  desk.books.savePayment(payment);
  return verdict;
}

function newPayment(desk: Desk, reference: string, request: AuthorizeRequest, card: Card): Payment {
  return {
    reference,
    state: 'declined',
    behaviour: card.behaviour,
    brand: card.brand,
    last4: card.last4,
    currency: request.currency,
    asked: request.amount,
    authorized: 0n,
    captured: 0n,
    released: 0n,
    refunded: 0n,
    isSale: request.isSale,
    merchantPayment: request.merchantPayment,
    statementDescriptor: request.statementDescriptor,
    returnUrl: request.returnUrl,
    createdMs: desk.nowMs,
    expiresMs: desk.nowMs,
  };
}

/** Closes a reference that nothing was asked under yet: whatever arrives late is refused. */
export function bar(desk: Desk, reference: string, asked: { amount: bigint; currency: string }): void {
  const payment = newPayment(
    desk,
    reference,
    { ...asked, token: '', isSale: false, returnUrl: '', statementDescriptor: '', merchantPayment: '' },
    { brand: 'none', last4: '0000', behaviour: 'succeeds' },
  );
  desk.books.addPayment({ ...payment, state: 'barred' });
}
