import { isOver } from './attention.ts';
import type { Outcome } from './commands.ts';
import {
  afterClosing,
  closeFirstCall,
  endCanceled,
  endHold,
  isAside,
  isClosing,
  isFirstCall,
  isLate,
  nextRoute,
  useAuthorization,
} from './complete.ts';
import { DECLINES } from './declines.ts';
import { resolveAtUs } from './due.ts';
import type { Flow } from './flow.ts';
import type { AttemptState, Merchant, Operation } from './model.ts';
import { bookRefundFailed, bookUnappliedKept } from './money.ts';
import { unsettledOf } from './said.ts';
import { isOpen } from './transitions.ts';
import { remainUnknown } from './unproven.ts';
import { startVoid } from './attempts.ts';

type Decline = Extract<Outcome, { done: 'declined' }>;

/** States of an attempt in which a provider holds nothing that a void could let go of. */
const NOTHING_HELD: ReadonlySet<AttemptState> = new Set([
  'captured',
  'declined',
  'failed',
  'not_sent',
  'returned',
]);

export function decline(flow: Flow, merchant: Merchant, operation: Operation, outcome: Decline): boolean {
  // How a provider tells of a reference that it has barred.
  if (isFirstCall(operation) && outcome.code === 'operation_not_allowed' && isBarred(flow, operation))
    return neverDone(flow, merchant, operation);
  operation.said = null;
  operation.decline = outcome.code;
  operation.detail = outcome.providerCode;
  if (outcome.providerReference !== '') operation.providerReference = outcome.providerReference;
  return notDone(flow, merchant, operation, 'failed', outcome.providerCode);
}

/** Proven: it was not done. A follow-up that never reached the provider is made again a little later. */
export function notDone(
  flow: Flow,
  merchant: Merchant,
  operation: Operation,
  state: 'failed' | 'not_sent',
  detail: string,
): boolean {
  const { intent } = flow;
  const { counters } = intent;
  operation.detail = detail;
  const { provider } = intent.attempts[operation.attempt];
  switch (operation.kind) {
    case 'authorize':
    case 'sale':
      flow.moveOperation(operation, state, Infinity);
      if (operation.kind === 'sale') counters.capturing -= operation.amount;
      flow.moveAttempt(operation.attempt, state === 'failed' ? 'declined' : 'not_sent');
      if (intent.canceling) flow.move(intent.cancelReason === 'expired' ? 'expired' : 'canceled');
      else if (operation.decline !== '' && DECLINES[operation.decline].hard)
        flow.move('requires_payment_method');
      else nextRoute(flow, merchant);
      return true;
    case 'capture':
      if (state === 'not_sent') return remainUnknown(flow, operation, detail);
      flow.moveOperation(operation, state, Infinity);
      counters.capturing -= operation.amount;
      if (intent.canceling) endCanceled(flow, merchant, operation.id);
      else flow.move(counters.captured > 0n ? 'partially_captured' : 'requires_capture');
      return true;
    case 'void':
      return voidNotDone(flow, merchant, operation, { state, detail });
    case 'refund':
      if (state === 'not_sent') return remainUnknown(flow, operation, detail);
      flow.moveOperation(operation, state, Infinity);
      if (operation.source === 'available') {
        bookRefundFailed(flow, { provider, amount: operation.amount, taken: operation });
      } else {
        bookUnappliedKept(flow, { provider, amount: operation.amount, currency: operation.currency });
        const why = unsettledOf(flow, operation);
        if (why === '') return true;
        flow.attend(operation, why);
        if (!isOver(intent)) flow.move('conflicted');
      }
      return true;
    case 'increment':
      flow.moveOperation(operation, state, Infinity);
      if (intent.canceling) startVoid(flow, operation.id);
      return true;
  }
}

/** A void that was refused: of what was never seen, of what is captured by now, or because the provider will not. */
function voidNotDone(
  flow: Flow,
  merchant: Merchant,
  operation: Operation,
  { state, detail }: { state: 'failed' | 'not_sent'; detail: string },
): boolean {
  const { intent } = flow;
  const { provider } = intent.attempts[operation.attempt];
  if (state === 'not_sent') return remainUnknown(flow, operation, detail);
  flow.moveOperation(operation, state, Infinity);
  if (isLate(flow, operation)) {
    flow.attend(operation, `the provider does not let go of what came late: ${detail}`);
    return true;
  }
  // Captured meanwhile, or declined: there was nothing to let go of.
  if (isAside(flow, operation) || NOTHING_HELD.has(intent.attempts[operation.attempt].state)) return true;
  const first = intent.operations.find(({ id }) => id === intent.attempts[operation.attempt].operation);
  if (first !== undefined && isOpen(first.state)) {
    // What was never seen is refused from now on, and what has arrived meanwhile can be asked about: the refusal alone
    // does not tell one from the other.
    first.startedUs = flow.nowUs;
    first.tries = 0;
    first.silent = 0;
    first.unknownUs = flow.nowUs;
    const dueUs = resolveAtUs(flow.nowUs, refusedBefore(flow, operation));
    flow.moveOperation(first, 'unknown', dueUs);
    if (dueUs === Infinity) flow.attend(first, 'the provider refuses to void what it does not know');
    return true;
  }
  // Another void is under way, and may still let go of it.
  if (isClosing(flow, operation)) return true;
  // Used up meanwhile: there is nothing to let go of either.
  if (intent.counters.memo === 0n) {
    afterClosing(flow, merchant);
    return true;
  }
  // It has lapsed meanwhile: whatever the provider says, nothing can be captured of it any more.
  if (hasLapsed(flow, operation)) {
    flow.moveAttempt(operation.attempt, 'expired');
    endHold(flow, merchant, provider);
    return true;
  }
  // Nobody wants it gone any more: it turned up while the void was to close it.
  if (!intent.canceling && first !== undefined && intent.counters.captured === 0n) {
    useAuthorization(flow, first, intent.counters.memo);
    return true;
  }
  intent.canceling = false;
  intent.cancelReason = '';
  flow.attend(operation, `the provider refused to void: ${detail}`);
  flow.move(intent.counters.captured > 0n ? 'partially_captured' : 'requires_capture');
  return true;
}

function hasLapsed({ intent, nowUs }: Flow, { attempt }: Operation): boolean {
  const { state, expiresAtUs } = intent.attempts[attempt];
  return state === 'authorized' && expiresAtUs <= nowUs;
}

/** How many voids of the attempt were refused before this one. */
function refusedBefore({ intent }: Flow, { id, attempt }: Operation): number {
  return intent.operations.filter(
    (one) => one.kind === 'void' && one.attempt === attempt && one.state === 'failed' && one.id !== id,
  ).length;
}

/** Whether a void of it was refused: had the provider not seen it by then, it refuses it ever since. */
export function isBarred({ intent }: Flow, { attempt }: Operation): boolean {
  return intent.operations.some(
    (one) =>
      one.kind === 'void' &&
      one.attempt === attempt &&
      one.state === 'failed' &&
      one.decline === 'operation_not_allowed',
  );
}

/** "I know no such thing, and refuse it from now on" is as good a proof as a void. */
export function neverDone(flow: Flow, merchant: Merchant, { attempt }: Operation): true {
  closeFirstCall(flow, attempt, 'the provider never had it, and refuses it from now on');
  afterClosing(flow, merchant);
  return true;
}
