import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { setMaxListeners } from 'node:events';
import {
  AwaitPaymentIntentsRequestSchema,
  AwaitPaymentIntentsResponseSchema,
  PaymentIntentService,
} from '../../gen/florin/payments/v1/payment_intents_pb.ts';
import type { PaymentIntent } from '../../gen/florin/payments/v1/payments_pb.ts';
import { monotonicMs } from '../clock.ts';
import type { Settings } from '../options.ts';
import { methodOf } from '../services/serviceClient.ts';
import type { Channels } from '../transport/channels.ts';
import { streamBytes } from '../transport/stream.ts';

const METHOD = methodOf(PaymentIntentService, 'AwaitPaymentIntents');

/** What the core takes in one request. */
const IDS_MAX = 8_192;

/**
 * The more streams are open, the longer ids are gathered for the next one. With all payments waiting for the 30 seconds
 * that a wait may take, some 350 streams stand open, of the 1,024 that the core takes on a connection.
 */
const GATHER_MS_A_STREAM = 0.25;

export interface Wait {
  readonly book: string;
  readonly id: string;
  /** Milliseconds, 1 to 30,000. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Those who wait for one payment intent. */
type Waiters = ((intent: PaymentIntent | undefined) => void)[];

/** Waits of one book that are equally long, by the id of the payment intent. */
interface Group {
  readonly book: string;
  readonly waitMs: number;
  readonly waiters: Map<string, Waiters>;
}

/**
 * Waits of single calls for payment intents that come to rest. They are gathered, so that a stream carries many, and
 * each is answered when its own payment intent is at rest: a slow provider holds up nobody else's payment.
 */
export class Rests {
  readonly #channels: Channels;
  readonly #settings: Settings;
  readonly #groups = new Map<string, Group>();
  readonly #closing = new AbortController();
  #open = 0;
  #leaving: (() => void) | undefined;

  constructor(channels: Channels, settings: Settings) {
    this.#channels = channels;
    this.#settings = settings;
    // Every open stream heeds it.
    setMaxListeners(0, this.#closing.signal);
  }

  /**
   * The payment intent at rest, or as it stands at the end of the wait; undefined where it could not be read, or the
   * caller left. It never rejects: what was asked for is durable already.
   */
  wait({ book, id, waitMs, signal }: Wait): Promise<PaymentIntent | undefined> {
    if (this.#closing.signal.aborted || signal?.aborted === true) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const leave = (): void => resolve(undefined);
      signal?.addEventListener('abort', leave);
      const { waiters } = this.#groupOf(book, waitMs);
      const waiting = waiters.get(id) ?? [];
      waiting.push((intent) => {
        signal?.removeEventListener('abort', leave);
        resolve(intent);
      });
      waiters.set(id, waiting);
      this.#schedule();
    });
  }

  close(): void {
    this.#leaving?.();
    this.#closing.abort();
    for (const { waiters } of this.#groups.values()) answerAll(waiters);
    this.#groups.clear();
  }

  #groupOf(book: string, waitMs: number): Group {
    const key = `${waitMs} ${book}`;
    const known = this.#groups.get(key);
    if (known !== undefined && known.waiters.size < IDS_MAX) return known;
    if (known !== undefined) void this.#follow(known);
    const group = { book, waitMs, waiters: new Map<string, Waiters>() };
    this.#groups.set(key, group);
    return group;
  }

  /** At the end of the turn, or a little later where many streams are open. */
  #schedule(): void {
    if (this.#leaving !== undefined) return;
    const gatherMs = Math.floor(this.#open * GATHER_MS_A_STREAM);
    if (gatherMs < 1) {
      const turn = setImmediate(() => this.#leave());
      this.#leaving = () => clearImmediate(turn);
    } else {
      const timer = setTimeout(() => this.#leave(), gatherMs);
      this.#leaving = () => clearTimeout(timer);
    }
  }

  #leave(): void {
    this.#leaving = undefined;
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    for (const group of groups) void this.#follow(group);
  }

  /** Streams until all are answered. A stream that broke off is opened again for the rest, if it had brought anything. */
  async #follow({ book, waitMs, waiters }: Group): Promise<void> {
    this.#open += 1;
    const endMs = monotonicMs() + waitMs;
    let answered = -1;
    while (waiters.size > 0 && answered !== 0) {
      const before = waiters.size;
      const leftMs = Math.max(0, Math.ceil(endMs - monotonicMs()));
      await this.#stream({ book, waitMs: leftMs, waiters }).catch(() => undefined);
      answered = before - waiters.size;
    }
    answerAll(waiters);
    this.#open -= 1;
  }

  async #stream({ book, waitMs, waiters }: Group): Promise<void> {
    const init = { book, paymentIntentIds: [...waiters.keys()], waitMs };
    const request = toBinary(
      AwaitPaymentIntentsRequestSchema,
      create(AwaitPaymentIntentsRequestSchema, init),
    );
    const timeoutMs = waitMs + this.#settings.timeoutMs;
    const { signal } = this.#closing;
    for await (const bytes of streamBytes(this.#channels, this.#settings.retry, {
      method: METHOD,
      request,
      timeoutMs,
      signal,
    })) {
      const { paymentIntents, notFoundIds } = fromBinary(AwaitPaymentIntentsResponseSchema, bytes);
      for (const intent of paymentIntents) answer(waiters, intent.id, intent);
      for (const id of notFoundIds) answer(waiters, id, undefined);
    }
  }
}

function answer(waiters: Group['waiters'], id: string, intent: PaymentIntent | undefined): void {
  for (const tell of waiters.get(id) ?? []) tell(intent);
  waiters.delete(id);
}

function answerAll(waiters: Group['waiters']): void {
  for (const id of waiters.keys()) answer(waiters, id, undefined);
}
