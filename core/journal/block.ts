/** A block: the events that one append made durable for one shard, and the link to the block before. */
export interface Block {
  shard: number;
  /** From 1 without gaps. */
  height: number;
  /** The writer's epoch; never falls along height. */
  epoch: number;
  /** Sequence number of the first event; of an empty block, that of the next event to come. */
  firstSeq: number;
  eventCount: number;
  /** Microseconds since 1970, never falling along height. */
  blockTimeUs: number;
  /** 32 bytes; zeros at height 1. */
  prevHash: Uint8Array;
  /** 32 bytes. */
  hash: Uint8Array;
  /** The events, one behind the other, as core/kernel/ledger/layout.ts lays them out. */
  body: Uint8Array;
}

/** The last sequence number that stands at or below this block. */
export function lastSeqOf(block: Pick<Block, 'firstSeq' | 'eventCount'>): number {
  return block.firstSeq + block.eventCount - 1;
}
