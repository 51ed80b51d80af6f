import type { Counters } from './body.ts';
import type { LimitValues } from './commands.ts';
import { formatWords, hashWords } from './uuid.ts';

/** Few enough that the segments' own objects stay in the cache, and so many that growing one stalls nobody. */
const SEGMENT_BITS = 5;
const SEGMENTS = 1 << SEGMENT_BITS;
/** Words of a cell of the index: the hash; the slot + 2, or 0 where it is empty; the book. */
const CELL = 3;
/** Cells of a segment at first, a power of two. */
const FIRST_CELLS = 16;
/** A cell whose account was evicted: searching goes on behind it. */
const GRAVE = 1;
const NUMBERS_BITS = 12;
const NUMBERS = 1 << NUMBERS_BITS;
/** Slots of one page: growing by pages copies nothing, so it stalls nobody. */
export const PAGE_BITS = 14;
const PAGE = 1 << PAGE_BITS;
export const PAGE_MASK = PAGE - 1;

/** Bits of an account's flags. A limit's bit is `limit0 << index` in the order of LIMIT_ORDER. */
export const AccountFlag = {
  creditNormal: 1,
  closed: 2,
  limit0: 4,
  anyLimit: 0b111100,
  /** No transaction of a caller's may name it. */
  reserved: 64,
} as const;

/**
 * Where the fields of an account lie in its record of 128 bytes, counted in elements of the array that is named. What
 * every transfer reads fills the first half, one line of the processor's cache.
 */
export const RECORD = {
  bytes: 128,
  i64: { each: 16, debitsPosted: 0, creditsPosted: 1, debitsPending: 2, creditsPending: 3, limits: 8 },
  i32: { each: 32, words: 8 },
  f64: { each: 16, version: 6, lastSeq: 12 },
  u32: { each: 32, number: 14, book: 26 },
  u16: { each: 64, asset: 30 },
  u8: { each: 128, flags: 62, touched: 63 },
} as const;

/** The records of PAGE slots, seen as arrays of each width. */
export class AccountPage {
  readonly i64: BigInt64Array;
  readonly f64: Float64Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;

  constructor() {
    const buffer = new ArrayBuffer(PAGE * RECORD.bytes);
    this.i64 = new BigInt64Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }
}

/** An account as it enters the table. */
export interface AccountRecord {
  number: number;
  book: number;
  words: readonly [number, number, number, number];
  asset: number;
  creditNormal: boolean;
  closed: boolean;
  /** Whether it is Florin's own to post on: see `isReserved`. */
  reserved: boolean;
  version: number;
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
  limits: LimitValues;
  lastSeq: number;
}

/**
 * The resident accounts of a shard: an account is a slot, and a slot is a record in a page. Slots are reused after
 * eviction, so a slot is good within one turn only; what lasts is the account's number.
 */
export class AccountTable {
  readonly #seed: number;
  #index: Int32Array[] = [];
  /** Cells of each segment, less one. */
  readonly #mask = new Int32Array(SEGMENTS).fill(FIRST_CELLS - 1);
  /** Cells of a segment that are not empty, graves included. */
  #filled = new Int32Array(SEGMENTS);
  #slots: (Int32Array | undefined)[] = [];
  #free: number[] = [];
  #top = 0;
  /** Where the records lie: slot `s` in page `s >>> PAGE_BITS`. */
  readonly pages: AccountPage[] = [];
  size = 0;
  /** Raised whenever accounts are evicted: rows and absences read before that are worth nothing. */
  evictions = 0;

  constructor(seed: number) {
    this.#seed = seed;
    for (let i = 0; i < SEGMENTS; i++) this.#index.push(new Int32Array(FIRST_CELLS * CELL));
  }

