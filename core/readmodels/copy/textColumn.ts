const HEAD_BYTES = 20;
const TEXT_OID = 25;
const NULL = 0xffffffff;

/** A column of texts, some of them null, as one query parameter: a Postgres array in binary form, for `unnest`. */
export class TextColumn {
  #bytes = Buffer.allocUnsafeSlow(4 * 1024);
  #at = HEAD_BYTES;
  #count = 0;
  #hasNull = false;

  clear(): void {
    this.#at = HEAD_BYTES;
    this.#count = 0;
    this.#hasNull = false;
  }

  push(text: string | null): void {
    // Three bytes are the most that UTF-8 takes for a unit of UTF-16.
    const needed = this.#at + 4 + (text?.length ?? 0) * 3;
    if (needed > this.#bytes.length) this.#grow(needed);
    const length = text === null ? 0 : this.#bytes.write(text, this.#at + 4);
    this.#bytes.writeUInt32BE(text === null ? NULL : length, this.#at);
    this.#at += 4 + length;
    this.#hasNull ||= text === null;
    this.#count++;
  }

  /** The parameter; valid until the next `clear`. */
  finish(): Buffer {
    const bytes = this.#bytes;
    bytes.writeUInt32BE(1, 0);
    bytes.writeUInt32BE(this.#hasNull ? 1 : 0, 4);
    bytes.writeUInt32BE(TEXT_OID, 8);
    bytes.writeUInt32BE(this.#count, 12);
    bytes.writeUInt32BE(1, 16);
    return bytes.subarray(0, this.#at);
  }

  #grow(needed: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(bytes, 0, 0, this.#at);
    this.#bytes = bytes;
  }
}
