import type { Timers } from '../../shard/ports.ts';

interface Waiter {
  seq: number;
  settle: (reached: boolean) => void;
}

/** Reads that wait until a shard's read models hold a seq. */
export class Waiters {
  readonly #timers: Timers;
  readonly #waiting = new Map<number, Set<Waiter>>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  wait(shard: number, seq: number, timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiters = this.#waiting.get(shard) ?? new Set<Waiter>();
    this.#waiting.set(shard, waiters);
    const settle = (reached: boolean): void => {
      cancel();
      waiters.delete(waiter);
      resolve(reached);
    };
    const waiter: Waiter = { seq, settle };
    const cancel = this.#timers.after(timeoutMs, () => settle(false));
    waiters.add(waiter);
    return promise;
  }

  /** Whether anybody waits for one of these shards. */
  any(shards: ReadonlySet<number>): boolean {
    for (const [shard, waiters] of this.#waiting) if (waiters.size > 0 && shards.has(shard)) return true;
    return false;
  }

  reached(shard: number, seq: number): void {
    for (const waiter of this.#waiting.get(shard) ?? []) if (waiter.seq <= seq) waiter.settle(true);
  }

  giveUp(): void {
    for (const waiters of this.#waiting.values()) for (const waiter of waiters) waiter.settle(false);
  }
}
