/** How long calls took, in milliseconds, kept one by one: percentiles are exact, and a second's worth is a few kB. */
export class Latencies {
  #values: Float64Array<ArrayBuffer> = new Float64Array(4_096);
  #count = 0;
  #sorted = true;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const longer = new Float64Array(this.#count * 2);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.#count++] = ms;
    this.#sorted = false;
  }

  addAll(other: Latencies): void {
    for (const ms of other.#values.subarray(0, other.#count)) this.add(ms);
  }

  /**
   * The nearest-rank percentile: the smallest value such that at least this share of all values is not above it.
   * `share` is above 0 and at most 1. NaN without any value.
   */
  percentile(share: number): number {
    if (!(share > 0 && share <= 1)) throw new RangeError(`a share is above 0 and at most 1, not ${share}`);
    if (this.#count === 0) return NaN;
    const values = this.#values.subarray(0, this.#count);
    if (!this.#sorted) values.sort();
    this.#sorted = true;
    return values[Math.ceil(share * this.#count) - 1];
  }
}
