/** Seconds between Postgres's epoch (2000-01-01) and Unix's, and the same in days. */
const EPOCH_US = 946_684_800_000_000;
const EPOCH_DAYS = 10_957;
const DAY_US = 86_400_000_000;

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const NULL = 0xffffffff;
/** jsonb's binary form is this byte and the JSON text. */
export const JSONB_VERSION = 1;

/** The most bytes that these texts take in UTF-8, and a byte each for what may stand before them. */
export function textBytesMax(...texts: readonly (string | null)[]): number {
  return texts.reduce((sum, text) => sum + 1 + (text?.length ?? 0) * 3, 0);
}

/** The UTC day of a moment, in days since 1970. */
export function dayOf(us: number): number {
  return Math.floor(us / DAY_US);
}

/**
 * Rows in Postgres's binary COPY format, in one growing buffer that is used again for every batch. Journal fields come
 * as little-endian bytes and leave as big-endian ones without becoming numbers on the way.
 * Hot: two of the rows of a transfer are written here (bench/micro/projector.ts).
 */
export class RowBuffer {
  bytes: Buffer;
  view: DataView;
  /** Where the next byte goes. */
  at = 0;
  rows = 0;

  constructor(initialBytes = 64 * 1024) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
    this.view = new DataView(this.bytes.buffer);
    this.clear();
  }

  clear(): void {
    SIGNATURE.copy(this.bytes, 0);
    this.at = SIGNATURE.length;
    this.rows = 0;
  }

  /** Begins a row; `bytesMax` is the most that its fields can take, lengths included. */
  row(fields: number, bytesMax: number): void {
    // 4 more: the row's count of fields, and the end mark behind the last row.
    this.ensure(bytesMax + 4);
    this.view.setUint16(this.at, fields);
    this.at += 2;
    this.rows++;
  }

  ensure(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    let size = this.bytes.length * 2;
    while (size < this.at + more) size *= 2;
    const bytes = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(bytes, 0, 0, this.at);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  /** All rows with the end mark; valid until the next `clear`. */
  finish(): Buffer {
    this.ensure(2);
    this.view.setUint16(this.at, 0xffff);
    return this.bytes.subarray(0, this.at + 2);
  }

  null(): void {
    this.view.setUint32(this.at, NULL);
    this.at += 4;
  }

  i16(value: number): void {
    this.view.setUint32(this.at, 2);
    this.view.setInt16(this.at + 4, value);
    this.at += 6;
  }

  i32(value: number): void {
    this.view.setUint32(this.at, 4);
    this.view.setInt32(this.at + 4, value);
    this.at += 8;
  }

  /** An i64 from its two halves. */
  halves(high: number, low: number): void {
    const { view, at } = this;
    view.setUint32(at, 8);
    view.setUint32(at + 4, high);
    view.setUint32(at + 8, low);
    this.at = at + 12;
  }

  /** An i64 from a number that is exact and not negative. */
  whole(value: number): void {
    this.halves(Math.floor(value / 4_294_967_296), value >>> 0);
  }

  /** An i64 out of the journal. */
  i64From(source: DataView, offset: number): void {
    this.halves(source.getUint32(offset + 4, true), source.getUint32(offset, true));
  }

  /** Minus an i64 out of the journal. */
  negatedFrom(source: DataView, offset: number): void {
    const low = source.getUint32(offset, true);
    const high = source.getUint32(offset + 4, true);
    this.halves((low === 0 ? -high : ~high) >>> 0, -low >>> 0);
  }

  /** An i64 out of the journal; null for zero. */
  i64OrNull(source: DataView, offset: number): void {
    const low = source.getUint32(offset, true);
    const high = source.getUint32(offset + 4, true);
    if ((low | high) === 0) this.null();
    else this.halves(high, low);
  }

  big(value: bigint): void {
    this.view.setUint32(this.at, 8);
    this.view.setBigInt64(this.at + 4, value);
    this.at += 12;
  }

  bigOrNull(value: bigint | null): void {
    if (value === null) this.null();
    else this.big(value);
  }

  boolean(value: boolean): void {
    this.view.setUint32(this.at, 1);
    this.view.setUint8(this.at + 4, value ? 1 : 0);
    this.at += 5;
  }

  /** Sixteen bytes out of the journal. */
  uuid(source: DataView, offset: number): void {
    const { view, at } = this;
    view.setUint32(at, 16);
    view.setUint32(at + 4, source.getUint32(offset));
    view.setUint32(at + 8, source.getUint32(offset + 4));
    view.setUint32(at + 12, source.getUint32(offset + 8));
    view.setUint32(at + 16, source.getUint32(offset + 12));
    this.at = at + 20;
  }

  /** A uuid from its text. */
  hexUuid(id: string): void {
    this.view.setUint32(this.at, 16);
    this.at += 4;
    this.at += this.bytes.write(id.replaceAll('-', ''), this.at, 'hex');
  }

  /** A uuid; null for the nil UUID, which stands for none. */
  hexUuidOrNull(id: string | null): void {
    if (id === null) this.null();
    else this.hexUuid(id);
  }

  uuidOrNull(source: DataView, offset: number): void {
    const any =
      source.getUint32(offset) |
      source.getUint32(offset + 4) |
      source.getUint32(offset + 8) |
      source.getUint32(offset + 12);
    if (any === 0) this.null();
    else this.uuid(source, offset);
  }

  /** A timestamptz from microseconds since 1970. */
  moment(us: number): void {
    const since = us - EPOCH_US;
    this.halves(Math.floor(since / 4_294_967_296) >>> 0, since >>> 0);
  }

  /** The same; null for one that never comes. */
  momentOrNull(us: number | null): void {
    if (us === null) this.null();
    else this.moment(us);
  }

  /** A date from days since 1970. */
  date(day: number): void {
    this.i32(day - EPOCH_DAYS);
  }

  /** A text, or anything else whose binary form is its bytes. */
  text(source: Uint8Array, offset: number, length: number): void {
    this.view.setUint32(this.at, length);
    this.at += 4;
    this.bytes.set(source.subarray(offset, offset + length), this.at);
    this.at += length;
  }

  /** A text that is a string already. `textBytesMax` tells the room that it needs. */
  string(value: string): void {
    const length = this.bytes.write(value, this.at + 4);
    this.view.setUint32(this.at, length);
    this.at += 4 + length;
  }

  /** The same, null for none. */
  stringOrNull(value: string | null): void {
    if (value === null) this.null();
    else this.string(value);
  }

  /** JSON text as jsonb; null for none. */
  jsonOrNull(json: string | null): void {
    if (json === null) return this.null();
    this.bytes[this.at + 4] = JSONB_VERSION;
    const length = this.bytes.write(json, this.at + 5);
    this.view.setUint32(this.at, length + 1);
    this.at += 5 + length;
  }

  /** An array of bigint without nulls. */
  bigArray(values: readonly bigint[]): void {
    const { view } = this;
    if (values.length === 0) {
      for (const word of [12, 0, 0, INT8_OID]) this.#word(word);
      return;
    }
    for (const word of [20 + values.length * 12, 1, 0, INT8_OID, values.length, 1]) this.#word(word);
    for (const value of values) {
      view.setUint32(this.at, 8);
      view.setBigInt64(this.at + 4, value);
      this.at += 12;
    }
  }

  /** The head of an array of `count` elements of fixed size without nulls; they follow, each behind its length. */
  arrayHead(oid: number, count: number, elementBytes: number): void {
    const { view, at } = this;
    view.setUint32(at, 20 + count * (4 + elementBytes));
    view.setUint32(at + 4, 1);
    view.setUint32(at + 8, 0);
    view.setUint32(at + 12, oid);
    view.setUint32(at + 16, count);
    view.setUint32(at + 20, 1);
    this.at = at + 24;
  }

  /** The upper `count` of 32 bits, at least one, as a bit string. */
  bits(word: number, count: number): void {
    const { view, at } = this;
    const bytes = (count + 7) >>> 3;
    view.setUint32(at, 4 + bytes);
    view.setUint32(at + 4, count);
    for (let i = 0; i < bytes; i++) view.setUint8(at + 8 + i, (word >>> (24 - i * 8)) & 0xff);
    this.at = at + 8 + bytes;
  }

  #word(value: number): void {
    this.view.setUint32(this.at, value);
    this.at += 4;
  }
}

export const INT8_OID = 20;
export const INT2_OID = 21;
export const INT4_OID = 23;