  /** What `touch` and `findAt` take. */
  hash(book: number, w0: number, w1: number, w2: number, w3: number): number {
    return hashWords(this.#seed, book, w0, w1, w2, w3);
  }

  /** Brings the cell of a hash into the processor's cache; the value means nothing. */
  touch(hash: number): number {
    const segment = hash >>> (32 - SEGMENT_BITS);
    return this.#index[segment][(hash & this.#mask[segment]) * CELL];
  }

  /** Brings what a record holds besides its first line into the processor's cache; the value means nothing. */
  touchRecord(slot: number): number {
    return this.pages[slot >>> PAGE_BITS].u32[(slot & PAGE_MASK) * RECORD.u32.each + RECORD.u32.book];
  }

  /** The slot of an account, or -1 where it is not resident. */
  find(book: number, w0: number, w1: number, w2: number, w3: number): number {
    return this.findAt(this.hash(book, w0, w1, w2, w3), book, w0, w1, w2, w3);
  }

  findAt(hash: number, book: number, w0: number, w1: number, w2: number, w3: number): number {
    const cells = this.#index[hash >>> (32 - SEGMENT_BITS)];
    const mask = this.#mask[hash >>> (32 - SEGMENT_BITS)];
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const tag = cells[place * CELL + 1];
      if (tag === 0) return -1;
      if (cells[place * CELL] !== hash || cells[place * CELL + 2] !== (book | 0) || tag === GRAVE) continue;
      const slot = tag - 2;
      const page = this.pages[slot >>> PAGE_BITS];
      const at = (slot & PAGE_MASK) * RECORD.i32.each + RECORD.i32.words;
      const words = page.i32;
      if (
        words[at + 3] === (w3 | 0) &&
        words[at + 2] === (w2 | 0) &&
        words[at + 1] === (w1 | 0) &&
        words[at] === (w0 | 0)
      ) {
        page.u8[(slot & PAGE_MASK) * RECORD.u8.each + RECORD.u8.touched] = 1;
        return slot;
      }
    }
  }

  /** The slot of an account by its number, or -1. */
  slotOf(number: number): number {
    const slots = this.#slots[number >>> NUMBERS_BITS];
    return slots === undefined ? -1 : slots[number & (NUMBERS - 1)];
  }

