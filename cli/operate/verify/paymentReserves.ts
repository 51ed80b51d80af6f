import type { EventAt } from './events.ts';
import type { Change } from './paymentChange.ts';
import type { IntentFold } from './paymentFold.ts';
import type { ShardFold } from './shardFold.ts';

const DAY_US = 86_400_000_000;

/**
 * What is kept back of a payment: no longer than its terms say, counted from the moment at which the money was due to
 * be available, released at that moment and not before, and together what the counter says.
 */
export function checkReserves(
  fold: ShardFold,
  event: EventAt,
  {
    intent,
    before,
    after,
  }: {
    intent: IntentFold;
    before: Pick<IntentFold, 'availableAtUs' | 'reserves'>;
    after: NonNullable<Change['after']>;
  },
): void {
  const { terms } = intent;
  const tell = (what: string): void => fold.tell('I12', event, `payment ${intent.id}: ${what}`);
  const sum = after.reserves.reduce((total, { amount }) => total + BigInt(amount), 0n);
  if (sum !== BigInt(after.counters.reserve))
    tell(`the reserve is ${after.counters.reserve}, and ${sum} are kept back`);
  const known = new Set(before.reserves.map(keyOf));
  const kept = new Set(after.reserves.map(keyOf));
  for (const one of before.reserves)
    if (!kept.has(keyOf(one)) && one.untilUs > event.blockTimeUs)
      tell(`${one.amount} are released too early`);
  for (const one of after.reserves) {
    if (known.has(keyOf(one))) continue;
    const untilUs = (before.availableAtUs ?? 0) + (terms?.reserve.days ?? 0) * DAY_US;
    if (terms !== null && one.untilUs !== untilUs)
      tell(`${one.amount} are kept back until ${one.untilUs}, by its terms it is ${untilUs}`);
  }
}

function keyOf({ amount, untilUs }: { amount: string; untilUs: number }): string {
  return `${amount} ${untilUs}`;
}
