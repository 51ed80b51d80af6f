import type { Position } from './service.ts';
import type { ShardWriter } from './writer.ts';

/** Something that waits for its turn at a shard's writer. */
export interface Work {
  /** How many items of the mailbox it takes up. */
  readonly items: number;
  /** Monotonic microseconds; dropped at the dequeue where it has passed and nothing was decided. */
  readonly deadlineUs: number;
  /** Whether any of it has been decided. */
  begun: boolean;
  /** Whether all of it has been decided. */
  decided: boolean;
  /**
   * Decides about that many items onto the writer's open block. Returns how many it decided; or a promise where
   * something must be loaded first, after which it is called again.
   */
  step(writer: ShardWriter, itemsMost: number): number | Promise<void>;
  /** All that it decided on is durable. */
  answer(position: Position): void;
  fail(error: Error): void;
}
