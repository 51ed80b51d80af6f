/** What is allowed: so many at once, and so many a second from then on. */
export interface Allowance {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Taken {
  readonly isAllowed: boolean;
  /** What may be taken at once now. */
  readonly remaining: number;
  /** Seconds until all may be taken at once again; where it was not allowed, until one may. */
  readonly resetSeconds: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Names that are remembered; the one that was not asked for the longest goes first, and by then is full again. */
const NAMES_MAX = 50_000;

/** A token bucket for each name. */
export class TokenBuckets {
  readonly allowance: Allowance;
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(allowance: Allowance, { nowMs }: { nowMs: () => number }) {
    this.allowance = allowance;
    this.#nowMs = nowMs;
  }

  /** Takes one, if there is one. */
  take(name: string): Taken {
    const { perSecond, burst } = this.allowance;
    const bucket = this.#filled(name);
    const isAllowed = bucket.tokens >= 1;
    if (isAllowed) bucket.tokens -= 1;
    const missing = isAllowed ? burst - bucket.tokens : 1 - bucket.tokens;
    return {
      isAllowed,
      remaining: Math.floor(bucket.tokens),
      resetSeconds: Math.max(1, Math.ceil(missing / perSecond)),
    };
  }

  /** Whether there is one, without taking it. */
  has(name: string): boolean {
    return this.#filled(name).tokens >= 1;
  }

  #filled(name: string): Bucket {
    const { perSecond, burst } = this.allowance;
    const nowMs = this.#nowMs();
    const known = this.#buckets.get(name);
    const bucket = known ?? { tokens: burst, atMs: nowMs };
    // A clock that went back fills nothing.
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (passedMs * perSecond) / 1_000);
    bucket.atMs = nowMs;
    if (known !== undefined) this.#buckets.delete(name);
    else if (this.#buckets.size >= NAMES_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(name, bucket);
    return bucket;
  }
}
