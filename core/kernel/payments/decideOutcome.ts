import { isOver, raise, rest, stateOf } from './attention.ts';
import type { Uuid } from '../ledger/commands.ts';
import { mayTryNext, startAttempt, triedWith } from './attempts.ts';
import { derivedId } from './chart.ts';
import type { Outcome, RecordOutcome } from './commands.ts';
import { DECLINES } from './declines.ts';
import { resolveAtUs } from './due.ts';
import { isBusy, startVoid } from './decideRequest.ts';
import { draftOf } from './evolve.ts';
import { Flow, IllegalMove, operationId, type PaymentContext, type PaymentDecision } from './flow.ts';
import type { AttemptState, Intent, Merchant, Operation } from './model.ts';
import {
  bookApplied,
  bookAuthorized,
  bookCaptured,
  bookCosts,
  bookRefundDiffers,
  bookRefundFailed,
  bookRefunded,
  bookReleased,
  bookUnapplied,
  bookUnappliedAsked,
  bookUnappliedKept,
  bookUnappliedReturned,
} from './money.ts';
import { confirm, isAnswer, saidOf } from './proven.ts';
import { ATTEMPT_TRANSITIONS, isOpen, mayFollow } from './transitions.ts';

export type Success = Extract<Outcome, { done: 'succeeded' }>;
type Decline = Extract<Outcome, { done: 'declined' }>;

/** States of an attempt in which a provider holds nothing that a void could let go of. */
const NOTHING_HELD: ReadonlySet<AttemptState> = new Set(['captured', 'declined', 'failed', 'not_sent']);

const HOUR_US = 3_600_000_000;
const MINUTE_US = 60_000_000;
/** The longest until the next question about what a provider does not know yet. */
const NOT_YET_US = MINUTE_US / 2;

/**
 * What a provider said, or did not say, about an operation. It is a fact: it is booked whatever our limits are, and it
 * is never refused. A proof stands; what proves nothing never replaces it.
 */
export function decideOutcome(
  context: PaymentContext,
  command: RecordOutcome,
  intent: Intent,
  merchant: Merchant,
): PaymentDecision {
  if (!intent.operations.some(({ id }) => id === command.operation)) return { done: 'nothing' };
  try {
    return decided(context, command, intent, merchant);
  } catch (error) {
    if (!(error instanceof IllegalMove)) throw error;
    return unexpected(context, command, intent);
  }
}

function decided(
  context: PaymentContext,
  command: RecordOutcome,
  intent: Intent,
  merchant: Merchant,
): PaymentDecision {
  const flow = new Flow(context, draftOf(intent));
  const operation = operationOf(flow, command);
  const moved = isOpen(operation.state)
    ? settle(flow, merchant, operation, command.outcome)
    : confirm(flow, merchant, operation, command.outcome);
  if (!moved) return { done: 'nothing' };
  rest(flow);
  return flow.write({ id: command.id, by: 'provider', request: [] }, { name: 'operation_changed' });
}

function operationOf(flow: Flow, command: RecordOutcome): Operation {
  return flow.intent.operations.find(({ id }) => id === command.operation)!;
}

/**
 * What fits nowhere in the life of this payment is a fact all the same: it is kept, and an operator decides. Nothing is
 * booked by a guess, and nothing is asked again by itself.
 */
function unexpected(context: PaymentContext, command: RecordOutcome, intent: Intent): PaymentDecision {
  const flow = new Flow(context, draftOf(intent));
  const operation = operationOf(flow, command);
  operation.tries++;
  raise(
    flow,
    operation,
    `${command.outcome.done} of a ${operation.kind} that is ${operation.state}, of a payment that is ${intent.state}`,
  );
  return flow.write({ id: command.id, by: 'provider', request: [] }, { name: 'operation_changed' });
}

/** Of an attempt: the call that it began with. */
export function isFirstCall({ kind }: Operation): boolean {
  return kind === 'authorize' || kind === 'sale';
}

