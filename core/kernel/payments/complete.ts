import type { Uuid } from '../ledger/commands.ts';
import { isOver } from './attention.ts';
import { mayTryNext, startAttempt, triedWith } from './attempts.ts';
import { type Flow, operationId } from './flow.ts';
import type { Intent, Merchant, Operation } from './model.ts';
import {
  bookApplied,
  bookAuthorized,
  bookAuthorizedTakenBack,
  bookCaptured,
  bookCosts,
  bookRefundDiffers,
  bookRefunded,
  bookReleased,
  bookUnapplied,
  bookUnappliedAsked,
  bookUnappliedGone,
  bookUnappliedKept,
  bookUnappliedReturned,
} from './money.ts';
import { ATTEMPT_TRANSITIONS, isOpen, mayFollow } from './transitions.ts';
import type { Success } from './commands.ts';
import { costDue, REFUNDED_TOO_MUCH, refundableOf } from './said.ts';
import { startVoid } from './attempts.ts';

/** Of an attempt: the call that it began with. */
export function isFirstCall({ kind }: Operation): boolean {
  return kind === 'authorize' || kind === 'sale';
}

/** Of an attempt that the payment has left behind, or of a payment that is over. */
export function isAside({ intent }: Flow, { attempt }: Operation): boolean {
  return attempt !== intent.attempts.length - 1 || isOver(intent);
}

/** Books that it was done, with the amount of the outcome. */
export function complete(flow: Flow, merchant: Merchant, operation: Operation, said: Success): void {
  flow.moveOperation(operation, 'succeeded', Infinity);
  const outcome = { ...said, cost: costDue(operation, said.cost) };
  switch (operation.kind) {
    case 'authorize':
      return authorized(flow, operation, outcome);
    case 'sale':
      return sold(flow, merchant, operation, outcome);
    case 'capture':
      return captured(flow, merchant, operation, outcome);
    case 'void':
      return voided(flow, merchant, operation, outcome);
    case 'refund':
      return refunded(flow, merchant, operation, outcome);
    case 'increment':
      return incremented(flow, operation, outcome);
  }
}

function authorized(flow: Flow, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const attempt = flow.moveAttempt(operation.attempt, 'authorized');
  attempt.providerReference = outcome.providerReference;
  attempt.expiresAtUs = outcome.expiresAtUs;
  if (outcome.expiresAtUs < intent.expiresAtUs) attempt.expiresAtUs = outcome.expiresAtUs;
  const { amount, cost } = outcome;
  bookAuthorized(flow, { provider: attempt.provider, amount, cost });
  if (intent.canceling) {
    startVoid(flow, operation.id);
  } else if (isClosing(flow, operation)) {
    // It was to be closed before it turned up: whether it stands, the void's outcome says.
    if (intent.state !== 'processing') flow.move('processing');
  } else {
    useAuthorization(flow, operation, amount);
  }
}

/** Whether a void of the attempt is under way. */
export function isClosing({ intent }: Flow, { attempt }: Operation): boolean {
  return intent.operations.some((one) => one.kind === 'void' && one.attempt === attempt && isOpen(one.state));
}

/** Captures what an authorisation holds, or leaves that to the merchant. */
export function useAuthorization(flow: Flow, { id, attempt }: Operation, amount: bigint): void {
  const { intent } = flow;
  if (intent.capture === 'manual') return flow.move('requires_capture');
  flow.begin(operationId(flow, id, 'capture'), { kind: 'capture', attempt, amount });
  intent.counters.capturing += amount;
  if (intent.state !== 'processing') flow.move('processing');
}

function sold(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { amount, cost } = outcome;
  const attempt = flow.moveAttempt(operation.attempt, 'captured');
  attempt.providerReference = outcome.providerReference;
  intent.counters.capturing -= operation.amount;
  if (intent.canceling) {
    operation.source = 'unapplied';
    if (operation.said === null)
      bookUnapplied(flow, { provider: attempt.provider, amount, cost, currency: intent.currency });
    sendBack(flow, operation, { amount, currency: intent.currency, cause: operation.id });
    return;
  }
  intent.counters.authorized += amount;
  taken(flow, merchant, operation, outcome);
  flow.move('succeeded');
}

