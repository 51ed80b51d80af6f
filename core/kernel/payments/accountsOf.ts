import type { Uuid } from '../ledger/commands.ts';
import { chart } from './chart.ts';
import type { Intent } from './model.ts';

type Accounts = Readonly<ReturnType<typeof namedAccounts>>;

/** Some tens of megabytes at most. */
const ACCOUNTS_REMEMBERED_MAX = 16_384;
/** By merchant, currency and provider: a decision asks some ten times, and an id costs a microsecond. Begun anew when it is full. */
const rememberedAccounts = new Map<string, Accounts>();

/** The accounts that money of a payment moves over, at that provider. */
export function accountsOf(
  { merchant, currency: own }: Intent,
  provider: string,
  /** Of money that came in another one. */
  currency = own,
): Accounts {
  const key = `${merchant}${currency}${provider}`;
  const known = rememberedAccounts.get(key);
  if (known !== undefined) return known;
  const made = namedAccounts(merchant, currency, provider);
  if (rememberedAccounts.size >= ACCOUNTS_REMEMBERED_MAX) rememberedAccounts.clear();
  rememberedAccounts.set(key, made);
  return made;
}

function namedAccounts(merchant: Uuid, currency: string, provider: string) {
  return {
    receivable: chart.pspReceivable(provider, currency),
    pending: chart.pending(merchant, currency),
    available: chart.available(merchant, currency),
    reserve: chart.reserve(merchant, currency),
    owed: chart.merchantReceivable(merchant, currency),
    disputeHold: chart.disputeHold(merchant, currency),
    disputePending: chart.disputePending(provider, currency),
    inFlight: chart.refundsInFlight(currency),
    unapplied: chart.unappliedFunds(currency),
    fees: chart.incomeFees(currency),
    disputeIncome: chart.incomeDispute(currency),
    pspFees: chart.expensePspFees(currency),
    merchantLoss: chart.expenseMerchantLoss(currency),
    authOpen: chart.authOpen(currency),
    authContra: chart.authContra(currency),
  };
}
