import type { EventKind, MovedByOthers, Outcome, RecordEvent, RecordOutcome } from './commands.ts';
import { decideOutcome } from './decideOutcome.ts';
import { DISPUTE_STATES, moveDispute } from './disputes.ts';
import { draftOf } from './evolve.ts';
import { Flow, IllegalMove, type PaymentContext, type PaymentDecision } from './flow.ts';
import type { Intent, Merchant, Operation, OperationKind, OperationState } from './model.ts';
import { bookCosts, bookDisputeFee } from './money.ts';
import { type Moved, refundedElsewhere, refundFailedElsewhere } from './foreignRefunds.ts';
import { takeFromMerchant, takeFromNobody } from './proven.ts';
import { doneBy } from './said.ts';
import { isOpen } from './transitions.ts';

/** How an operation stands if what the event says is true. */
const SAYS: Readonly<Partial<Record<EventKind, OperationState>>> = {
  authorized: 'succeeded',
  captured: 'succeeded',
  voided: 'succeeded',
  refunded: 'succeeded',
  declined: 'failed',
  capture_failed: 'failed',
  refund_failed: 'failed',
};

/** What each of them can be the end of; absent for anything. */
const SPEAKS_OF: Readonly<Partial<Record<EventKind, readonly OperationKind[]>>> = {
  authorized: ['authorize', 'sale', 'increment'],
  captured: ['capture', 'sale'],
  capture_failed: ['capture', 'sale'],
  voided: ['void'],
  refunded: ['refund', 'void'],
  refund_failed: ['refund', 'void'],
};

/**
 * Keeps what a provider told by itself, and makes what it speaks of due, so that it is asked about. An event that says
 * what is proven already changes nothing.
 */
export function decideEvent(
  context: PaymentContext,
  command: RecordEvent,
  intent: Intent,
  merchant: Merchant,
): PaymentDecision {
  const spoken = spokenOf(intent, command);
  if (spoken === undefined) return { done: 'nothing' };
  const { state, tries } = spoken;
  if (intent.attempts[spoken.attempt].provider !== command.provider) return { done: 'nothing' };
  // Done at the provider's own pages: it names the payment, and is no proof of what the payment began with.
  const isStrange = SPEAKS_OF[command.kind]?.includes(spoken.kind) === false;
  if (isStrange && isForeign(command, intent)) return movedByOthers(context, command, intent, merchant);
  if (isStrange && (command.proof !== null || state === 'succeeded'))
    return leave(
      context,
      command,
      intent,
      `the provider reports ${command.kind}, which nobody here asked for`,
    );
  if (isBeforeVoid(intent, spoken, command)) return { done: 'nothing' };
  if (command.proof !== null) {
    // Reordered on its way: a later one has proven it otherwise.
    if (!isOpen(state) && isOvertaken(spoken, command)) return { done: 'nothing' };
    return decideOutcome(context, proven(command, command.proof, spoken), intent, merchant);
  }
  const says = SAYS[command.kind];
  // Told before the answer to the call, and yet later: it is to be told again once there is something to take back.
  if (isReversal(command) && state === 'pending' && tries === 0) return { done: 'later' };
  // Known already, or the call is on its way and its own answer comes first: most events tell nothing new.
  if (says !== undefined && (state === says || (state === 'pending' && tries === 0)))
    return { done: 'nothing' };
  // Once it is no longer waited for, it says nothing new.
  if (command.kind === 'action_done' && state !== 'requires_action') return { done: 'nothing' };
  if (says === undefined && command.kind !== 'action_done')
    return movedByOthers(context, command, intent, merchant);
  const flow = new Flow(context, draftOf(intent));
  const operation = spokenOf(flow.intent, command)!;
  flow.moveOperation(operation, state, context.nowUs);
  if (!isOpen(state)) operation.silent = 0;
  if (isOpen(state) && state !== 'accepted') operation.detail = `the provider reports ${command.kind}`;
  return received(flow, command);
}

/**
 * Whether what an event says was over by the moment of the one that proved it otherwise. What moves money is asked for
 * once, so where it was done and has failed at one moment it was done first, and taken back.
 */
function isOvertaken({ kind, state, eventUs }: Operation, { kind: told, occurredUs }: RecordEvent): boolean {
  if (occurredUs !== eventUs) return occurredUs < eventUs;
  const movesMoney = kind === 'capture' || kind === 'sale' || kind === 'refund';
  return movesMoney && state === 'failed' && SAYS[told] === 'succeeded';
}

/** Whether it tells of what a void has closed since: what was let go of had been granted before. */
function isBeforeVoid(
  { operations }: Intent,
  { kind, attempt, state, said }: Operation,
  { kind: told, occurredUs }: RecordEvent,
): boolean {
  if (told !== 'authorized' || kind !== 'authorize' || state !== 'failed' || said !== null) return false;
  return operations.some(
    (one) =>
      one.kind === 'void' &&
      one.attempt === attempt &&
      one.state === 'succeeded' &&
      occurredUs <= (one.eventUs === 0 ? one.askedUs : one.eventUs),
  );
}

