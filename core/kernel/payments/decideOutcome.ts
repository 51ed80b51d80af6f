import { raise, rest, stayConflicted } from './attention.ts';
import { derivedId } from './chart.ts';
import type { Outcome, RecordOutcome } from './commands.ts';
import { complete, isClosing, isFirstCall, isUndecided, takeBackSaid } from './complete.ts';
import { resolveAtUs } from './due.ts';
import { draftOf } from './evolve.ts';
import { Flow, IllegalMove, type PaymentContext, type PaymentDecision } from './flow.ts';
import type { Intent, Merchant, Operation } from './model.ts';
import { bookUnapplied } from './money.ts';
import { decline, isBarred, neverDone, notDone } from './notDone.ts';
import { confirm, isAnswer } from './proven.ts';
import { costDue, saidOf } from './said.ts';
import { undoUnwanted } from './late.ts';
import { isOpen } from './transitions.ts';
import { awaitAnswer, remainUnknown } from './unproven.ts';
import type { Success } from './commands.ts';
import { startVoid } from './attempts.ts';

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
  const operation = intent.operations.find(({ id }) => id === command.operation);
  if (operation === undefined || operation.foreign === true) return { done: 'nothing' };
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
  if (command.eventUs !== undefined) operation.eventUs = command.eventUs;
  stayConflicted(flow, intent.state);
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

/** Brings an open operation to what the outcome says. False where it changes nothing. */
export function settle(flow: Flow, merchant: Merchant, operation: Operation, outcome: Outcome): boolean {
  // Counted whatever it is: the id of the next answer derives from it.
  operation.tries++;
  if (isAnswer(outcome)) {
    operation.silent = 0;
    delete operation.redirectResult;
  }
  switch (outcome.done) {
    case 'succeeded':
      return succeed(flow, merchant, operation, outcome);
    case 'declined':
      takeBackSaid(flow, operation);
      return decline(flow, merchant, operation, outcome);
    case 'not_sent':
      // Of an operation that was tried before it proves nothing: that try may have come through.
      if (operation.tries > 1 || operation.startedUs > operation.askedUs)
        return remainUnknown(flow, operation, outcome.why);
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

function requireAction(
  flow: Flow,
  operation: Operation,
  outcome: Extract<Outcome, { done: 'requires_action' }>,
): boolean {
  // Asked about again: the payer may have gone away.
  const dueUs = flow.nowUs + 15 * MINUTE_US;
  const { url, providerReference } = outcome;
  if (providerReference !== '') operation.providerReference = providerReference;
  flow.moveOperation(operation, 'requires_action', dueUs);
  const attempt = flow.moveAttempt(operation.attempt, 'requires_action');
  if (url !== '') attempt.actionUrl = url;
  if (providerReference !== '') attempt.providerReference = providerReference;
  if (!flow.intent.canceling) flow.move('requires_action');
  // The void that is under way closes it, however long its outcome takes.
  else if (!isClosing(flow, operation)) startVoid(flow, operation.id);
  return true;
}

/** The provider knows nothing of it, though its window of consistency is over. */
function notFound(flow: Flow, merchant: Merchant, operation: Operation): boolean {
  if (isFirstCall(operation)) {
    if (isBarred(flow, operation)) return neverDone(flow, merchant, operation);
    // It may still be on its way: a void under our reference closes it for good, and its outcome is the proof.
    flow.moveOperation(operation, 'unknown', Infinity);
    if (!isClosing(flow, operation))
      startVoid(flow, derivedId(operation.id, `closed ${flow.intent.version}`));
    return true;
  }
  return sendAgain(flow, operation);
}

/**
 * Under the same key: if it arrives twice after all, it is done once. What gets lost again and again is sent less and less
 * often, however soon its provider is asked about it.
 */
function sendAgain(flow: Flow, operation: Operation): boolean {
  const { provider } = flow.intent.attempts[operation.attempt];
  const keySeconds = flow.context.router.abilities(provider)?.keySeconds ?? 0;
  const keyEndsUs = operation.askedUs + keySeconds * 1e6;
  const { resent = 0, startedUs } = operation;
  if (flow.nowUs >= keyEndsUs) {
    operation.detail = 'the provider does not know it, and its key may have lapsed';
    flow.moveOperation(operation, 'unknown', Infinity);
    flow.attend(operation, operation.detail);
    return true;
  }
  const notBeforeUs = resent === 0 ? flow.nowUs : Math.min(resolveAtUs(startedUs, resent), keyEndsUs);
  if (flow.nowUs < notBeforeUs)
    return awaitAnswer(flow, operation, {
      why: 'the provider does not know it: it is sent again',
      dueUs: notBeforeUs,
    });
  operation.resent = resent + 1;
  operation.startedUs = flow.nowUs;
  operation.tries = 0;
  operation.unknownUs = 0;
  flow.moveOperation(operation, 'pending', flow.nowUs);
  return true;
}

function succeed(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): boolean {
  operation.providerReference = outcome.providerReference;
  if (isSaidAgain(operation, outcome)) {
    flow.moveOperation(operation, operation.state, Infinity);
    return true;
  }
  takeBackSaid(flow, operation);
  if (isApprovedInPart(operation, outcome)) return approveInPart(flow, merchant, operation, outcome);
  if (
    operation.kind !== 'void' &&
    (outcome.amount !== operation.amount || outcome.currency !== operation.currency)
  )
    return mismatch(flow, operation, outcome);
  complete(flow, merchant, operation, outcome);
  return true;
}

/**
 * The provider did something else than what was asked: what it did is kept, money is nobody's for now, and an operator
 * decides.
 */
function mismatch(flow: Flow, operation: Operation, outcome: Success): boolean {
  const said = `${outcome.amount} ${outcome.currency}`;
  operation.said = saidOf(outcome);
  if (isUndecided(operation)) {
    const { provider } = flow.intent.attempts[operation.attempt];
    bookUnapplied(flow, { provider, ...operation.said, cost: costDue(operation, outcome.cost) });
  }
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

/** What an operator decides about already. */
function isSaidAgain({ said, attention }: Operation, { amount, currency, cost }: Success): boolean {
  return attention !== '' && said?.amount === amount && said.currency === currency && said.cost === cost;
}

function isApprovedInPart(operation: Operation, { isPartial, amount, currency }: Success): boolean {
  return (
    isPartial === true &&
    isFirstCall(operation) &&
    currency === operation.currency &&
    amount < operation.amount
  );
}

/** A part is all there is to be had; or, where that is not wanted, a decline of which the part goes back. */
function approveInPart(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): true {
  if (flow.intent.acceptsPartial) {
    complete(flow, merchant, operation, outcome);
    operation.said = saidOf(outcome);
    return true;
  }
  operation.decline = 'insufficient_funds';
  notDone(flow, merchant, operation, 'failed', `approved in part: ${outcome.amount} ${outcome.currency}`);
  undoUnwanted(flow, operation, outcome);
  return true;
}
