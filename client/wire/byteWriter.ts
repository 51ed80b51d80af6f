const scratch = new BigInt64Array(1);
/** The two halves of `scratch`; every platform that Florin supports is little-endian. */
const halves = new Uint32Array(scratch.buffer);

/** A string up to here has a length of one byte, if it is ASCII. */
const SHORT_CHARS_MAX = 127;
const UTF8_BYTES_A_UNIT_MAX = 3;

/**
 * The native encoder behind Buffer.write, without its checks of arguments: 36 characters in 45 ns against 75 ns, and
 * 175 ns in a loop (bench/micro/client-coalesce.ts). The types leave it out; Node has had it in every version.
 */
interface NativeBuffer extends Buffer<ArrayBuffer> {
  utf8Write(text: string, at: number, bytesMax?: number): number;
}

function nativeBuffer(capacity: number): NativeBuffer {
  return Buffer.allocUnsafeSlow(capacity) as NativeBuffer;
}

/**
 * Protobuf wire format into one growing buffer. A nested message gets a length of the width that is expected; where
 * it turns out otherwise the message is moved, so that the bytes are always the canonical ones.
 */
export class ByteWriter {
  bytes: NativeBuffer;
  at = 0;

  constructor(capacity: number) {
    this.bytes = nativeBuffer(capacity);
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    const wanted = this.at + count;
    if (wanted <= this.bytes.length) return;
    const grown = nativeBuffer(Math.max(wanted, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
  }

  /** Writes a length or a number below 2^31; room for 5 bytes must be there. */
  varint32(value: number): void {
    const { bytes } = this;
    let at = this.at;
    let rest = value;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.at = at;
  }

  /** A bool field; false is not written. */
  bool(tag: number, value: boolean | undefined): void {
    if (value === undefined) return;
    if (typeof value !== 'boolean') throw new TypeError(`not a boolean: ${typeof value}`);
    if (!value) return;
    this.ensure(2);
    this.bytes[this.at++] = tag;
    this.bytes[this.at++] = 1;
  }

  /** An int64 field; 0 is not written. */
  int64(tag: number, value: bigint | undefined): void {
    if (value === undefined || value === 0n) return;
    if (typeof value !== 'bigint') throw new TypeError(`not a bigint: ${typeof value}`);
    scratch[0] = value;
    if (scratch[0] !== value) throw new RangeError(`${value} does not fit an int64`);
    this.ensure(11);
    const { bytes } = this;
    let at = this.at;
    let low = halves[0];
    let high = halves[1];
    bytes[at++] = tag;
    while (high > 0) {
      bytes[at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    while (low > 0x7f) {
      bytes[at++] = (low & 0x7f) | 0x80;
      low >>>= 7;
    }
    bytes[at++] = low;
    this.at = at;
  }

  /** A string field; the empty string is not written. */
  string(tag: number, value: string | undefined): void {
    if (value === undefined || value === '') return;
    this.stringAlways(tag, value);
  }

  /** A string field that is written even if empty, as in the entry of a map. */
  stringAlways(tag: number, value: string): void {
    if (typeof value !== 'string') throw new TypeError(`not a string: ${typeof value}`);
    const { length } = value;
    if (length > SHORT_CHARS_MAX) return this.#longString(tag, value);
    this.ensure(2 + length * UTF8_BYTES_A_UNIT_MAX);
    const { at } = this;
    this.bytes[at] = tag;
    this.bytes[at + 1] = length;
    // As many bytes as characters: all of them were ASCII, which every hot string is.
    if (this.bytes.utf8Write(value, at + 2) !== length) return this.#longString(tag, value);
    this.at = at + 2 + length;
  }

  #longString(tag: number, value: string): void {
    // An encoder would put U+FFFD for a lone surrogate: other text than the caller gave.
    if (!value.isWellFormed()) throw new TypeError('a string has a lone surrogate, which UTF-8 cannot carry');
    const length = Buffer.byteLength(value, 'utf8');
    this.ensure(length + 6);
    this.bytes[this.at++] = tag;
    this.varint32(length);
    this.at += this.bytes.utf8Write(value, this.at, length);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Begins a nested message whose length is expected to take `width` bytes; returns where its body begins. */
  begin(tag: number, width: number): number {
    this.ensure(width + 1);
    this.bytes[this.at] = tag;
    this.at += 1 + width;
    return this.at;
  }

  /** Ends the message whose body began at `start`; returns how many bytes its length took. */
  end(start: number, width: number): number {
    const length = this.at - start;
    const needed = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
    if (needed !== width) {
      this.ensure(needed);
      this.bytes.copyWithin(start + needed - width, start, this.at);
    }
    this.at = start - width;
    this.varint32(length);
    this.at += length;
    return needed;
  }
}
