import { IdFilter } from './idFilter.ts';
import { hashWords, stampOf } from './uuid.ts';

/** Words of one entry: four of the id, the book, and the seq as low and high word. A seq of 0 marks an empty place. */
const STRIDE = 7;
const SEGMENT_BITS = 10;
const SEGMENTS = 1 << SEGMENT_BITS;
const FIRST_CAPACITY = 16;
const NOTHING = new Uint32Array(0);

/**
 * The ids that were spent lately, each with the seq of its event. Segmented by hash, so that growing one segment
 * copies a thousandth of the table and nothing stalls. What is forgotten stays in the read models: an id needs a
 * look-up there unless it is a UUIDv7 stamped above `forgottenStampMs`, or one of another version that the filter
 * has never seen.
 */
export class IdTable {
  #segments: Uint32Array[] = [];
  #used = new Uint32Array(SEGMENTS);
  readonly #seed: number;
  /** How many ids are resident. */
  size = 0;
  /** The highest stamp of any UUIDv7 that was ever forgotten or never loaded. */
  forgottenStampMs = 0;
  /**
   * Whether the filter holds every id of another version that was forgotten or never loaded. Until it does, each of
   * them that is not resident must be looked up.
   */
  othersKnown = true;
  /** Whether an id of another version was asked for while they were not known: then it pays to load them. */
  missesOthers = false;
  readonly #others = new IdFilter();
  /** Raised whenever something is forgotten: an "absent" read before that is worth nothing. */
  forgettings = 0;

  constructor(seed: number) {
    this.#seed = seed;
    for (let i = 0; i < SEGMENTS; i++) this.#segments.push(NOTHING);
  }

  /** The seq of the id's event, or 0 where it is not resident. */
  seqOf(book: number, w0: number, w1: number, w2: number, w3: number): number {
    const hash = hashWords(this.#seed, book, w0, w1, w2, w3);
    const table = this.#segments[hash >>> (32 - SEGMENT_BITS)];
    if (table.length === 0) return 0;
    const mask = table.length / STRIDE - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const at = place * STRIDE;
      const low = table[at + 5],
        high = table[at + 6];
      if ((low | high) === 0) return 0;
      if (
        table[at + 3] === w3 >>> 0 &&
        table[at + 2] === w2 >>> 0 &&
        table[at + 1] === w1 >>> 0 &&
        table[at] === w0 >>> 0 &&
        table[at + 4] === book
      )
        return high * 4294967296 + low;
    }
  }

  /** True where an id that is not resident may still have been spent, so that the read models must be asked. */
  mayBeForgotten(book: number, w0: number, w1: number, w2: number, w3: number): boolean {
    const stamp = stampOf(w0, w1);
    if (stamp >= 0) return stamp <= this.forgottenStampMs;
    if (!this.othersKnown) {
      this.missesOthers = true;
      return true;
    }
    return this.#others.mayHave(
      hashWords(this.#seed, book, w0, w1, w2, w3),
      hashWords(~this.#seed, book, w0, w1, w2, w3) | 1,
    );
  }

  /** An id of another version than 7 that was spent and is not resident. */
  noteOther(book: number, w0: number, w1: number, w2: number, w3: number): void {
    this.#others.add(
      hashWords(this.#seed, book, w0, w1, w2, w3),
      hashWords(~this.#seed, book, w0, w1, w2, w3) | 1,
    );
  }

  /** The id must not be resident. */
  insert(book: number, w0: number, w1: number, w2: number, w3: number, seq: number): void {
    const hash = hashWords(this.#seed, book, w0, w1, w2, w3);
    const segment = hash >>> (32 - SEGMENT_BITS);
    let table = this.#segments[segment];
    if ((this.#used[segment] + 1) * STRIDE * 10 > table.length * 7) table = this.#grow(segment);
    place(table, hash, w0, w1, w2, w3, book, seq % 4294967296, Math.floor(seq / 4294967296));
    this.#used[segment]++;
    this.size++;
  }

  #grow(segment: number): Uint32Array {
    const old = this.#segments[segment];
    const table = new Uint32Array(Math.max(FIRST_CAPACITY * STRIDE, old.length * 2));
    this.#copy(old, table, 0);
    this.#segments[segment] = table;
    return table;
  }

  /** Copies the entries whose seq is above `aboveSeq`; returns how many. */
  #copy(from: Uint32Array, to: Uint32Array, aboveSeq: number): number {
    let copied = 0;
    for (let at = 0; at < from.length; at += STRIDE) {
      const low = from[at + 5],
        high = from[at + 6];
      if ((low | high) === 0) continue;
      const w0 = from[at],
        w1 = from[at + 1];
      if (high * 4294967296 + low > aboveSeq) {
        const hash = hashWords(this.#seed, from[at + 4], w0, w1, from[at + 2], from[at + 3]);
        place(to, hash, w0, w1, from[at + 2], from[at + 3], from[at + 4], low, high);
        copied++;
      } else {
        this.#noteForgotten(from[at + 4], w0, w1, from[at + 2], from[at + 3]);
      }
    }
    return copied;
  }

  #noteForgotten(book: number, w0: number, w1: number, w2: number, w3: number): void {
    const stamp = stampOf(w0, w1);
    if (stamp < 0) this.noteOther(book, w0, w1, w2, w3);
    else if (stamp > this.forgottenStampMs) this.forgottenStampMs = stamp;
  }

  /** Forgets ids of one segment up to that seq, which the read models must have passed. Returns how many. */
  forget(segment: number, uptoSeq: number): number {
    const old = this.#segments[segment];
    const before = this.#used[segment];
    if (before === 0) return 0;
    const table = new Uint32Array(old.length);
    const left = this.#copy(old, table, uptoSeq);
    if (left === before) return 0;
    this.#segments[segment] = table;
    this.#used[segment] = left;
    this.size -= before - left;
    this.forgettings++;
    return before - left;
  }

  static readonly segments = SEGMENTS;
}

function place(
  table: Uint32Array,
  hash: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
  book: number,
  low: number,
  high: number,
): void {
  const mask = table.length / STRIDE - 1;
  let spot = hash & mask;
  while ((table[spot * STRIDE + 5] | table[spot * STRIDE + 6]) !== 0) spot = (spot + 1) & mask;
  const at = spot * STRIDE;
  table[at] = w0;
  table[at + 1] = w1;
  table[at + 2] = w2;
  table[at + 3] = w3;
  table[at + 4] = book;
  table[at + 5] = low;
  table[at + 6] = high;
}
