import type { Uuid } from '../ledger/commands.ts';
import type { After, IntentCreated, IntentMoved, MerchantSet, ShownAttempt } from './change.ts';
import type { Attempt, Counters, Intent, Merchant, Operation } from './model.ts';

interface Whose {
  id: Uuid;
  book: number;
  /** Of the event. */
  seq: number;
}

export function merchantOf({ merchant }: MerchantSet, { id, book, seq }: Whose): Merchant {
  return { ...merchant, id, book, seq, lastSeq: seq };
}

export function intentOf(change: IntentCreated, { id, book, seq }: Whose): Intent {
  const { metadata, ...fields } = change.intent;
  return {
    ...fields,
    id,
    book,
    seq,
    metadata: Object.fromEntries(metadata),
    attempts: change.attempts.map(([, attempt]) => attemptOf(attempt, undefined)),
    operations: [...change.operations],
    lastSeq: seq,
    ...kept(change.after),
  };
}

/** Brings an intent past an event. What the event says replaces what stood there: nothing is computed. */
export function evolve(intent: Intent, change: IntentMoved, seq: number): void {
  if (change.method !== undefined) intent.method = change.method;
  if (change.updated !== undefined) {
    const { metadata, ...fields } = change.updated;
    Object.assign(intent, fields, { metadata: Object.fromEntries(metadata) });
  }
  for (const [index, attempt] of change.attempts)
    intent.attempts[index] = attemptOf(attempt, intent.attempts[index]);
  for (const operation of change.operations) putOperation(intent, operation);
  Object.assign(intent, kept(change.after), { lastSeq: seq });
}

/** The attempt that an event shows; its route is what it was begun with. */
function attemptOf(shown: ShownAttempt, before: Attempt | undefined): Attempt {
  const route = shown.route ?? before?.route;
  if (route === undefined) throw new Error(`an attempt at ${shown.provider} begins without its route`);
  return { ...shown, route };
}

export function putOperation({ operations }: { operations: Operation[] }, operation: Operation): void {
  const index = operations.findIndex(({ id }) => id === operation.id);
  if (index < 0) operations.push(operation);
  else operations[index] = operation;
}

/** The fields of an intent that `after` holds; when it is due follows from the others. */
function kept(after: After): Omit<After, 'dueUs'> {
  const { state, version, cancelReason, canceling, attention, availableAtUs, counters } = after;
  return { state, version, cancelReason, canceling, attention, availableAtUs, counters: { ...counters } };
}

/** A copy that a decision may change: the intent itself changes only by `evolve`. */
export function draftOf(intent: Intent): Intent {
  return {
    ...intent,
    counters: { ...intent.counters },
    attempts: intent.attempts.map((attempt): Attempt => ({ ...attempt })),
    operations: intent.operations.map((operation): Operation => ({ ...operation })),
  };
}

export const NO_COUNTERS: Readonly<Counters> = {
  authorized: 0n,
  captured: 0n,
  capturing: 0n,
  refunded: 0n,
  refunding: 0n,
  fees: 0n,
  tax: 0n,
  pending: 0n,
  memo: 0n,
  unapplied: 0n,
};
