import { Problem } from '../problems/problem.ts';
import { type Allowance, TokenBuckets } from './tokenBuckets.ts';

export interface Limits {
  /** Requests of one API key. */
  readonly key: Allowance;
  /** Requests of one API key that are under way at once. */
  readonly keyConcurrency: number;
  /** Requests of all keys that are under way at once. */
  readonly concurrency: number;
  /** Requests of one address that come without a good key: whoever guesses keys. */
  readonly address: Allowance;
  /** Requests of one address with publishable keys: those are open to everybody. */
  readonly payer: Allowance;
}

/** What a request is told of its limit. */
export interface Told {
  readonly policy: string;
  readonly state: string;
}

/** How much one API key, and one address without any, may ask of this edge; each edge counts for itself. */
export class Gate {
  readonly #limits: Limits;
  readonly #keys: TokenBuckets;
  readonly #addresses: TokenBuckets;
  readonly #payers: TokenBuckets;
  readonly #underWay = new Map<string, number>();
  #allUnderWay = 0;

  constructor(limits: Limits, clock: { nowMs: () => number }) {
    this.#limits = limits;
    this.#keys = new TokenBuckets(limits.key, clock);
    this.#addresses = new TokenBuckets(limits.address, clock);
    this.#payers = new TokenBuckets(limits.payer, clock);
  }

  /** Turns away an address that has shown too many keys that are none. */
  checkAddress(address: string): void {
    if (!this.#addresses.has(address))
      throw new Problem('rate_limited', {
        detail: 'Too many requests without a good API key came from this address.',
        retryAfterSeconds: 1,
      });
  }

  /** A key of that address was none. */
  noteStranger(address: string): void {
    this.#addresses.take(address);
  }

  /** Counts a request of an address with a publishable key, or turns it away: one payer leaves the key to the others. */
  admitPayer(address: string): void {
    const { isAllowed, resetSeconds } = this.#payers.take(address);
    if (!isAllowed)
      throw new Problem('rate_limited', {
        detail: `An address may ask ${this.#limits.payer.perSecond} times a second with publishable keys.`,
        retryAfterSeconds: resetSeconds,
      });
  }

  /** Counts a request of a key, or turns it away. */
  admit(keyId: string): Told {
    const { perSecond, burst } = this.#limits.key;
    const { isAllowed, remaining, resetSeconds } = this.#keys.take(keyId);
    if (!isAllowed)
      throw new Problem('rate_limited', {
        detail: `The API key may ask ${perSecond} times a second.`,
        retryAfterSeconds: resetSeconds,
      });
    const window = Math.max(1, Math.ceil(burst / perSecond));
    return { policy: `"key";q=${burst};w=${window}`, state: `"key";r=${remaining};t=${resetSeconds}` };
  }

  /**
   * Carries out what a request of a key asks for, unless too much is under way of that key or of all: what nobody can serve
   * in time is better told so at once than kept waiting, and takes memory from nobody.
   */
  async within<T>(keyId: string, task: () => Promise<T>): Promise<T> {
    const underWay = this.#underWay.get(keyId) ?? 0;
    if (underWay >= this.#limits.keyConcurrency)
      throw new Problem('rate_limited', {
        detail: `The API key may have ${this.#limits.keyConcurrency} requests under way at once.`,
        retryAfterSeconds: 1,
      });
    if (this.#allUnderWay >= this.#limits.concurrency)
      throw new Problem('unavailable', {
        detail: 'More is asked of this edge at the moment than it can do.',
        retryAfterSeconds: 1,
      });
    this.#underWay.set(keyId, underWay + 1);
    this.#allUnderWay++;
    try {
      return await task();
    } finally {
      this.#allUnderWay--;
      const left = this.#underWay.get(keyId)! - 1;
      if (left > 0) this.#underWay.set(keyId, left);
      else this.#underWay.delete(keyId);
    }
  }
}
