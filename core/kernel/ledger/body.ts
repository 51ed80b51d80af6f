import { COUNTERS, EventType, FORMAT, HEADER, TX } from './layout.ts';

/** Room that is made ahead: no fixed part of an event, and no posting, is longer. */
const SLACK = 256;
/** Of one UTF-16 unit. */
const UTF8_BYTES_MOST = 3;
const utf8 = new TextEncoder();

/** The events of a block while it fills. Positions are bytes from the body's start. */
export class Body {
  bytes: Uint8Array;
  view: DataView;
  /** Where the next event begins. */
  end = 0;
  /** How many events there are. */
  events = 0;
  /** Where each of them begins. */
  positions: Uint32Array;

  constructor(capacity = 1 << 14) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
    this.positions = new Uint32Array(Math.max(16, capacity >>> 7));
  }

  /** Makes room for that many bytes behind `end`, zeroed or not. */
  reserve(bytes: number): void {
    const needed = this.end + bytes + SLACK;
    if (needed <= this.bytes.length) return;
    const longer = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    longer.set(this.bytes.subarray(0, this.end));
    this.bytes = longer;
    this.view = new DataView(longer.buffer);
  }

  /** Begins an event whose bytes, zeroed, are `length` rounded up to 8; returns its position. */
  begin(type: number, flags: number, length: number): number {
    const whole = (length + 7) & ~7;
    this.reserve(whole);
    const at = this.end;
    this.bytes.fill(0, at, at + whole);
    this.header(at, type, flags, whole);
    this.close(at + whole);
    return at;
  }

  /**
   * Begins an event that ends with that text, behind `fixed` zeroed bytes; returns how many bytes of UTF-8 the text has. The
   * text is written where it stays: nothing is allocated for it.
   */
  beginText(type: number, fixed: number, text: string): number {
    this.reserve(fixed + text.length * UTF8_BYTES_MOST);
    const at = this.end;
    this.bytes.fill(0, at, at + fixed);
    const { written } = utf8.encodeInto(text, this.bytes.subarray(at + fixed));
    const whole = (fixed + written + 7) & ~7;
    this.bytes.fill(0, at + fixed + written, at + whole);
    this.header(at, type, 0, whole);
    this.close(at + whole);
    return written;
  }

  /** Ends the event that begins at `end`: the next one begins there. */
  close(end: number): void {
    if (this.events === this.positions.length) {
      const longer = new Uint32Array(this.events * 2);
      longer.set(this.positions);
      this.positions = longer;
    }
    this.positions[this.events++] = this.end;
    this.end = end;
  }

  /** Writes an event's header over whatever lies there. */
  header(at: number, type: number, flags: number, length: number): void {
    const view = this.view;
    view.setUint32(at + HEADER.length, length, true);
    view.setUint8(at + HEADER.type, type);
    view.setUint8(at + HEADER.format, FORMAT);
    view.setUint16(at + HEADER.flags, flags, true);
  }

  /** Takes back everything from that position on. */
  truncate(end: number, events: number): void {
    this.end = end;
    this.events = events;
  }

  putText(at: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, at);
  }

  putCounters(at: number, counters: Counters): void {
    this.view.setBigInt64(at + COUNTERS.debitsPosted, counters.debitsPosted, true);
    this.view.setBigInt64(at + COUNTERS.creditsPosted, counters.creditsPosted, true);
    this.view.setBigInt64(at + COUNTERS.debitsPending, counters.debitsPending, true);
    this.view.setBigInt64(at + COUNTERS.creditsPending, counters.creditsPending, true);
  }
}

export interface Counters {
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
}

/** A view on a block's body, for whoever reads events. */
export function viewOf(body: Uint8Array): DataView {
  return new DataView(body.buffer, body.byteOffset, body.byteLength);
}

/** Calls back with type and position of each event; throws where the bytes are no chain of events. */
export function eachEvent(
  view: DataView,
  callback: (type: number, at: number, index: number) => void,
): number {
  let at = 0,
    index = 0;
  for (; at < view.byteLength; index++) {
    if (view.byteLength - at < HEADER.bytes) throw new Error(`event ${index} at ${at} is cut short`);
    const length = view.getUint32(at + HEADER.length, true);
    if (length < HEADER.bytes || length % 8 !== 0 || at + length > view.byteLength)
      throw new Error(`event ${index} at ${at} has the length ${length}`);
    const format = view.getUint8(at + HEADER.format);
    if (format !== FORMAT)
      throw new Error(`event ${index} at ${at} has the format ${format}; this release reads ${FORMAT}`);
    callback(view.getUint8(at + HEADER.type), at, index);
    at += length;
  }
  return index;
}

/** The position of the event of that index. */
export function positionOf(view: DataView, index: number): number {
  let at = 0;
  for (let i = 0; i < index; i++) at += view.getUint32(at + HEADER.length, true);
  return at;
}

/** Whether an event is a transaction of that kind. */
export function isTransaction(view: DataView, at: number): boolean {
  return view.getUint8(at + HEADER.type) === EventType.transaction;
}

/** Where an event's postings begin. */
export function postingsAt(view: DataView, at: number): number {
  const flags = view.getUint16(at + HEADER.flags, true);
  return at + TX.bytes + ((flags & 2) !== 0 ? 16 : 0) + ((flags & 4) !== 0 ? 24 : 0);
}
