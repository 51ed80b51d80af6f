import type { Block } from './block.ts';
import type { ReadBounds } from './readBounds.ts';

/** Where a shard's journal ends. */
export interface Tip {
  /** 0 where there is no block yet. */
  height: number;
  epoch: number;
  /** The last seq; 0 where there is none. */
  seq: number;
  blockTimeUs: number;
  hash: Uint8Array;
}

/** The journal as writers see it. The writer, the lease and whatever reads blocks know this and no SQL. */
export interface JournalStore {
  /**
   * Appends blocks of different shards in one statement, each under the fence of its epoch. Answers with the shards
   * that were appended: one that is missing was fenced, and its block will never be there.
   * Throws AppendRefused where nothing happened for certain, AppendUnknown where it may have, or may yet.
   */
  append(blocks: readonly Block[]): Promise<ReadonlySet<number>>;
  /** Raises the epoch of a shard from the given one, so that nothing of it can be appended any more; null if it was not at that epoch. */
  raiseEpoch(shard: number, from: number, owner: string): Promise<number | null>;
  /** The epoch of a shard, and who raised it; begun at 1 where there was none. */
  epochOf(shard: number): Promise<{ epoch: number; owner: string }>;
  /** Raises the epochs of many shards at once, whoever had them; committed when it returns. Answers with the new epochs. */
  takeEpochs(shards: readonly number[], owner: string): Promise<ReadonlyMap<number, number>>;
  /** Whether the shard is still at that epoch: the check of a linearizable read. */
  isAtEpoch(shard: number, epoch: number): Promise<boolean>;
  tip(shard: number): Promise<Tip>;
  /** The tips of many shards, of each that was asked for. */
  tips(shards: readonly number[]): Promise<ReadonlyMap<number, Tip>>;
  /** The server's clock, microseconds since 1970. */
  databaseTimeUs(): Promise<number>;
  /** Blocks from that height on, in order, within the bounds but at least one where there is one. */
  read(shard: number, fromHeight: number, bounds: ReadBounds): Promise<Block[]>;
  /** Hands over the blocks between two heights in order, some at a time. Their bytes are valid until `visit` settles. */
  stream(
    range: { shard: number; from: number; to: number },
    visit: (blocks: readonly Block[]) => Promise<void>,
  ): Promise<void>;
  /** The block that holds the seq. */
  blockOfSeq(shard: number, seq: number): Promise<Block | null>;
  block(shard: number, height: number): Promise<Block | null>;
}

/** Who may write which shards, by the database's clock. */
export interface LeaseStore {
  /** Takes or renews leases for that long; answers with the shards that are now held. */
  hold(shards: readonly number[], holder: string, lengthMs: number): Promise<ReadonlySet<number>>;
  release(shards: readonly number[], holder: string): Promise<void>;
}

/** Nothing was appended, for certain: the identical bytes may be sent again. */
export class AppendRefused extends Error {
  override name = 'AppendRefused';
}

/** It may have been appended, or may yet be: only a raised epoch and the tip can tell. */
export class AppendUnknown extends Error {
  override name = 'AppendUnknown';
}

/** One of several blocks stood there already, so none of this statement was appended: each shard is sent again alone. */
export class AppendDuplicate extends Error {
  override name = 'AppendDuplicate';
}
