import { chart, type ChartAccount } from './chart.ts';
import { feeFor, feeRuleFor, share } from './fees.ts';
import { accountsOf } from './accountsOf.ts';
import type { Flow, Leg } from './flow.ts';
import { addPending, lastAvailableUs, putBack, takePending } from './pending.ts';
import type { Merchant, Operation } from './model.ts';
import { termsOf } from './terms.ts';

export const DAY_US = 86_400_000_000;

/** Every movement of money that a payment leads to, as docs/payments.md lists them. */

/** What a provider did, and what it takes for that. */
interface Deed {
  provider: string;
  amount: bigint;
  cost: bigint;
}

/** An authorisation, or more of it: a memo, so that what stands at providers can be summed up. */
export function bookAuthorized(flow: Flow, { provider, amount, cost }: Deed): void {
  const { authOpen, authContra } = accountsOf(flow.intent, provider);
  flow.intent.counters.authorized += amount;
  flow.intent.counters.memo += amount;
  flow.book('authorized', [{ debit: authOpen, credit: authContra, amount }, costOf(flow, provider, cost)]);
}

/** What of the authorisation no capture will use any more. */
export function bookReleased(flow: Flow, { provider, cost }: Omit<Deed, 'amount'>): void {
  const { counters } = flow.intent;
  flow.book('released', [memoBack(flow, provider, counters.memo), costOf(flow, provider, cost)]);
}

/** What the provider takes for something that moves no money of the payment. */
export function bookCosts(flow: Flow, { provider, cost }: Omit<Deed, 'amount'>): void {
  flow.book('costs', [costOf(flow, provider, cost)]);
}

/** An authorisation, or an increment of one, that turned out to be none. */
export function bookAuthorizedTakenBack(flow: Flow, provider: string, amount: bigint): void {
  const { counters } = flow.intent;
  counters.authorized -= amount;
  flow.book('released', [memoBack(flow, provider, amount < counters.memo ? amount : counters.memo)]);
}

/** A provider keeps its costs back from what it owes us; what it gives, or takes less than it said before, it owes us. */
function costOf(flow: Flow, provider: string, amount: bigint, currency?: string): Leg {
  const { pspFees, receivable } = accountsOf(flow.intent, provider, currency);
  return amount < 0n
    ? { debit: receivable, credit: pspFees, amount: -amount }
    : { debit: pspFees, credit: receivable, amount };
}

function memoBack(flow: Flow, provider: string, amount: bigint): Leg {
  const { authOpen, authContra } = accountsOf(flow.intent, provider);
  flow.intent.counters.memo -= amount;
  return { debit: authContra, credit: authOpen, amount };
}

/** A capture: the provider owes it to us, we owe it to the merchant less fees and the tax on them. */
export function bookCaptured(flow: Flow, merchant: Merchant, { provider, amount, cost }: Deed): void {
  const from = accountsOf(flow.intent, provider).receivable;
  const legs = capturedLegs(flow, merchant, { provider, amount, from, isAgain: false });
  flow.book('captured', [...legs, costOf(flow, provider, cost)]);
}

function capturedLegs(
  flow: Flow,
  merchant: Merchant,
  { provider, amount, from, isAgain }: Omit<Deed, 'cost'> & { from: ChartAccount; isAgain: boolean },
): Leg[] {
  const { intent } = flow;
  const { counters } = intent;
  counters.captured += amount;
  addPending(intent, amount, businessDaysLater(flow.nowUs, termsOf(merchant, intent).settlementDays));
  const memo = isAgain ? 0n : amount < counters.memo ? amount : counters.memo;
  const { fee, tax } = chargeDue(flow, merchant);
  const legs = [
    memoBack(flow, provider, memo),
    { debit: from, credit: accountsOf(intent, provider).pending, amount },
    ...charged(flow, merchant, provider, { fee, tax }),
  ];
  return legs;
}

/** The fees and tax that the payment owes by now, less what is posted: negative where some is to be given back. */
function chargeDue({ intent }: Flow, merchant: Merchant): { fee: bigint; tax: bigint } {
  const { counters, currency, attempts } = intent;
  const method = attempts[attempts.length - 1].method.type;
  const terms = termsOf(merchant, intent);
  const rule = feeRuleFor(terms.fees, { method, currency });
  const base = counters.captured - (terms.feesReturned ? counters.refunded : 0n);
  const fee = feeFor(rule, base > 0n ? base : 0n);
  return { fee: fee - counters.fees, tax: share(fee, terms.taxPpm) - counters.tax };
}

