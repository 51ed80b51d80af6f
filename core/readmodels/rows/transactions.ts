import { Flag, Kind, POSTING, TARGETED, TX, TX_TARGET } from '../../kernel/ledger/layout.ts';
import { metadataBytesMax, writeMetadata } from '../copy/metadata.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import { type EventCursor, parts, wholeAt } from '../projection/cursor.ts';

export const transactionsColumns =
  'book_no, seq, id, booked_at, kind, posting_count, debit_account_key, credit_account_key, amount, effective_date, target_seq, target_posting, released, expires_at, reference, metadata';

/** Fields of fixed size with their lengths: 16 lengths, 12 numbers at most 8 bytes wide, a uuid. */
const FIXED_BYTES = 16 * 4 + 12 * 8 + 16;

/** The row of a transaction event, its first posting included. */
export function writeTransaction(rows: RowBuffer, cursor: EventCursor): void {
  const { view, bytes } = cursor;
  const flags = cursor.flags;
  const isTargeted = (flags & Flag.hasTarget) !== 0;
  const count = cursor.u16(TX.postings);
  const referenceBytes = cursor.u16(TX.referenceBytes);
  const metadataBytes = cursor.u16(TX.metadataBytes);
  const posting = parts.postings(cursor, flags);
  const date = cursor.i32(TX.date);
  rows.row(16, FIXED_BYTES + referenceBytes + metadataBytesMax(metadataBytes));
  rows.i32(cursor.i32(TX.book));
  rows.whole(cursor.seq);
  rows.uuidOrNull(view, cursor.at + TX.id);
  rows.moment(cursor.bookedUs);
  rows.i16(cursor.u8(TX.kind));
  rows.i16(count);
  rows.halves(cursor.shard, view.getUint32(posting + POSTING.debitAccount, true));
  rows.halves(cursor.shard, view.getUint32(posting + POSTING.creditAccount, true));
  rows.i64From(view, posting + POSTING.amount);
  if (date === cursor.bookedDay) rows.null();
  else rows.date(date);
  if (isTargeted) {
    rows.i64From(view, parts.target(cursor, flags) + TX_TARGET.seq);
    rows.i16(view.getUint16(posting + TARGETED.index, true));
    rows.i64From(view, posting + TARGETED.released);
  } else {
    rows.null();
    rows.null();
    rows.null();
  }
  if ((flags & Flag.hasExpiry) === 0) rows.null();
  else rows.moment(wholeAt(view, parts.expiry(cursor)));
  const text = posting + count * parts.stride(flags);
  if (referenceBytes === 0) rows.null();
  else rows.text(bytes, text, referenceBytes);
  writeMetadata(rows, bytes, text + referenceBytes, metadataBytes);
}

export const transfersColumns =
  'book_no, seq, id, booked_at, kind, posting_count, debit_account_key, credit_account_key, amount';

const TRANSFER_BYTES = 9 * 4 + 6 * 8 + 4 + 2 * 2 + 16;

/** What the table of transfers holds: direct, of one posting, on the day of booking, without reference and metadata. */
export function isTransfer(cursor: EventCursor): boolean {
  return (
    cursor.u8(TX.kind) === Kind.direct &&
    cursor.u16(TX.postings) === 1 &&
    // Two lengths of 16 bits side by side: reference and metadata.
    cursor.u32(TX.referenceBytes) === 0 &&
    cursor.i32(TX.date) === cursor.bookedDay
  );
}

/** The row of a transfer. Hot: most events of a journal are transfers. */
export function writeTransfer(rows: RowBuffer, cursor: EventCursor): void {
  const { view } = cursor;
  const posting = cursor.at + TX.bytes;
  rows.row(9, TRANSFER_BYTES);
  rows.i32(cursor.i32(TX.book));
  rows.whole(cursor.seq);
  rows.uuid(view, cursor.at + TX.id);
  rows.moment(cursor.bookedUs);
  rows.i16(Kind.direct);
  rows.i16(1);
  rows.halves(cursor.shard, view.getUint32(posting + POSTING.debitAccount, true));
  rows.halves(cursor.shard, view.getUint32(posting + POSTING.creditAccount, true));
  rows.i64From(view, posting + POSTING.amount);
}