  /** The account must not be resident. */
  insert(record: AccountRecord): number {
    // Stored in sixteen bits, -1 would be an asset like any other.
    if (!(record.asset >= 0 && record.asset < 65_536))
      throw new Error(`account ${record.number} has an asset that is not known`);
    const slot = this.#free.pop() ?? this.#nextSlot();
    const { i64, f64, u32, i32, u16, u8 } = this.pages[slot >>> PAGE_BITS];
    const index = slot & PAGE_MASK;
    const [w0, w1, w2, w3] = record.words;
    i32.set([w0, w1, w2, w3], index * RECORD.i32.each + RECORD.i32.words);
    u32[index * RECORD.u32.each + RECORD.u32.number] = record.number;
    u32[index * RECORD.u32.each + RECORD.u32.book] = record.book;
    u16[index * RECORD.u16.each + RECORD.u16.asset] = record.asset;
    f64[index * RECORD.f64.each + RECORD.f64.version] = record.version;
    f64[index * RECORD.f64.each + RECORD.f64.lastSeq] = record.lastSeq;
    const counters = index * RECORD.i64.each;
    i64[counters + RECORD.i64.debitsPosted] = record.debitsPosted;
    i64[counters + RECORD.i64.creditsPosted] = record.creditsPosted;
    i64[counters + RECORD.i64.debitsPending] = record.debitsPending;
    i64[counters + RECORD.i64.creditsPending] = record.creditsPending;
    u8[index * RECORD.u8.each + RECORD.u8.flags] =
      (record.creditNormal ? AccountFlag.creditNormal : 0) |
      (record.closed ? AccountFlag.closed : 0) |
      (record.reserved ? AccountFlag.reserved : 0);
    u8[index * RECORD.u8.each + RECORD.u8.touched] = 1;
    this.setLimits(slot, record.limits);
    this.#enter(hashWords(this.#seed, record.book, w0, w1, w2, w3), slot, record.book);
    const slots = (this.#slots[record.number >>> NUMBERS_BITS] ??= new Int32Array(NUMBERS).fill(-1));
    slots[record.number & (NUMBERS - 1)] = slot;
    this.size++;
    return slot;
  }

  numberOf(slot: number): number {
    return this.pages[slot >>> PAGE_BITS].u32[(slot & PAGE_MASK) * RECORD.u32.each + RECORD.u32.number];
  }

  bookOf(slot: number): number {
    return this.pages[slot >>> PAGE_BITS].u32[(slot & PAGE_MASK) * RECORD.u32.each + RECORD.u32.book];
  }

  /** The asset's number in the shard's AssetTable. */
  assetOf(slot: number): number {
    return this.pages[slot >>> PAGE_BITS].u16[(slot & PAGE_MASK) * RECORD.u16.each + RECORD.u16.asset];
  }

  /** Bits of AccountFlag. */
  flagsOf(slot: number): number {
    return this.pages[slot >>> PAGE_BITS].u8[(slot & PAGE_MASK) * RECORD.u8.each + RECORD.u8.flags];
  }

  isClosed(slot: number): boolean {
    return (this.flagsOf(slot) & AccountFlag.closed) !== 0;
  }

  isReserved(slot: number): boolean {
    return (this.flagsOf(slot) & AccountFlag.reserved) !== 0;
  }

  isCreditNormal(slot: number): boolean {
    return (this.flagsOf(slot) & AccountFlag.creditNormal) !== 0;
  }

  versionOf(slot: number): number {
    return this.pages[slot >>> PAGE_BITS].f64[(slot & PAGE_MASK) * RECORD.f64.each + RECORD.f64.version];
  }

  lastSeqOf(slot: number): number {
    return this.pages[slot >>> PAGE_BITS].f64[(slot & PAGE_MASK) * RECORD.f64.each + RECORD.f64.lastSeq];
  }

  /** A copy: later changes of the account do not show in it. */
  countersOf(slot: number): Counters {
    const { i64 } = this.pages[slot >>> PAGE_BITS];
    const at = (slot & PAGE_MASK) * RECORD.i64.each;
    return {
      debitsPosted: i64[at + RECORD.i64.debitsPosted],
      creditsPosted: i64[at + RECORD.i64.creditsPosted],
      debitsPending: i64[at + RECORD.i64.debitsPending],
      creditsPending: i64[at + RECORD.i64.creditsPending],
    };
  }

  /** null where that limit, an index of LIMIT_ORDER, is not set. */
  limitOf(slot: number, limit: number): bigint | null {
    if ((this.flagsOf(slot) & (AccountFlag.limit0 << limit)) === 0) return null;
    return this.pages[slot >>> PAGE_BITS].i64[
      (slot & PAGE_MASK) * RECORD.i64.each + RECORD.i64.limits + limit
    ];
  }

  limitsOf(slot: number): LimitValues {
    return [this.limitOf(slot, 0), this.limitOf(slot, 1), this.limitOf(slot, 2), this.limitOf(slot, 3)];
  }

  setLimits(slot: number, limits: LimitValues): void {
    const { i64, u8 } = this.pages[slot >>> PAGE_BITS];
    const index = slot & PAGE_MASK;
    let flags = u8[index * RECORD.u8.each + RECORD.u8.flags] & ~AccountFlag.anyLimit;
    for (let i = 0; i < 4; i++) {
      const value = limits[i];
      i64[index * RECORD.i64.each + RECORD.i64.limits + i] = value ?? 0n;
      if (value !== null) flags |= AccountFlag.limit0 << i;
    }
    u8[index * RECORD.u8.each + RECORD.u8.flags] = flags;
  }

  close(slot: number): void {
    this.pages[slot >>> PAGE_BITS].u8[(slot & PAGE_MASK) * RECORD.u8.each + RECORD.u8.flags] |=
      AccountFlag.closed;
  }

  setLastSeq(slot: number, seq: number): void {
    this.pages[slot >>> PAGE_BITS].f64[(slot & PAGE_MASK) * RECORD.f64.each + RECORD.f64.lastSeq] = seq;
  }

  idOf(slot: number): string {
    const { i32 } = this.pages[slot >>> PAGE_BITS];
    const at = (slot & PAGE_MASK) * RECORD.i32.each + RECORD.i32.words;
    return formatWords(i32[at], i32[at + 1], i32[at + 2], i32[at + 3]);
  }

  /** Evicts accounts that were not touched since the last call and that the read models have passed; returns how many. */
  evict(most: number, passedSeq: number): number {
    let evicted = 0;
    for (let slot = 0; slot < this.#top && evicted < most; slot++) {
      if (this.numberOf(slot) === 0) continue;
      const { u8 } = this.pages[slot >>> PAGE_BITS];
      const touched = (slot & PAGE_MASK) * RECORD.u8.each + RECORD.u8.touched;
      if (u8[touched] === 1) u8[touched] = 0;
      else if (this.lastSeqOf(slot) <= passedSeq) {
        this.#remove(slot);
        evicted++;
      }
    }
    if (evicted > 0) this.evictions++;
    return evicted;
  }

  /** The numbers of all resident accounts, for comparing states. */
  *numbers(): Iterable<number> {
    for (let slot = 0; slot < this.#top; slot++) {
      const number = this.numberOf(slot);
      if (number !== 0) yield number;
    }
  }

  #remove(slot: number): void {
    const { i32, u32 } = this.pages[slot >>> PAGE_BITS];
    const at = (slot & PAGE_MASK) * RECORD.i32.each + RECORD.i32.words;
    const hash = hashWords(this.#seed, this.bookOf(slot), i32[at], i32[at + 1], i32[at + 2], i32[at + 3]);
    const cells = this.#index[hash >>> (32 - SEGMENT_BITS)];
    const mask = this.#mask[hash >>> (32 - SEGMENT_BITS)];
    let place = hash & mask;
    while (cells[place * CELL + 1] !== slot + 2) place = (place + 1) & mask;
    cells[place * CELL + 1] = GRAVE;
    const number = this.numberOf(slot);
    this.#slots[number >>> NUMBERS_BITS]![number & (NUMBERS - 1)] = -1;
    u32[(slot & PAGE_MASK) * RECORD.u32.each + RECORD.u32.number] = 0;
    this.#free.push(slot);
    this.size--;
  }

  #enter(hash: number, slot: number, book: number): void {
    const segment = hash >>> (32 - SEGMENT_BITS);
    let cells = this.#index[segment];
    if ((this.#filled[segment] + 1) * 10 > (this.#mask[segment] + 1) * 6) cells = this.#regrow(segment);
    if (place(cells, this.#mask[segment], hash, slot + 2, book)) this.#filled[segment]++;
  }

  /** Doubles a segment's index where it is full of accounts; sweeps its graves in any case. */
  #regrow(segment: number): Int32Array {
    const old = this.#index[segment];
    let live = 0;
    for (let at = 1; at < old.length; at += CELL) if (old[at] > GRAVE) live++;
    const cells = new Int32Array(live * CELL * 10 > old.length * 3 ? old.length * 2 : old.length);
    const mask = cells.length / CELL - 1;
    for (let at = 0; at < old.length; at += CELL)
      if (old[at + 1] > GRAVE) place(cells, mask, old[at], old[at + 1], old[at + 2]);
    this.#filled[segment] = live;
    this.#index[segment] = cells;
    this.#mask[segment] = mask;
    return cells;
  }

  #nextSlot(): number {
    if ((this.#top & PAGE_MASK) === 0) this.pages.push(new AccountPage());
    return this.#top++;
  }
}

/** Puts a cell into the first that is empty or a grave; returns true where it was empty. */
function place(cells: Int32Array, mask: number, hash: number, tag: number, book: number): boolean {
  let spot = hash & mask;
  while (cells[spot * CELL + 1] > GRAVE) spot = (spot + 1) & mask;
  const wasEmpty = cells[spot * CELL + 1] === 0;
  cells[spot * CELL] = hash;
  cells[spot * CELL + 1] = tag;
  cells[spot * CELL + 2] = book;
  return wasEmpty;
}
