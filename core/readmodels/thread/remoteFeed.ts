import type { Block } from '../../journal/block.ts';
import type { ReadBounds } from '../../journal/readBounds.ts';
import type { BlockFeed } from '../../shard/ports.ts';
import { type PackedBlocks, unpackBlocks } from './packedBlocks.ts';

type Read = (
  shard: number,
  fromHeight: number,
  bounds: ReadBounds,
) => Promise<{ blocks: PackedBlocks; provenHeight: number }>;

/** The blocks of writers that live in another thread. */
export class RemoteFeed implements BlockFeed {
  readonly #read: Read;
  readonly #heights = new Map<number, number>();
  readonly #listeners = new Set<(shard: number) => void>();

  constructor(read: Read) {
    this.#read = read;
  }

  committed(shard: number, height: number): void {
    this.#heights.set(shard, height);
    for (const tell of this.#listeners) tell(shard);
  }

  provenHeight(shard: number): number {
    return this.#heights.get(shard) ?? 0;
  }

  async read(shard: number, fromHeight: number, bounds: ReadBounds): Promise<Block[]> {
    const { blocks, provenHeight } = await this.#read(shard, fromHeight, bounds);
    // Lower than what was told before where the shard has gone to another node.
    this.#heights.set(shard, provenHeight);
    return unpackBlocks(blocks);
  }

  onCommitted(callback: (shard: number) => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }
}
