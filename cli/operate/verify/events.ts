import { FORMAT, HEADER } from '../../../core/kernel/ledger/layout.ts';

/** An event in place, and where it stands. */
export interface EventAt {
  bytes: Buffer;
  view: DataView;
  at: number;
  length: number;
  seq: number;
  height: number;
  blockTimeUs: number;
  /** The block's UTC day, since 1970. */
  day: number;
}

/** These bytes are no events: nothing behind them can be read. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** An event has a length that it needs, and zeros behind that; else its bytes are not what any kernel writes. */
export function checkLength(event: EventAt, used: number): void {
  if (((used + 7) & ~7) !== event.length)
    throw new Unreadable(`a length of ${event.length} bytes where it needs ${used}`);
  for (let at = event.at + used; at < event.at + event.length; at++)
    if (event.bytes[at] !== 0) throw new Unreadable('bytes behind its end that are not zero');
}

/** Walks a body; throws `Unreadable` where it is no chain of events. */
export function eachEventAt(
  event: EventAt,
  bodyAt: number,
  bodyLength: number,
  callback: () => void,
): number {
  const end = bodyAt + bodyLength;
  let events = 0;
  for (event.at = bodyAt; event.at < end; event.at += event.length, events++) {
    if (end - event.at < HEADER.bytes) throw new Unreadable('an event that is cut short');
    event.length = event.view.getUint32(event.at + HEADER.length, true);
    if (event.length < HEADER.bytes || event.length % 8 !== 0 || event.at + event.length > end)
      throw new Unreadable(`an event of ${event.length} bytes`);
    const format = event.bytes[event.at + HEADER.format];
    if (format !== FORMAT) throw new Unreadable(`an event of format ${format}`);
    callback();
    event.seq++;
  }
  return events;
}

export function uuidText(bytes: Buffer, at: number): string {
  return bytes.toString('hex', at, at + 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export function isNil(view: DataView, at: number): boolean {
  return (view.getInt32(at) | view.getInt32(at + 4) | view.getInt32(at + 8) | view.getInt32(at + 12)) === 0;
}
