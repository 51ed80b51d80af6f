import type { Flow } from './flow.ts';
import type { Counters, Operation, Said } from './model.ts';
import { isOpen } from './transitions.ts';
import type { Success } from './commands.ts';

/** Minor units that the provider really did. */
export function doneBy({ said, amount }: Operation): bigint {
  return said?.amount ?? amount;
}

export function saidOf({ amount, currency, cost }: Success): Said {
  return { amount, currency, cost };
}

/** Money of an attempt that is nobody's here and not on its way back. */
export function unsent({ intent: { operations } }: Flow, attempt: number): bigint {
  return operations
    .filter((one) => one.attempt === attempt && one.source === 'unapplied')
    .reduce((left, one) => {
      if (one.kind !== 'refund') return one.state === 'succeeded' ? left + doneBy(one) : left;
      if (one.state === 'succeeded') return left - doneBy(one);
      return isOpen(one.state) ? left - one.amount : left;
    }, 0n);
}

/** What a provider may have refunded as far as we know: it had it once, whatever was taken back since. */
export function refundableOf({ captured, returned, refunded, refunding }: Counters): bigint {
  return captured + returned - refunded - refunding;
}