/** Whether it may take back what was done, and not only say that it was never done. */
function isReversal({ kind }: RecordEvent): boolean {
  return kind === 'capture_failed' || kind === 'refund_failed';
}

function received(flow: Flow, { id }: RecordEvent): PaymentDecision {
  return flow.write({ id, by: 'provider', request: [] }, { name: 'event_received' });
}

/** Books nothing of an event, and leaves it to an operator. */
function leave(context: PaymentContext, command: RecordEvent, intent: Intent, why: string): PaymentDecision {
  const flow = new Flow(context, draftOf(intent));
  flow.attend(spokenOf(flow.intent, command)!, why);
  return received(flow, command);
}

/** Whether it is of a refund whose money is told, so that it can be booked. */
function isForeign({ kind, moved }: RecordEvent, { currency, operations }: Intent): boolean {
  if (moved === null || (kind !== 'refunded' && kind !== 'refund_failed')) return false;
  return (
    moved.currency === currency ||
    operations.some(({ said, source }) => source === 'unapplied' && said?.currency === moved.currency)
  );
}

function movedByOthers(
  context: PaymentContext,
  command: RecordEvent,
  intent: Intent,
  merchant: Merchant,
): PaymentDecision {
  const flow = new Flow(context, draftOf(intent));
  const operation = spokenOf(flow.intent, command)!;
  const { kind, state } = operation;
  try {
    const done = moveByOthers(flow, merchant, operation, command);
    return done === 'booked' ? received(flow, command) : { done };
  } catch (error) {
    if (!(error instanceof IllegalMove)) throw error;
    const why = `${command.kind} of a ${kind} that is ${state}, of a payment that is ${intent.state}`;
    return leave(context, command, intent, why);
  }
}

function proven(
  { id, intent, occurredUs: eventUs }: RecordEvent,
  outcome: Outcome,
  { id: operation }: Operation,
): RecordOutcome {
  return { op: 'recordOutcome', id, intent, operation, outcome, eventUs };
}

/** What an event speaks of: by our reference, or else the call that the payment began with at that provider. */
function spokenOf(
  { operations, attempts }: Intent,
  { operation, provider, payment, moved }: RecordEvent,
): Operation | undefined {
  const own =
    operation !== ''
      ? operation
      : (refundOf(operations, moved)?.id ??
        attempts.findLast((one) => one.provider === provider && one.providerReference === payment)
          ?.operation);
  return operations.find(({ id, foreign }) => id === own && foreign !== true);
}

/** A refund of ours that the provider names by its own reference alone. */
function refundOf(operations: readonly Operation[], moved: MovedByOthers | null): Operation | undefined {
  if (moved === null) return undefined;
  return operations.find(
    ({ kind, foreign, providerReference }) =>
      kind === 'refund' && foreign !== true && providerReference === moved.reference,
  );
}

/** A refund that nobody here asked for, a dispute, or money that a bank has called back. */
function moveByOthers(flow: Flow, merchant: Merchant, operation: Operation, event: RecordEvent): Moved {
  const { kind, moved, occurredUs } = event;
  if (moved !== null && kind === 'refunded')
    return refundedElsewhere(flow, merchant, operation, { moved, occurredUs });
  if (moved !== null && kind === 'refund_failed')
    return refundFailedElsewhere(flow, merchant, operation, { moved, occurredUs });
  if (moved === null || moved.currency !== flow.intent.currency) {
    flow.attend(operation, `the provider reports ${kind}`);
    return 'booked';
  }
  const to = DISPUTE_STATES[kind];
  const isMoved =
    to === undefined
      ? returnDebit(flow, merchant, operation, moved)
      : moveDispute(flow, operation, { to, moved, occurredUs });
  return isMoved ? 'booked' : 'nothing';
}

function returnDebit(flow: Flow, merchant: Merchant, operation: Operation, moved: MovedByOthers): boolean {
  const { state, kind } = operation;
  if (state === 'failed') return false;
  const isTaken = state === 'succeeded' && (kind === 'sale' || kind === 'capture');
  if (!isTaken || moved.amount !== doneBy(operation)) {
    flow.attend(operation, `the provider reports debit_returned of ${moved.amount} ${moved.currency}`);
    return true;
  }
  const { provider } = flow.intent.attempts[operation.attempt];
  if (operation.source === 'available') {
    takeFromMerchant(flow, merchant, operation, `returned: ${moved.reference}`);
    bookDisputeFee(flow, { provider, cost: moved.cost });
    return true;
  }
  // The merchant never had it, and pays nothing for it.
  bookCosts(flow, { provider, cost: moved.cost });
  takeFromNobody(flow, operation);
  flow.attend(operation, `the provider took a ${kind} back`);
  return true;
}
