import type { JournalPosition } from '../../gen/florin/ledger/v1/journal_pb.ts';
import { monotonicMs } from '../clock.ts';
import { CODE } from '../errors/codes.ts';
import {
  CLIENT_DOMAIN,
  clientClosed,
  FlorinError,
  malformedAnswer,
  malformedItem,
} from '../errors/florinError.ts';
import type { CallOptions, Settings } from '../options.ts';
import { abandoned, type Channels, type Method, outcomeOf } from '../transport/channels.ts';
import { callBytes } from '../transport/unary.ts';
import type { ByteWriter } from '../wire/byteWriter.ts';
import { Batch, type Waiter } from './batch.ts';

/** A batch method of the ledger as single calls see it. */
export interface BatchMethod<Item, Result> {
  readonly method: Method;
  /** The most items of a request, where its answer would else be too large; up to `coalesce.itemsMax` in any case. */
  readonly itemsMax?: number;
  readonly write: (writer: ByteWriter, item: Item) => void;
  readonly read: (bytes: Uint8Array) => { position?: JournalPosition | undefined; results: Result[] };
}

/** The answer to one item: its own outcome, and where the journal stands. */
export interface SingleAnswer<Outcome> {
  readonly outcome: Outcome;
  readonly position: JournalPosition;
}

type BatchOf<Item, Result extends { outcome: unknown }> = Batch<Item, SingleAnswer<Result['outcome']>>;
type WaiterOf<Result extends { outcome: unknown }> = Waiter<SingleAnswer<Result['outcome']>>;

/** Room for a first batch, bytes; later ones begin with the size of the last. */
const CAPACITY_FIRST = 1_024;

/**
 * Gathers the single calls of one method and one book. Alone, a call leaves at the end of the event loop's turn,
 * together with all that were made in that turn. While a batch is on its way the next one fills, and leaves when it
 * is worth a request of its own, is full, or the way is free.
 */
export class Lane<Item, Result extends { outcome: unknown }> {
  readonly #channels: Channels;
  readonly #settings: Settings;
  readonly #method: BatchMethod<Item, Result>;
  readonly #book: string;
  readonly #onIdle: () => void;
  /** Batches that have not left; the last one is being filled. */
  readonly #queue: BatchOf<Item, Result>[] = [];
  #waitingItems = 0;
  #inFlight = 0;
  #turn: NodeJS.Immediate | undefined;
  #capacity = CAPACITY_FIRST;

  constructor(fields: {
    channels: Channels;
    settings: Settings;
    method: BatchMethod<Item, Result>;
    book: string;
    /** Nothing waits and nothing is on its way. */
    onIdle: () => void;
  }) {
    this.#channels = fields.channels;
    this.#settings = fields.settings;
    this.#method = fields.method;
    this.#book = fields.book;
    this.#onIdle = fields.onIdle;
  }