/** Brings an open operation to what the outcome says. False where it changes nothing. */
export function settle(flow: Flow, merchant: Merchant, operation: Operation, outcome: Outcome): boolean {
  // Counted whatever it is: the id of the next answer derives from it.
  operation.tries++;
  if (isAnswer(outcome)) operation.silent = 0;
  switch (outcome.done) {
    case 'succeeded':
      return succeed(flow, merchant, operation, outcome);
    case 'declined':
      return decline(flow, merchant, operation, outcome);
    case 'not_sent':
      // Of an operation that was tried before it proves nothing: that try may have come through.
      if (operation.tries > 1) return remainUnknown(flow, operation, outcome.why);
      return notDone(flow, merchant, operation, 'not_sent', outcome.why);
    case 'unknown':
      return remainUnknown(flow, operation, outcome.why);
    case 'accepted':
      if (outcome.providerReference !== '') operation.providerReference = outcome.providerReference;
      flow.moveOperation(operation, 'accepted', flow.nowUs + HOUR_US);
      return true;
    case 'requires_action':
      return requireAction(flow, operation, outcome);
    case 'not_yet':
      return awaitAnswer(flow, operation, {
        why: 'the provider does not know it yet',
        dueUs: Math.min(outcome.untilUs, flow.nowUs + NOT_YET_US),
      });
    case 'not_found':
      return notFound(flow, merchant, operation);
  }
}

function remainUnknown(flow: Flow, operation: Operation, why: string): boolean {
  return awaitAnswer(flow, operation, { why, dueUs: resolveAtUs(flow.nowUs, operation.silent++) });
}

function awaitAnswer(flow: Flow, operation: Operation, { why, dueUs }: { why: string; dueUs: number }): true {
  operation.detail = why;
  if (operation.unknownUs === 0) operation.unknownUs = flow.nowUs;
  // What the provider took in stays so: only the next question is put off.
  flow.moveOperation(operation, operation.state === 'accepted' ? 'accepted' : 'unknown', dueUs);
  // What contradicts what was asked is known well enough to stay with its operator.
  if (isFirstCall(operation) && flow.intent.attempts[operation.attempt].state !== 'conflicted')
    flow.moveAttempt(operation.attempt, 'unknown');
  if (flow.intent.state === 'requires_action') flow.move('processing');
  if (dueUs === Infinity)
    flow.attend(operation, `the outcome of ${operation.kind} ${operation.id} stays unknown`);
  return true;
}

function requireAction(
  flow: Flow,
  operation: Operation,
  outcome: Extract<Outcome, { done: 'requires_action' }>,
): boolean {
  // Asked about again: the payer may have gone away.
  const dueUs = flow.nowUs + 15 * MINUTE_US;
  operation.providerReference = outcome.providerReference;
  flow.moveOperation(operation, 'requires_action', dueUs);
  const attempt = flow.moveAttempt(operation.attempt, 'requires_action');
  attempt.actionUrl = outcome.url;
  attempt.providerReference = outcome.providerReference;
  if (flow.intent.canceling) startVoid(flow, operation.id);
  else flow.move('requires_action');
  return true;
}

/** The provider knows nothing of it, though its window of consistency is over. */
function notFound(flow: Flow, merchant: Merchant, operation: Operation): boolean {
  if (isFirstCall(operation)) {
    if (isBarred(flow, operation)) return neverDone(flow, merchant, operation);
    // It may still be on its way: a void under our reference closes it for good, and its outcome is the proof.
    flow.moveOperation(operation, 'unknown', Infinity);
    startVoid(flow, derivedId(operation.id, `closed ${flow.intent.version}`));
    return true;
  }
  const { provider } = flow.intent.attempts[operation.attempt];
  const keySeconds = flow.context.router.abilities(provider)?.keySeconds ?? 0;
  if (flow.nowUs - operation.askedUs >= keySeconds * 1e6) {
    operation.detail = 'the provider does not know it, and its key may have lapsed';
    flow.moveOperation(operation, 'unknown', Infinity);
    flow.attend(operation, operation.detail);
    return true;
  }
  // Under the same key: if it arrives twice after all, it is done once.
  operation.startedUs = flow.nowUs;
  operation.tries = 0;
  operation.unknownUs = 0;
  flow.moveOperation(operation, 'pending', flow.nowUs);
  return true;
}

