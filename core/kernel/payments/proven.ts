import { isOver, raise } from './attention.ts';
import type { Outcome } from './commands.ts';
import { resolveAtUs } from './due.ts';
import type { Flow } from './flow.ts';
import type { Merchant, Operation, Said } from './model.ts';
import { bookCaptureTakenBack, bookRefundTakenBack, bookUnappliedBack } from './money.ts';

/**
 * What a provider says about something that is proven already: because an event of its own spoke of it, or because an
 * answer came late. The same proof again changes nothing; a capture or a refund may be taken back; the opposite of
 * anything else is an operator's.
 */
export function confirm(flow: Flow, merchant: Merchant, operation: Operation, outcome: Outcome): boolean {
  const { state, kind, dueUs } = operation;
  if (isAnswer(outcome)) operation.silent = 0;
  if (state === 'succeeded' && outcome.done === 'declined' && (kind === 'capture' || kind === 'refund')) {
    operation.decline = outcome.code;
    operation.detail = outcome.providerCode;
    return takenBack(flow, merchant, operation);
  }
  if (contradicts(operation, outcome)) return contradict(flow, operation, outcome);
  if (agrees(operation, outcome)) {
    operation.tries++;
    operation.said = null;
    operation.decline = state === 'succeeded' ? '' : operation.decline;
    flow.moveOperation(operation, state, Infinity);
    flow.attend(operation, '');
    return true;
  }
  // Nobody asked.
  if (dueUs === Infinity) return false;
  operation.tries++;
  const isProof = outcome.done === 'succeeded' || outcome.done === 'declined';
  const nextUs = isProof ? Infinity : resolveAtUs(flow.nowUs, operation.silent++);
  flow.moveOperation(operation, state, nextUs);
  if (!isProof && nextUs === Infinity)
    flow.attend(operation, 'the provider reported something of it, and does not answer');
  return true;
}

/** A capture or a refund that had succeeded, and that the provider takes back. */
function takenBack(flow: Flow, merchant: Merchant, operation: Operation): boolean {
  const { intent } = flow;
  const { provider } = intent.attempts[operation.attempt];
  flow.moveOperation(operation, 'failed', Infinity);
  if (operation.kind === 'refund') {
    if (operation.source === 'unapplied') {
      const { currency } = operation;
      bookUnappliedBack(flow, { provider, amount: doneBy(operation), currency });
      flow.attend(operation, 'money that nobody wants came back');
      return true;
    }
    bookRefundTakenBack(flow, merchant, { provider, amount: doneBy(operation) });
    return true;
  }
  bookCaptureTakenBack(flow, merchant, { provider, amount: doneBy(operation) });
  flow.attend(operation, 'the provider took a capture back');
  if (!isOver(intent)) flow.move('conflicted');
  return true;
}

/** Keeps what the provider says now beside what was proven; an operator decides between the two. */
function contradict(flow: Flow, operation: Operation, outcome: Outcome): true {
  operation.tries++;
  if (outcome.done === 'succeeded') operation.said = saidOf(outcome);
  if (outcome.done === 'declined') operation.decline = outcome.code;
  if (operation.kind !== 'void' && operation.kind !== 'refund' && operation.kind !== 'increment')
    flow.moveAttempt(operation.attempt, 'conflicted');
  return raise(flow, operation, 'two proofs contradict each other');
}

/** Whether the provider has come back to what was proven first. */
function agrees({ state, said, decline, attention }: Operation, outcome: Outcome): boolean {
  if (attention === '') return false;
  return outcome.done === 'succeeded'
    ? state === 'succeeded' && decline !== ''
    : outcome.done === 'declined' && state !== 'succeeded' && said !== null;
}

/** Minor units that the provider really did. */
export function doneBy({ said, amount }: Operation): bigint {
  return said?.amount ?? amount;
}

export function saidOf({ amount, currency, cost }: Extract<Outcome, { done: 'succeeded' }>): Said {
  return { amount, currency, cost };
}

/** Whether the provider said anything at all. */
export function isAnswer({ done }: Outcome): boolean {
  return done !== 'unknown' && done !== 'not_sent';
}

/** Whether a proof says the opposite of the one that stands. */
function contradicts({ state, kind }: Operation, outcome: Outcome): boolean {
  if (outcome.done === 'succeeded') return state !== 'succeeded';
  return outcome.done === 'declined' && state === 'succeeded' && kind !== 'void';
}
