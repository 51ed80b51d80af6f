import { Kind } from '../../core/kernel/ledger/layout.ts';
import type { LedgerState } from '../../core/kernel/ledger/state.ts';

/** Everything that decisions rest on, as JSON that a person can read and a golden file can keep. */
export function describeState(state: LedgerState): unknown {
  const { accounts } = state;
  const text = (value: bigint | null): string | null => (value === null ? null : String(value));
  return {
    next_seq: state.nextSeq,
    last_account: state.lastAccount,
    last_book: state.lastBook,
    control_seq: state.controlSeq,
    next_expiry_us: state.expiries.size === 0 ? null : state.expiries.firstUs,
    refusal_day: state.refusalDay,
    refusals_today: Object.fromEntries(state.refusalsToday),
    books: [...state.books.values()],
    custom_assets: state.assets.all.filter((asset) => !asset.iso),
    accounts: [...accounts.numbers()]
      .sort((a, b) => a - b)
      .map((number) => {
        const slot = accounts.slotOf(number);
        const counters = accounts.countersOf(slot);
        return {
          number,
          id: accounts.idOf(slot),
          book: accounts.bookOf(slot),
          asset: state.assets.all[accounts.assetOf(slot)].code,
          normal_side: accounts.isCreditNormal(slot) ? 'credit' : 'debit',
          closed: accounts.isClosed(slot),
          version: accounts.versionOf(slot),
          debits_posted: text(counters.debitsPosted),
          credits_posted: text(counters.creditsPosted),
          debits_pending: text(counters.debitsPending),
          credits_pending: text(counters.creditsPending),
          limits: accounts.limitsOf(slot).map(text),
          last_seq: accounts.lastSeqOf(slot),
        };
      }),
    // Whatever was loaded and only looked at is no state.
    progress: [...state.progress.values()]
      .filter((one) => one.kind === Kind.pending || one.lastSeq > one.seq)
      .sort((a, b) => a.seq - b.seq)
      .map((one) => ({
        ...one,
        expiresAtUs: Number.isFinite(one.expiresAtUs) ? one.expiresAtUs : null,
        postings: one.postings.map((posting) => ({
          ...posting,
          amount: text(posting.amount),
          posted: text(posting.posted),
          reversed: text(posting.reversed),
        })),
      })),
  };
}