/** What a capture has taken from the authorisation is gone there, and the rest with it where no other one follows. */
export function useUp(flow: Flow, { attempt, amount, final }: Operation): void {
  const { counters, attempts } = flow.intent;
  const { provider } = attempts[attempt];
  // What was taken back before has used its part up already.
  if (counters.returned >= amount) return;
  const left = counters.authorized - counters.captured - counters.capturing;
  const gone = left < amount ? left : amount;
  // What another capture has under way is still held, as far as anybody knows.
  const isHeld = gone < left || counters.capturing > 0n;
  if (!final && isHeld) return bookAuthorizedTakenBack(flow, provider, gone);
  counters.authorized -= gone;
  bookReleased(flow, { provider, cost: 0n });
}

/** Money that was captured is the merchant's; of another amount than was asked it is so by an operator's word. */
function taken(flow: Flow, merchant: Merchant, operation: Operation, { amount, cost }: Success): void {
  const { intent } = flow;
  const { provider } = intent.attempts[operation.attempt];
  if (operation.said === null) bookCaptured(flow, merchant, { provider, amount, cost });
  else bookApplied(flow, merchant, { provider, amount });
}

/** Whether it took money of which nobody has decided yet whose it is: it stands as unapplied. */
export function isUndecided({ kind, state, said }: Operation): boolean {
  return (kind === 'sale' || kind === 'capture') && said !== null && state !== 'succeeded';
}

/** Undoes what was booked of an answer that another one replaces. */
export function takeBackSaid(flow: Flow, operation: Operation): void {
  if (operation.said === null) return;
  const { provider } = flow.intent.attempts[operation.attempt];
  if (isUndecided(operation)) {
    bookUnappliedGone(flow, { provider, ...operation.said });
    delete operation.cost;
  }
  operation.said = null;
}

/** What is to be done once more under the same cause is another operation: under its first id a provider would do nothing. */
function unusedId(flow: Flow, cause: Uuid, purpose: string): Uuid {
  const used = new Set(flow.intent.operations.map(({ id }) => id));
  let id = operationId(flow, cause, purpose);
  for (let n = 2; used.has(id); n++) id = operationId(flow, cause, `${purpose} ${n}`);
  return id;
}

/** Money that nobody wants any more goes back to where it came from. */
export function sendBack(
  flow: Flow,
  { attempt }: Operation,
  { amount, currency, cause }: { amount: bigint; currency: string; cause: Uuid },
): void {
  const { provider } = flow.intent.attempts[attempt];
  bookUnappliedAsked(flow, { provider, amount, currency });
  flow.begin(unusedId(flow, cause, 'return'), {
    kind: 'refund',
    attempt,
    amount,
    currency,
    source: 'unapplied',
  });
}

function captured(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { counters } = intent;
  const { provider } = intent.attempts[operation.attempt];
  counters.capturing -= operation.amount;
  taken(flow, merchant, operation, outcome);
  const isLast = operation.final || counters.captured === counters.authorized;
  if (isLast) {
    bookReleased(flow, { provider, cost: 0n });
    flow.moveAttempt(operation.attempt, 'captured');
    intent.canceling = false;
    intent.cancelReason = '';
    flow.move('succeeded');
  } else if (intent.canceling) {
    startVoid(flow, operation.id);
  } else {
    flow.move('partially_captured');
  }
}

function incremented(flow: Flow, { id, attempt }: Operation, { amount, cost }: Success): void {
  const { intent } = flow;
  bookAuthorized(flow, { provider: intent.attempts[attempt].provider, amount, cost });
  if (intent.canceling) startVoid(flow, id);
  // All that will be captured was by then: nobody is going to use it.
  else if (intent.state === 'succeeded')
    flow.begin(operationId(flow, id, 'void of the rest'), { kind: 'void', attempt, amount });
}

function voided(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { provider } = intent.attempts[operation.attempt];
  const wasLate = isLate(flow, operation);
  const wasUnknown = closeFirstCall(flow, operation.attempt, 'the provider let go of it');
  const { state } = flow.attempt(operation.attempt);
  if (!wasUnknown && mayFollow(ATTEMPT_TRANSITIONS, state, 'voided'))
    flow.moveAttempt(operation.attempt, 'voided');
  askAgain(flow, operation);
  if (wasLate || isAside(flow, operation)) return bookCosts(flow, { provider, cost: outcome.cost });
  bookCosts(flow, { provider, cost: outcome.cost });
  endHold(flow, merchant, provider);
}

