import { INT2_OID, INT4_OID, INT8_OID, type RowBuffer } from '../copy/rowBuffer.ts';

export const entryPagesColumns =
  'account_key, first_version, first_seq, booked_at, seqs_later, us_later, amounts, debits_posted, credits_posted, sides, postings';

/** With fewer entries rows take less room. */
export const PAGE_ENTRIES_MIN = 4;
/** So that a page stays below 2 kB, where Postgres would begin to compress it. The SQL over pages relies on it. */
export const PAGE_ENTRIES_MAX = 32;
/** Of a record of an entry: its number, what it is about, amount, debits and credits posted, the last three low word first. */
export const RECORD_WORDS = 8;
/** What us_later and seqs_later can hold. */
export const LATER_MAX = 2 ** 31 - 1;

const FIELDS = 11;
/** Length of the field, then dimensions, flags, type, count, lower bound. */
const ARRAY_HEAD_BYTES = 24;
const PAGE_BYTES_MAX = 4 * 12 + 6 * ARRAY_HEAD_BYTES + 16 + PAGE_ENTRIES_MAX * (3 * 12 + 2 * 8 + 6 + 1);

/** Consecutive plain entries of one account. One object is used again for all pages of a projector. */
export class EntryPage {
  count = 0;
  shard = 0;
  account = 0;
  /** Where the version of the first entry stands among the events, and its record among the records. */
  versionAt = 0;
  firstRecord = 0;
  /** Of each entry: its seq, its block's time, its side and the posting's index. */
  readonly seq = new Float64Array(PAGE_ENTRIES_MAX);
  readonly bookedUs = new Float64Array(PAGE_ENTRIES_MAX);
  readonly isCredit = new Uint8Array(PAGE_ENTRIES_MAX);
  readonly posting = new Uint8Array(PAGE_ENTRIES_MAX);
}

/** Hot: an entry of a busy account is written here (bench/micro/projector.ts), each array's element at its own place. */
export function writeEntryPage(
  rows: RowBuffer,
  { view: source, records }: { view: DataView; records: Uint32Array },
  page: EntryPage,
): void {
  const { count, seq, bookedUs, isCredit, posting } = page;
  rows.row(FIELDS, PAGE_BYTES_MAX);
  rows.halves(page.shard, page.account);
  rows.i64From(source, page.versionAt);
  rows.whole(seq[0]);
  rows.moment(bookedUs[0]);
  const seqs = arrayOf(rows, INT4_OID, count);
  const times = bookedUs[count - 1] === bookedUs[0] ? noArray(rows) : arrayOf(rows, INT4_OID, count);
  const amounts = arrayOf(rows, INT8_OID, count);
  const debits = arrayOf(rows, INT8_OID, count);
  const credits = arrayOf(rows, INT8_OID, count);
  const { view } = rows;
  let anyPosting = 0;
  let sides = 0;
  for (let i = 0, record = page.firstRecord; i < count; i++, record += RECORD_WORDS) {
    anyPosting |= posting[i];
    sides |= isCredit[i] << (31 - i);
    put4(view, seqs + i * 8, seq[i] - seq[0]);
    if (times !== NO_ARRAY) put4(view, times + i * 8, bookedUs[i] - bookedUs[0]);
    put8(view, amounts + i * 12, records[record + 3], records[record + 2]);
    put8(view, debits + i * 12, records[record + 5], records[record + 4]);
    put8(view, credits + i * 12, records[record + 7], records[record + 6]);
  }
  rows.bits(sides, count);
  if (anyPosting === 0) {
    rows.null();
    return;
  }
  const postings = arrayOf(rows, INT2_OID, count);
  for (let i = 0; i < count; i++) {
    view.setUint32(postings + i * 6, 2);
    view.setUint16(postings + i * 6 + 4, posting[i]);
  }
}

const NO_ARRAY = -1;
const ELEMENT_BYTES: Record<number, number> = { [INT2_OID]: 2, [INT4_OID]: 4, [INT8_OID]: 8 };

/** Makes room for an array; its elements, each behind its length, begin at the place that is returned. */
function arrayOf(rows: RowBuffer, oid: number, count: number): number {
  const first = rows.at + ARRAY_HEAD_BYTES;
  rows.arrayHead(oid, count, ELEMENT_BYTES[oid]);
  rows.at = first + count * (4 + ELEMENT_BYTES[oid]);
  return first;
}

function noArray(rows: RowBuffer): number {
  rows.null();
  return NO_ARRAY;
}

function put4(to: DataView, at: number, value: number): void {
  to.setUint32(at, 4);
  to.setUint32(at + 4, value);
}

function put8(to: DataView, at: number, high: number, low: number): void {
  to.setUint32(at, 8);
  to.setUint32(at + 4, high);
  to.setUint32(at + 8, low);
}
