import { raise } from './attention.ts';
import type { Outcome } from './commands.ts';
import { isFirstCall } from './complete.ts';
import { resolveAtUs } from './due.ts';
import type { Flow } from './flow.ts';
import { succeedLate } from './late.ts';
import type { Merchant, Operation } from './model.ts';
import { bookCaptureTakenBack, bookRefundTakenBack, bookUnappliedBack, bookUnappliedGone } from './money.ts';
import { doneBy, unsettledOf } from './said.ts';
import { ATTEMPT_TRANSITIONS, mayFollow } from './transitions.ts';

type Declined = Extract<Outcome, { done: 'declined' }>;

/**
 * What a provider says about something that is proven already: because an event of its own spoke of it, or because an
 * answer came late. The same proof again changes nothing; what was done may be taken back, and what was not done may
 * come after all; an authorisation that was none is an operator's.
 */
export function confirm(flow: Flow, merchant: Merchant, operation: Operation, outcome: Outcome): boolean {
  const { state, dueUs } = operation;
  if (agrees(operation, outcome)) {
    operation.tries++;
    // Of what stays done, what it was that was done stays too.
    if (state === 'succeeded') operation.decline = '';
    else operation.said = null;
    flow.moveOperation(operation, state, Infinity);
    flow.attend(operation, unsettledOf(flow, operation));
    return true;
  }
  if (outcome.done === 'succeeded' && state !== 'succeeded')
    return succeedLate(flow, merchant, operation, outcome);
  if (outcome.done === 'declined' && state === 'succeeded' && operation.kind !== 'void')
    return takenBack(flow, merchant, operation, outcome);
  // Nobody asked.
  if (dueUs === Infinity) return false;
  operation.tries++;
  const isProof = outcome.done === 'succeeded' || outcome.done === 'declined';
  // Of what is proven, "not yet" says as little as nothing.
  const nextUs = isProof ? Infinity : resolveAtUs(flow.nowUs, operation.silent++);
  flow.moveOperation(operation, state, nextUs);
  if (!isProof && nextUs === Infinity)
    flow.attend(operation, 'the provider reported something of it, and does not answer');
  return true;
}

/** What had succeeded, and the provider says now that it was not done, or not for good. */
function takenBack(flow: Flow, merchant: Merchant, operation: Operation, outcome: Declined): true {
  const { provider } = flow.intent.attempts[operation.attempt];
  const { kind, source, currency } = operation;
  operation.tries++;
  operation.decline = outcome.code;
  if (kind === 'refund') {
    operation.detail = outcome.providerCode;
    flow.moveOperation(operation, 'failed', Infinity);
    if (source === 'available') {
      bookRefundTakenBack(flow, merchant, { provider, amount: doneBy(operation) });
    } else {
      bookUnappliedBack(flow, { provider, amount: doneBy(operation), currency });
      flow.attend(operation, 'money that nobody wants came back');
    }
    operation.said = null;
    return true;
  }
  if ((kind === 'capture' || kind === 'sale') && source === 'available')
    return takeFromMerchant(flow, merchant, operation, outcome.providerCode);
  if (isFirstCall(operation)) flow.moveAttempt(operation.attempt, 'conflicted');
  return raise(flow, operation, 'two proofs contradict each other');
}

/**
 * A capture that failed after all, or money that the payer's bank called back. The payment stays what it was, as the
 * goods may have left by then; somebody has to see it.
 */
export function takeFromMerchant(flow: Flow, merchant: Merchant, operation: Operation, detail: string): true {
  const { counters, attempts } = flow.intent;
  const { provider } = attempts[operation.attempt];
  const amount = doneBy(operation);
  operation.detail = detail;
  flow.moveOperation(operation, 'failed', Infinity);
  if (operation.kind === 'sale') counters.authorized -= amount;
  bookCaptureTakenBack(flow, merchant, { provider, amount });
  operation.said = null;
  if (
    counters.captured === 0n &&
    mayFollow(ATTEMPT_TRANSITIONS, attempts[operation.attempt].state, 'returned')
  )
    flow.moveAttempt(operation.attempt, 'returned');
  flow.attend(operation, `the provider took a ${operation.kind} back`);
  return true;
}

/** Money that is nobody's, and never came or was called back, is in the books no more: what of it had gone back is lost. */
export function takeFromNobody(flow: Flow, operation: Operation): void {
  const { provider } = flow.intent.attempts[operation.attempt];
  const { amount, currency } = operation.said ?? operation;
  flow.moveOperation(operation, 'failed', Infinity);
  bookUnappliedGone(flow, { provider, amount, currency, cost: 0n });
  operation.said = null;
  operation.source = 'available';
}

/** Whether the provider has come back to what was proven first. */
function agrees({ state, said, decline, attention }: Operation, outcome: Outcome): boolean {
  if (attention === '') return false;
  return outcome.done === 'succeeded'
    ? state === 'succeeded' && decline !== ''
    : outcome.done === 'declined' && state !== 'succeeded' && said !== null;
}

/** Whether the provider said anything at all. */
export function isAnswer({ done }: Outcome): boolean {
  return done !== 'unknown' && done !== 'not_sent';
}
