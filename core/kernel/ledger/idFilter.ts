/** Ids that one layer takes at 16 bits each; four probes then take one unknown id in 400 for a known one. */
const LAYER_IDS = 1 << 18;
const LAYER_WORDS = (LAYER_IDS * 16) / 32;
const MASK = LAYER_WORDS * 32 - 1;

/**
 * A Bloom filter that grows by layers of half a megabyte: "no" is certain, "yes" must be looked up. It spares ids that
 * carry no time stamp the look-up that tells whether they were spent long ago.
 */
export class IdFilter {
  readonly #layers: Uint32Array[] = [];
  #inLast = LAYER_IDS;

  /** Two hashes of the id, independent of each other. */
  add(first: number, second: number): void {
    if (this.#inLast === LAYER_IDS) {
      this.#layers.push(new Uint32Array(LAYER_WORDS));
      this.#inLast = 0;
    }
    this.#inLast++;
    const layer = this.#layers[this.#layers.length - 1];
    for (let i = 0, bit = first; i < 4; i++, bit += second) layer[(bit & MASK) >>> 5] |= 1 << (bit & 31);
  }

  mayHave(first: number, second: number): boolean {
    for (const layer of this.#layers) {
      let isHere = true;
      for (let i = 0, bit = first; i < 4 && isHere; i++, bit += second)
        isHere = (layer[(bit & MASK) >>> 5] & (1 << (bit & 31))) !== 0;
      if (isHere) return true;
    }
    return false;
  }
}
