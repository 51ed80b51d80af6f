import { Flag, HEADER, POSTING, TARGETED, TX, TX_EXPIRY, TX_TARGET } from '../../kernel/ledger/layout.ts';
import { dayOf } from '../copy/rowBuffer.ts';

/** One event of a batch, in place: the writers of the tables read through it, so that no event becomes an object. */
export class EventCursor {
  bytes: Uint8Array;
  view: DataView;
  /** Where the event begins. */
  at = 0;
  seq = 0;
  shard = 0;
  /** The block's time. */
  bookedUs = 0;
  /** Its UTC day, since 1970. */
  bookedDay = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The same bytes as words of 32 bits; whatever has eight bytes in an event begins at a multiple of them. */
  words(): Uint32Array {
    return new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length >>> 2);
  }

  enterBlock(block: { shard: number; blockTimeUs: number }): void {
    this.shard = block.shard;
    this.bookedUs = block.blockTimeUs;
    this.bookedDay = dayOf(block.blockTimeUs);
  }

  get length(): number {
    return this.view.getUint32(this.at + HEADER.length, true);
  }

  get type(): number {
    return this.bytes[this.at + HEADER.type];
  }

  get flags(): number {
    return this.view.getUint16(this.at + HEADER.flags, true);
  }

  u8(offset: number): number {
    return this.bytes[this.at + offset];
  }

  u16(offset: number): number {
    return this.view.getUint16(this.at + offset, true);
  }

  u32(offset: number): number {
    return this.view.getUint32(this.at + offset, true);
  }

  i32(offset: number): number {
    return this.view.getInt32(this.at + offset, true);
  }

  /** An i64 that is known to be an exact number. */
  whole(offset: number): number {
    return wholeAt(this.view, this.at + offset);
  }

  i64(offset: number): bigint {
    return this.view.getBigInt64(this.at + offset, true);
  }

  /** Sixteen bytes as 32 hexadecimal digits. */
  hex(offset: number): string {
    const from = this.view.byteOffset + this.at + offset;
    return Buffer.from(this.view.buffer, from, 16).toString('hex');
  }

  text(offset: number, length: number): string {
    const from = this.view.byteOffset + this.at + offset;
    return Buffer.from(this.view.buffer, from, length).toString('utf8');
  }
}

export function wholeAt(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true);
}

/** Where the parts of a transaction event lie, from the start of the buffer. */
export const parts = {
  expiry(cursor: EventCursor): number {
    return cursor.at + TX.bytes + TX_EXPIRY.atUs;
  },
  target(cursor: EventCursor, flags: number): number {
    return cursor.at + TX.bytes + ((flags & Flag.hasExpiry) === 0 ? 0 : TX_EXPIRY.bytes);
  },
  postings(cursor: EventCursor, flags: number): number {
    return parts.target(cursor, flags) + ((flags & Flag.hasTarget) === 0 ? 0 : TX_TARGET.bytes);
  },
  stride(flags: number): number {
    return (flags & Flag.hasTarget) === 0 ? POSTING.bytes : TARGETED.bytes;
  },
};
