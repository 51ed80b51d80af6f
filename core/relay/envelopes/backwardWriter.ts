const SLAB_BYTES = 64 * 1024;

/**
 * Writes protobuf from the end to the beginning: a message's length is known when its prefix is due, so that nothing is
 * measured first. Fields are put in the reverse order of their numbers.
 */
export class BackwardWriter {
  #bytes: Buffer;
  #slab = new ArrayBuffer(0);
  #slabAt = 0;
  /** What was written lies behind it. */
  at: number;

  constructor(bytes = 4 * 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
    this.at = bytes;
  }

  clear(): void {
    this.at = this.#bytes.length;
  }

  /** A copy of what was written. Small ones share a piece of memory: one of their own each would cost more than the copy. */
  taken(): Uint8Array {
    const { length } = this;
    if (this.#slab.byteLength - this.#slabAt < length) {
      this.#slab = new ArrayBuffer(Math.max(SLAB_BYTES, length));
      this.#slabAt = 0;
    }
    const copy = new Uint8Array(this.#slab, this.#slabAt, length);
    copy.set(this.#bytes.subarray(this.at));
    this.#slabAt += length;
    return copy;
  }

  /** How many bytes were written: a message begins, at its end, by noting it. */
  get length(): number {
    return this.#bytes.length - this.at;
  }

  /** Closes a message whose end was noted as `end`. */
  message(field: number, end: number): void {
    this.#varint(this.length - end);
    this.#varint((field << 3) | 2);
  }

  /** Zero is left out, as protobuf does. */
  whole(field: number, value: number): void {
    if (value === 0) return;
    this.#varint(value);
    this.#varint(field << 3);
  }

  /** An int64 of the journal that is not negative: beyond 2^53 too. */
  i64From(field: number, view: DataView, at: number): void {
    const high = view.getUint32(at + 4, true);
    if (high < 0x20_0000) {
      this.whole(field, high * 4_294_967_296 + view.getUint32(at, true));
      return;
    }
    let rest = view.getBigUint64(at, true);
    const sevens: number[] = [];
    for (; rest >= 128n; rest >>= 7n) sevens.push(Number(rest & 127n) | 128);
    this.#reserve(sevens.length + 1);
    this.#bytes[--this.at] = Number(rest);
    for (const seven of sevens.toReversed()) this.#bytes[--this.at] = seven;
    this.#varint(field << 3);
  }

  /** '' is left out. */
  text(field: number, text: string): void {
    if (text !== '') this.filledText(field, text);
  }

  /** The same where '' is to be there, as in the entries of a map. */
  filledText(field: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.#reserve(length + 16);
    this.at -= length;
    this.#bytes.write(text, this.at, length, 'utf8');
    this.#varint(length);
    this.#varint((field << 3) | 2);
  }

  /** Bytes that are there already; none are left out. */
  bytes(field: number, source: Uint8Array, from: number, length: number): void {
    if (length === 0) return;
    this.filledBytes(field, source, from, length);
  }

  filledBytes(field: number, source: Uint8Array, from: number, length: number): void {
    this.#reserve(length + 16);
    this.at -= length;
    this.#bytes.set(source.subarray(from, from + length), this.at);
    this.#varint(length);
    this.#varint((field << 3) | 2);
  }

  /** Not negative, and exact. */
  #varint(value: number): void {
    this.#reserve(10);
    let bytes = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
    let at = (this.at -= bytes);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[at] = rest;
  }

  #reserve(bytes: number): void {
    if (this.at >= bytes) return;
    const size = Math.max(this.#bytes.length * 2, this.length + bytes);
    const larger = Buffer.allocUnsafeSlow(size);
    const at = size - this.length;
    this.#bytes.copy(larger, at, this.at);
    this.#bytes = larger;
    this.at = at;
  }
}
