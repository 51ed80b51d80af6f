import { type Msg, type NatsConnection, createInbox } from '@nats-io/transport-node';
import type { Clock, Timers } from '../../shard/ports.ts';
import type { Leaving } from '../envelopes/encoder.ts';
import type { StreamName } from '../streams.ts';
import { headersOf } from './headers.ts';

/** Under way at once, from the oldest on: what a server may have to be told again after a fault. */
const MESSAGES_MAX = 8_192;
const BYTES_MAX = 16 * 1024 * 1024;
/** Where that is reached, nothing is published until so much is left: in bursts, of which each costs the socket a few writes. */
const LEFT = 0.5;
/** The server has stored it by then, or something is wrong. */
const ACKNOWLEDGED_MS = 5_000;
const LOOK_MS = 1_000;

/** What a server answers to a publish; `error` where it did not store it. */
interface Acknowledgement {
  readonly stream?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly description: string };
}

/** How the server says it of nearly all: read without JSON, which costs a microsecond. Another stream's is none. */
const STORED: Readonly<Record<StreamName, Buffer>> = {
  SETTLEMENT: Buffer.from('{"stream":"SETTLEMENT","seq":'),
  NOTIFICATION: Buffer.from('{"stream":"NOTIFICATION","seq":'),
};

export interface PublisherOptions {
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The server has it, under that sequence number of the stream; `isNew` unless it had it already. */
  readonly onStored: (event: Leaving, stored: { streamSeq: number; isNew: boolean }) => void;
}

/**
 * Publishes without waiting for one acknowledgement after the other. All of them come to one subscription, so that a
 * message costs neither a promise nor a timer. The first thing that goes wrong ends it: what was not acknowledged may
 * be there or not.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #inbox = createInbox();
  /** By place, modulo their number: what is under way, and when it was sent. */
  readonly #events: (Leaving | undefined)[] = Array.from({ length: MESSAGES_MAX }, () => undefined);
  readonly #sentUs = new Float64Array(MESSAGES_MAX);
  /** The place of the oldest under way; `#sent` where there is none. */
  #oldest = 0;
  readonly #failed = Promise.withResolvers<never>();
  #bytes = 0;
  #sent = 0;
  readonly #waiting = new Set<{ messages: number; bytes: number; wake: () => void }>();
  #isOver = false;
  #cancelLook = (): void => undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
    options.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => (error === null ? this.#take(message) : this.#fail(error)),
    });
    this.#look();
  }

  /** Rejects once something went wrong. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  publish(event: Leaving, more: { messageId?: string; behind?: number } = {}): void {
    const place = this.#sent++;
    this.#events[place % MESSAGES_MAX] = event;
    this.#sentUs[place % MESSAGES_MAX] = this.#options.clock.monotonicUs();
    this.#bytes += event.bytes.length;
    this.#options.connection.publish(`${event.type}.${event.shard}`, event.bytes, {
      reply: `${this.#inbox}.${place}`,
      headers: headersOf(more.messageId ?? event.id, more.behind),
    });
  }

  /** Nothing more may be published before `room` has settled. */
  get isFull(): boolean {
    return this.#isOver || this.#sent - this.#oldest >= MESSAGES_MAX || this.#bytes >= BYTES_MAX;
  }

  /** Settles when more may be published; rejects when nothing may any more. */
  async room(): Promise<void> {
    if (this.isFull) await this.#atMost(MESSAGES_MAX * LEFT, BYTES_MAX * LEFT);
  }

  /** Settles when everything that was published is stored. */
  settled(): Promise<void> {
    return this.#atMost(0, 0);
  }

  close(): void {
    this.#fail(new Error('the publisher was closed'));
  }

  /** Settles when no more than that is under way; rejects once something went wrong. */
  async #atMost(messages: number, bytes: number): Promise<void> {
    if (this.#isOver) await this.#failed.promise;
    if (this.#isWithin(messages, bytes)) return;
    const left = new Promise<void>((wake) => this.#waiting.add({ messages, bytes, wake }));
    await Promise.race([left, this.#failed.promise]);
  }

  /** By the span from the oldest on, so that there is a place for whatever is published then. */
  #isWithin(messages: number, bytes: number): boolean {
    return this.#sent - this.#oldest <= messages && this.#bytes <= bytes;
  }

  #wake(): void {
    if (this.#waiting.size === 0) return;
    for (const one of this.#waiting) {
      if (!this.#isWithin(one.messages, one.bytes)) continue;
      this.#waiting.delete(one);
      one.wake();
    }
  }

  #take(message: Msg): void {
    if (this.#isOver) return;
    const place = Number(message.subject.slice(this.#inbox.length + 1));
    const event = place >= this.#oldest ? this.#events[place % MESSAGES_MAX] : undefined;
    if (event === undefined) return;
    // No stream has the subject: the server itself answers, with a status and no body.
    if (message.data.length === 0) return this.#fail(new Error('no stream takes the events'));
    const quick = seqOf(message.data, STORED[event.stream]);
    if (quick > 0) return this.#stored(place, event, { streamSeq: quick, isNew: true });
    const { stream, seq, duplicate, error } = message.json<Acknowledgement>();
    // 0 is said of a message that is being stored under the same id: whether it will be is not known.
    if (error !== undefined || seq === undefined || seq <= 0)
      return this.#fail(new Error(error?.description ?? 'the server stored nothing'));
    if (stream !== event.stream)
      return this.#fail(new Error(`the stream ${stream} takes events of ${event.stream}`));
    this.#stored(place, event, { streamSeq: seq, isNew: duplicate !== true });
  }

  #stored(place: number, event: Leaving, stored: { streamSeq: number; isNew: boolean }): void {
    this.#events[place % MESSAGES_MAX] = undefined;
    this.#bytes -= event.bytes.length;
    while (this.#oldest < this.#sent && this.#events[this.#oldest % MESSAGES_MAX] === undefined)
      this.#oldest++;
    this.#options.onStored(event, stored);
    this.#wake();
  }

  /** The oldest was sent first. */
  #look(): void {
    this.#cancelLook = this.#options.timers.after(LOOK_MS, () => {
      const waitedUs = this.#options.clock.monotonicUs() - this.#sentUs[this.#oldest % MESSAGES_MAX];
      if (this.#oldest < this.#sent && waitedUs > ACKNOWLEDGED_MS * 1000)
        this.#fail(new Error(`nothing was acknowledged within ${ACKNOWLEDGED_MS} ms`));
      else this.#look();
    });
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelLook();
    this.#failed.reject(error);
  }
}

/** The number between those words and the brace that ends them; 0 where it is said in other words. */
function seqOf(data: Uint8Array, words: Uint8Array): number {
  const end = data.length - 1;
  if (end <= words.length || end - words.length > 15 || data[end] !== 0x7d) return 0;
  for (let at = 0; at < words.length; at++) if (data[at] !== words[at]) return 0;
  let seq = 0;
  for (let at = words.length; at < end; at++) {
    const digit = data[at] - 0x30;
    if (digit < 0 || digit > 9) return 0;
    seq = seq * 10 + digit;
  }
  return seq;
}
