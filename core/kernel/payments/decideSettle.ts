import { refusal, type Refusal } from '../ledger/context.ts';
import { isOver, rest } from './attention.ts';
import type { SettleOperation } from './commands.ts';
import { complete, isAside, isLate, sendBack, useUp } from './complete.ts';
import { settle } from './decideOutcome.ts';
import { draftOf } from './evolve.ts';
import { factsOfPayment } from './facts.ts';
import { Flow, IllegalMove, operationId, type PaymentContext } from './flow.ts';
import type { Intent, Merchant, Operation, Said } from './model.ts';
import {
  bookApplied,
  bookAuthorizedTakenBack,
  bookCosts,
  bookRefundOwed,
  bookRefunded,
  bookReleased,
  bookUnappliedAsked,
  bookUnappliedReturned,
} from './money.ts';
import { takeFromNobody } from './proven.ts';
import { costDue, doneBy, refundableOf, unsent } from './said.ts';
import { isOpen } from './transitions.ts';
import type { Decided } from './flow.ts';
import type { Success } from './commands.ts';
import { startVoid } from './attempts.ts';

/**
 * An operator's word about an operation that no process can settle. A proof by hand is booked as a provider's would be;
 * what the provider did otherwise than it was asked is accepted, or sent back. What is refused has changed nothing.
 */
export function decideSettle(
  context: PaymentContext,
  command: SettleOperation,
  intent: Intent,
  merchant: Merchant,
): Decided {
  const flow = new Flow(context, draftOf(intent));
  const operation = flow.intent.operations.find(({ id }) => id === command.operation);
  if (operation === undefined) return refusal('PAYMENT_STATE', { field: 'operation_id' });
  const { id, note } = command;
  try {
    const fault = judge(flow, merchant, operation, command);
    if (fault !== null) return fault;
    rest(flow);
    return flow.write(
      { id, by: 'operator', request: factsOfPayment(command) },
      { name: 'operation_settled', note },
    );
  } catch (error) {
    // What the payment has come to meanwhile leaves no room for that verdict.
    if (error instanceof IllegalMove) return WRONG();
    throw error;
  }
}

const WRONG = (): Refusal => refusal('PAYMENT_STATE', { field: 'verdict' });

function judge(
  flow: Flow,
  merchant: Merchant,
  operation: Operation,
  command: SettleOperation,
): Refusal | null {
  const { attention, state, tries, said } = operation;
  // The first call is on its way, and its own answer comes first.
  const isAsked = isOpen(state) && !(state === 'pending' && tries === 0);
  switch (command.verdict) {
    case 'ask_again':
      if (operation.foreign === true || (!isAsked && attention === '')) return WRONG();
      flow.moveOperation(operation, state, flow.nowUs);
      return null;
    case 'done':
    case 'not_done':
      if (command.verdict === 'done' && isRefusedVoid(operation))
        return letGoByHand(flow, merchant, operation);
      if (attention === '' || !isAsked || said !== null) return WRONG();
      settle(flow, merchant, operation, command.verdict === 'done' ? proofOf(flow, operation) : DISPROOF);
      return null;
    case 'accept':
      return attention === '' ? WRONG() : accept(flow, merchant, operation);
    case 'send_back':
      return attention === '' ? WRONG() : undo(flow, merchant, operation, command);
  }
}

function isRefusedVoid({ kind, state, attention, said }: Operation): boolean {
  return kind === 'void' && state === 'failed' && attention !== '' && said === null;
}

/** A provider that refuses to void holds nothing of it any more, as its pages show: that is as good as a void. */
function letGoByHand(flow: Flow, merchant: Merchant, operation: Operation): Refusal | null {
  const { intent } = flow;
  // What is under way there shows by itself what is held.
  if (intent.operations.some((one) => one.attempt === operation.attempt && uses(one))) return WRONG();
  if (endsPayment(flow, operation)) {
    if (flow.nowUs >= intent.expiresAtUs) intent.cancelReason = 'expired';
    cancel(flow);
  }
  operation.decline = '';
  complete(flow, merchant, operation, proofOf(flow, operation));
  return null;
}

/** Whether it is under way, and acts on an authorisation. */
function uses({ kind, state }: Operation): boolean {
  return isOpen(state) && kind !== 'refund';
}

/** Whether a void lets go of what the payment rests on: not of one that came late, or of an attempt that is left behind. */
function endsPayment(flow: Flow, operation: Operation): boolean {
  return !isAside(flow, operation) && !isLate(flow, operation);
}

/**
 * A proof by hand, as the provider would have told it. What it takes for it nobody knows; when an authorisation lapses, the
 * provider's own time tells.
 */
function proofOf({ context, intent }: Flow, operation: Operation): Success {
  const { kind, attempt, amount, currency, providerReference, askedUs } = operation;
  const stands = context.router.abilities(intent.attempts[attempt].provider)?.authorizationSeconds;
  const expiresAtUs = kind === 'authorize' && stands !== undefined ? askedUs + stands * 1e6 : Infinity;
  return { done: 'succeeded', amount, currency, providerReference, cost: 0n, expiresAtUs };
}

