import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { setMaxListeners } from 'node:events';
import {
  AwaitPaymentIntentsRequestSchema,
  AwaitPaymentIntentsResponseSchema,
  PaymentIntentService,
} from '../../gen/florin/payments/v1/payment_intents_pb.ts';
import type { PaymentIntent } from '../../gen/florin/payments/v1/payments_pb.ts';
import { CODE } from '../errors/codes.ts';
import { clientClosed, FlorinError } from '../errors/florinError.ts';
import type { Settings } from '../options.ts';
import { methodOf } from '../services/serviceClient.ts';
import type { Channels } from '../transport/channels.ts';
import { streamBytes } from '../transport/stream.ts';

const METHOD = methodOf(PaymentIntentService, 'AwaitPaymentIntents');

/** What the core takes in one request. */
const IDS_MAX = 8_192;
/** Those who ask while a request is under way leave after that long all the same: it may wait for the database. */
const GATHER_MS = 4;

interface Reader {
  readonly resolve: (intent: PaymentIntent | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** Those who ask for the payment intents of one book, by id. */
type Readers = Map<string, Reader[]>;

/**
 * Single reads of payment intents as they stand by what is committed. All that are asked for in one turn of the event
 * loop travel together, and while some are on their way the next ones gather: a request costs either end as much as many
 * payments in it.
 */
export class Standings {
  readonly #channels: Channels;
  readonly #settings: Settings;
  readonly #books = new Map<string, Readers>();
  readonly #closing = new AbortController();
  #turn: NodeJS.Immediate | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #underWay = 0;

  constructor(channels: Channels, settings: Settings) {
    this.#channels = channels;
    this.#settings = settings;
    // Every open stream heeds it.
    setMaxListeners(0, this.#closing.signal);
  }

  /** The payment intent; undefined where the book has none of that id. Rejects with FlorinError where nobody can tell. */
  readonly read = (book: string, id: string): Promise<PaymentIntent | undefined> => {
    if (this.#closing.signal.aborted) return Promise.reject(clientClosed('none'));
    return new Promise((resolve, reject) => {
      const readers = this.#readersOf(book);
      const before = readers.get(id);
      if (before === undefined) readers.set(id, [{ resolve, reject }]);
      else before.push({ resolve, reject });
      this.#turn ??= setImmediate(() => this.#turned());
    });
  };

  close(): void {
    clearImmediate(this.#turn);
    clearTimeout(this.#gathering);
    this.#closing.abort();
    for (const readers of this.#books.values()) rejectAll(readers, clientClosed('none'));
    this.#books.clear();
  }

  #readersOf(book: string): Readers {
    const known = this.#books.get(book);
    if (known !== undefined && known.size < IDS_MAX) return known;
    if (known !== undefined) void this.#ask(book, known);
    const readers: Readers = new Map();
    this.#books.set(book, readers);
    return readers;
  }

  #turned(): void {
    this.#turn = undefined;
    if (this.#underWay === 0) this.#leave();
    else this.#gathering ??= setTimeout(() => this.#leave(), GATHER_MS);
  }

  #leave(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const books = [...this.#books];
    this.#books.clear();
    for (const [book, readers] of books) void this.#ask(book, readers);
  }

  async #ask(book: string, readers: Readers): Promise<void> {
    const { retry, timeoutMs } = this.#settings;
    const init = { book, paymentIntentIds: [...readers.keys()], waitMs: 0 };
    const request = toBinary(
      AwaitPaymentIntentsRequestSchema,
      create(AwaitPaymentIntentsRequestSchema, init),
    );
    const { signal } = this.#closing;
    this.#underWay++;
    try {
      const answers = streamBytes(this.#channels, retry, { method: METHOD, request, timeoutMs, signal });
      for await (const bytes of answers) {
        const { paymentIntents, notFoundIds } = fromBinary(AwaitPaymentIntentsResponseSchema, bytes);
        for (const intent of paymentIntents) answer(readers, intent.id, intent);
        for (const id of notFoundIds) answer(readers, id, undefined);
      }
      if (readers.size > 0) rejectAll(readers, unanswered());
    } catch (error) {
      rejectAll(readers, error as Error);
    } finally {
      this.#underWay--;
      if (this.#gathering !== undefined) this.#leave();
    }
  }
}

function answer(readers: Readers, id: string, intent: PaymentIntent | undefined): void {
  for (const { resolve } of readers.get(id) ?? []) resolve(intent);
  readers.delete(id);
}

function rejectAll(readers: Readers, error: Error): void {
  for (const waiting of readers.values()) for (const { reject } of waiting) reject(error);
  readers.clear();
}

function unanswered(): FlorinError {
  return new FlorinError({
    code: CODE.UNAVAILABLE,
    message: 'the answer ended before all of it was there',
    method: METHOD.path,
    outcome: 'none',
  });
}
