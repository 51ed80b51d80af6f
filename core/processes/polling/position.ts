import type { Listed } from '../psp.ts';

/** How far the provider's clock and ours may be apart. */
const CLOCKS_APART_MS = 300_000;

/** By both clocks: what we have seen ourselves is as old as the monotonic one says, whatever the wall's is put to. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

interface Mark {
  readonly cursor: string;
  readonly readMs: number;
}

/**
 * Up to where the list of a provider has been taken for good. An event may come to be listed a while after it has
 * happened, among others that were listed before; so each reading begins again behind what is older than that while, and a
 * cursor is moved to only when nothing can come in before it any more.
 */
export class ListPosition {
  readonly #lateMs: number;
  #from: string;
  /** Where earlier readings ended, the oldest first. */
  #marks: Mark[] = [];
  #beganMs = 0;
  /** Whether of this reading every page so far was old enough. */
  #isSettled = true;

  constructor(from: string, { lateMs }: { lateMs: number }) {
    this.#from = from;
    this.#lateMs = lateMs;
  }

  /** Where the next reading begins. */
  get from(): string {
    return this.#from;
  }

  begin({ monotonicMs }: Moment): void {
    this.#beganMs = monotonicMs;
    this.#isSettled = true;
  }

  /** A page was asked for at that moment, and all of it is taken. */
  took({ cursor, newestMs, isMore, isAnew }: Omit<Listed, 'done' | 'events'>, asked: Moment): void {
    // The places that were known are of a list that is gone.
    if (isAnew) {
      this.#from = '';
      this.#marks = [];
    }
    if (newestMs !== null && newestMs + this.#lateMs + CLOCKS_APART_MS > asked.wallMs)
      this.#isSettled = false;
    if (this.#isSettled && newestMs !== null) {
      this.#from = cursor;
      this.#marks = [];
    }
    if (!isMore) this.#end({ cursor, readMs: asked.monotonicMs });
  }

  /** All that happened before an earlier end was listed when this reading began. */
  #end(mark: Mark): void {
    const settled = this.#marks.findLastIndex(({ readMs }) => readMs + this.#lateMs <= this.#beganMs);
    if (settled >= 0) {
      this.#from = this.#marks[settled].cursor;
      this.#marks = this.#marks.slice(settled + 1);
    }
    this.#marks.push(mark);
  }
}
