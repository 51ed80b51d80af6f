import { CallRefused } from './service.ts';
import type { Work } from './work.ts';

/** Items that one call may decide before others have their turn, so that a big batch holds no small one up. */
export const SLICE_ITEMS = 1_024;

/**
 * The calls that wait for a writer, bounded by items. Small ones have a lane of their own and take turns with the big
 * ones, a slice of either; within a lane the first comes first, since big ones that took turns with each other would
 * all be answered as late as the last of them.
 */
export class Mailbox {
  readonly #itemsMax: number;
  #small: Work[] = [];
  #big: Work[] = [];
  /** Items that the small lane may still decide before the big one is due. */
  #smallLeft = SLICE_ITEMS;
  /** Items of all calls that are not decided yet, those under way included. */
  items = 0;

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax;
  }

  get isEmpty(): boolean {
    return this.#small.length === 0 && this.#big.length === 0;
  }

  /** Takes a call in, or throws CallRefused at once. One call is taken whatever its size, where nothing else waits. */
  add(work: Work): void {
    if (this.items > 0 && this.items + work.items > this.#itemsMax)
      throw new CallRefused('OVERLOADED', { retryAfterMs: 50 });
    this.items += work.items;
    this.#laneOf(work).push(work);
  }

  /** Takes out the call that is to have the next slice. */
  next(): Work | undefined {
    const isSmallsTurn = this.#small.length > 0 && (this.#smallLeft > 0 || this.#big.length === 0);
    if (!isSmallsTurn) this.#smallLeft = SLICE_ITEMS;
    const work = isSmallsTurn ? this.#small.shift() : this.#big.shift();
    if (isSmallsTurn && work !== undefined) this.#smallLeft -= work.items;
    return work;
  }

  /** Puts a call back that is not decided yet: it goes on before those that came after it. */
  putBack(work: Work): void {
    this.#laneOf(work).unshift(work);
  }

  /** Puts a call back that can go on only with the next block: others of its lane come first. */
  putLast(work: Work): void {
    this.#laneOf(work).push(work);
  }

  /** The call is decided, or never will be. */
  done(work: Work): void {
    this.items -= work.items;
  }

  /** Empties it. */
  clear(): Work[] {
    const waiting = [...this.#small, ...this.#big];
    this.#small = [];
    this.#big = [];
    this.items = 0;
    return waiting;
  }

  #laneOf(work: Work): Work[] {
    return work.items <= SLICE_ITEMS ? this.#small : this.#big;
  }
}
