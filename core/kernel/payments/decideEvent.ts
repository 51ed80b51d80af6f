import type { EventKind, RecordEvent } from './commands.ts';
import { decideOutcome } from './decideOutcome.ts';
import { draftOf } from './evolve.ts';
import { Flow, type PaymentContext, type PaymentDecision } from './flow.ts';
import type { Intent, Merchant, OperationState } from './model.ts';
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
  const flow = new Flow(context, draftOf(intent));
  const operation = flow.intent.operations.find(({ id }) => id === command.operation);
  if (operation === undefined) return { done: 'nothing' };
  if (intent.attempts[operation.attempt].provider !== command.provider) return { done: 'nothing' };
  if (command.proof !== null)
    return decideOutcome(
      context,
      { ...command, op: 'recordOutcome', outcome: command.proof },
      intent,
      merchant,
    );
  const says = SAYS[command.kind];
  if (says === undefined) {
    // A dispute, or money that a bank has called back: somebody has to look at it.
    flow.attend(operation, `the provider reports ${command.kind}`);
  } else if (operation.state === says || (operation.state === 'pending' && operation.tries === 0)) {
    // Known already, or the call is on its way and its own answer comes first.
    return { done: 'nothing' };
  } else {
    flow.moveOperation(operation, operation.state, context.nowUs);
    if (isOpen(operation.state) && operation.state !== 'accepted')
      operation.detail = `the provider reports ${command.kind}`;
  }
  return flow.write({ id: command.id, by: 'provider', request: [] }, { name: 'event_received' });
}
