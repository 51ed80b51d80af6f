import { mayTryNext, startAttempt, triedWith } from './attempts.ts';
import { derivedId } from './chart.ts';
import type { Outcome, RecordOutcome } from './commands.ts';
import { DECLINES } from './declines.ts';
import { resolveAtUs } from './due.ts';
import { startVoid } from './decideRequest.ts';
import { draftOf } from './evolve.ts';
import { Flow, IllegalMove, operationId, type PaymentContext, type PaymentDecision } from './flow.ts';
import type { Intent, Merchant, Operation } from './model.ts';
import {
  bookAuthorized,
  bookCaptured,
  bookCaptureTakenBack,
  bookRefundFailed,
  bookRefunded,
  bookRefundTakenBack,
  bookReleased,
  bookUnapplied,
  bookUnappliedAsked,
  bookUnappliedBack,
  bookUnappliedKept,
  bookUnappliedReturned,
} from './money.ts';
import { INTENT_TRANSITIONS, isOpen, mayFollow } from './transitions.ts';

type Success = Extract<Outcome, { done: 'succeeded' }>;
type Decline = Extract<Outcome, { done: 'declined' }>;

const HOUR_US = 3_600_000_000;
const MINUTE_US = 60_000_000;

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
function isFirstCall({ kind }: Operation): boolean {
  return kind === 'authorize' || kind === 'sale';
}

/**
 * What a provider says about something that is proven already: because an event of its own spoke of it, or because an
 * answer came late. The same proof again changes nothing; a capture or a refund may be taken back; the opposite of
 * anything else is an operator's.
 */
function confirm(flow: Flow, merchant: Merchant, operation: Operation, outcome: Outcome): boolean {
  const { state, kind, dueUs, tries } = operation;
  if (state === 'succeeded' && outcome.done === 'declined' && (kind === 'capture' || kind === 'refund')) {
    operation.decline = outcome.code;
    operation.detail = outcome.providerCode;
    return takenBack(flow, merchant, operation);
  }
  if (contradicts(operation, outcome)) return raise(flow, operation, 'two proofs contradict each other');
  // Nobody asked.
  if (dueUs === Infinity) return false;
  operation.tries++;
  const isProof = outcome.done === 'succeeded' || outcome.done === 'declined';
  flow.moveOperation(operation, state, isProof ? Infinity : resolveAtUs(flow.nowUs, Math.max(0, tries - 1)));
  return true;
}

/** A capture or a refund that had succeeded, and that the provider takes back. */
function takenBack(flow: Flow, merchant: Merchant, operation: Operation): boolean {
  const { intent } = flow;
  const { provider } = intent.attempts[operation.attempt];
  flow.moveOperation(operation, 'failed', Infinity);
  if (operation.kind === 'refund') {
    if (operation.source === 'unapplied') {
      bookUnappliedBack(flow, provider, operation.amount);
      intent.attention = 'money that nobody wants came back';
      return true;
    }
    bookRefundTakenBack(flow, merchant, { provider, amount: operation.amount });
    return true;
  }
  bookCaptureTakenBack(flow, merchant, { provider, amount: operation.amount });
  intent.attention = 'the provider took a capture back';
  flow.move('conflicted');
  return true;
}

/** Whether a proof says the opposite of the one that stands. */
function contradicts({ state, kind }: Operation, outcome: Outcome): boolean {
  if (outcome.done === 'succeeded') return state !== 'succeeded';
  return outcome.done === 'declined' && state === 'succeeded' && kind !== 'void';
}

/** Puts the payment into an operator's hands: nothing moves by itself until it is settled. */
function raise(flow: Flow, operation: Operation, why: string): true {
  operation.detail = why;
  flow.moveOperation(operation, operation.state, Infinity);
  flow.intent.attention = why;
  if (mayFollow(INTENT_TRANSITIONS, flow.intent.state, 'conflicted')) flow.move('conflicted');
  return true;
}

/** Brings an open operation to what the outcome says. False where it changes nothing. */
function settle(flow: Flow, merchant: Merchant, operation: Operation, outcome: Outcome): boolean {
  // Counted whatever it is: the id of the next answer derives from it.
  operation.tries++;
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
    case 'not_found':
      return notFound(flow, merchant, operation);
  }
}

function remainUnknown(flow: Flow, operation: Operation, why: string): boolean {
  operation.detail = why;
  const dueUs = resolveAtUs(flow.nowUs, operation.tries - 1);
  // What the provider took in stays so: only the next question is put off.
  flow.moveOperation(operation, operation.state === 'accepted' ? 'accepted' : 'unknown', dueUs);
  // What contradicts what was asked is known well enough to stay with its operator.
  if (isFirstCall(operation) && flow.intent.attempts[operation.attempt].state !== 'conflicted')
    flow.moveAttempt(operation.attempt, 'unknown');
  if (flow.intent.state === 'requires_action') flow.move('processing');
  if (dueUs === Infinity)
    flow.intent.attention = `the outcome of ${operation.kind} ${operation.id} stays unknown`;
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
    flow.intent.attention = operation.detail;
    return true;
  }
  // Under the same key: if it arrives twice after all, it is done once.
  operation.startedUs = flow.nowUs;
  operation.tries = 0;
  flow.moveOperation(operation, 'pending', flow.nowUs);
  return true;
}

