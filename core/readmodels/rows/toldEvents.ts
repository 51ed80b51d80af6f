import { PAYMENT } from '../../kernel/ledger/layout.ts';
import type { Json } from '../../kernel/payments/changeJson.ts';
import type { Telling } from '../../kernel/payments/told.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import { columnText, subjectSeqOf } from './paymentChange.ts';

export const toldEventsColumns =
  'shard, book_no, merchant_id, seq, index, booked_at, subject, subject_seq, type, about';

export const webhookDeliveriesColumns =
  'shard, book_no, merchant_id, endpoint, seq, index, told_at, next_at, delivered_at, tries, last_status, asked_seq';

const TOLD_BYTES = 10 * 4 + 2 + 4 + 16 + 3 * 8 + 2 * 2;
const DELIVERY_BYTES = 12 * 4 + 2 + 4 + 16 + 2 + 8 + 2 + 3 * 8 + 2 * 2 + 8;

/** A row for each thing that a merchant is told of an event, and one for each endpoint that it goes to. */
export function writeTold(
  { told: rows, deliveries }: { told: RowBuffer; deliveries: RowBuffer },
  cursor: EventCursor,
  { told }: Json<Telling>,
): void {
  for (const [index, { type, about = '', to = [] }] of (told?.events ?? []).entries()) {
    const aboutText = columnText(about);
    rows.row(10, TOLD_BYTES + textBytesMax(type, aboutText));
    key(rows, cursor, told!.merchant);
    rows.whole(cursor.seq);
    rows.i16(index);
    rows.moment(cursor.bookedUs);
    rows.i16(cursor.u32(PAYMENT.subject));
    rows.whole(subjectSeqOf(cursor));
    rows.string(type);
    rows.stringOrNull(aboutText);
    for (const number of to) {
      deliveries.row(12, DELIVERY_BYTES);
      key(deliveries, cursor, told!.merchant);
      deliveries.i16(number);
      deliveries.whole(cursor.seq);
      deliveries.i16(index);
      deliveries.moment(cursor.bookedUs);
      deliveries.moment(cursor.bookedUs);
      deliveries.null();
      deliveries.i16(0);
      deliveries.null();
      deliveries.whole(cursor.seq);
    }
  }
}

function key(rows: RowBuffer, cursor: EventCursor, merchant: string): void {
  rows.i16(cursor.shard);
  rows.i32(cursor.i32(PAYMENT.book));
  rows.hexUuid(merchant);
}