  call(item: Item, options: CallOptions | undefined): Promise<SingleAnswer<Result['outcome']>> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(options);
      if (refusal !== undefined) return reject(refusal);
      let batch = this.#filling();
      const start = batch.request.length;
      let end: number;
      try {
        end = batch.request.add(item);
      } catch (cause) {
        this.#schedule();
        return reject(malformedItem(cause));
      }
      if (end > this.#settings.coalesce.bytesMax && batch.waiters.length > 0) {
        const next = this.#begin();
        const moved = next.request.addWritten(batch.request, { start, end });
        batch.request.cutTo(start);
        batch = next;
        end = moved;
      }
      const deadlineMs = monotonicMs() + (options?.timeoutMs ?? this.#settings.timeoutMs);
      const waiter = { resolve, reject, deadlineMs, end, waiting: true, release: undefined };
      batch.join(waiter);
      this.#waitingItems += 1;
      if (options !== undefined) this.#heed(options, batch, waiter);
      if (this.#turn === undefined && this.#mayLeave()) this.#schedule();
    });
  }

  /** Rejects what has not left; what has may still be answered. */
  close(): void {
    clearImmediate(this.#turn);
    for (const batch of this.#queue.splice(0)) batch.rejectAll(clientClosed('none'));
    this.#waitingItems = 0;
  }

  #refusal(options: CallOptions | undefined): FlorinError | undefined {
    if (this.#channels.closed) return clientClosed('none');
    const { method } = this.#method;
    const { signal } = options ?? {};
    if (signal?.aborted === true) return abandoned({ method, signal }, 'none');
    if (this.#waitingItems < this.#settings.coalesce.waitingItemsMax) return undefined;
    return new FlorinError({
      code: CODE.RESOURCE_EXHAUSTED,
      reason: 'CLIENT_QUEUE_FULL',
      domain: CLIENT_DOMAIN,
      message: `${this.#waitingItems} items wait for their turn already`,
      method: method.path,
      outcome: 'none',
    });
  }

  #heed({ signal, traceparent }: CallOptions, batch: BatchOf<Item, Result>, waiter: WaiterOf<Result>): void {
    batch.traceparent ??= traceparent;
    if (signal === undefined) return;
    const { method } = this.#method;
    const onAbort = () => batch.reject(waiter, abandoned({ method, signal }, batch.outcome));
    signal.addEventListener('abort', onAbort);
    waiter.release = () => signal.removeEventListener('abort', onAbort);
  }

  #filling(): BatchOf<Item, Result> {
    const last = this.#queue.at(-1);
    return last === undefined || this.#isFull(last) ? this.#begin() : last;
  }

  #begin(): BatchOf<Item, Result> {
    const { method, write } = this.#method;
    const batch = new Batch<Item, SingleAnswer<Result['outcome']>>({
      path: method.path,
      book: this.#book,
      write,
      capacity: this.#capacity,
    });
    this.#queue.push(batch);
    return batch;
  }

  #isFull(batch: BatchOf<Item, Result>): boolean {
    const { itemsMax, bytesMax } = this.#settings.coalesce;
    const most = Math.min(itemsMax, this.#method.itemsMax ?? itemsMax);
    return batch.waiters.length >= most || batch.request.length >= bytesMax;
  }

  /** Whether the first batch that waits may be sent. */
  #mayLeave(): boolean {
    const { inFlightMax, eagerItems } = this.#settings.coalesce;
    if (this.#queue.length === 0 || this.#inFlight >= inFlightMax) return false;
    const [head] = this.#queue;
    return (
      this.#inFlight === 0 ||
      this.#queue.length > 1 ||
      head.waiters.length >= eagerItems ||
      this.#isFull(head)
    );
  }

  /** At the end of the turn, so that everybody who is answered now can join with the next call. */
  #schedule(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      while (this.#mayLeave()) void this.#send(this.#queue.shift() as BatchOf<Item, Result>);
      if (this.#inFlight === 0 && this.#queue.length === 0) this.#onIdle();
    });
  }

  async #send(batch: BatchOf<Item, Result>): Promise<void> {
    this.#waitingItems -= batch.waiters.length;
    if (batch.isDead) return;
    this.#inFlight += 1;
    const { bytes, deadlineMs } = batch.seal();
    this.#capacity = Math.max(CAPACITY_FIRST, bytes.length + (bytes.length >> 3));
    try {
      const answer = await callBytes(this.#channels, this.#settings.retry, {
        method: this.#method.method,
        request: bytes,
        timeoutMs: deadlineMs - monotonicMs(),
        signal: batch.abandoned.signal,
        ...(batch.traceparent === undefined ? {} : { traceparent: batch.traceparent }),
      });
      this.#deliver(answer, batch);
    } catch (error) {
      batch.rejectAll(
        error instanceof FlorinError ? error : this.#malformed('the answer cannot be read', error),
      );
    }
    this.#inFlight -= 1;
    this.#schedule();
  }

  #deliver(answer: Uint8Array, batch: BatchOf<Item, Result>): void {
    const { position, results } = this.#method.read(answer);
    const wanted = batch.waiters.length;
    if (results.length !== wanted) throw this.#malformed(`${results.length} results for ${wanted} items`);
    if (position === undefined) throw this.#malformed('an answer without its place in the journal');
    batch.resolveAll((index) => ({ outcome: results[index].outcome, position }));
  }

  #malformed(message: string, cause?: unknown): FlorinError {
    const { method } = this.#method;
    return malformedAnswer({
      method: method.path,
      message,
      outcome: outcomeOf(method, CODE.INTERNAL),
      cause,
    });
  }
}
