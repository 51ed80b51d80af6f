import { COUNTERS, Kind, POSTING, TARGETED } from '../../kernel/ledger/layout.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';

export const entriesColumns =
  'account_key, version, seq, booked_at, amount, debits_posted, credits_posted, pending_change, debits_pending, credits_pending, effective_date, posting, side';

export const ENTRY_BYTES_MAX = 13 * 4 + 11 * 8 + 2 * 2;

export const Side = { debit: 1, credit: 2 } as const;

/** What an entry row needs besides its posting's bytes. */
export interface EntryContext {
  shard: number;
  account: number;
  seq: number;
  bookedUs: number;
  bookedDay: number;
  date: number;
  kind: number;
  /** The posting's index in its transaction. */
  posting: number;
  side: number;
}

/**
 * An entry: one side of a posting, with its account's counters after it. `at` is where the posting begins.
 * Holds and releases move no posted money (amount 0); pending_change says how the pending counter of the side moved.
 */
export function writeEntry(rows: RowBuffer, view: DataView, at: number, entry: EntryContext): void {
  const isDebit = entry.side === Side.debit;
  const counters = at + (isDebit ? POSTING.debitCounters : POSTING.creditCounters);
  rows.row(13, ENTRY_BYTES_MAX);
  rows.halves(entry.shard, entry.account);
  rows.i64From(view, at + (isDebit ? POSTING.debitVersion : POSTING.creditVersion));
  rows.whole(entry.seq);
  rows.moment(entry.bookedUs);
  if (entry.kind === Kind.pending) rows.halves(0, 0);
  else rows.i64From(view, at + POSTING.amount);
  rows.i64From(view, counters + COUNTERS.debitsPosted);
  rows.i64From(view, counters + COUNTERS.creditsPosted);
  switch (entry.kind) {
    case Kind.pending:
      rows.i64From(view, at + POSTING.amount);
      break;
    case Kind.post:
    case Kind.void:
    case Kind.expiry:
      rows.negatedFrom(view, at + TARGETED.released);
      break;
    default:
      rows.null();
  }
  rows.i64OrNull(view, counters + COUNTERS.debitsPending);
  rows.i64OrNull(view, counters + COUNTERS.creditsPending);
  if (entry.date === entry.bookedDay) rows.null();
  else rows.date(entry.date);
  rows.i16(entry.posting);
  rows.i16(entry.side);
}
