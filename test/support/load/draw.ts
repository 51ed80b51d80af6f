/** A small generator of numbers that a seed repeats (mulberry32). */
export class Draw {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** From 0 inclusive to 1 exclusive. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `least` to `most`, both inclusive. */
  from(least: number, most: number): number {
    return least + Math.floor(this.unit() * (most - least + 1));
  }

  oneOf<T>(list: readonly T[]): T {
    return list[this.from(0, list.length - 1)];
  }
}

/** The seed of this run: FLORIN_TEST_SEED repeats one. */
export function seedOfRun(): number {
  const named = process.env.FLORIN_TEST_SEED;
  return named === undefined ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(named);
}

/** How often kill tests repeat: FLORIN_TEST_ROUNDS, or that many. */
export function roundsOfRun(standard: number): number {
  return Number(process.env.FLORIN_TEST_ROUNDS ?? standard);
}