function succeed(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): boolean {
  operation.providerReference = outcome.providerReference;
  if (
    operation.kind !== 'void' &&
    (outcome.amount !== operation.amount || outcome.currency !== operation.currency)
  )
    return mismatch(flow, operation, outcome);
  operation.said = null;
  complete(flow, merchant, operation, outcome);
  return true;
}

/** Books that it was done, with the amount of the outcome. */
export function complete(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  flow.moveOperation(operation, 'succeeded', Infinity);
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

/** The provider did something else than what was asked: what it did is kept, and an operator decides. */
function mismatch(flow: Flow, operation: Operation, outcome: Success): boolean {
  const said = `${outcome.amount} ${outcome.currency}`;
  operation.said = saidOf(outcome);
  if (isFirstCall(operation)) {
    const attempt = flow.moveAttempt(operation.attempt, 'conflicted');
    attempt.providerReference = outcome.providerReference;
    attempt.expiresAtUs = outcome.expiresAtUs;
  }
  return raise(
    flow,
    operation,
    `the provider says ${said}, asked were ${operation.amount} ${operation.currency}`,
  );
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
  } else if (intent.capture === 'automatic') {
    flow.begin(operationId(flow, operation.id, 'capture'), {
      kind: 'capture',
      attempt: operation.attempt,
      amount,
    });
    intent.counters.capturing += amount;
    if (intent.state !== 'processing') flow.move('processing');
  } else {
    flow.move('requires_capture');
  }
}

function sold(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { amount, cost } = outcome;
  const attempt = flow.moveAttempt(operation.attempt, 'captured');
  attempt.providerReference = outcome.providerReference;
  intent.counters.capturing -= operation.amount;
  if (intent.canceling) {
    bookUnapplied(flow, { provider: attempt.provider, amount, cost, currency: intent.currency });
    sendBack(flow, operation, { amount, currency: intent.currency, cause: operation.id });
    return;
  }
  intent.counters.authorized += amount;
  taken(flow, merchant, operation, outcome);
  flow.move('succeeded');
}

/** Money that nobody wants any more goes back to where it came from. */
export function sendBack(
  flow: Flow,
  { attempt }: Operation,
  { amount, currency, cause }: { amount: bigint; currency: string; cause: Uuid },
): void {
  const { provider } = flow.intent.attempts[attempt];
  bookUnappliedAsked(flow, { provider, amount, currency });
  flow.begin(operationId(flow, cause, 'return'), {
    kind: 'refund',
    attempt,
    amount,
    currency,
    source: 'unapplied',
  });
}

/** Money that was captured is the merchant's; of another amount than was asked it is so by an operator's word. */
function taken(flow: Flow, merchant: Merchant, operation: Operation, { amount, cost }: Success): void {
  const { intent } = flow;
  const { provider } = intent.attempts[operation.attempt];
  if (operation.said === null) return bookCaptured(flow, merchant, { provider, amount, cost });
  bookUnapplied(flow, { provider, amount, cost, currency: intent.currency });
  bookApplied(flow, merchant, { provider, amount });
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
}

function voided(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { provider } = intent.attempts[operation.attempt];
  closeFirstCall(flow, operation.attempt, 'the provider let go of it');
  const { state } = flow.attempt(operation.attempt);
  if (mayFollow(ATTEMPT_TRANSITIONS, state, 'voided')) flow.moveAttempt(operation.attempt, 'voided');
  if (isAside(flow, operation)) return bookCosts(flow, { provider, cost: outcome.cost });
  bookReleased(flow, { provider, cost: outcome.cost });
  afterClosing(flow, merchant);
}

/** A void that proves what was unknown: the authorisation or sale never came to be, or is gone. */
function closeFirstCall(flow: Flow, attempt: number, why: string): void {
  const { intent } = flow;
  const first = intent.operations.find(({ id }) => id === intent.attempts[attempt].operation);
  if (first === undefined || !isOpen(first.state)) return;
  first.detail = why;
  flow.moveOperation(first, 'failed', Infinity);
  if (first.kind === 'sale') intent.counters.capturing -= first.amount;
  flow.moveAttempt(attempt, 'failed');
}