/** Takes fees from what is pending of this payment; what it does not hold, the merchant owes. */
function charged(
  flow: Flow,
  merchant: Merchant,
  provider: string,
  { fee, tax }: { fee: bigint; tax: bigint },
): Leg[] {
  const { counters, currency } = flow.intent;
  const { taxJurisdiction } = termsOf(merchant, flow.intent);
  const a = accountsOf(flow.intent, provider);
  counters.fees += fee;
  counters.tax += tax;
  const legs: Leg[] = [];
  for (const [due, income] of [
    [fee, a.fees],
    [tax, chart.tax(taxJurisdiction, currency)],
  ] as const) {
    if (due < 0n) {
      legs.push({ debit: income, credit: a.available, amount: -due });
      continue;
    }
    const held = takePending(flow.intent, due);
    legs.push({ debit: a.pending, credit: income, amount: held });
    legs.push({ debit: a.owed, credit: income, amount: due - held });
  }
  return legs;
}

type FromPending = Pick<Operation, 'fromPending' | 'fromPendingUntilUs'>;

/** A refund that is asked for: its money leaves the merchant at once, this payment's own pending money first. */
export function bookRefundAsked(flow: Flow, provider: string, amount: bigint): FromPending {
  const { counters } = flow.intent;
  const a = accountsOf(flow.intent, provider);
  const fromPendingUntilUs = lastAvailableUs(flow.intent);
  const fromPending = takePending(flow.intent, amount);
  counters.refunding += amount;
  flow.book('refund asked', [
    { debit: a.pending, credit: a.inFlight, amount: fromPending },
    { debit: a.available, credit: a.inFlight, amount: amount - fromPending },
  ]);
  return fromPending === 0n ? { fromPending } : { fromPending, fromPendingUntilUs };
}

export function bookRefunded(flow: Flow, merchant: Merchant, { provider, amount, cost }: Deed): void {
  const { counters } = flow.intent;
  const a = accountsOf(flow.intent, provider);
  counters.refunding -= amount;
  counters.refunded += amount;
  const { feesReturned } = termsOf(merchant, flow.intent);
  const back = feesReturned ? charged(flow, merchant, provider, chargeDue(flow, merchant)) : [];
  flow.book('refunded', [
    { debit: a.inFlight, credit: a.receivable, amount },
    ...back,
    costOf(flow, provider, cost),
  ]);
}

/** A refund of which the provider did another part than was asked: the rest comes back, or the merchant owes more. */
export function bookRefundDiffers(
  flow: Flow,
  { provider, asked, done, taken }: { provider: string; asked: bigint; done: bigint; taken: FromPending },
): void {
  if (done < asked) {
    bookRefundFailed(flow, { provider, amount: asked - done, taken });
  } else {
    bookRefundOwed(flow, provider, done - asked);
  }
}

/** A refund that nobody asked for and the provider did: the merchant's money all the same. */
export function bookRefundOwed(flow: Flow, provider: string, amount: bigint): void {
  const { inFlight } = accountsOf(flow.intent, provider);
  flow.intent.counters.refunding += amount;
  flow.book('refund owed', fromMerchant(flow, amount, inFlight));
}

/**
 * A fact takes it from the merchant, whatever there is: this payment's own pending money first, then what is available,
 * and the rest the merchant owes.
 */
function fromMerchant(flow: Flow, amount: bigint, credit: ChartAccount): Leg[] {
  const { intent } = flow;
  const a = accountsOf(intent, '');
  const ofPending = takePending(intent, amount);
  const rest = amount - ofPending;
  const available = rest === 0n ? 0n : flow.availableOf(a.available);
  const ofAvailable = rest < available ? rest : available;
  return [
    { debit: a.pending, credit, amount: ofPending },
    { debit: a.available, credit, amount: ofAvailable },
    { debit: a.owed, credit, amount: rest - ofAvailable },
  ];
}

/**
 * A refund, or a part of one, that was not done: the money goes back to where it came from. What was pending waits for
 * its day, also where that has come by now: a reserve is kept of it, and debts are paid with it, as of any other.
 */