/** The provider holds nothing of the last attempt any more. */
export function endHold(flow: Flow, merchant: Merchant, provider: string): void {
  const { canceling, counters } = flow.intent;
  // The next provider is asked for all of it again: what is gone counts no more.
  if (!canceling && !isPaid(flow.intent)) bookAuthorizedTakenBack(flow, provider, counters.memo);
  else bookReleased(flow, { provider, cost: 0n });
  afterClosing(flow, merchant);
}

/** A sale that was done, and that a void has let go of, cannot both be: the provider is asked which of them stands. */
function askAgain(flow: Flow, { attempt }: Operation): void {
  const { operations, attempts } = flow.intent;
  const first = operations.find(({ id }) => id === attempts[attempt].operation);
  if (first?.kind === 'sale' && first.state === 'succeeded' && first.source === 'available')
    flow.moveOperation(first, 'succeeded', flow.nowUs);
}

/** Whether any money of it was captured, whatever was taken back since. */
function isPaid({ counters }: Intent): boolean {
  return counters.captured + counters.returned > 0n;
}

/** Of an attempt that was proven not to have come to be, before it did after all. */
export function isLate({ intent }: Flow, { attempt }: Operation): boolean {
  const first = intent.operations.find(({ id }) => id === intent.attempts[attempt].operation);
  if (first === undefined || first.said === null) return false;
  return first.state === 'failed' || first.state === 'not_sent';
}

/** A void that proves what was unknown: the authorisation or sale never came to be, or is gone. False where it was known. */
export function closeFirstCall(flow: Flow, attempt: number, why: string): boolean {
  const { intent } = flow;
  const first = intent.operations.find(({ id }) => id === intent.attempts[attempt].operation);
  if (first === undefined || !isOpen(first.state)) return false;
  takeBackSaid(flow, first);
  first.detail = why;
  flow.moveOperation(first, 'failed', Infinity);
  if (first.kind === 'sale') intent.counters.capturing -= first.amount;
  flow.moveAttempt(attempt, 'failed');
  return true;
}

/** Lets go of what a provider still holds of a payment that is being canceled; where it holds nothing the payment ends. */
export function endCanceled(flow: Flow, merchant: Merchant, cause: Uuid): void {
  if (flow.intent.counters.memo > 0n) startVoid(flow, cause);
  else afterClosing(flow, merchant);
}

/** Where a payment stands once nothing is open at the provider of its last attempt. */
export function afterClosing(flow: Flow, merchant: Merchant): void {
  const { intent } = flow;
  if (isPaid(intent)) {
    intent.canceling = false;
    intent.cancelReason = '';
    flow.move('succeeded');
  } else if (intent.canceling) {
    flow.move(intent.cancelReason === 'expired' ? 'expired' : 'canceled');
  } else {
    nextRoute(flow, merchant);
  }
}

/** Goes on to the next route, if the merchant allows another and there is one. */
export function nextRoute(flow: Flow, merchant: Merchant): void {
  const isInTime = flow.nowUs < flow.intent.expiresAtUs;
  const next = { tried: triedWith(flow) };
  if (isInTime && mayTryNext(flow, merchant) && startAttempt(flow, merchant, next) === null) return;
  flow.move('requires_payment_method');
}

function refunded(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { source, currency, amount: asked } = operation;
  const { amount, cost } = outcome;
  const { provider } = intent.attempts[operation.attempt];
  if (source === 'available') {
    bookRefundDiffers(flow, { provider, asked, done: amount, taken: operation });
    bookRefunded(flow, merchant, { provider, amount, cost });
    // Somebody refunded the same money at the provider's own pages meanwhile.
    if (refundableOf({ ...intent.counters, refunding: 0n }) < 0n) flow.attend(operation, REFUNDED_TOO_MUCH);
    return;
  }
  if (amount < asked) {
    bookUnappliedKept(flow, { provider, amount: asked - amount, currency });
    flow.attend(operation, 'only a part of the money that nobody wants was sent back');
  }
  bookUnappliedReturned(flow, { provider, amount, cost, currency });
}
