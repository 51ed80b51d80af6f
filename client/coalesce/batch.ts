import { monotonicMs } from '../clock.ts';
import { CODE } from '../errors/codes.ts';
import { FlorinError, type Outcome } from '../errors/florinError.ts';
import type { ByteWriter } from '../wire/byteWriter.ts';
import { RequestWriter } from '../wire/requestWriter.ts';

/** A caller who waits for one item's answer. */
export interface Waiter<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: FlorinError) => void;
  /** By monotonicMs. */
  readonly deadlineMs: number;
  /** Where the item ends in the request; it begins where the one before ends. */
  end: number;
  /** False once the caller has an answer of any kind. */
  waiting: boolean;
  /** Lets go of the caller's signal. */
  release: (() => void) | undefined;
}

export interface BatchOptions<Item> {
  readonly path: string;
  readonly book: string;
  readonly write: (writer: ByteWriter, item: Item) => void;
  /** Room to begin with, bytes. */
  readonly capacity: number;
}

/**
 * Items of one request and those who wait for them. One timer a batch watches all their deadlines: it is set to the
 * nearest, and a caller whose time is up is told so while the others wait on.
 */
export class Batch<Item, Answer> {
  readonly waiters: Waiter<Answer>[] = [];
  /** Aborts when the request is on its way and nobody waits any more. While it fills, others may still join. */
  readonly abandoned = new AbortController();
  request: RequestWriter<Item>;
  /** The trace of the first call that named one. */
  traceparent: string | undefined;
  readonly #options: BatchOptions<Item>;
  readonly #header: number;
  #stillWaiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerMs = Infinity;
  #sent = false;

  constructor(options: BatchOptions<Item>) {
    this.#options = options;
    this.request = new RequestWriter(options.book, options.write, options.capacity);
    this.#header = this.request.length;
  }

  get isDead(): boolean {
    return this.#stillWaiting === 0;
  }

  /** Takes a caller whose item ends at `waiter.end`. */
  join(waiter: Waiter<Answer>): void {
    this.waiters.push(waiter);
    this.#stillWaiting += 1;
    if (waiter.deadlineMs < this.#timerMs) this.#watch(waiter.deadlineMs);
  }

  /** Leaves out the items whose callers are gone, and says until when the longest of the others waits. */
  seal(): { bytes: Uint8Array; deadlineMs: number } {
    if (this.#stillWaiting < this.waiters.length) this.#compact();
    this.#sent = true;
    let deadlineMs = 0;
    for (const waiter of this.waiters) if (waiter.deadlineMs > deadlineMs) deadlineMs = waiter.deadlineMs;
    return { bytes: this.request.bytes(), deadlineMs };
  }

  /** Answers one caller for ever. */
  reject(waiter: Waiter<Answer>, error: FlorinError): void {
    if (!waiter.waiting) return;
    waiter.waiting = false;
    waiter.release?.();
    waiter.reject(error);
    this.#stillWaiting -= 1;
    if (this.#stillWaiting > 0) return;
    this.#unwatch();
    if (this.#sent) this.abandoned.abort();
  }

  rejectAll(error: FlorinError): void {
    for (const waiter of this.waiters) this.reject(waiter, error);
  }

  /** Answers all: `answerOf` makes each one's answer from its index. */
  resolveAll(answerOf: (index: number) => Answer): void {
    this.#unwatch();
    for (const [index, waiter] of this.waiters.entries()) {
      if (!waiter.waiting) continue;
      waiter.waiting = false;
      waiter.release?.();
      waiter.resolve(answerOf(index));
    }
    this.#stillWaiting = 0;
  }

  /** What a caller is told who goes now: sent items may be carried out all the same. */
  get outcome(): Outcome {
    return this.#sent ? 'unknown' : 'none';
  }

  #compact(): void {
    const from = this.request;
    const kept = new RequestWriter(this.#options.book, this.#options.write, from.length);
    let start = this.#header;
    let count = 0;
    for (const waiter of this.waiters) {
      const { end } = waiter;
      if (waiter.waiting) {
        waiter.end = kept.addWritten(from, { start, end });
        this.waiters[count++] = waiter;
      }
      start = end;
    }
    this.waiters.length = count;
    this.request = kept;
  }

  #watch(deadlineMs: number): void {
    clearTimeout(this.#timer);
    this.#timerMs = deadlineMs;
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, Math.ceil(deadlineMs - monotonicMs())));
    this.#timer.unref();
  }

  #unwatch(): void {
    clearTimeout(this.#timer);
    this.#timerMs = Infinity;
  }

  #expire(): void {
    const nowMs = monotonicMs();
    let nextMs = Infinity;
    for (const waiter of this.waiters) {
      if (!waiter.waiting) continue;
      if (waiter.deadlineMs <= nowMs) this.reject(waiter, this.#late());
      else if (waiter.deadlineMs < nextMs) nextMs = waiter.deadlineMs;
    }
    this.#unwatch();
    if (nextMs < Infinity) this.#watch(nextMs);
  }

  #late(): FlorinError {
    return new FlorinError({
      code: CODE.DEADLINE_EXCEEDED,
      message: this.#sent ? 'no answer in time' : 'not sent in time',
      method: this.#options.path,
      attempts: this.#sent ? 1 : 0,
      outcome: this.outcome,
    });
  }
}
