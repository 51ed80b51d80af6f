import { share } from './fees.ts';
import { accountsOf } from './accountsOf.ts';
import type { Flow } from './flow.ts';
import type { Merchant } from './model.ts';
import { DAY_US } from './money.ts';
import { dropAvailable, nextAvailable } from './pending.ts';
import { termsOf } from './terms.ts';

/**
 * What is left of this payment's pending money, as far as its day has come, becomes the merchant's to use: what it owes is taken first, then the
 * reserve's part is kept back.
 */
export function bookAvailable(flow: Flow, merchant: Merchant): void {
  const { intent } = flow;
  const { counters } = intent;
  const { reserve } = termsOf(merchant, intent);
  const a = accountsOf(intent, '');
  const amount = nextAvailable(intent);
  const recovered = owedOf(flow, amount);
  const kept = share(amount - recovered, reserve.ppm);
  flow.book('available', [
    { debit: a.pending, credit: a.owed, amount: recovered },
    { debit: a.pending, credit: a.reserve, amount: kept },
    { debit: a.pending, credit: a.available, amount: amount - recovered - kept },
  ]);
  if (kept > 0n)
    intent.reserves = [
      ...intent.reserves,
      // By the moment that was due: a timer that is late keeps nothing longer.
      { amount: kept, untilUs: intent.availableAtUs + reserve.days * DAY_US },
    ];
  counters.reserve += kept;
  dropAvailable(intent);
}

export function isReleased({ untilUs }: { untilUs: number }, nowUs: number): boolean {
  return untilUs <= nowUs;
}

/** What was kept back for long enough is the merchant's too, less what it owes by then. */
export function bookReserveReleased(flow: Flow): void {
  const { intent, nowUs } = flow;
  const amount = intent.reserves.reduce((sum, one) => (isReleased(one, nowUs) ? sum + one.amount : sum), 0n);
  const a = accountsOf(intent, '');
  const recovered = owedOf(flow, amount);
  flow.book('reserve released', [
    { debit: a.reserve, credit: a.owed, amount: recovered },
    { debit: a.reserve, credit: a.available, amount: amount - recovered },
  ]);
  intent.reserves = intent.reserves.filter((one) => !isReleased(one, nowUs));
  intent.counters.reserve -= amount;
}

/** What the merchant owes in the payment's currency, for whatever payment, as far as an amount covers it. */
function owedOf(flow: Flow, amount: bigint): bigint {
  const owed = flow.balanceOf(accountsOf(flow.intent, '').owed);
  if (owed <= 0n) return 0n;
  return owed < amount ? owed : amount;
}
