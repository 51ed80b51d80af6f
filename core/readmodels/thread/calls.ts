import type { ReadBounds } from '../../journal/readBounds.ts';
import type { Mark } from '../projection/standing.ts';
import type { ProjectorEvent } from '../projector.ts';
import type { PackedBlocks } from './packedBlocks.ts';
import type { Handed } from './peer.ts';

/** Heights up to which shards may be projected. */
export type ProvenHeights = readonly (readonly [shard: number, height: number])[];

/** What the core asks of the thread that projects. */
export type ProjectorCalls = {
  start(heights: ProvenHeights): Promise<void>;
  stop(): Promise<void>;
  pause(): Promise<void>;
  resume(): void;
  committed(shard: number, height: number): void;
  waitForSeq(shard: number, seq: number, timeoutMs: number): Promise<boolean>;
};

/** What the thread that projects asks of the core. */
export type CoreCalls = {
  /** Blocks of a shard from that height on, and how far they may be projected by now. */
  read(
    shard: number,
    fromHeight: number,
    bounds: ReadBounds,
  ): Promise<Handed<{ blocks: PackedBlocks; provenHeight: number }>>;
  advanced(mark: Mark): void;
  happened(event: ProjectorEvent): void;
};

/** What the thread is started with. */
export interface ProjectorThreadData {
  readonly servers: readonly { readonly url: string; readonly shards: readonly number[] }[];
  /** 16 bytes. */
  readonly sealKey: Uint8Array;
}
