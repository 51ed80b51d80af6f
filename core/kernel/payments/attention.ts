import type { Flow } from './flow.ts';
import type { AttemptState, Intent, IntentState, Operation } from './model.ts';
import { isBusy, isOpen } from './transitions.ts';

/** Puts the payment into an operator's hands: nothing moves by itself until it is settled. */
export function raise(flow: Flow, operation: Operation, why: string): true {
  operation.detail = why;
  flow.moveOperation(operation, operation.state, Infinity);
  flow.attend(operation, why);
  if (!isOver(flow.intent)) flow.move('conflicted');
  return true;
}

/** What an operator has to decide about a payment stays to be decided, whatever else is proven meanwhile. */
export function stayConflicted({ intent }: Flow, before: IntentState): void {
  if (before !== 'conflicted' || isOver(intent)) return;
  if (intent.operations.some(({ attention }) => attention !== '')) intent.state = 'conflicted';
}

/**
 * Takes a payment, and its attempts, out of `conflicted` where nothing is left that an operator has to decide, and out of
 * `processing` where no provider is asked for anything any more.
 */
export function rest(flow: Flow): void {
  const { intent } = flow;
  for (const [index, { state }] of intent.attempts.entries()) {
    const settled = state === 'conflicted' ? attemptStateOf(intent, index) : null;
    if (settled !== null) flow.moveAttempt(index, settled);
  }
  const isSettled = intent.operations.every(({ attention }) => attention === '');
  if (intent.state === 'conflicted' ? isSettled : intent.state === 'processing' && !isBusy(intent))
    flow.move(stateOf(intent));
}

/** How an attempt stands, by what was proven about it; null where something about it is to be decided. */
function attemptStateOf({ attempts, operations, counters }: Intent, index: number): AttemptState | null {
  if (operations.some(({ attempt, attention }) => attempt === index && attention !== '')) return null;
  const first = operations.find(({ id }) => id === attempts[index].operation);
  if (first === undefined || isOpen(first.state)) return null;
  if (first.state !== 'succeeded') return first.decline === '' ? 'failed' : 'declined';
  if (counters.memo > 0n && index === attempts.length - 1) return 'authorized';
  const taken = operations.filter(
    ({ kind, attempt, state }) =>
      attempt === index && (kind === 'sale' || kind === 'capture') && state === 'succeeded',
  );
  if (taken.some(({ source }) => source === 'available')) return 'captured';
  return taken.length > 0 || counters.returned > 0n ? 'returned' : 'voided';
}

export function isOver({ state }: Pick<Intent, 'state'>): boolean {
  return state === 'canceled' || state === 'expired';
}

/** How a payment stands, by what was proven about it. */
export function stateOf({ operations, counters, canceling, cancelReason }: Intent): IntentState {
  const isWaiting = operations.some(
    ({ kind, state, source }) =>
      isOpen(state) && kind !== 'increment' && (kind !== 'refund' || source === 'unapplied'),
  );
  if (isWaiting && (counters.captured === 0n || counters.memo > 0n)) return 'processing';
  if (counters.captured + counters.returned > 0n)
    return counters.memo > 0n ? 'partially_captured' : 'succeeded';
  if (counters.memo > 0n) return 'requires_capture';
  if (canceling || counters.authorized > 0n) return cancelReason === 'expired' ? 'expired' : 'canceled';
  return 'requires_payment_method';
}
