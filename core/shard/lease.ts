import type { LeaseStore } from '../journal/store.ts';
import type { Timers } from './ports.ts';

export interface LeaseOptions {
  store: LeaseStore;
  shards: readonly number[];
  holder: string;
  /** How long a lease lasts; it is renewed after a third of that. */
  lengthMs: number;
  timers: Timers;
  onHeld: (shard: number) => void;
  onGone: (shard: number) => void;
  onTrouble: (error: Error) => void;
}

/**
 * Which shards this node should write, by the database's clock. A lease keeps nodes from fighting; it is the fence that
 * keeps them from harm, so a renewal that cannot reach the database drops nothing.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #held: ReadonlySet<number> = new Set();
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  holds(shard: number): boolean {
    return this.#held.has(shard);
  }

  /** Takes what is free, and goes on trying for the rest; returns once all of the shards are held. */
  async start(): Promise<void> {
    while (!this.#stopped) {
      await this.#renew(false);
      if (this.#held.size === this.#options.shards.length) break;
      await new Promise<void>((resolve) => this.#options.timers.after(this.#options.lengthMs / 10, resolve));
    }
    this.#again();
  }

  #again(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.timers.after(this.#options.lengthMs / 3, () => {
      void this.#renew(true).then(() => this.#again());
    });
  }

  async #renew(tell: boolean): Promise<void> {
    const { store, shards, holder, lengthMs, onHeld, onGone, onTrouble } = this.#options;
    try {
      const held = await store.hold(shards, holder, lengthMs);
      const before = this.#held;
      this.#held = held;
      if (!tell) return;
      for (const shard of shards) {
        if (held.has(shard) && !before.has(shard)) onHeld(shard);
        if (!held.has(shard) && before.has(shard)) onGone(shard);
      }
    } catch (error) {
      onTrouble(error as Error);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#options.store
      .release(this.#options.shards, this.#options.holder)
      .catch(this.#options.onTrouble);
  }
}
