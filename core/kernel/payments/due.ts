import type { Intent, Operation } from './model.ts';
import { isOpen } from './transitions.ts';

/** When something is next to be done about an intent, microseconds; Infinity for never. */
export function dueOf(intent: Intent): number {
  let dueUs = intent.counters.pending > 0n ? intent.availableAtUs : Infinity;
  for (const { untilUs } of intent.reserves) if (untilUs < dueUs) dueUs = untilUs;
  for (const operation of intent.operations) if (operation.dueUs < dueUs) dueUs = operation.dueUs;
  return Math.min(dueUs, expiryOf(intent));
}

/**
 * When an intent expires if nothing else comes of it, microseconds; Infinity where it does not. Expiry waits for whatever is
 * open, but for a payer who is awaited: nobody else could end that. What an operator has to decide first does not expire by
 * itself.
 */
export function expiryOf({ state, attention, expiresAtUs, operations, attempts }: Intent): number {
  if (attention !== '') return Infinity;
  const isWaitedFor = operations.some((one) => isOpen(one.state) && one.state !== 'requires_action');
  if (isWaitedFor) return Infinity;
  switch (state) {
    case 'requires_payment_method':
    case 'requires_confirmation':
    case 'requires_action':
      return expiresAtUs;
    case 'requires_capture':
    case 'partially_captured':
      // Nothing can be captured once it has lapsed.
      return Math.min(expiresAtUs, attempts.at(-1)?.expiresAtUs ?? Infinity);
    case 'processing':
    case 'succeeded':
    case 'canceled':
    case 'expired':
    case 'conflicted':
      return Infinity;
  }
}

/** 5 s, 30 s, 2 min, 5 min, 1 h, then once a day five times; after that an operator has it. */
const RESOLVE_AFTER_S = [5, 30, 120, 300, 3_600, 86_400, 86_400, 86_400, 86_400, 86_400] as const;

/** When an operation is asked about again whose provider was silent so often before; Infinity when the questions run out. */
export function resolveAtUs(nowUs: number, silent: number): number {
  return silent >= RESOLVE_AFTER_S.length ? Infinity : nowUs + RESOLVE_AFTER_S[silent] * 1e6;
}

/** Whether it waits for a provider that was silent: such are asked about as soon as it answers again. */
function isOwed({ state, dueUs, silent }: Operation): boolean {
  return dueUs !== Infinity && (state === 'unknown' || (state === 'accepted' && silent > 0));
}

/** The provider that owes an answer, of several the one that was asked first; '' for none. */
export function owingOf({ operations, attempts }: Intent): string {
  const owed = operations.find(isOwed);
  return owed === undefined ? '' : attempts[owed.attempt].provider;
}

/** What a provider that answers again is asked about an intent, before the schedule would. */
export function questionsOf({ operations, attempts }: Intent, provider: string): Question[] {
  return operations
    .filter((one) => isOwed(one) && attempts[one.attempt].provider === provider)
    .map((operation) => ({ do: 'query', operation }));
}

/**
 * Whether an intent waits for no provider: nothing was asked whose answer is to come within moments. What will never be
 * asked about is an operator's, or waits for the void that closes it.
 */
export function isResting({ operations }: Intent): boolean {
  return !operations.some(
    ({ state, dueUs }) => (state === 'pending' || state === 'unknown') && dueUs !== Infinity,
  );
}

/** What a process has to do about an intent at a moment, as far as its state tells. */
export type Step =
  /** Call the provider: the operation was journalled and is open. */
  | { do: 'call'; operation: Operation }
  | Question
  /** Go on, if the payer has done by now what was asked. */
  | { do: 'continue'; operation: Operation }
  /** A moment of the intent itself has come. */
  | { do: 'advance' };

/** Ask the provider what became of it. */
export interface Question {
  do: 'query';
  operation: Operation;
}

/** Whether the payer was asked to do something, and the provider waits to be told that it is done. */
function isChallenged({ attempts }: Intent, { kind, state, attempt }: Operation): boolean {
  const isFirst = kind === 'authorize' || kind === 'sale';
  return (
    isFirst &&
    (state === 'requires_action' || state === 'pending') &&
    attempts[attempt].state === 'requires_action'
  );
}

/**
 * The process of a payment: from its state to what is to be done now. Pure, so that a restart or another node comes to
 * the same steps. An operation that was asked for before `sinceUs`, when this writer took the shard over, may have been
 * called by the one before: it is asked about instead.
 */
export function stepsOf(intent: Intent, { nowUs, sinceUs }: { nowUs: number; sinceUs: number }): Step[] {
  const steps: Step[] = [];
  for (const operation of intent.operations) {
    if (operation.dueUs > nowUs) continue;
    if (operation.state === 'pending' && operation.startedUs >= sinceUs && operation.tries === 0)
      steps.push({ do: 'call', operation });
    else if (isChallenged(intent, operation)) steps.push({ do: 'continue', operation });
    // One that is proven is due only where an event of the provider's speaks of it.
    else steps.push({ do: 'query', operation });
  }
  if (steps.length === 0 && dueOf(intent) <= nowUs) steps.push({ do: 'advance' });
  return steps;
}