const DISPROOF = {
  done: 'declined',
  code: 'generic_decline',
  providerCode: 'proven by an operator',
  providerReference: '',
} as const;

function accept(flow: Flow, merchant: Merchant, operation: Operation): Refusal | null {
  const { said, state, decline, source } = operation;
  if (said !== null && state !== 'succeeded') return acceptDone(flow, merchant, operation, said);
  if (state === 'succeeded' && decline !== '') return acceptNotDone(flow, operation);
  if (source === 'unapplied' && unsent(flow, operation.attempt) > 0n) return apply(flow, merchant, operation);
  // Nobody would ever look at it again.
  if (isOpen(state)) return WRONG();
  // Of what has happened outside and is booked already, or has to be dealt with elsewhere: it was seen.
  flow.attend(operation, '');
  return null;
}

/** The provider did it, though in another amount, or after it had said that it did not. */
function acceptDone(flow: Flow, merchant: Merchant, operation: Operation, said: Said): Refusal | null {
  const { kind } = operation;
  if (said.currency !== operation.currency) return refusal('NOT_SUPPORTED', { field: 'verdict' });
  if (kind === 'refund') return acceptRefund(flow, merchant, operation, said);
  if (kind === 'increment' && flow.intent.counters.memo === 0n) return waive(flow, operation, said);
  // A payment that goes on with another attempt, or is over, can only have it undone.
  if (isAside(flow, operation) && kind !== 'void') return WRONG();
  if (kind === 'void' && endsPayment(flow, operation)) cancel(flow);
  operation.decline = '';
  complete(flow, merchant, operation, successOf(flow, operation, said));
  return null;
}

function acceptRefund(flow: Flow, merchant: Merchant, operation: Operation, said: Said): Refusal | null {
  const { counters, attempts } = flow.intent;
  const { source, amount, currency } = operation;
  const open = isOpen(operation.state) ? amount : 0n;
  const left =
    source === 'available' ? refundableOf(counters) + open : unsent(flow, operation.attempt) + open;
  // What was on its way back when the payer's bank called the same money back has gone all the same, up to what was asked.
  const isGone = source === 'unapplied' && isOpen(operation.state) && said.amount <= amount;
  if (said.amount > left && !isGone) return refusal('EXCEEDS_CAPTURED', { field: 'verdict' });
  const { provider } = attempts[operation.attempt];
  operation.decline = '';
  if (isOpen(operation.state)) {
    complete(flow, merchant, operation, successOf(flow, operation, said));
    return null;
  }
  const back = { provider, amount: said.amount, currency, cost: costDue(operation, said.cost) };
  if (source === 'available') {
    flow.moveOperation(operation, 'succeeded', Infinity);
    bookRefundOwed(flow, provider, said.amount);
    bookRefunded(flow, merchant, back);
  } else {
    flow.moveOperation(operation, 'succeeded', Infinity);
    bookUnappliedAsked(flow, back);
    bookUnappliedReturned(flow, back);
  }
  return null;
}

/** The provider did not do it, after it had said that it did. */
function acceptNotDone(flow: Flow, operation: Operation): Refusal | null {
  const { counters, attempts } = flow.intent;
  const { provider } = attempts[operation.attempt];
  const amount = doneBy(operation);
  if (operation.source === 'unapplied') {
    // Some is on its way back, has gone there, or is contested: what comes of that is to be known first.
    if (unsent(flow, operation.attempt) < amount) return WRONG();
    takeFromNobody(flow, operation);
    return null;
  }
  // Of an attempt that is left behind, or where nothing is counted any more, it was let go of before.
  const isGone = operation.attempt !== attempts.length - 1 || counters.authorized === 0n;
  if (!isGone && counters.captured + counters.capturing > counters.authorized - amount)
    return refusal('EXCEEDS_AUTHORIZED', { field: 'verdict' });
  flow.moveOperation(operation, 'failed', Infinity);
  if (isGone) return null;
  bookAuthorizedTakenBack(flow, provider, amount);
  return null;
}

/** Money that is nobody's is taken for what was to be paid after all. */
function apply(flow: Flow, merchant: Merchant, operation: Operation): Refusal | null {
  const { intent } = flow;
  if (currencyOf(operation) !== intent.currency) return refusal('NOT_SUPPORTED', { field: 'verdict' });
  if (isAside(flow, operation)) return WRONG();
  flow.attend(operation, '');
  intent.canceling = false;
  intent.cancelReason = '';
  const { provider } = intent.attempts[operation.attempt];
  const amount = unsent(flow, operation.attempt);
  for (const one of intent.operations) {
    if (one.attempt !== operation.attempt || one.kind === 'refund' || one.source === 'available') continue;
    one.source = 'available';
    flow.attend(one, one.attention);
  }
  bookApplied(flow, merchant, { provider, amount });
  // No other capture follows, so the provider holds nothing of the rest.
  if (operation.kind === 'capture' && operation.final) bookReleased(flow, { provider, cost: 0n });
  return null;
}

