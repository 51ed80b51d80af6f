const DAYS = 2 ** 21;
/** Makes days since 1970 positive: effective dates begin in 1900. */
const SHIFT = 2 ** 18;

export interface DisplacedDay {
  /** The account's place in the batch. */
  place: number;
  /** Since 1970. */
  day: number;
  debits: bigint;
  credits: bigint;
}

/**
 * What the posted entries of a batch that take effect on another day than that of their booking move between the days
 * of their accounts. See docs/adr/0002.
 */
export class DisplacedDays {
  readonly #index = new Map<number, number>();
  #keys: number[] = [];
  #sums = new BigInt64Array(256);

  clear(): void {
    this.#index.clear();
    this.#keys = [];
  }

  /** An entry of `amount` that was booked on one day and takes effect on another. */
  add(place: number, options: { bookedDay: number; date: number; isDebit: boolean; amount: bigint }): void {
    const side = options.isDebit ? 0 : 1;
    // Places first: finding one may move the sums to a longer array.
    const effective = this.#at(place, options.date) + side;
    const booked = this.#at(place, options.bookedDay) + side;
    this.#sums[effective] += options.amount;
    this.#sums[booked] -= options.amount;
  }

  *rows(): Generator<DisplacedDay> {
    for (const [index, key] of this.#keys.entries()) {
      const debits = this.#sums[index * 2];
      const credits = this.#sums[index * 2 + 1];
      if (debits === 0n && credits === 0n) continue;
      yield { place: Math.floor(key / DAYS), day: (key % DAYS) - SHIFT, debits, credits };
    }
  }

  #at(place: number, day: number): number {
    const key = place * DAYS + day + SHIFT;
    let index = this.#index.get(key);
    if (index === undefined) {
      index = this.#keys.push(key) - 1;
      this.#index.set(key, index);
      if (index * 2 + 1 >= this.#sums.length) {
        const sums = new BigInt64Array(this.#sums.length * 2);
        sums.set(this.#sums);
        this.#sums = sums;
      }
      this.#sums[index * 2] = 0n;
      this.#sums[index * 2 + 1] = 0n;
    }
    return index * 2;
  }
}
