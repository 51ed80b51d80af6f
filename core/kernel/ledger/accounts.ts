import type { LimitValues } from './commands.ts';
import { formatWords, hashWords } from './uuid.ts';

const SEGMENT_BITS = 8;
const SEGMENTS = 1 << SEGMENT_BITS;
const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;
const EMPTY = -1;
/** A place whose account was evicted: searching goes on behind it. */
const GRAVE = -2;

/** Bits of `flags`. A limit's bit is `limit0 << index` in the order of LIMIT_ORDER. */
export const AccountFlag = { creditNormal: 1, closed: 2, limit0: 4, anyLimit: 0b111100 } as const;

/** An account as it enters the table. */
export interface AccountRecord {
  number: number;
  book: number;
  words: readonly [number, number, number, number];
  asset: number;
  creditNormal: boolean;
  closed: boolean;
  version: number;
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
  limits: LimitValues;
  lastSeq: number;
}

/**
 * The resident accounts of a shard, as columns: an account is a slot. Slots are reused after eviction, so a slot is
 * good within one turn only; what lasts is the account's number.
 */
export class AccountTable {
  readonly #seed: number;
  #index: Int32Array[] = [];
  #filled = new Uint32Array(SEGMENTS);
  #pages: (Int32Array | undefined)[] = [];
  #free: number[] = [];
  #top = 0;
  #capacity = 0;
  size = 0;
  /** Raised whenever accounts are evicted: rows and absences read before that are worth nothing. */
  evictions = 0;

  debitsPosted = new BigInt64Array(0);
  creditsPosted = new BigInt64Array(0);
  debitsPending = new BigInt64Array(0);
  creditsPending = new BigInt64Array(0);
  /** Four a slot, in the order of LIMIT_ORDER. */
  limits = new BigInt64Array(0);
  version = new Float64Array(0);
  lastSeq = new Float64Array(0);
  number = new Uint32Array(0);
  book = new Uint32Array(0);
  asset = new Uint16Array(0);
  flags = new Uint8Array(0);
  /** Set whenever a slot is found by id; the evictor clears it and takes those that stay clear. */
  touched = new Uint8Array(0);
  /** Four words a slot. */
  words = new Uint32Array(0);

  constructor(seed: number) {
    this.#seed = seed;
    for (let i = 0; i < SEGMENTS; i++) this.#index.push(new Int32Array(16).fill(EMPTY));
  }

  /** The slot of an account, or -1 where it is not resident. */
  find(book: number, w0: number, w1: number, w2: number, w3: number): number {
    const hash = hashWords(this.#seed, book, w0, w1, w2, w3);
    const index = this.#index[hash >>> (32 - SEGMENT_BITS)];
    const mask = index.length - 1;
    const words = this.words;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const slot = index[place];
      if (slot === EMPTY) return -1;
      if (slot === GRAVE) continue;
      const at = slot * 4;
      if (
        words[at + 3] === w3 >>> 0 &&
        words[at + 2] === w2 >>> 0 &&
        words[at + 1] === w1 >>> 0 &&
        words[at] === w0 >>> 0 &&
        this.book[slot] === book
      ) {
        this.touched[slot] = 1;
        return slot;
      }
    }
  }

  /** The slot of an account by its number, or -1. */
  slotOf(number: number): number {
    const page = this.#pages[number >>> PAGE_BITS];
    return page === undefined ? -1 : page[number & (PAGE - 1)];
  }

