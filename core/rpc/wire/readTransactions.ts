/**
 * Reads a CreateTransactionsRequest from its protobuf bytes straight into columns, checking every field by the bounds
 * of proto/florin/ledger/v1/transactions.proto. Hot: about 165 ns for a plain transfer (best of bench/micro/kernel.ts), where
 * decoding into messages takes 1,000 or more. Says the same as protobuf-es does (property test beside this file).
 */
import { Form, ItemFlag, TransactionBatch } from '../../kernel/ledger/batch.ts';
import type { MetadataBytes, NewPosting } from '../../kernel/ledger/commands.ts';
import {
  BATCH_ITEMS_MAX,
  EXPIRES_AFTER_SECONDS_MAX,
  POSTINGS_MAX,
  REFERENCE_CHARACTERS_MAX,
} from '../../kernel/ledger/limits.ts';
import type { Reason } from '../../kernel/ledger/refusals.ts';
import { formatWords, readUuid } from '../../kernel/ledger/uuid.ts';
import { CallRefused } from '../../shard/service.ts';
import { canonicalMetadata, textFault } from './metadata.ts';
import { readDay } from './day.ts';
import { WireReader } from './reader.ts';

const NOTHING = new Uint8Array(0);

export function readTransactions(request: Uint8Array): TransactionBatch {
  const reader = new WireReader(request);
  const { book, items } = outline(reader);
  if (items === 0 || items > BATCH_ITEMS_MAX) throw new CallRefused('BATCH_SIZE', { field: 'transactions' });
  const batch = TransactionBatch.take(items);
  batch.book = book;
  batch.source = request;
  reader.at = 0;
  while (reader.at < request.length) {
    const tag = reader.tag();
    if (tag !== 0x12) reader.skip(tag);
    else {
      const end = reader.length() + reader.at;
      readItem(reader, end, batch, batch.count++);
    }
  }
  return batch;
}

/** The book that a request names, read as `readTransactions` does. */
export function bookIn(request: Uint8Array): string {
  return outline(new WireReader(request)).book;
}

/** One pass for the book's name and the count of items. */
function outline(reader: WireReader): { book: string; items: number } {
  let book = '',
    items = 0;
  while (reader.at < reader.bytes.length) {
    const tag = reader.tag();
    if (tag === 0x12) items++;
    if (tag === 0x0a) book = reader.text();
    else reader.skip(tag);
  }
  return { book, items };
}

/** What one item holds besides its columns, while it is read. */
const seen = {
  postings: 0,
  pending: false,
  linked: false,
  metadata: [] as { key: Uint8Array; value: Uint8Array }[],
  idStart: 0,
  idBytes: 0,
  dayStart: 0,
  dayBytes: 0,
  expires: 0,
};
const posting = { debitStart: 0, debitBytes: 0, creditStart: 0, creditBytes: 0, low: 0, high: 0 };

function readItem(reader: WireReader, end: number, batch: TransactionBatch, i: number): void {
  const start = reader.at;
  seen.postings = seen.idBytes = seen.dayBytes = seen.expires = 0;
  seen.pending = seen.linked = false;
  if (seen.metadata.length > 0) seen.metadata = [];
  batch.referenceStart[i] = batch.referenceEnd[i] = 0;
  while (reader.at < end) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        seen.idBytes = reader.length();
        seen.idStart = reader.at;
        reader.at += seen.idBytes;
        break;
      case 0x12: {
        const postingEnd = reader.length() + reader.at;
        if (seen.postings++ === 0) readPosting(reader, postingEnd);
        reader.at = postingEnd;
        break;
      }
      case 0x18:
        seen.pending = reader.bool();
        break;
      case 0x20:
        seen.expires = reader.int64AsNumber();
        break;
      case 0x2a:
        seen.dayBytes = reader.length();
        seen.dayStart = reader.at;
        reader.at += seen.dayBytes;
        break;
      case 0x32: {
        const bytes = reader.length();
        batch.referenceStart[i] = reader.at;
        batch.referenceEnd[i] = reader.at += bytes;
        break;
      }
      case 0x3a:
        seen.metadata.push(readEntry(reader));
        break;
      case 0x40:
        seen.linked = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  if (reader.at !== end) throw new CallRefused('MALFORMED_REQUEST', { field: `transactions[${i}]` });
  finish(reader, { start, end }, batch, i);
}