/** Whether a void of it was refused: had the provider not seen it by then, it refuses it ever since. */
function isBarred({ intent }: Flow, { attempt }: Operation): boolean {
  return intent.operations.some(
    (one) =>
      one.kind === 'void' &&
      one.attempt === attempt &&
      one.state === 'failed' &&
      one.decline === 'operation_not_allowed',
  );
}

/** "I know no such thing, and refuse it from now on" is as good a proof as a void. */
function neverDone(flow: Flow, merchant: Merchant, { attempt }: Operation): true {
  closeFirstCall(flow, attempt, 'the provider never had it, and refuses it from now on');
  afterClosing(flow, merchant);
  return true;
}

/** Where a payment stands once nothing is open at the provider of its last attempt. */
function afterClosing(flow: Flow, merchant: Merchant): void {
  const { intent } = flow;
  if (intent.counters.captured > 0n) {
    intent.canceling = false;
    flow.move('succeeded');
  } else if (intent.canceling) {
    flow.move(intent.cancelReason === 'expired' ? 'expired' : 'canceled');
  } else {
    nextRoute(flow, merchant);
  }
}

function refunded(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { source, currency, amount: asked } = operation;
  const { amount, cost } = outcome;
  const { provider } = intent.attempts[operation.attempt];
  if (source === 'available') {
    bookRefundDiffers(flow, { provider, asked, done: amount, fromPending: operation.fromPending });
    return bookRefunded(flow, merchant, { provider, amount, cost });
  }
  if (amount < asked) {
    bookUnappliedKept(flow, { provider, amount: asked - amount, currency });
    flow.attend(operation, 'only a part of the money that nobody wants was sent back');
  }
  bookUnappliedReturned(flow, { provider, amount, cost, currency });
  if (intent.state === 'processing' && !isBusy(intent)) flow.move(stateOf(intent));
}

/** Of an attempt that the payment has left behind, or of a payment that is over. */
export function isAside({ intent }: Flow, { attempt }: Operation): boolean {
  return attempt !== intent.attempts.length - 1 || isOver(intent);
}

function decline(flow: Flow, merchant: Merchant, operation: Operation, outcome: Decline): boolean {
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
function notDone(
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
      if (intent.canceling) startVoid(flow, operation.id);
      else flow.move(counters.captured > 0n ? 'partially_captured' : 'requires_capture');
      return true;
    case 'void':
      return voidNotDone(flow, operation, state, detail);
    case 'refund':
      if (state === 'not_sent') return remainUnknown(flow, operation, detail);
      flow.moveOperation(operation, state, Infinity);
      if (operation.source === 'available') {
        bookRefundFailed(flow, { provider, amount: operation.amount, fromPending: operation.fromPending });
      } else {
        bookUnappliedKept(flow, { provider, amount: operation.amount, currency: operation.currency });
        flow.attend(operation, 'money that nobody wants could not be sent back');
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
  operation: Operation,
  state: 'failed' | 'not_sent',
  detail: string,
): boolean {
  const { intent } = flow;
  if (state === 'not_sent') return remainUnknown(flow, operation, detail);
  flow.moveOperation(operation, state, Infinity);
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
    flow.moveOperation(first, 'unknown', resolveAtUs(flow.nowUs, 0));
    return true;
  }
  intent.canceling = false;
  intent.cancelReason = '';
  flow.attend(operation, `the provider refused to void: ${detail}`);
  flow.move(intent.counters.captured > 0n ? 'partially_captured' : 'requires_capture');
  return true;
}

/** Goes on to the next route, if the merchant allows another and there is one. */
function nextRoute(flow: Flow, merchant: Merchant): void {
  const isInTime = flow.nowUs < flow.intent.expiresAtUs;
  if (isInTime && mayTryNext(flow, merchant) && startAttempt(flow, merchant, triedWith(flow)) === null)
    return;
  flow.move('requires_payment_method');
}
