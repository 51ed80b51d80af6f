import type { MovedByOthers, RecordEvent } from './commands.ts';
import { type Flow, operationId } from './flow.ts';
import type { Merchant, Operation } from './model.ts';
import {
  bookCosts,
  bookRefundOwed,
  bookRefunded,
  bookRefundTakenBack,
  bookUnappliedAsked,
  bookUnappliedBack,
  bookUnappliedReturned,
} from './money.ts';
import { isTaking, REFUNDED_TOO_MUCH, unsent, unsettledOf } from './said.ts';
import { isOpen } from './transitions.ts';

/** What an event comes to of money that nobody here has moved. */
export type Moved =
  | 'booked'
  /** It is known already, or a later event has overtaken it. */
  | 'nothing'
  /** The money that it gives back is not proven yet: whose it is shows once that is. */
  | 'later';

type Told = Pick<RecordEvent, 'occurredUs'> & { moved: MovedByOthers };

/**
 * A refund that somebody made at the provider's own pages is a fact. It is an operation of its own, known by the
 * provider's reference: first of money that is nobody's and waits to be sent back, then of the merchant's, as far as that
 * was ever captured and not refunded; what is left had come from nowhere, and is a loss.
 */
export function refundedElsewhere(flow: Flow, merchant: Merchant, named: Operation, told: Told): Moved {
  const { moved, occurredUs } = told;
  const known = foreignOf(flow, moved.reference);
  if (known.some(({ state, eventUs }) => state === 'succeeded' || eventUs >= occurredUs)) return 'nothing';
  const { provider } = flow.intent.attempts[named.attempt];
  const nobodys = unsent(flow, named.attempt) + undecidedOf(flow, named);
  const room = roomOf(flow, named);
  const { amount, currency, cost } = moved;
  const there = nobodys > 0n ? nobodys : 0n;
  if (there + room < amount && isUnproven(flow, named)) return 'later';
  const before = amount < there ? amount : there;
  const ofMerchant = currency !== flow.intent.currency ? 0n : least(amount - before, room);
  if (ofMerchant > 0n) {
    record(flow, named, told, { amount: ofMerchant, source: 'available', state: 'succeeded' });
    bookRefundOwed(flow, provider, ofMerchant);
    bookRefunded(flow, merchant, { provider, amount: ofMerchant, cost: 0n });
  }
  const rest = { provider, amount: amount - ofMerchant, currency };
  if (rest.amount > 0n) {
    const one = record(flow, named, told, { amount: rest.amount, source: 'unapplied', state: 'succeeded' });
    bookUnappliedAsked(flow, rest);
    bookUnappliedReturned(flow, { ...rest, cost: 0n });
    if (rest.amount > there) flow.attend(one, REFUNDED_TOO_MUCH);
  }
  bookCosts(flow, { provider, cost });
  return 'booked';
}

/** The same refund has come back, or was never done. */
export function refundFailedElsewhere(flow: Flow, merchant: Merchant, named: Operation, told: Told): Moved {
  const { moved, occurredUs } = told;
  const known = foreignOf(flow, moved.reference);
  const done = known.filter(({ state }) => state === 'succeeded');
  if (known.length > 0 && done.length === 0) return 'nothing';
  if (done.some(({ eventUs }) => eventUs > occurredUs)) return 'nothing';
  // So that its success, which this has overtaken, moves nothing.
  if (known.length === 0)
    record(flow, named, told, { amount: moved.amount, source: 'available', state: 'failed' });
  for (const one of done) {
    const { amount, currency } = one;
    const { provider } = flow.intent.attempts[one.attempt];
    one.eventUs = occurredUs;
    flow.moveOperation(one, 'failed', Infinity);
    if (one.source === 'available') {
      bookRefundTakenBack(flow, merchant, { provider, amount });
    } else {
      bookUnappliedBack(flow, { provider, amount, currency });
      flow.attend(one, unsettledOf(flow, one));
    }
  }
  return 'booked';
}

function foreignOf({ intent }: Flow, reference: string): Operation[] {
  return intent.operations.filter(
    ({ foreign, providerReference }) => foreign === true && providerReference === reference,
  );
}

function record(
  flow: Flow,
  { attempt }: Operation,
  { moved, occurredUs }: Told,
  { state, ...what }: Pick<Operation, 'amount' | 'source'> & { state: 'succeeded' | 'failed' },
): Operation {
  const { reference, currency } = moved;
  const number = flow.intent.operations.filter(({ foreign }) => foreign === true).length;
  const { operation: first } = flow.intent.attempts[attempt];
  const id = operationId(flow, first, `foreign refund ${reference} ${number}`);
  const one = flow.begin(id, { kind: 'refund', attempt, currency, foreign: true, ...what });
  Object.assign(one, { providerReference: reference, eventUs: occurredUs });
  flow.moveOperation(one, state, Infinity);
  return one;
}

/** What of the merchant's money the provider can have refunded: whatever is being refunded besides may come to nothing. */
function roomOf({ intent }: Flow, { attempt }: Operation): bigint {
  const { captured, returned, refunded } = intent.counters;
  const isMerchants = intent.operations.some(
    (one) =>
      one.attempt === attempt &&
      isTaking(one) &&
      one.source === 'available' &&
      (one.state === 'succeeded' || (one.state === 'failed' && returned > 0n)),
  );
  const room = captured + returned - refunded;
  return isMerchants && room > 0n ? room : 0n;
}

/** Money that has come in another amount than was asked, and of which an operator has still to decide. */
function undecidedOf({ intent }: Flow, { attempt }: Operation): bigint {
  return intent.operations.reduce(
    (sum, one) =>
      one.attempt === attempt && isTaking(one) && isOpen(one.state) && one.said !== null
        ? sum + one.said.amount
        : sum,
    0n,
  );
}

function isUnproven({ intent }: Flow, { attempt }: Operation): boolean {
  return intent.operations.some(
    (one) =>
      one.attempt === attempt &&
      (isTaking(one) || one.kind === 'authorize') &&
      isOpen(one.state) &&
      one.said === null,
  );
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