export function bookRefundFailed(
  flow: Flow,
  { provider, amount, taken }: { provider: string; amount: bigint; taken: FromPending },
): void {
  const { intent } = flow;
  const a = accountsOf(intent, provider);
  intent.counters.refunding -= amount;
  const { fromPending, fromPendingUntilUs: untilUs = intent.availableAtUs } = taken;
  const most = fromPending < amount ? fromPending : amount;
  const toPending = untilUs === Infinity ? 0n : most;
  if (toPending > 0n) putBack(intent, toPending, untilUs);
  flow.book('refund failed', [
    { debit: a.inFlight, credit: a.pending, amount: toPending },
    { debit: a.inFlight, credit: a.available, amount: amount - toPending },
  ]);
}

/** A refund that had succeeded and came back: the money is the merchant's again. */
export function bookRefundTakenBack(
  flow: Flow,
  merchant: Merchant,
  { provider, amount }: Omit<Deed, 'cost'>,
): void {
  const { counters } = flow.intent;
  const a = accountsOf(flow.intent, provider);
  counters.refunded -= amount;
  const { feesReturned } = termsOf(merchant, flow.intent);
  const fees = feesReturned ? charged(flow, merchant, provider, chargeDue(flow, merchant)) : [];
  flow.book('refund taken back', [{ debit: a.receivable, credit: a.available, amount }, ...fees]);
}

/** A capture that had succeeded and was taken back. */
export function bookCaptureTakenBack(
  flow: Flow,
  merchant: Merchant,
  { provider, amount }: Omit<Deed, 'cost'>,
): void {
  const { intent } = flow;
  const { counters } = intent;
  counters.captured -= amount;
  counters.returned += amount;
  // First what is given back of the fees, so that it is there to be taken.
  flow.book('fees given back', charged(flow, merchant, provider, chargeDue(flow, merchant)));
  const { receivable } = accountsOf(intent, provider);
  flow.book('capture taken back', fromMerchant(flow, amount, receivable));
}

/** A dispute: the provider withdraws the money, and the merchant's is held until it is decided. */
export function bookDisputed(flow: Flow, { provider, amount }: Omit<Deed, 'cost'>): void {
  const a = accountsOf(flow.intent, provider);
  flow.intent.counters.disputed += amount;
  flow.book('disputed', [
    ...fromMerchant(flow, amount, a.disputeHold),
    { debit: a.disputePending, credit: a.receivable, amount },
  ]);
}

/** What a provider takes for a dispute, or for a debit that was returned, the merchant pays; and has back what it gives. */
export function bookDisputeFee(flow: Flow, { provider, cost }: Omit<Deed, 'amount'>): void {
  bookCosts(flow, { provider, cost });
  const { disputeIncome, available } = accountsOf(flow.intent, provider);
  flow.book(
    'dispute fee',
    cost < 0n
      ? [{ debit: disputeIncome, credit: available, amount: -cost }]
      : fromMerchant(flow, cost, disputeIncome),
  );
}

export function bookDisputeWon(flow: Flow, { provider, amount }: Omit<Deed, 'cost'>): void {
  const a = accountsOf(flow.intent, provider);
  flow.intent.counters.disputed -= amount;
  flow.book('dispute won', [
    { debit: a.receivable, credit: a.disputePending, amount },
    { debit: a.disputeHold, credit: a.available, amount },
  ]);
}

export function bookDisputeLost(flow: Flow, { provider, amount }: Omit<Deed, 'cost'>): void {
  const a = accountsOf(flow.intent, provider);
  flow.book('dispute lost', [{ debit: a.disputeHold, credit: a.disputePending, amount }]);
}

/** What was lost is contested again. */
export function bookDisputeReopened(flow: Flow, { provider, amount }: Omit<Deed, 'cost'>): void {
  const a = accountsOf(flow.intent, provider);
  flow.book('dispute reopened', [{ debit: a.disputePending, credit: a.disputeHold, amount }]);
}

/** Money that nobody here owns, of any currency. */
interface Nobodys {
  provider: string;
  amount: bigint;
  currency: string;
}

/** Money that came when nobody wanted it any more, or not as it was asked: nobody's, until somebody decides. */
export function bookUnapplied(
  flow: Flow,
  { provider, amount, currency, cost }: Nobodys & { cost: bigint },
): void {
  const a = accountsOf(flow.intent, provider, currency);
  flow.intent.counters.unapplied += amount;
  flow.book('unapplied', [
    { debit: a.receivable, credit: a.unapplied, amount },
    costOf(flow, provider, cost, currency),
  ]);
}

