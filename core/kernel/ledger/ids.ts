import { IdFilter } from './idFilter.ts';
import { hashWords, stampOf } from './uuid.ts';

/** Words of one entry: four of the id, the book, and how far its seq lies behind the first of its page. */
const ENTRY = 6;
const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;
/** Behind a page's entries: the low and the high word of its first seq. */
const FIRST_SEQ = PAGE * ENTRY;
const PAGE_WORDS = FIRST_SEQ + 2;
/** Positions count round and round; no table comes near so many entries at once. */
const POSITIONS = 2 ** 30;
const POSITION_MASK = POSITIONS - 1;
/** Few enough that the segments' own objects stay in the cache, and so many that growing one stalls nobody. */
const SEGMENT_BITS = 6;
const SEGMENTS = 1 << SEGMENT_BITS;
/** Cells of a segment at first. A cell is two words: the hash, and the entry's position + 1; 0 where it is empty. */
const FIRST_CELLS = 16;
/** A segment grows when seven tenths of its cells are filled, to nine cells for four resident ids: 11 to 18 bytes an id. */
const FULL = 0.7;
const CELLS_AN_ID = 2.25;
/** The bits of a hash below its segment's. */
const SPOT_BITS = 32 - SEGMENT_BITS;
const SPOT_MASK = 2 ** SPOT_BITS - 1;
const SPOT_SHARE = 1 / 2 ** SPOT_BITS;
const NOTHING = new Int32Array(0);
/** Pages of forgotten entries that are kept for new ones: fresh memory costs more than a page is worth. */
const SPARE_PAGES_MAX = 64;

/**
 * The ids that were spent lately, each with the seq of its event. Entries lie in pages in the order of their seqs, so
 * the oldest are forgotten by moving on; an index of hashes finds them, segmented so that growing one segment stalls
 * nothing. What is forgotten stays in the read models: an id needs a look-up there unless it is a UUIDv7 stamped above
 * `forgottenStampMs`, or one of another version that the filter has never seen.
 */