function finish(
  reader: WireReader,
  span: { start: number; end: number },
  batch: TransactionBatch,
  i: number,
): void {
  const no = (reason: Reason, field: string, at = -1) => {
    batch.form[i] = Form.malformed;
    // A linked item that is malformed still links, so that its group fails with it.
    batch.flags[i] = seen.linked ? ItemFlag.linked : 0;
    batch.malformed.set(i, { reason, field, posting: at });
  };
  const bytes = reader.bytes;
  if (seen.idBytes !== 36 || !readUuid(reader.view, seen.idStart, batch.id, i * 4))
    return no(seen.idBytes === 0 ? 'MISSING_FIELD' : 'INVALID_UUID', 'id');
  if (seen.postings === 0) return no('MISSING_FIELD', 'postings');
  if (seen.postings > POSTINGS_MAX) return no('TOO_MANY', 'postings');
  if (seen.expires !== 0 && (seen.expires < 0 || seen.expires > EXPIRES_AFTER_SECONDS_MAX))
    return no('INVALID_VALUE', 'expires_after_seconds');
  if (seen.expires !== 0 && !seen.pending) return no('EXPIRY_WITHOUT_PENDING', 'expires_after_seconds');
  let day: number | null = null;
  if (seen.dayBytes > 0) {
    day = readDay(bytes, seen.dayStart, seen.dayBytes);
    if (day === null) return no('INVALID_DATE', 'effective_date');
    batch.day[i] = day;
  }
  const referenceStart = batch.referenceStart[i],
    referenceEnd = batch.referenceEnd[i];
  if (referenceEnd > referenceStart) {
    const fault = textFault(bytes.subarray(referenceStart, referenceEnd), REFERENCE_CHARACTERS_MAX);
    if (fault !== null) return no(fault, 'reference');
  }
  let metadata: MetadataBytes | null = null;
  if (seen.metadata.length > 0) {
    const canonical = canonicalMetadata(seen.metadata);
    if ('reason' in canonical) return no(canonical.reason, canonical.field);
    metadata = canonical.bytes;
  }
  if (seen.postings === 1 && !seen.linked) {
    const fault = checkPosting(reader.view, batch.debit, batch.credit, i * 4);
    if (fault !== null) return no(fault.reason, `postings[0].${fault.field}`, 0);
    batch.amount[i] = (BigInt(posting.high) << 32n) | BigInt(posting.low >>> 0);
    batch.flags[i] = (seen.pending ? ItemFlag.pending : 0) | (day === null ? 0 : ItemFlag.dated);
    batch.expiresAfterSeconds[i] = seen.expires;
    if (metadata !== null) batch.metadata.set(i, metadata);
    return;
  }
  const postings = readPostings(reader, span);
  if ('reason' in postings) return no(postings.reason, postings.field, postings.posting);
  const { pending, linked, expires } = seen;
  batch.form[i] = Form.command;
  batch.flags[i] = linked ? ItemFlag.linked : 0;
  batch.commands.set(i, {
    op: 'create',
    id: formatWords(batch.id[i * 4], batch.id[i * 4 + 1], batch.id[i * 4 + 2], batch.id[i * 4 + 3]),
    postings,
    pending,
    linked,
    expiresAfterSeconds: expires,
    effectiveDay: day,
    reference: bytes.slice(referenceStart, referenceEnd),
    metadata: metadata ?? (NOTHING as MetadataBytes),
  });
}

function readPosting(reader: WireReader, end: number): void {
  posting.debitBytes = posting.creditBytes = posting.low = posting.high = 0;
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === 0x0a) {
      posting.debitBytes = reader.length();
      posting.debitStart = reader.at;
      reader.at += posting.debitBytes;
    } else if (tag === 0x12) {
      posting.creditBytes = reader.length();
      posting.creditStart = reader.at;
      reader.at += posting.creditBytes;
    } else if (tag === 0x18) {
      reader.varint64();
      posting.low = reader.low;
      posting.high = reader.high;
    } else reader.skip(tag);
  }
  if (reader.at !== end) throw new CallRefused('MALFORMED_REQUEST', { field: 'transactions' });
}

/** Puts the posting's accounts into the columns, or says what is wrong with it. */
function checkPosting(
  view: DataView,
  debit: Int32Array,
  credit: Int32Array,
  at: number,
): { reason: Reason; field: string } | null {
  if (posting.debitBytes !== 36 || !readUuid(view, posting.debitStart, debit, at))
    return { reason: posting.debitBytes === 0 ? 'MISSING_FIELD' : 'INVALID_UUID', field: 'debit_account' };
  if (posting.creditBytes !== 36 || !readUuid(view, posting.creditStart, credit, at))
    return { reason: posting.creditBytes === 0 ? 'MISSING_FIELD' : 'INVALID_UUID', field: 'credit_account' };
  if (posting.high < 0 || (posting.low | posting.high) === 0)
    return { reason: 'INVALID_AMOUNT', field: 'amount' };
  if (
    debit[at + 3] === credit[at + 3] &&
    debit[at + 2] === credit[at + 2] &&
    debit[at + 1] === credit[at + 1] &&
    debit[at] === credit[at]
  )
    return { reason: 'SAME_ACCOUNT', field: 'credit_account' };
  return null;
}

/** Reads an item a second time for all of its postings: not hot. */
function readPostings(
  reader: WireReader,
  span: { start: number; end: number },
): NewPosting[] | { reason: Reason; field: string; posting: number } {
  const debit = new Int32Array(4),
    credit = new Int32Array(4);
  const postings: NewPosting[] = [];
  reader.at = span.start;
  while (reader.at < span.end) {
    const tag = reader.tag();
    if (tag !== 0x12) {
      reader.skip(tag);
      continue;
    }
    const end = reader.length() + reader.at;
    readPosting(reader, end);
    const fault = checkPosting(reader.view, debit, credit, 0);
    if (fault !== null) {
      reader.at = span.end;
      return {
        reason: fault.reason,
        field: `postings[${postings.length}].${fault.field}`,
        posting: postings.length,
      };
    }
    postings.push({
      debitAccount: formatWords(debit[0], debit[1], debit[2], debit[3]),
      creditAccount: formatWords(credit[0], credit[1], credit[2], credit[3]),
      amount: (BigInt(posting.high) << 32n) | BigInt(posting.low >>> 0),
    });
  }
  return postings;
}

function readEntry(reader: WireReader): { key: Uint8Array; value: Uint8Array } {
  const end = reader.length() + reader.at;
  let key = NOTHING as Uint8Array,
    value = NOTHING as Uint8Array;
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === 0x0a) key = reader.slice();
    else if (tag === 0x12) value = reader.slice();
    else reader.skip(tag);
  }
  if (reader.at !== end) throw new CallRefused('MALFORMED_REQUEST', { field: 'metadata' });
  return { key, value };
}
