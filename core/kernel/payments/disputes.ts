import type { EventKind, MovedByOthers } from './commands.ts';
import type { Flow } from './flow.ts';
import type { Dispute, DisputeState, Operation } from './model.ts';
import {
  bookContested,
  bookContestedLost,
  bookContestedReopened,
  bookContestedWon,
  bookCosts,
  bookDisputed,
  bookDisputeFee,
  bookDisputeLost,
  bookDisputeReopened,
  bookDisputeWon,
} from './money.ts';
import { isTaking } from './said.ts';

/** How a dispute stands by what an event says; undefined for an event of none. */
export const DISPUTE_STATES: Readonly<Partial<Record<EventKind, DisputeState>>> = {
  dispute_opened: 'open',
  dispute_won: 'won',
  dispute_lost: 'lost',
};

/**
 * What a provider tells of a dispute is a fact, and each stage of it is booked once: the money leaves the merchant when
 * it is opened, and comes back or is gone when it ends. An opening that its end has overtaken moves nothing any more, but
 * what the provider took for it is owed all the same. False where it says nothing new.
 */
export function moveDispute(
  flow: Flow,
  operation: Operation,
  { to, moved, occurredUs }: { to: DisputeState; moved: MovedByOthers; occurredUs: number },
): boolean {
  const before = flow.intent.disputes.find(({ id }) => id === moved.reference);
  if (before?.state === to) return false;
  if (before !== undefined && isOvertaken(before, to, occurredUs)) {
    // Until it is told, the opening is taken to have been at the end.
    if (to !== 'open' || occurredUs >= before.openedUs) return false;
    bookFee(flow, { provider: flow.intent.attempts[operation.attempt].provider, cost: moved.cost }, before);
    flow.dispute({ ...before, openedUs: occurredUs });
    return true;
  }
  const { attempts, operations } = flow.intent;
  const named = operations.find(({ id }) => id === before?.operation) ?? operation;
  const { provider } = attempts[named.attempt];
  const { amount, cost } = before === undefined ? moved : { amount: before.amount, cost: moved.cost };
  const whose = before === undefined ? sourceOf(flow, named) : { source: before.source };
  const stage = { provider, amount, from: before?.state, to };
  if (whose.source === undefined) book(flow, stage);
  else bookNobodys(flow, stage);
  bookFee(flow, { provider, cost }, whose);
  flow.dispute({
    ...(whose.source === undefined ? {} : { source: whose.source }),
    id: moved.reference,
    operation: named.id,
    amount,
    state: to,
    openedUs: before?.openedUs ?? occurredUs,
    changedIn: 0,
    changedUs: occurredUs,
  });
  flow.attend(named, `dispute ${moved.reference} of ${amount} ${operation.currency} is ${to}`);
  return true;
}

/** Nothing opens and ends at one moment the other way round. */
function isOvertaken({ changedUs }: Dispute, to: DisputeState, occurredUs: number): boolean {
  return to === 'open' ? occurredUs <= changedUs : occurredUs < changedUs;
}

interface Whose {
  source?: Dispute['source'] | undefined;
}

/** The merchant never had what came late, and pays nothing for it. */
function sourceOf({ intent }: Flow, { attempt }: Operation): Whose {
  const taken = intent.operations.filter(
    (one) => one.attempt === attempt && one.state === 'succeeded' && isTaking(one),
  );
  return taken.length > 0 && taken.every(({ source }) => source === 'unapplied')
    ? { source: 'unapplied' }
    : {};
}

function bookFee(flow: Flow, fee: { provider: string; cost: bigint }, { source }: Whose): void {
  if (source === undefined) bookDisputeFee(flow, fee);
  else bookCosts(flow, fee);
}

interface Stage {
  provider: string;
  amount: bigint;
  from: DisputeState | undefined;
  to: DisputeState;
}

function bookNobodys(flow: Flow, { provider, amount, from, to }: Stage): void {
  const deed = { provider, amount };
  const isHeld = from === 'open' || from === 'lost';
  if (to === 'won' && !isHeld) return;
  if (!isHeld) bookContested(flow, deed);
  if (from === 'lost') bookContestedReopened(flow, deed);
  if (to === 'lost') bookContestedLost(flow, deed);
  if (to === 'won') bookContestedWon(flow, deed);
}

function book(flow: Flow, { provider, amount, from, to }: Stage): void {
  const deed = { provider, amount };
  const isHeld = from === 'open' || from === 'lost';
  // Won before anything was withdrawn: there is nothing to give back.
  if (to === 'won' && !isHeld) return;
  if (!isHeld) bookDisputed(flow, deed);
  if (from === 'lost') bookDisputeReopened(flow, deed);
  if (to === 'lost') bookDisputeLost(flow, deed);
  if (to === 'won') bookDisputeWon(flow, deed);
}

/** Whether a payer contests what is the merchant's. */
export function isDisputed({ disputes }: { disputes: readonly Dispute[] }): boolean {
  return disputes.some(({ state, source }) => state === 'open' && source === undefined);
}