function succeed(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): boolean {
  const { intent } = flow;
  operation.providerReference = outcome.providerReference;
  if (
    operation.kind !== 'void' &&
    (outcome.amount !== operation.amount || outcome.currency !== intent.currency)
  )
    return mismatch(flow, operation, outcome);
  flow.moveOperation(operation, 'succeeded', Infinity);
  switch (operation.kind) {
    case 'authorize':
      authorized(flow, operation, outcome);
      return true;
    case 'sale':
      sold(flow, merchant, operation, outcome);
      return true;
    case 'capture':
      captured(flow, merchant, operation, outcome);
      return true;
    case 'void':
      voided(flow, merchant, operation, outcome);
      return true;
    case 'refund':
      refunded(flow, merchant, operation, outcome);
      return true;
    case 'increment':
      bookAuthorized(flow, {
        provider: intent.attempts[operation.attempt].provider,
        amount: operation.amount,
        cost: outcome.cost,
      });
      return true;
  }
}

/** The provider did something else than what was asked: what it did is kept, and an operator decides. */
function mismatch(flow: Flow, operation: Operation, outcome: Success): boolean {
  const said = `${outcome.amount} ${outcome.currency}`;
  if (isFirstCall(operation)) {
    const attempt = flow.moveAttempt(operation.attempt, 'conflicted');
    attempt.providerReference = outcome.providerReference;
  }
  return raise(
    flow,
    operation,
    `the provider says ${said}, asked were ${operation.amount} ${flow.intent.currency}`,
  );
}

function authorized(flow: Flow, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const attempt = flow.moveAttempt(operation.attempt, 'authorized');
  attempt.providerReference = outcome.providerReference;
  attempt.expiresAtUs = outcome.expiresAtUs;
  if (outcome.expiresAtUs < intent.expiresAtUs) attempt.expiresAtUs = outcome.expiresAtUs;
  bookAuthorized(flow, { provider: attempt.provider, amount: operation.amount, cost: outcome.cost });
  if (intent.canceling) {
    startVoid(flow, operation.id);
  } else if (intent.capture === 'automatic') {
    flow.begin(operationId(flow, operation.id, 'capture'), {
      kind: 'capture',
      attempt: operation.attempt,
      amount: operation.amount,
    });
    intent.counters.capturing += operation.amount;
    if (intent.state !== 'processing') flow.move('processing');
  } else {
    flow.move('requires_capture');
  }
}

function sold(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { amount } = operation;
  const attempt = flow.moveAttempt(operation.attempt, 'captured');
  attempt.providerReference = outcome.providerReference;
  intent.counters.capturing -= amount;
  const sale = { provider: attempt.provider, amount, cost: outcome.cost };
  if (intent.canceling) {
    bookUnapplied(flow, sale);
    sendBack(flow, operation, amount);
    return;
  }
  intent.counters.authorized += amount;
  bookCaptured(flow, merchant, sale);
  flow.move('succeeded');
}

/** Money that nobody wants any more goes back to where it came from. */
function sendBack(flow: Flow, operation: Operation, amount: bigint): void {
  bookUnappliedAsked(flow, flow.intent.attempts[operation.attempt].provider, amount);
  flow.begin(operationId(flow, operation.id, 'return'), {
    kind: 'refund',
    attempt: operation.attempt,
    amount,
    source: 'unapplied',
  });
}

function captured(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { counters } = intent;
  const { provider } = intent.attempts[operation.attempt];
  counters.capturing -= operation.amount;
  bookCaptured(flow, merchant, { provider, amount: operation.amount, cost: outcome.cost });
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

function voided(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): void {
  const { intent } = flow;
  const { provider } = intent.attempts[operation.attempt];
  closeFirstCall(flow, operation.attempt, 'the provider let go of it');
  bookReleased(flow, { provider, cost: outcome.cost });
  const attempt = flow.attempt(operation.attempt);
  if (attempt.state !== 'captured' && attempt.state !== 'failed')
    flow.moveAttempt(operation.attempt, 'voided');
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
  const { provider } = flow.intent.attempts[operation.attempt];
  const back = { provider, amount: operation.amount, cost: outcome.cost };
  if (operation.source === 'available') return bookRefunded(flow, merchant, back);
  bookUnappliedReturned(flow, back);
  flow.move('canceled');
}

function decline(flow: Flow, merchant: Merchant, operation: Operation, outcome: Decline): boolean {
  // How a provider tells of a reference that it has barred.
  if (isFirstCall(operation) && outcome.code === 'operation_not_allowed' && isBarred(flow, operation))
    return neverDone(flow, merchant, operation);
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
        bookUnappliedKept(flow, provider, operation.amount);
        intent.attention = 'money that nobody wants could not be sent back';
        flow.move('conflicted');
      }
      return true;
    case 'increment':
      flow.moveOperation(operation, state, Infinity);
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
  // Captured meanwhile: there was nothing to let go of.
  if (intent.attempts[operation.attempt].state === 'captured') return true;
  const first = intent.operations.find(({ id }) => id === intent.attempts[operation.attempt].operation);
  if (first !== undefined && isOpen(first.state)) {
    // What was never seen is refused from now on, and what has arrived meanwhile can be asked about: the refusal alone
    // does not tell one from the other.
    first.startedUs = flow.nowUs;
    first.tries = 0;
    flow.moveOperation(first, 'unknown', resolveAtUs(flow.nowUs, 0));
    return true;
  }
  intent.canceling = false;
  intent.cancelReason = '';
  intent.attention = `the provider refused to void: ${detail}`;
  flow.move(intent.counters.captured > 0n ? 'partially_captured' : 'requires_capture');
  return true;
}

/** Goes on to the next route, if the merchant allows another and there is one. */
function nextRoute(flow: Flow, merchant: Merchant): void {
  if (mayTryNext(flow, merchant) && startAttempt(flow, merchant, triedWith(flow)) === null) return;
  flow.move('requires_payment_method');
}
