import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

const HEADER_BYTES = 19;

/**
 * Runs a `COPY .. TO STDOUT (FORMAT binary)` and calls back for each row with a view that stands behind the row's count
 * of fields. The bytes are valid only during the call.
 */
export async function copyOut(
  client: pg.ClientBase,
  sql: string,
  row: (fields: FieldReader) => void,
): Promise<void> {
  const reader = new FieldReader();
  let rest: Buffer = Buffer.alloc(0);
  let isFirst = true;
  for await (const chunk of client.query(copyTo(sql)) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    if (isFirst) {
      if (bytes.length < HEADER_BYTES) {
        rest = bytes;
        continue;
      }
      at = HEADER_BYTES;
      isFirst = false;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let end = endOfRow(view, at); end > 0; end = endOfRow(view, at)) {
      reader.enter(bytes, view, at + 2);
      row(reader);
      at = end;
    }
    rest = bytes.subarray(at);
  }
}

/** Where the row that begins here ends; 0 where it is not whole, or is the end mark. */
function endOfRow(view: DataView, start: number): number {
  if (start + 2 > view.byteLength) return 0;
  const fields = view.getInt16(start);
  if (fields < 0) return 0;
  let at = start + 2;
  for (let field = 0; field < fields; field++) {
    if (at + 4 > view.byteLength) return 0;
    const length = view.getInt32(at);
    at += 4 + Math.max(0, length);
  }
  return at <= view.byteLength ? at : 0;
}

/** Reads the fields of a row, one behind the other. */
export class FieldReader {
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;

  enter(bytes: Buffer, view: DataView, at: number): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#at = at;
  }

  i16(): number {
    return this.#view.getInt16(this.#fixed(2));
  }

  i32(): number {
    return this.#view.getInt32(this.#fixed(4));
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#fixed(8));
  }

  i64OrNull(): bigint | null {
    return this.#skipNull() ? null : this.i64();
  }

  boolean(): boolean {
    return this.#bytes[this.#fixed(1)] === 1;
  }

  uuid(): string {
    const at = this.#fixed(16);
    const hex = this.#bytes.toString('hex', at, at + 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** A text that is ASCII by its definition. */
  ascii(): string {
    const length = this.#view.getInt32(this.#at);
    const at = this.#at + 4;
    this.#at = at + length;
    return this.#bytes.toString('latin1', at, at + length);
  }

  #skipNull(): boolean {
    if (this.#view.getInt32(this.#at) !== -1) return false;
    this.#at += 4;
    return true;
  }

  #fixed(length: number): number {
    const found = this.#view.getInt32(this.#at);
    if (found !== length) throw new Error(`a field of ${length} bytes was expected, not ${found}`);
    const at = this.#at + 4;
    this.#at = at + length;
    return at;
  }
}
