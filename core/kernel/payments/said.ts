import type { Flow } from './flow.ts';
import type { Counters, Intent, Operation, Said } from './model.ts';
import { isOpen } from './transitions.ts';
import type { Success } from './commands.ts';

/** Minor units that the provider really did. */
export function doneBy({ said, amount }: Operation): bigint {
  return said?.amount ?? amount;
}

export function saidOf({ amount, currency, cost }: Success): Said {
  return { amount, currency, cost };
}

/** Money of an attempt that is nobody's here, not on its way back, and not contested. Below 0 where more is gone than came. */
export function unsent({ intent: { operations, disputes } }: Flow, attempt: number): bigint {
  const contested = disputes.reduce((sum, { source, state, amount, operation }) => {
    if (source === undefined || state === 'won') return sum;
    return operations.find(({ id }) => id === operation)?.attempt === attempt ? sum + amount : sum;
  }, 0n);
  return operations
    .filter((one) => one.attempt === attempt && one.source === 'unapplied')
    .reduce((left, one) => {
      if (one.kind !== 'refund') return one.state === 'succeeded' ? left + doneBy(one) : left;
      if (one.state === 'succeeded') return left - doneBy(one);
      return isOpen(one.state) ? left - one.amount : left;
    }, -contested);
}

/** What an operator has to decide all the same: money that is nobody's, and is not on its way back. */
export function unsettledOf(flow: Flow, { source, kind, attempt }: Operation): string {
  if (source !== 'unapplied' || unsent(flow, attempt) <= 0n) return '';
  return kind === 'refund' ? 'money that nobody wants could not be sent back' : 'the money came after all';
}

/**
 * What of a cost that a provider says is not booked yet: an operation may be proven more than once, and costs once. Below 0
 * where less is booked from now on.
 */
export function costDue(operation: Operation, cost: bigint): bigint {
  const due = cost - (operation.cost ?? 0n);
  if (cost === 0n) delete operation.cost;
  else operation.cost = cost;
  return due;
}

/** Whether it took money: it brings what is the merchant's, or nobody's. */
export function isTaking({ kind }: Operation): boolean {
  return kind === 'sale' || kind === 'capture';
}

/**
 * What more has gone back to payers, or was lost to them, than had come of money that is nobody's: nobody here can be
 * asked for it. In the payment's own currency.
 */
export function lostOf({ operations, disputes, counters, currency: own }: Intent): bigint {
  const sum = (of: (one: Operation) => boolean): bigint =>
    operations.reduce((total, one) => {
      const { said, currency } = one;
      return of(one) && (said?.currency ?? currency) === own ? total + doneBy(one) : total;
    }, 0n);
  const contested = disputes.reduce(
    (total, { source, state, amount }) =>
      source === 'unapplied' && state === 'lost' ? total + amount : total,
    0n,
  );
  const gone =
    contested +
    sum(({ kind, source, state }) => kind === 'refund' && source === 'unapplied' && state === 'succeeded');
  if (gone === 0n) return 0n;
  const came =
    sum((one) => isTaking(one) && (one.state === 'succeeded' || (isOpen(one.state) && one.said !== null))) -
    counters.captured;
  return gone > came ? gone - came : 0n;
}

/** Why an operator has a refund that leaves less than nothing. */
export const REFUNDED_TOO_MUCH = 'the provider refunded more than there was to refund';

/** What a provider may have refunded as far as we know: it had it once, whatever was taken back since. */
export function refundableOf({ captured, returned, refunded, refunding }: Counters): bigint {
  return captured + returned - refunded - refunding;
}

/** A sale that is open captures what it authorises itself. */
export function saleOpen({ operations, counters }: Intent): bigint {
  return operations.some(({ kind, state }) => kind === 'sale' && isOpen(state)) ? counters.capturing : 0n;
}

/** Refunds of money that was never the merchant's. */
export function sentBack({ operations }: Intent): bigint {
  return operations.reduce(
    (sum, one) =>
      one.kind === 'refund' && one.source === 'unapplied' && one.state !== 'failed'
        ? sum + (one.said?.amount ?? one.amount)
        : sum,
    0n,
  );
}

/** Refunds of the merchant's money at the provider's own pages: they ask nobody how much is being refunded already. */
export function madeElsewhere({ operations }: Intent): bigint {
  return operations.reduce(
    (sum, { foreign, source, state, amount }) =>
      foreign === true && source === 'available' && state === 'succeeded' ? sum + amount : sum,
    0n,
  );
}
