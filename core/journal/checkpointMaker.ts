import type { KeyObject } from 'node:crypto';
import {
  CHECKPOINT_SHARDS,
  signCheckpoint,
  type CheckpointTip,
  type SignedCheckpoint,
} from './checkpoint.ts';
import type { CheckpointStore } from './checkpointStore.ts';
import { ZERO_HASH, sameHash } from './hash.ts';

export interface CheckpointMakerOptions {
  key: KeyObject;
  store: CheckpointStore;
  /** Tips of any shards, each committed and proven by the writer's own append. */
  tips: () => readonly CheckpointTip[];
  /** Between two checkpoints. Default of the configuration 60 s; 0: none are made. */
  intervalMs: number;
  /** `Clock` of core/shard/ports.ts. */
  clock: { wallUs(): number };
  /** `Timers` of core/shard/ports.ts. */
  timers: { after(delayMs: number, callback: () => void): () => void };
  /** Told of each one that is stored, so that a copy can be kept outside the database. */
  onMade?: (checkpoint: SignedCheckpoint) => void;
  onError?: (error: unknown) => void;
}

/** Makes a checkpoint on an interval, as long as something moved. */
export class CheckpointMaker {
  readonly #options: CheckpointMakerOptions;
  #cancel: (() => void) | null = null;
  #stopped = false;
  #making: Promise<SignedCheckpoint | null> | null = null;

  constructor(options: CheckpointMakerOptions) {
    this.#options = options;
  }

  start(): void {
    const { intervalMs, timers, onError } = this.#options;
    if (intervalMs === 0 || this.#stopped || this.#cancel !== null) return;
    this.#cancel = timers.after(intervalMs, () => {
      this.#cancel = null;
      void this.makeNow()
        .catch((error: unknown) => onError?.(error))
        .then(() => this.start());
    });
  }

  /** Makes one at once; null where nothing moved, or another maker was first. Never two at the same time. */
  async makeNow(): Promise<SignedCheckpoint | null> {
    this.#making ??= this.#make().finally(() => {
      this.#making = null;
    });
    return this.#making;
  }

  /** Waits for one that is being made, and makes no more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = null;
    await this.#making?.catch(() => undefined);
  }

  async #make(): Promise<SignedCheckpoint | null> {
    const { key, store, tips, clock, onMade } = this.#options;
    // Read each time: the number and hash to chain to are those that are stored.
    const before = await store.latest();
    const next = tipsAfter(before?.tips ?? [], tips());
    if (next.every((tip, shard) => tip.height === (before?.tips[shard]?.height ?? 0))) return null;
    const checkpoint = signCheckpoint(
      {
        number: (before?.number ?? 0) + 1,
        createdUs: Math.max(clock.wallUs(), before?.createdUs ?? 0),
        prevHash: before?.hash ?? ZERO_HASH,
        tips: next,
      },
      key,
    );
    if (!(await store.append(checkpoint))) return null;
    onMade?.(checkpoint);
    return checkpoint;
  }
}

/** All shards: what was checkpointed stays proven, so a shard that another node writes keeps its last tip. */
function tipsAfter(before: readonly CheckpointTip[], now: readonly CheckpointTip[]): CheckpointTip[] {
  const tips = Array.from(
    { length: CHECKPOINT_SHARDS },
    (_, shard) => before[shard] ?? { shard, height: 0, hash: ZERO_HASH },
  );
  for (const tip of now) {
    const known = tips[tip.shard];
    if (known === undefined) throw new Error(`there is no shard ${tip.shard}`);
    if (tip.height === known.height && !sameHash(tip.hash, known.hash)) {
      throw new Error(
        `shard ${tip.shard} has another block at height ${tip.height} than the last checkpoint: history was rewritten`,
      );
    }
    if (tip.height > known.height) tips[tip.shard] = { shard: tip.shard, height: tip.height, hash: tip.hash };
  }
  return tips;
}
