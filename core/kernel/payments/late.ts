import { raise } from './attention.ts';
import { complete, isAside, isFirstCall, sendBack, useUp } from './complete.ts';
import { type Flow, operationId } from './flow.ts';
import type { Merchant, Operation } from './model.ts';
import {
  bookCosts,
  bookRefundOwed,
  bookRefunded,
  bookUnapplied,
  bookUnappliedAsked,
  bookUnappliedReturned,
} from './money.ts';
import { costDue, refundableOf, saidOf, unsent } from './said.ts';
import type { Success } from './commands.ts';

/**
 * A success after the proof that it was not done: a provider changed its mind, or a void came too early. What was told
 * to have failed nobody counts on any more, so money goes back and an authorisation is let go of, by itself. What still
 * fits is booked as it was asked; only what leads nowhere is an operator's.
 */
export function succeedLate(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): boolean {
  const isKnown = operation.said !== null;
  operation.tries++;
  operation.providerReference = outcome.providerReference;
  if (isKnown) {
    flow.moveOperation(operation, operation.state, Infinity);
    return true;
  }
  switch (operation.kind) {
    case 'authorize':
      return letGo(flow, operation, outcome);
    case 'sale':
    case 'capture':
      if (fits(flow, operation, outcome)) return asAsked(flow, merchant, operation, outcome);
      return isNobodys(flow, operation)
        ? giveBack(flow, operation, outcome)
        : comeBack(flow, operation, outcome);
    case 'increment':
      return fits(flow, operation, outcome)
        ? asAsked(flow, merchant, operation, outcome)
        : contradict(flow, operation, outcome);
    case 'refund':
      return refund(flow, merchant, operation, outcome);
    case 'void':
      return contradict(flow, operation, outcome);
  }
}

/** What a provider holds or took of an attempt that has failed for us goes back. */
export function undoUnwanted(flow: Flow, operation: Operation, outcome: Success): true {
  return operation.kind === 'authorize'
    ? letGo(flow, operation, outcome)
    : giveBack(flow, operation, outcome);
}

/** Keeps what the provider says now beside what was proven; an operator decides between the two. */
export function contradict(flow: Flow, operation: Operation, outcome: Success): true {
  operation.said = saidOf(outcome);
  return raise(flow, operation, 'two proofs contradict each other');
}

/** Nothing of it is booked but what the provider takes: it only holds the money. */
function letGo(flow: Flow, operation: Operation, outcome: Success): true {
  const { provider } = flow.intent.attempts[operation.attempt];
  const id = operationId(flow, operation.id, 'late void');
  if (flow.intent.operations.some((one) => one.id === id)) return tellAgain(flow, operation, outcome);
  operation.said = saidOf(outcome);
  flow.moveOperation(operation, operation.state, Infinity);
  flow.attempt(operation.attempt).providerReference = outcome.providerReference;
  if (outcome.currency === operation.currency)
    bookCosts(flow, { provider, cost: costDue(operation, outcome.cost) });
  flow.begin(id, {
    kind: 'void',
    attempt: operation.attempt,
    amount: outcome.amount,
  });
  return true;
}

/** It was let go of before, and that is done once: what is told once more is known, and anything else somebody has to see. */
function tellAgain(flow: Flow, operation: Operation, outcome: Success): true {
  const { amount, currency } = operation.said ?? {};
  if (amount !== outcome.amount || currency !== outcome.currency) return contradict(flow, operation, outcome);
  flow.moveOperation(operation, operation.state, Infinity);
  return true;
}

/**
 * Whether the payment has done without it: it was told to have failed, is over, or is paid another way. What the
 * provider took back before, and a capture of a payment that goes on, somebody has to see.
 */
function isNobodys(flow: Flow, operation: Operation): boolean {
  if (flow.intent.counters.returned > 0n) return false;
  return operation.kind === 'sale' || isAside(flow, operation);
}

function comeBack(flow: Flow, operation: Operation, outcome: Success): true {
  keep(flow, operation, outcome);
  return raise(flow, operation, 'the money came after all');
}

function giveBack(flow: Flow, operation: Operation, outcome: Success): true {
  const { currency } = outcome;
  keep(flow, operation, outcome);
  // What had gone back before, and was called back meanwhile, is made up for by it.
  const amount = unsent(flow, operation.attempt);
  if (amount > 0n) sendBack(flow, operation, { amount, currency, cause: operation.id });
  if (operation.kind === 'capture') useUp(flow, operation);
  return true;
}

/** Money that is nobody's. */
function keep(flow: Flow, operation: Operation, outcome: Success): void {
  const { amount, currency, providerReference } = outcome;
  const { provider } = flow.intent.attempts[operation.attempt];
  operation.said = saidOf(outcome);
  operation.source = 'unapplied';
  operation.decline = '';
  flow.moveOperation(operation, 'succeeded', Infinity);
  if (isFirstCall(operation))
    flow.moveAttempt(operation.attempt, 'returned').providerReference = providerReference;
  bookUnapplied(flow, { provider, amount, currency, cost: costDue(operation, outcome.cost) });
}

/** Whether the payment still stands as it did when this was asked for. */
function fits(flow: Flow, operation: Operation, { amount, currency }: Success): boolean {
  const { state, canceling, counters } = flow.intent;
  if (operation.kind === 'sale' || canceling || isAside(flow, operation)) return false;
  if (amount !== operation.amount || currency !== operation.currency) return false;
  if (operation.kind === 'increment') return state === 'requires_capture';
  const left = counters.authorized - counters.captured - counters.capturing;
  const isOpen = state === 'requires_capture' || state === 'partially_captured';
  return isOpen && amount <= left && amount <= counters.memo;
}

function asAsked(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): true {
  operation.decline = '';
  // As if it were still open: whatever a proof takes out of the counters is in there.
  if (operation.kind === 'capture') flow.intent.counters.capturing += operation.amount;
  complete(flow, merchant, operation, outcome);
  return true;
}

/** The payer has the money: it is the merchant's matter, as far as a refund could have been asked for. */
function refund(flow: Flow, merchant: Merchant, operation: Operation, outcome: Success): true {
  const { counters, attempts } = flow.intent;
  const { source, currency } = operation;
  const { amount } = outcome;
  const { provider } = attempts[operation.attempt];
  const isMore = source === 'available' && amount > refundableOf(counters);
  if (outcome.currency !== currency || isMore) return contradict(flow, operation, outcome);
  if (amount !== operation.amount) operation.said = saidOf(outcome);
  operation.decline = '';
  flow.moveOperation(operation, 'succeeded', Infinity);
  const cost = costDue(operation, outcome.cost);
  if (source === 'available') {
    bookRefundOwed(flow, provider, amount);
    bookRefunded(flow, merchant, { provider, amount, cost });
  } else {
    bookUnappliedAsked(flow, { provider, amount, currency });
    bookUnappliedReturned(flow, { provider, amount, currency, cost });
    if (unsent(flow, operation.attempt) > 0n)
      flow.attend(operation, 'only a part of the money that nobody wants was sent back');
  }
  return true;
}
