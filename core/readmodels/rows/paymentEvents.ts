import { PAYMENT } from '../../kernel/ledger/layout.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import { textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';
import { type ChangeJson, subjectSeqOf } from './paymentChange.ts';

export const paymentEventsColumns =
  'shard, subject_seq, seq, book_no, subject, subject_id, id, booked_at, transaction_count, name, cause, seal, change';

const FIXED_BYTES = 13 * 4 + 4 * 8 + 2 * 16 + 3 * 2 + 4;

/** The row of a payment event; `transactionCount` of the transactions right before it are its own. */
export function writePaymentEvent(
  rows: RowBuffer,
  cursor: EventCursor,
  change: ChangeJson,
  { transactionCount, sealer }: { transactionCount: number; sealer: Sealer },
): void {
  const changeBytes = cursor.u32(PAYMENT.changeBytes);
  const changeAt = cursor.at + PAYMENT.bytes;
  const book = cursor.i32(PAYMENT.book);
  const subject = cursor.u32(PAYMENT.subject);
  const subjectSeq = subjectSeqOf(cursor);
  rows.row(13, FIXED_BYTES + changeBytes + textBytesMax(change.name, change.by));
  rows.i16(cursor.shard);
  rows.whole(subjectSeq);
  rows.whole(cursor.seq);
  rows.i32(book);
  rows.i16(subject);
  rows.uuid(cursor.view, cursor.at + PAYMENT.subjectId);
  rows.uuidOrNull(cursor.view, cursor.at + PAYMENT.id);
  rows.moment(cursor.bookedUs);
  rows.i16(transactionCount);
  rows.string(change.name);
  rows.string(change.by);
  rows.big(
    sealer.paymentEventSeal({
      shard: cursor.shard,
      book,
      subject,
      subjectSeq,
      seq: cursor.seq,
      subjectId: cursor.hex(PAYMENT.subjectId),
      change: cursor.bytes.subarray(changeAt, changeAt + changeBytes),
    }),
  );
  rows.text(cursor.bytes, changeAt, changeBytes);
}