export class IdTable {
  readonly #seed: number;
  #index: Int32Array<ArrayBuffer>[] = [];
  /** Cells of a segment that are not empty, those of forgotten entries included. */
  #filled = new Int32Array(SEGMENTS);
  /** A ring of pages, as long as a power of two. */
  #pages: Int32Array<ArrayBuffer>[] = [NOTHING];
  #spare: Int32Array<ArrayBuffer>[] = [];
  /** Position of the oldest entry. */
  #head = 0;
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
    for (let i = 0; i < SEGMENTS; i++) this.#index.push(NOTHING);
  }

  /** What `seqAt`, `touch` and `insertAt` take, so that an id is hashed once. */
  hash(book: number, w0: number, w1: number, w2: number, w3: number): number {
    return hashWords(this.#seed, book, w0, w1, w2, w3);
  }

  /** Brings the cell of a hash into the processor's cache; the value means nothing. */
  touch(hash: number): number {
    const cells = this.#index[hash >>> SPOT_BITS];
    return cells.length === 0 ? 0 : cells[spotOf(hash, cells.length >> 1) * 2];
  }

  /** The seq of the id's event, or 0 where it is not resident. */
  seqOf(book: number, w0: number, w1: number, w2: number, w3: number): number {
    return this.seqAt(this.hash(book, w0, w1, w2, w3), book, w0, w1, w2, w3);
  }

  seqAt(hash: number, book: number, w0: number, w1: number, w2: number, w3: number): number {
    const cells = this.#index[hash >>> SPOT_BITS];
    if (cells.length === 0) return 0;
    for (let at = spotOf(hash, cells.length >> 1) * 2; ; at = at + 2 === cells.length ? 0 : at + 2) {
      const tag = cells[at + 1];
      if (tag === 0) return 0;
      if (cells[at] !== hash) continue;
      const position = tag - 1;
      if (!this.#isResident(position)) continue;
      const page = this.#pageOf(position);
      const entry = (position & (PAGE - 1)) * ENTRY;
      if (
        page[entry + 3] === (w3 | 0) &&
        page[entry + 2] === (w2 | 0) &&
        page[entry + 1] === (w1 | 0) &&
        page[entry] === (w0 | 0) &&
        page[entry + 4] === book
      )
        return seqIn(page, entry);
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
      this.hash(book, w0, w1, w2, w3),
      hashWords(~this.#seed, book, w0, w1, w2, w3) | 1,
    );
  }

  /** An id of another version than 7 that was spent and is not resident. */
  noteOther(book: number, w0: number, w1: number, w2: number, w3: number): void {
    this.#others.add(this.hash(book, w0, w1, w2, w3), hashWords(~this.#seed, book, w0, w1, w2, w3) | 1);
  }

  /** The id must not be resident. */
  insert(book: number, w0: number, w1: number, w2: number, w3: number, seq: number): void {
    this.insertAt(this.hash(book, w0, w1, w2, w3), book, w0, w1, w2, w3, seq);
  }

  insertAt(hash: number, book: number, w0: number, w1: number, w2: number, w3: number, seq: number): void {
    const position = (this.#head + this.size) & POSITION_MASK;
    const page =
      (position & (PAGE - 1)) === 0 || this.size === 0
        ? this.#newPage(position, seq)
        : this.#pageOf(position);
    const at = (position & (PAGE - 1)) * ENTRY;
    page[at] = w0;
    page[at + 1] = w1;
    page[at + 2] = w2;
    page[at + 3] = w3;
    page[at + 4] = book;
    const behind = seq - firstSeqOf(page);
    if (behind > 0xffffffff) throw new RangeError('four billion events without an id between two ids');
    page[at + 5] = behind;
    this.size++;
    const segment = hash >>> SPOT_BITS;
    let cells = this.#index[segment];
    if ((this.#filled[segment] + 1) * 2 > cells.length * FULL) cells = this.#regrow(segment);
    place(cells, hash, position + 1);
    this.#filled[segment]++;
  }

  #isResident(position: number): boolean {
    return ((position - this.#head) & POSITION_MASK) < this.size;
  }

  #pageOf(position: number): Int32Array {
    return this.#pages[(position >>> PAGE_BITS) & (this.#pages.length - 1)];
  }

  /** The page that begins with, or first holds, that position, whose entry has that seq. */
  #newPage(position: number, seq: number): Int32Array<ArrayBuffer> {
    const pages = this.#pages;
    const live = ((position >>> PAGE_BITS) - (this.#head >>> PAGE_BITS)) & (POSITION_MASK >>> PAGE_BITS);
    if (live === pages.length) {
      const longer = Array.from({ length: live * 2 }, (): Int32Array<ArrayBuffer> => NOTHING);
      for (let i = 0, at = this.#head >>> PAGE_BITS; i < live; i++, at++)
        longer[at & (longer.length - 1)] = pages[at & (pages.length - 1)];
      this.#pages = longer;
    }
    const here = (position >>> PAGE_BITS) & (this.#pages.length - 1);
    if (this.#pages[here].length === 0) this.#pages[here] = this.#spare.pop() ?? new Int32Array(PAGE_WORDS);
    const page = this.#pages[here];
    page[FIRST_SEQ] = seq % 4294967296;
    page[FIRST_SEQ + 1] = seq / 4294967296;
    return page;
  }

  /** Lays a segment's index out anew, by how many of its ids are resident: the forgotten ones are swept. */
  #regrow(segment: number): Int32Array<ArrayBuffer> {
    const old = this.#index[segment];
    let live = 0;
    for (let at = 0; at < old.length; at += 2)
      if (old[at + 1] !== 0 && this.#isResident(old[at + 1] - 1)) live++;
    const cells = new Int32Array(Math.max(FIRST_CELLS, Math.ceil(live * CELLS_AN_ID)) * 2);
    for (let at = 0; at < old.length; at += 2)
      if (old[at + 1] !== 0 && this.#isResident(old[at + 1] - 1)) place(cells, old[at], old[at + 1]);
    this.#index[segment] = cells;
    this.#filled[segment] = live;
    return cells;
  }

  /** The seq of the n-th oldest id, from 1; Infinity where there are not so many. */
  nthOldestSeq(n: number): number {
    if (n < 1 || n > this.size) return Infinity;
    const position = (this.#head + n - 1) & POSITION_MASK;
    return seqIn(this.#pageOf(position), (position & (PAGE - 1)) * ENTRY);
  }

  /** Forgets the oldest ids up to that seq, which the read models must have passed, and at most so many; returns how many. */
  forget(uptoSeq: number, most: number): number {
    let forgotten = 0;
    while (this.size > 0 && forgotten < most) {
      const page = this.#pageOf(this.#head);
      const at = (this.#head & (PAGE - 1)) * ENTRY;
      if (seqIn(page, at) > uptoSeq) break;
      this.#noteForgotten(page[at + 4], page[at], page[at + 1], page[at + 2], page[at + 3]);
      this.#head = (this.#head + 1) & POSITION_MASK;
      this.size--;
      forgotten++;
      if ((this.#head & (PAGE - 1)) === 0) this.#letGo(this.#head - 1);
    }
    if (forgotten > 0) this.forgettings++;
    return forgotten;
  }

  #letGo(position: number): void {
    const here = ((position & POSITION_MASK) >>> PAGE_BITS) & (this.#pages.length - 1);
    if (this.#spare.length < SPARE_PAGES_MAX) this.#spare.push(this.#pages[here]);
    this.#pages[here] = NOTHING;
  }

  #noteForgotten(book: number, w0: number, w1: number, w2: number, w3: number): void {
    const stamp = stampOf(w0, w1);
    if (stamp < 0) this.noteOther(book, w0, w1, w2, w3);
    else if (stamp > this.forgottenStampMs) this.forgottenStampMs = stamp;
  }
}

function firstSeqOf(page: Int32Array): number {
  return page[FIRST_SEQ + 1] * 4294967296 + (page[FIRST_SEQ] >>> 0);
}

function seqIn(page: Int32Array, at: number): number {
  return firstSeqOf(page) + (page[at + 5] >>> 0);
}

/** Where the search for a hash begins, of so many cells: any number of them, so that a segment need not double. */
function spotOf(hash: number, cells: number): number {
  return ((hash & SPOT_MASK) * (cells * SPOT_SHARE)) | 0;
}

/** Puts a cell where the search for its hash ends. */
function place(cells: Int32Array, hash: number, tag: number): void {
  let at = spotOf(hash, cells.length >> 1) * 2;
  while (cells[at + 1] !== 0) at = at + 2 === cells.length ? 0 : at + 2;
  cells[at] = hash;
  cells[at + 1] = tag;
}
