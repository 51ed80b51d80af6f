import type { Success } from './complete.ts';
import type { Flow } from './flow.ts';
import type { Counters, Operation, Said } from './model.ts';
import { isOpen } from './transitions.ts';

/** Minor units that the provider really did. */
export function doneBy({ said, amount }: Operation): bigint {
  return said?.amount ?? amount;
}

export function saidOf({ amount, currency, cost }: Success): Said {
  return { amount, currency, cost };
}

/** Money that is nobody's here and not on its way back. */
export function unsent({ intent: { counters, operations } }: Flow): bigint {
  return operations.reduce(
    (left, { kind, source, state, amount }) =>
      kind === 'refund' && source === 'unapplied' && isOpen(state) ? left - amount : left,
    counters.unapplied,
  );
}

/** What a provider may have refunded as far as we know: it had it once, whatever was taken back since. */
export function refundableOf({ captured, returned, refunded, refunding }: Counters): bigint {
  return captured + returned - refunded - refunding;
}
