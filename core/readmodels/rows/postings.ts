import { Flag, POSTING, TARGETED, TX } from '../../kernel/ledger/layout.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import { type EventCursor, parts } from '../projection/cursor.ts';

export const postingsColumns =
  'book_no, seq, posting, debit_account_key, credit_account_key, amount, target_posting, released';

const ROW_BYTES = 8 * 4 + 8 * 8;

/** The rows of the postings behind the first one. */
export function writeFurtherPostings(rows: RowBuffer, cursor: EventCursor): void {
  const { view } = cursor;
  const flags = cursor.flags;
  const isTargeted = (flags & Flag.hasTarget) !== 0;
  const count = cursor.u16(TX.postings);
  const stride = parts.stride(flags);
  let at = parts.postings(cursor, flags);
  for (let posting = 1; posting < count; posting++) {
    at += stride;
    rows.row(8, ROW_BYTES);
    rows.i32(cursor.i32(TX.book));
    rows.whole(cursor.seq);
    rows.i16(posting);
    rows.halves(cursor.shard, view.getUint32(at + POSTING.debitAccount, true));
    rows.halves(cursor.shard, view.getUint32(at + POSTING.creditAccount, true));
    rows.i64From(view, at + POSTING.amount);
    if (isTargeted) {
      rows.i16(view.getUint16(at + TARGETED.index, true));
      rows.i64From(view, at + TARGETED.released);
    } else {
      rows.null();
      rows.null();
    }
  }
}
