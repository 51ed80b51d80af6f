import { Flag, Kind, METADATA, POSTING, TX, TX_TARGET } from '../../kernel/ledger/layout.ts';
import { uuidAt } from '../../kernel/ledger/uuid.ts';
import { formatDay } from '../../rpc/translate/date.ts';
import { type EventCursor, parts, wholeAt } from '../../readmodels/projection/cursor.ts';
import type { BackwardWriter } from './backwardWriter.ts';
import type { ShardNames } from './names.ts';

/** The fields of florin.events.v1.Envelope, of florin.ledger.v1.Transaction and of its postings. */
const ENVELOPE = {
  id: 1,
  source: 2,
  specversion: 3,
  type: 4,
  time: 5,
  subject: 6,
  shard: 7,
  seq: 8,
  previousSeq: 9,
  book: 10,
  transaction: 20,
} as const;
const TRANSACTION = {
  id: 1,
  book: 2,
  kind: 3,
  state: 4,
  postings: 5,
  targetId: 6,
  effectiveDate: 7,
  bookedAt: 8,
  expiresAt: 9,
  reference: 10,
  metadata: 11,
  seq: 12,
} as const;
const BOOKED = { debitAccount: 1, creditAccount: 2, asset: 3, amount: 4 } as const;
/** Of florin.ledger.v1.TransactionState. */
const PENDING = 1;
const POSTED = 2;

/** What becomes of a kind of transaction on the bus. */
export const TRANSACTION_EVENTS: Readonly<Record<number, string>> = {
  [Kind.direct]: 'transaction_booked',
  [Kind.pending]: 'hold_created',
  [Kind.post]: 'hold_posted',
  [Kind.void]: 'hold_voided',
  [Kind.expiry]: 'hold_expired',
  [Kind.reversal]: 'transaction_reversed',
};

export interface Attributes {
  readonly id: string;
  readonly type: string;
  readonly previousSeq: number;
  readonly book: string;
}

/**
 * Writes the envelope of a transaction straight from the event's bytes. Hot: most events are transactions, and by way of
 * messages each would cost ten times as much. envelopes.test.ts holds it to what messages would say, byte by byte.
 */
export function writeTransactionEnvelope(
  writer: BackwardWriter,
  cursor: EventCursor,
  names: ShardNames,
  { id, type, previousSeq, book }: Attributes,
): void {
  const flags = cursor.flags;
  const transactionId = uuidAt(cursor.view, cursor.at + TX.id);
  const targetId =
    (flags & Flag.hasTarget) === 0 ? '' : uuidAt(cursor.view, parts.target(cursor, flags) + TX_TARGET.id);
  writer.clear();
  const end = writer.length;
  writeTransaction(writer, cursor, names, { transactionId, targetId, book });
  writer.message(ENVELOPE.transaction, end);
  writer.text(ENVELOPE.book, book);
  writer.whole(ENVELOPE.previousSeq, previousSeq);
  writer.whole(ENVELOPE.seq, cursor.seq);
  writer.whole(ENVELOPE.shard, cursor.shard);
  writer.text(ENVELOPE.subject, transactionId || targetId);
  writeMoment(writer, ENVELOPE.time, cursor.bookedUs);
  writer.text(ENVELOPE.type, type);
  writer.text(ENVELOPE.specversion, '1.0');
  writer.text(ENVELOPE.source, `/florin/books/${book}`);
  writer.text(ENVELOPE.id, id);
}

function writeTransaction(
  writer: BackwardWriter,
  cursor: EventCursor,
  names: ShardNames,
  { transactionId, targetId, book }: { transactionId: string; targetId: string; book: string },
): void {
  const { bytes, flags, view } = cursor;
  const kind = cursor.u8(TX.kind);
  const count = cursor.u16(TX.postings);
  const first = parts.postings(cursor, flags);
  const stride = parts.stride(flags);
  const tail = first + count * stride;
  const referenceBytes = cursor.u16(TX.referenceBytes);
  writer.whole(TRANSACTION.seq, cursor.seq);
  writeMetadata(writer, bytes, tail + referenceBytes, cursor.u16(TX.metadataBytes));
  writer.bytes(TRANSACTION.reference, bytes, tail, referenceBytes);
  if ((flags & Flag.hasExpiry) !== 0)
    writeMoment(writer, TRANSACTION.expiresAt, wholeAt(view, parts.expiry(cursor)));
  writeMoment(writer, TRANSACTION.bookedAt, cursor.bookedUs);
  writer.text(TRANSACTION.effectiveDate, dayText(cursor.i32(TX.date)));
  writer.text(TRANSACTION.targetId, targetId);
  for (let at = tail - stride; at >= first; at -= stride) {
    const debit = names.account(view.getUint32(at + POSTING.debitAccount, true));
    const credit = names.account(view.getUint32(at + POSTING.creditAccount, true));
    const end = writer.length;
    writer.i64From(BOOKED.amount, view, at + POSTING.amount);
    writer.text(BOOKED.asset, debit.asset);
    writer.text(BOOKED.creditAccount, credit.id);
    writer.text(BOOKED.debitAccount, debit.id);
    writer.message(TRANSACTION.postings, end);
  }
  writer.whole(TRANSACTION.state, kind === Kind.pending ? PENDING : POSTED);
  writer.whole(TRANSACTION.kind, kind);
  writer.text(TRANSACTION.book, book);
  writer.text(TRANSACTION.id, transactionId);
}

function writeMoment(writer: BackwardWriter, field: number, us: number): void {
  const seconds = Math.floor(us / 1e6);
  const end = writer.length;
  writer.whole(2, (us - seconds * 1e6) * 1000);
  writer.whole(1, seconds);
  writer.message(field, end);
}

/** Entries of a map are messages of key and value; the last comes first, and stands last. */
function writeMetadata(writer: BackwardWriter, bytes: Uint8Array, from: number, length: number): void {
  const starts: number[] = [];
  for (let at = from; at < from + length;) {
    starts.push(at);
    at += METADATA.bytes + bytes[at] + valueBytesAt(bytes, at);
  }
  for (const at of starts.toReversed()) {
    const key = at + METADATA.bytes;
    const end = writer.length;
    writer.filledBytes(2, bytes, key + bytes[at], valueBytesAt(bytes, at));
    writer.filledBytes(1, bytes, key, bytes[at]);
    writer.message(TRANSACTION.metadata, end);
  }
}

function valueBytesAt(bytes: Uint8Array, at: number): number {
  return bytes[at + METADATA.valueBytes] | (bytes[at + METADATA.valueBytes + 1] << 8);
}

let lastDay = Number.NaN;
let lastText = '';

/** Almost all are of one day. */
function dayText(day: number): string {
  if (day !== lastDay) [lastDay, lastText] = [day, formatDay(day)];
  return lastText;
}
