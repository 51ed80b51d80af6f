/**
 * When holds expire, the earliest first: a binary heap over two arrays, 16 bytes a hold. A hold that is done stays in it
 * until its time or until `retain` clears it away, since finding it would cost more.
 */
export class Expiries {
  #atUs = new Float64Array(64);
  #seqs = new Float64Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The earliest moment; Infinity for none. */
  get firstUs(): number {
    return this.#size === 0 ? Infinity : this.#atUs[0];
  }

  /** The seq of the hold that expires first. */
  get firstSeq(): number {
    return this.#seqs[0];
  }

  add(atUs: number, seq: number): void {
    if (this.#size === this.#atUs.length) this.#resize(this.#size * 2);
    let slot = this.#size++;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (this.#atUs[parent] <= atUs) break;
      this.#put(slot, this.#atUs[parent], this.#seqs[parent]);
      slot = parent;
    }
    this.#put(slot, atUs, seq);
  }

  /** Takes the first one out. */
  removeFirst(): void {
    if (this.#size === 0) return;
    const last = --this.#size;
    if (last > 0) this.#sink(0, this.#atUs[last], this.#seqs[last]);
  }

  /** Takes out all that are not to be kept. Costs a look at each. */
  retain(isKept: (atUs: number, seq: number) => boolean): void {
    let kept = 0;
    for (let slot = 0; slot < this.#size; slot++) {
      const atUs = this.#atUs[slot],
        seq = this.#seqs[slot];
      if (isKept(atUs, seq)) this.#put(kept++, atUs, seq);
    }
    this.#size = kept;
    for (let slot = (kept >> 1) - 1; slot >= 0; slot--) this.#sink(slot, this.#atUs[slot], this.#seqs[slot]);
    if (this.#atUs.length > 4 * Math.max(64, kept)) this.#resize(2 * Math.max(64, kept));
  }

  /** Finds the place at or below the slot, which is free. */
  #sink(slot: number, atUs: number, seq: number): void {
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#atUs[child + 1] < this.#atUs[child]) child++;
      if (this.#atUs[child] >= atUs) break;
      this.#put(slot, this.#atUs[child], this.#seqs[child]);
      slot = child;
    }
    this.#put(slot, atUs, seq);
  }

  #put(slot: number, atUs: number, seq: number): void {
    this.#atUs[slot] = atUs;
    this.#seqs[slot] = seq;
  }

  #resize(length: number): void {
    const atUs = new Float64Array(length),
      seqs = new Float64Array(length);
    atUs.set(this.#atUs.subarray(0, this.#size));
    seqs.set(this.#seqs.subarray(0, this.#size));
    this.#atUs = atUs;
    this.#seqs = seqs;
  }
}
