/** Microseconds and days from 1970 to 2000, where Postgres counts from. */
const EPOCH_US = 946_684_800_000_000;
const EPOCH_DAYS = 10_957;
const JSONB_VERSION = 1;

/** One row as COPY BINARY would show it: what is expected is compared with what is there byte by byte. */
export class TupleWriter {
  bytes = Buffer.allocUnsafeSlow(1 << 16);
  view = new DataView(this.bytes.buffer);
  at = 0;

  /** Begins a row of that many fields; `room` bytes are enough for those of variable length. */
  begin(fields: number, room = 0): void {
    const needed = 2 + fields * 24 + room;
    if (needed > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(needed * 2);
      this.view = new DataView(this.bytes.buffer);
    }
    this.view.setInt16(0, fields);
    this.at = 2;
  }

  null(): void {
    this.view.setInt32(this.at, -1);
    this.at += 4;
  }

  i16(value: number): void {
    this.view.setInt32(this.at, 2);
    this.view.setInt16(this.at + 4, value);
    this.at += 6;
  }

  i32(value: number): void {
    this.view.setInt32(this.at, 4);
    this.view.setInt32(this.at + 4, value);
    this.at += 8;
  }

  /** An i64 from its upper and lower half. */
  halves(high: number, low: number): void {
    this.view.setInt32(this.at, 8);
    this.view.setInt32(this.at + 4, high);
    this.view.setInt32(this.at + 8, low);
    this.at += 12;
  }

  /** A whole number that is exact. */
  whole(value: number): void {
    this.halves(Math.floor(value / 4_294_967_296), value | 0);
  }

  big(value: bigint): void {
    this.view.setInt32(this.at, 8);
    this.view.setBigInt64(this.at + 4, value);
    this.at += 12;
  }

  bigOrNull(value: bigint | null): void {
    if (value === null) this.null();
    else this.big(value);
  }

  /** The little endian i64 that stands in the journal. */
  i64From(view: DataView, at: number): void {
    this.halves(view.getInt32(at + 4, true), view.getInt32(at, true));
  }

  /** The same, but null for zero. */
  i64OrNull(view: DataView, at: number): void {
    const high = view.getInt32(at + 4, true),
      low = view.getInt32(at, true);
    if ((high | low) === 0) this.null();
    else this.halves(high, low);
  }

  moment(microseconds: number): void {
    const value = microseconds - EPOCH_US;
    this.halves(Math.floor(value / 4_294_967_296), (value % 4_294_967_296) | 0);
  }

  date(day: number): void {
    this.i32(day - EPOCH_DAYS);
  }

  boolean(value: boolean): void {
    this.view.setInt32(this.at, 1);
    this.view.setUint8(this.at + 4, value ? 1 : 0);
    this.at += 5;
  }

  /** Bytes as they are: a uuid, text, bytea. */
  copy(source: Uint8Array, at: number, length: number): void {
    this.view.setInt32(this.at, length);
    if (length <= 16) for (let i = 0; i < length; i++) this.bytes[this.at + 4 + i] = source[at + i];
    else this.bytes.set(source.subarray(at, at + length), this.at + 4);
    this.at += 4 + length;
  }

  text(value: string): void {
    const length = this.bytes.write(value, this.at + 4, 'utf8');
    this.view.setInt32(this.at, length);
    this.at += 4 + length;
  }

  jsonb(value: string | null): void {
    if (value === null) return this.null();
    this.bytes[this.at + 4] = JSONB_VERSION;
    const length = this.bytes.write(value, this.at + 5, 'utf8');
    this.view.setInt32(this.at, length + 1);
    this.at += 5 + length;
  }
}

/** The moment that a field of that type shows, in microseconds since 1970. */
export function momentFrom(value: bigint): number {
  return Number(value) + EPOCH_US;
}

export function dayFrom(value: number): number {
  return value + EPOCH_DAYS;
}