/** What the provider said of it before holds no more. */
export function bookUnappliedGone(
  flow: Flow,
  { provider, amount, currency, cost }: Nobodys & { cost: bigint },
): void {
  const a = accountsOf(flow.intent, provider, currency);
  flow.intent.counters.unapplied -= amount;
  flow.book('unapplied gone', [
    { debit: a.unapplied, credit: a.receivable, amount },
    costOf(flow, provider, -cost, currency),
  ]);
}

/** An operator takes it for what was to be paid: the merchant's, with fees as of any capture. */
export function bookApplied(flow: Flow, merchant: Merchant, { provider, amount }: Omit<Deed, 'cost'>): void {
  const { intent } = flow;
  const a = accountsOf(intent, provider);
  intent.counters.unapplied -= amount;
  // What was taken back before has used its part of the authorisation up already.
  const isAgain = intent.counters.returned >= amount;
  const legs = capturedLegs(flow, merchant, { provider, amount, from: a.unapplied, isAgain });
  flow.book('applied', legs);
  // More than was authorised is authorised by that.
  const { counters } = intent;
  const least = counters.captured + counters.capturing;
  if (counters.authorized < least) counters.authorized = least;
}

export function bookUnappliedAsked(flow: Flow, { provider, amount, currency }: Nobodys): void {
  const a = accountsOf(flow.intent, provider, currency);
  flow.book('return asked', [{ debit: a.unapplied, credit: a.inFlight, amount }]);
}

export function bookUnappliedReturned(
  flow: Flow,
  { provider, amount, currency, cost }: Nobodys & { cost: bigint },
): void {
  const a = accountsOf(flow.intent, provider, currency);
  flow.intent.counters.unapplied -= amount;
  flow.book('returned', [
    { debit: a.inFlight, credit: a.receivable, amount },
    costOf(flow, provider, cost, currency),
  ]);
}

export function bookUnappliedBack(flow: Flow, { provider, amount, currency }: Nobodys): void {
  const a = accountsOf(flow.intent, provider, currency);
  flow.intent.counters.unapplied += amount;
  flow.book('came back', [{ debit: a.receivable, credit: a.unapplied, amount }]);
}

export function bookUnappliedKept(flow: Flow, { provider, amount, currency }: Nobodys): void {
  const a = accountsOf(flow.intent, provider, currency);
  flow.book('return failed', [{ debit: a.inFlight, credit: a.unapplied, amount }]);
}

/** A dispute of money that is nobody's: the provider withdraws it, and no merchant has any to hold. */
export function bookContested(flow: Flow, { provider, amount }: Omit<Deed, 'cost'>): void {
  const a = accountsOf(flow.intent, provider);
  flow.book('contested', [{ debit: a.disputePending, credit: a.receivable, amount }]);
}

export function bookContestedWon(flow: Flow, { provider, amount }: Omit<Deed, 'cost'>): void {
  const a = accountsOf(flow.intent, provider);
  flow.book('contested won', [{ debit: a.receivable, credit: a.disputePending, amount }]);
}

/** The payer has it back: it is nobody's no more, and what had been sent back before is lost. */
export function bookContestedLost(flow: Flow, { provider, amount }: Omit<Deed, 'cost'>): void {
  const a = accountsOf(flow.intent, provider);
  flow.intent.counters.unapplied -= amount;
  flow.book('contested lost', [{ debit: a.unapplied, credit: a.disputePending, amount }]);
}

export function bookContestedReopened(flow: Flow, { provider, amount }: Omit<Deed, 'cost'>): void {
  const a = accountsOf(flow.intent, provider);
  flow.intent.counters.unapplied += amount;
  flow.book('contested reopened', [{ debit: a.disputePending, credit: a.unapplied, amount }]);
}

/** The beginning (UTC) of the n-th business day after a moment; Monday to Friday. 0 days: that moment. */
export function businessDaysLater(us: number, days: number): number {
  if (days === 0) return us;
  let day = Math.floor(us / DAY_US);
  for (let left = days; left > 0;) {
    day++;
    // 1970-01-01 was a Thursday.
    const weekday = (day + 4) % 7;
    if (weekday !== 0 && weekday !== 6) left--;
  }
  return day * DAY_US;
}
