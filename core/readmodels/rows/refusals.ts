import { REFUSED } from '../../kernel/ledger/layout.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';

export const refusalsColumns = 'book_no, id, seq, booked_at, reason, op, posting, account_id, field, body';

const FIXED_BYTES = 10 * 4 + 5 * 8 + 2 * 16;
/** Days since 1970 fit far below. */
const DAYS = 2 ** 20;

/** The row of a remembered refusal, and one more on the book's count of the day. */
export function writeRefusal(rows: RowBuffer, cursor: EventCursor, days: Map<number, number>): void {
  const bodyBytes = cursor.u32(REFUSED.bodyBytes);
  const fieldBytes = cursor.u16(REFUSED.fieldBytes);
  const book = cursor.i32(REFUSED.book);
  const posting = cursor.view.getInt16(cursor.at + REFUSED.posting, true);
  rows.row(10, FIXED_BYTES + bodyBytes + fieldBytes);
  rows.i32(book);
  rows.uuid(cursor.view, cursor.at + REFUSED.id);
  rows.whole(cursor.seq);
  rows.moment(cursor.bookedUs);
  rows.i16(cursor.u16(REFUSED.reason));
  rows.i16(cursor.u16(REFUSED.op));
  if (posting < 0) rows.null();
  else rows.i16(posting);
  rows.uuidOrNull(cursor.view, cursor.at + REFUSED.account);
  if (fieldBytes === 0) rows.null();
  else rows.text(cursor.bytes, cursor.at + REFUSED.bytes + bodyBytes, fieldBytes);
  rows.text(cursor.bytes, cursor.at + REFUSED.bytes, bodyBytes);
  const key = book * DAYS + cursor.bookedDay;
  days.set(key, (days.get(key) ?? 0) + 1);
}

export interface RefusalDay {
  book: number;
  /** Since 1970. */
  day: number;
  count: number;
}

export function refusalDays(days: Map<number, number>): RefusalDay[] {
  return [...days].map(([key, count]) => ({ book: Math.floor(key / DAYS), day: key % DAYS, count }));
}
