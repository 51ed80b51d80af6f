/**
 * Keeps what was asked for of late: what is asked for moves into the young half, and when that is full the old half goes.
 * Between two calls of `turn` nothing goes that was asked for since the first: a batch keeps what it uses, however much.
 */
export class Generations<K, V> {
  readonly #most: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** Twice as many at most, and what one batch uses. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Before each batch. */
  turn(): void {
    if (this.#young.size < this.#most) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  get(key: K): V | undefined {
    const found = this.#young.get(key);
    if (found !== undefined || this.#old.size === 0) return found;
    const kept = this.#old.get(key);
    if (kept === undefined) return undefined;
    this.#old.delete(key);
    this.#young.set(key, kept);
    return kept;
  }

  set(key: K, value: V): void {
    this.#old.delete(key);
    this.#young.set(key, value);
  }
}