  /** The account must not be resident. */
  insert(record: AccountRecord): number {
    // Stored in sixteen bits, -1 would be an asset like any other.
    if (!(record.asset >= 0 && record.asset < 65_536))
      throw new Error(`account ${record.number} has an asset that is not known`);
    const slot = this.#free.pop() ?? this.#nextSlot();
    const [w0, w1, w2, w3] = record.words;
    this.words.set([w0, w1, w2, w3], slot * 4);
    this.number[slot] = record.number;
    this.book[slot] = record.book;
    this.asset[slot] = record.asset;
    this.version[slot] = record.version;
    this.lastSeq[slot] = record.lastSeq;
    this.debitsPosted[slot] = record.debitsPosted;
    this.creditsPosted[slot] = record.creditsPosted;
    this.debitsPending[slot] = record.debitsPending;
    this.creditsPending[slot] = record.creditsPending;
    this.flags[slot] =
      (record.creditNormal ? AccountFlag.creditNormal : 0) | (record.closed ? AccountFlag.closed : 0);
    this.setLimits(slot, record.limits);
    this.touched[slot] = 1;
    this.#enter(slot, hashWords(this.#seed, record.book, w0, w1, w2, w3));
    const page = (this.#pages[record.number >>> PAGE_BITS] ??= new Int32Array(PAGE).fill(-1));
    page[record.number & (PAGE - 1)] = slot;
    this.size++;
    return slot;
  }

  setLimits(slot: number, limits: LimitValues): void {
    let flags = this.flags[slot] & ~AccountFlag.anyLimit;
    for (let i = 0; i < 4; i++) {
      const value = limits[i];
      this.limits[slot * 4 + i] = value ?? 0n;
      if (value !== null) flags |= AccountFlag.limit0 << i;
    }
    this.flags[slot] = flags;
  }

  limitsOf(slot: number): LimitValues {
    const one = (i: number) =>
      this.flags[slot] & (AccountFlag.limit0 << i) ? this.limits[slot * 4 + i] : null;
    return [one(0), one(1), one(2), one(3)];
  }

  idOf(slot: number): string {
    const at = slot * 4;
    return formatWords(this.words[at], this.words[at + 1], this.words[at + 2], this.words[at + 3]);
  }

  /** Evicts accounts that were not touched since the last call and that the read models have passed; returns how many. */
  evict(most: number, passedSeq: number): number {
    let evicted = 0;
    for (let slot = 0; slot < this.#top && evicted < most; slot++) {
      if (this.number[slot] === 0) continue;
      if (this.touched[slot] === 1) this.touched[slot] = 0;
      else if (this.lastSeq[slot] <= passedSeq) {
        this.#remove(slot);
        evicted++;
      }
    }
    if (evicted > 0) this.evictions++;
    return evicted;
  }

  /** The numbers of all resident accounts, for comparing states. */
  *numbers(): Iterable<number> {
    for (let slot = 0; slot < this.#top; slot++) if (this.number[slot] !== 0) yield this.number[slot];
  }

  #remove(slot: number): void {
    const at = slot * 4;
    const words = this.words;
    const hash = hashWords(
      this.#seed,
      this.book[slot],
      words[at],
      words[at + 1],
      words[at + 2],
      words[at + 3],
    );
    const index = this.#index[hash >>> (32 - SEGMENT_BITS)];
    let place = hash & (index.length - 1);
    while (index[place] !== slot) place = (place + 1) & (index.length - 1);
    index[place] = GRAVE;
    const number = this.number[slot];
    this.#pages[number >>> PAGE_BITS]![number & (PAGE - 1)] = -1;
    this.number[slot] = 0;
    this.#free.push(slot);
    this.size--;
  }

  #enter(slot: number, hash: number): void {
    const segment = hash >>> (32 - SEGMENT_BITS);
    let index = this.#index[segment];
    if ((this.#filled[segment] + 1) * 10 > index.length * 6) index = this.#regrow(segment);
    let place = hash & (index.length - 1);
    while (index[place] >= 0) place = (place + 1) & (index.length - 1);
    if (index[place] === EMPTY) this.#filled[segment]++;
    index[place] = slot;
  }

  /** Doubles a segment's index where it is full of accounts; sweeps its graves in any case. */
  #regrow(segment: number): Int32Array {
    const old = this.#index[segment];
    let live = 0;
    for (const slot of old) if (slot >= 0) live++;
    const index = new Int32Array(live * 10 > old.length * 3 ? old.length * 2 : old.length).fill(EMPTY);
    const words = this.words;
    for (const slot of old) {
      if (slot < 0) continue;
      const at = slot * 4;
      const hash = hashWords(
        this.#seed,
        this.book[slot],
        words[at],
        words[at + 1],
        words[at + 2],
        words[at + 3],
      );
      let place = hash & (index.length - 1);
      while (index[place] >= 0) place = (place + 1) & (index.length - 1);
      index[place] = slot;
    }
    this.#filled[segment] = live;
    this.#index[segment] = index;
    return index;
  }

  #nextSlot(): number {
    if (this.#top === this.#capacity) this.#reserve(Math.max(64, this.#capacity * 2));
    return this.#top++;
  }

  #reserve(capacity: number): void {
    const longer = <Column extends { set(from: Column): void }>(
      column: Column,
      make: new (length: number) => Column,
      width = 1,
    ): Column => {
      const next = new make(capacity * width);
      next.set(column);
      return next;
    };
    this.debitsPosted = longer(this.debitsPosted, BigInt64Array);
    this.creditsPosted = longer(this.creditsPosted, BigInt64Array);
    this.debitsPending = longer(this.debitsPending, BigInt64Array);
    this.creditsPending = longer(this.creditsPending, BigInt64Array);
    this.limits = longer(this.limits, BigInt64Array, 4);
    this.version = longer(this.version, Float64Array);
    this.lastSeq = longer(this.lastSeq, Float64Array);
    this.number = longer(this.number, Uint32Array);
    this.book = longer(this.book, Uint32Array);
    this.asset = longer(this.asset, Uint16Array);
    this.flags = longer(this.flags, Uint8Array);
    this.touched = longer(this.touched, Uint8Array);
    this.words = longer(this.words, Uint32Array, 4);
    this.#capacity = capacity;
  }
}
