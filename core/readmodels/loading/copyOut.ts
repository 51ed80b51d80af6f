import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

const HEADER_BYTES = 19;

/**
 * Runs a `COPY .. TO STDOUT (FORMAT binary)` and calls back for each row with a view that stands behind the row's count
 * of fields. The bytes are valid only during the call.
 */
export async function copyOut(client: pg.ClientBase, sql: string, row: (fields: FieldReader) => void): Promise<void> {
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
    for (let end = endOfRow(bytes, at); end > 0; end = endOfRow(bytes, at)) {
      reader.enter(bytes, at + 2);
      row(reader);
      at = end;
    }
    rest = bytes.subarray(at);
  }
}

/** Where the row that begins here ends; 0 where it is not whole, or is the end mark. */
function endOfRow(bytes: Buffer, start: number): number {
  if (start + 2 > bytes.length) return 0;
  const fields = bytes.readInt16BE(start);
  if (fields < 0) return 0;
  let at = start + 2;
  for (let field = 0; field < fields; field++) {
    if (at + 4 > bytes.length) return 0;
    const length = bytes.readInt32BE(at);
    at += 4 + Math.max(0, length);
  }
  return at <= bytes.length ? at : 0;
}

/** Reads the fields of a row, one behind the other. */
export class FieldReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  enter(bytes: Buffer, at: number): void {
    this.#bytes = bytes;
    this.#at = at;
  }

  i16(): number {
    return this.#bytes.readInt16BE(this.#fixed(2));
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#fixed(4));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64BE(this.#fixed(8));
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

  text(): string {
    const length = this.#bytes.readInt32BE(this.#at);
    const at = this.#at + 4;
    this.#at = at + length;
    return this.#bytes.toString('utf8', at, at + length);
  }

  #skipNull(): boolean {
    if (this.#bytes.readInt32BE(this.#at) !== -1) return false;
    this.#at += 4;
    return true;
  }

  #fixed(length: number): number {
    const found = this.#bytes.readInt32BE(this.#at);
    if (found !== length) throw new Error(`a field of ${length} bytes was expected, not ${found}`);
    const at = this.#at + 4;
    this.#at = at + length;
    return at;
  }
}
