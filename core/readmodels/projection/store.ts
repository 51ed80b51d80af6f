import type { Batch } from './batch.ts';
import type { Watermark } from './watermark.ts';

/** Where a projector writes: one server's read models. Throws when it is asked for anything before an `apply` has ended. */
export interface ProjectionStore {
  /** The watermarks of these shards; a shard that has none yet gets its row. */
  watermarks(shards: readonly number[]): Promise<Watermark[]>;
  /**
   * Writes the batch and moves its watermarks, in one transaction. Throws `WatermarkMoved` when somebody else has moved
   * one of them meanwhile; then, as with every other error, nothing of the batch is there.
   */
  apply(batch: Batch): Promise<void>;
  close(): Promise<void>;
}

/** Another projector, or a swap of rebuilt tables, moved a watermark. */
export class WatermarkMoved extends Error {
  override readonly name = 'WatermarkMoved';
}
