import type { Block } from '../../journal/block.ts';
import { lastSeqOf } from '../../journal/block.ts';

/** Where a shard's read models stand. */
export interface Watermark {
  shard: number;
  /** Height, seq and hash of the last projected block; 0, 0 and zeros before the first. */
  height: number;
  seq: number;
  hash: Uint8Array;
  blockTimeUs: number;
  /** The highest millisecond stamp of any UUIDv7 among the projected ids; 0 if none. */
  highStampMs: number;
  /** Number of the last opened account; 0 if none. */
  lastAccount: number;
  /** The last event of the control shard that was adopted; 0 if none. */
  controlSeq: number;
}

export function noWatermark(shard: number): Watermark {
  return {
    shard,
    height: 0,
    seq: 0,
    hash: new Uint8Array(32),
    blockTimeUs: 0,
    highStampMs: 0,
    lastAccount: 0,
    controlSeq: 0,
  };
}

/** Blocks must follow the watermark without a gap, each naming the one before it: nothing else is ever projected. */
export function follows(watermark: Watermark, block: Block): boolean {
  return (
    block.height === watermark.height + 1 &&
    block.firstSeq === watermark.seq + 1 &&
    block.blockTimeUs >= watermark.blockTimeUs &&
    Buffer.compare(block.prevHash, watermark.hash) === 0
  );
}

/** The watermark after a block; stamps, accounts and control seq are raised while its events are read. */
export function passed(watermark: Watermark, block: Block): void {
  watermark.height = block.height;
  watermark.seq = lastSeqOf(block);
  // A copy: a block's fields are views of the buffer in which it was read.
  watermark.hash = Uint8Array.from(block.hash);
  watermark.blockTimeUs = block.blockTimeUs;
}
