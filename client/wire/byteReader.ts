const scratch = new BigInt64Array(1);
/** The two halves of `scratch`; every platform that Florin supports is little-endian. */
const halves = new Uint32Array(scratch.buffer);

/** The bytes do not end where their lengths say, or are no protobuf at all. */
export class MalformedBytes extends Error {}

/** Protobuf wire format out of one buffer. Reads over the end yield zeros and are noticed by `finish`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A tag or a length: at most five bytes, below 2^32. */
  varint32(): number {
    const { bytes } = this;
    let byte = bytes[this.at++];
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      byte = bytes[this.at++];
      value |= (byte & 0x7f) << shift;
      if (!(byte > 0x7f)) return value >>> 0;
    }
    throw new MalformedBytes('a tag or length of more than five bytes');
  }

  /** An int64. */
  int64(): bigint {
    const { bytes } = this;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[this.at++];
      low |= (byte & 0x7f) << shift;
      if (!(byte > 0x7f)) return BigInt(low);
    }
    let byte = bytes[this.at++];
    low |= (byte & 0x0f) << 28;
    let high = (byte & 0x7f) >> 4;
    for (let shift = 3; byte > 0x7f; shift += 7) {
      if (shift > 31) throw new MalformedBytes('an integer of more than ten bytes');
      byte = bytes[this.at++];
      high |= (byte & 0x7f) << shift;
    }
    halves[0] = low;
    halves[1] = high;
    return scratch[0];
  }

  /** A bool. */
  bool(): boolean {
    return this.int64() !== 0n;
  }

  /** The length of a nested message; returns where it ends. */
  open(end: number): number {
    const length = this.varint32();
    const inner = this.at + length;
    if (!(inner <= end)) throw new MalformedBytes(`a field of ${length} bytes goes beyond its message`);
    return inner;
  }

  /** A nested message or string as a view. */
  view(end: number): Uint8Array {
    const inner = this.open(end);
    const view = this.bytes.subarray(this.at, inner);
    this.at = inner;
    return view;
  }

  /** Passes over a field that this reader does not know: a newer core may send it. */
  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case 0:
        this.int64();
        return;
      case 1:
        this.at += 8;
        return;
      case 2:
        this.at = this.open(end);
        return;
      case 5:
        this.at += 4;
        return;
      default:
        throw new MalformedBytes(`wire type ${tag & 7}`);
    }
  }

  /** Says that a message ends here. */
  finish(end: number): void {
    if (this.at !== end) throw new MalformedBytes('a message does not end where its length says');
  }
}