/** What the provider did is undone there: money is refunded, an authorisation is let go of. */
function undo(flow: Flow, merchant: Merchant, operation: Operation, { id }: SettleOperation): Refusal | null {
  const { kind, source, said, state } = operation;
  if (kind === 'refund' || source === 'unapplied') {
    const amount = unsent(flow, operation.attempt);
    if (source !== 'unapplied' || isOpen(state) || amount <= 0n) return WRONG();
    flow.attend(operation, '');
    sendBack(flow, operation, { amount, currency: currencyOf(operation), cause: id });
    endTaken(flow, operation);
    return null;
  }
  if (said === null || state === 'succeeded') return WRONG();
  const { provider } = flow.intent.attempts[operation.attempt];
  switch (kind) {
    case 'sale':
    case 'capture':
      undoTaken(flow, operation, { said, cause: id });
      return null;
    case 'authorize':
      letGo(flow, merchant, operation, { said, cause: id });
      return null;
    case 'increment':
      if (flow.intent.counters.memo === 0n) return waive(flow, operation, said);
      // The provider cannot lower it again, so all of it is let go of.
      flow.moveOperation(operation, isOpen(state) ? 'failed' : state, Infinity);
      flow.attend(operation, '');
      if (said.currency === operation.currency)
        bookCosts(flow, { provider, cost: costDue(operation, said.cost) });
      if (isAside(flow, operation)) return null;
      cancel(flow);
      startVoid(flow, id);
      return null;
    case 'void':
      return WRONG();
  }
}

/** More of an authorisation of which nothing is held any more: it lapses by itself. */
function waive(flow: Flow, operation: Operation, { currency, cost }: Said): null {
  const { provider } = flow.intent.attempts[operation.attempt];
  flow.moveOperation(operation, isOpen(operation.state) ? 'failed' : operation.state, Infinity);
  flow.attend(operation, '');
  if (currency === operation.currency) bookCosts(flow, { provider, cost: costDue(operation, cost) });
  return null;
}

function undoTaken(
  flow: Flow,
  operation: Operation,
  { said, cause }: { said: Said; cause: Operation['id'] },
): void {
  flow.intent.counters.capturing -= operation.amount;
  operation.decline = '';
  operation.source = 'unapplied';
  flow.moveOperation(operation, 'succeeded', Infinity);
  // Of which somebody may have refunded some at the provider's own pages.
  const amount = unsent(flow, operation.attempt);
  if (amount > 0n) sendBack(flow, operation, { amount, currency: said.currency, cause });
  endTaken(flow, operation);
}

/** Where a payment stands whose money goes back. */
function endTaken(flow: Flow, operation: Operation): void {
  if (operation.kind === 'refund' || isAside(flow, operation)) return;
  if (operation.kind === 'capture') useUp(flow, operation);
  const { captured, memo } = flow.intent.counters;
  if (captured === 0n && memo === 0n) cancel(flow);
}

function letGo(
  flow: Flow,
  merchant: Merchant,
  operation: Operation,
  { said, cause }: { said: Said; cause: Operation['id'] },
): void {
  const { intent } = flow;
  const { provider } = intent.attempts[operation.attempt];
  if (isAside(flow, operation) || !isOpen(operation.state)) {
    // Nothing of it was ever booked; what the provider holds it lets go of.
    flow.moveOperation(operation, operation.state, Infinity);
    flow.attend(operation, '');
    if (said.currency === operation.currency)
      bookCosts(flow, { provider, cost: costDue(operation, said.cost) });
    flow.begin(operationId(flow, cause, 'void'), {
      kind: 'void',
      attempt: operation.attempt,
      amount: said.amount,
    });
    if (!isAside(flow, operation)) cancel(flow);
    return;
  }
  cancel(flow);
  if (said.currency === operation.currency) {
    complete(flow, merchant, operation, successOf(flow, operation, said));
    return;
  }
  // A memo in another currency than the payment's says nothing: it stays open until the void closes it.
  if (operation.state !== 'unknown') flow.moveOperation(operation, 'unknown', Infinity);
  flow.attend(operation, '');
  startVoid(flow, cause);
}

/** Of money that is nobody's: what came, and not what the provider says of its way back. */
function currencyOf({ kind, said, currency }: Operation): string {
  return kind === 'refund' ? currency : (said?.currency ?? currency);
}

/** What is undone ends the payment: nothing new is begun. */
function cancel({ intent }: Flow): void {
  if (isOver(intent)) return;
  intent.canceling = true;
  if (intent.cancelReason === '') intent.cancelReason = 'requested';
}

function successOf(
  { intent }: Flow,
  { providerReference, attempt, kind }: Operation,
  { amount, currency, cost }: Said,
): Success {
  const expiresAtUs = kind === 'authorize' ? intent.attempts[attempt].expiresAtUs : Infinity;
  return { done: 'succeeded', amount, currency, cost, providerReference, expiresAtUs };
}
