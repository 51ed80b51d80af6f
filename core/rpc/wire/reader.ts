import { CallRefused } from '../../shard/service.ts';

// A leading U+FEFF is text here, not a mark to be dropped.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** How deep groups may lie in each other; protobuf's own usual bound. */
const DEPTH_MAX = 100;

/** Walks protobuf bytes. Every read checks its bounds; a message that is no message refuses the whole call. */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;
  /** The last varint64, as two words. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  tag(): number {
    const byte = this.bytes[this.at];
    if (byte < 0x80) {
      this.at++;
      return byte;
    }
    return this.varint32();
  }

  /** A length that lies within the bytes. */
  length(): number {
    const byte = this.bytes[this.at];
    let length = byte;
    if (byte < 0x80) this.at++;
    else length = this.varint32();
    if (!(length <= this.bytes.length - this.at)) malformed();
    return length;
  }

  varint32(): number {
    this.varint64();
    return this.low >>> 0;
  }

  bool(): boolean {
    this.varint64();
    return (this.low | this.high) !== 0;
  }

  /** As a number; values beyond 2^53 lose their low bits, which is well outside every bound that is checked so. */
  int64AsNumber(): number {
    this.varint64();
    return this.high * 4294967296 + (this.low >>> 0);
  }

  /** Leaves the value in `low` and `high` (signed). */
  varint64(): void {
    const bytes = this.bytes;
    let at = this.at,
      low = 0,
      high = 0,
      shift = 0;
    for (; ; shift += 7) {
      if (at >= bytes.length || shift > 63) malformed();
      const byte = bytes[at++];
      const part = byte & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high = part >> 4;
      } else high |= part << (shift - 32);
      if (byte < 0x80) break;
    }
    this.at = at;
    this.low = low | 0;
    this.high = high | 0;
  }

  slice(): Uint8Array {
    const length = this.length();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): string {
    try {
      return utf8.decode(this.slice());
    } catch {
      return malformed();
    }
  }

  /** Passes over the value of a field that is not known. */
  skip(tag: number, depth = 0): void {
    if (tag < 8) malformed();
    switch (tag & 7) {
      case 0:
        return this.varint64();
      case 1:
        return this.#advance(8);
      case 2:
        return this.#advance(this.length());
      case 3:
        return this.#skipGroup(tag, depth + 1);
      case 5:
        return this.#advance(4);
      default:
        malformed();
    }
  }

  /** Groups are of the past, but a field that is not known may still be one. */
  #skipGroup(start: number, depth: number): void {
    if (depth > DEPTH_MAX) malformed();
    for (let tag = this.tag(); tag !== start + 1; tag = this.tag()) this.skip(tag, depth);
  }

  #advance(bytes: number): void {
    if (bytes > this.bytes.length - this.at) malformed();
    this.at += bytes;
  }
}

function malformed(): never {
  throw new CallRefused('MALFORMED_REQUEST', {
    message: 'The request is not a protobuf message of its type.',
  });
}
