import {
  Flag,
  HEADER,
  POSTING,
  TARGETED,
  TX,
  TX_EXPIRY,
  TX_TARGET,
} from '../../../core/kernel/ledger/layout.ts';
import type { EventAt } from './events.ts';

/** Where the parts of a transaction's event lie. One object is used again for all events of a shard. */
export class Parts {
  kind = 0;
  state = 0;
  count = 0;
  hasExpiry = false;
  hasTarget = false;
  targetAt = 0;
  postingsAt = 0;
  stride = 0;
  /** Where reference, then metadata, then the sides begin. */
  tailAt = 0;
  referenceBytes = 0;
  metadataBytes = 0;

  read({ view, at }: EventAt): void {
    const flags = view.getUint16(at + HEADER.flags, true);
    this.kind = view.getUint8(at + TX.kind);
    this.state = view.getUint8(at + TX.state);
    this.count = view.getUint16(at + TX.postings, true);
    this.hasExpiry = (flags & Flag.hasExpiry) !== 0;
    this.hasTarget = (flags & Flag.hasTarget) !== 0;
    this.targetAt = at + TX.bytes + (this.hasExpiry ? TX_EXPIRY.bytes : 0);
    this.postingsAt = this.targetAt + (this.hasTarget ? TX_TARGET.bytes : 0);
    this.stride = this.hasTarget ? TARGETED.bytes : POSTING.bytes;
    this.tailAt = this.postingsAt + this.count * this.stride;
    this.referenceBytes = view.getUint16(at + TX.referenceBytes, true);
    this.metadataBytes = view.getUint16(at + TX.metadataBytes, true);
  }

  /** The bytes that the event needs. */
  lengthFrom(at: number): number {
    return this.tailAt - at + this.referenceBytes + this.metadataBytes + (this.count > 1 ? this.count : 0);
  }
}
