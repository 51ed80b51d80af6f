import { KeyedHash } from './keyedHash.ts';

const SEGMENTS = 64;
/** Beyond so many ids of one shard no more are kept (about a gigabyte): the unique keys of the tables still stand. */
const IDS_MAX = 64_000_000;

/**
 * The ids that were spent in a shard, as 64-bit keyed hashes of (book, id): 12 bytes an id. With 10 million ids the
 * chance that two different ones look alike is 3 in a million.
 */
export class IdSet {
  count = 0;
  isFull = false;
  readonly #hash = new KeyedHash();
  readonly #key = new DataView(new ArrayBuffer(20));
  #low = Array.from({ length: SEGMENTS }, () => new Int32Array(64));
  #high = Array.from({ length: SEGMENTS }, () => new Int32Array(64));
  readonly #filled = new Uint32Array(SEGMENTS);

  /** Spends the id whose 16 bytes stand at `at`; false where it was spent before. */
  spend(book: number, view: DataView, at: number): boolean {
    if (this.isFull) return true;
    const key = this.#key;
    key.setUint32(0, book);
    for (let i = 0; i < 16; i += 4) key.setInt32(4 + i, view.getInt32(at + i));
    this.#hash.hash(key, 0, 20);
    // Zero stands for an empty place.
    const low = this.#hash.low === 0 ? 1 : this.#hash.low,
      high = this.#hash.high;
    const segment = high >>> 26;
    if (this.#filled[segment] * 5 > this.#low[segment].length * 3) this.#grow(segment);
    if (!place(this.#low[segment], this.#high[segment], low, high)) return false;
    this.#filled[segment]++;
    this.isFull = ++this.count >= IDS_MAX;
    return true;
  }

  #grow(segment: number): void {
    const low = this.#low[segment],
      high = this.#high[segment];
    const widerLow = new Int32Array(low.length * 2),
      widerHigh = new Int32Array(low.length * 2);
    for (let i = 0; i < low.length; i++) if (low[i] !== 0) place(widerLow, widerHigh, low[i], high[i]);
    this.#low[segment] = widerLow;
    this.#high[segment] = widerHigh;
  }
}

function place(lows: Int32Array, highs: Int32Array, low: number, high: number): boolean {
  const mask = lows.length - 1;
  let at = (low ^ (high << 7)) & mask;
  while (lows[at] !== 0) {
    if (lows[at] === low && highs[at] === high) return false;
    at = (at + 1) & mask;
  }
  lows[at] = low;
  highs[at] = high;
  return true;
}
