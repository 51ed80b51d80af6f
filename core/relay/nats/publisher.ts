import { type Msg, type NatsConnection, createInbox } from '@nats-io/transport-node';
import type { Clock, Timers } from '../../shard/ports.ts';
import type { Leaving } from '../envelopes/encoder.ts';
import { headersOf } from './headers.ts';

/** Under way at once: what a server may have to be told again after a fault. */
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

interface UnderWay {
  readonly event: Leaving;
  readonly sentUs: number;
  readonly bytes: number;
}

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
  readonly #underWay = new Map<string, UnderWay>();
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
    const place = String(this.#sent++);
    const bytes = event.bytes.length;
    this.#underWay.set(place, { event, sentUs: this.#options.clock.monotonicUs(), bytes });
    this.#bytes += bytes;
    this.#options.connection.publish(`${event.type}.${event.shard}`, event.bytes, {
      reply: `${this.#inbox}.${place}`,
      headers: headersOf(more.messageId ?? event.id, more.behind),
    });
  }

  /** Nothing more may be published before `room` has settled. */
  get isFull(): boolean {
    return this.#isOver || this.#underWay.size >= MESSAGES_MAX || this.#bytes >= BYTES_MAX;
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
    if (this.#underWay.size <= messages && this.#bytes <= bytes) return;
    const left = new Promise<void>((wake) => this.#waiting.add({ messages, bytes, wake }));
    await Promise.race([left, this.#failed.promise]);
  }

  #wake(): void {
    for (const one of this.#waiting) {
      if (this.#underWay.size > one.messages || this.#bytes > one.bytes) continue;
      this.#waiting.delete(one);
      one.wake();
    }
  }

  #take(message: Msg): void {
    if (this.#isOver) return;
    const place = message.subject.slice(this.#inbox.length + 1);
    const underWay = this.#underWay.get(place);
    if (underWay === undefined) return;
    // No stream has the subject: the server itself answers, with a status and no body.
    if (message.data.length === 0) return this.#fail(new Error('no stream takes the events'));
    const { stream, seq, duplicate, error } = message.json<Acknowledgement>();
    // 0 is said of a message that is being stored under the same id: whether it will be is not known.
    if (error !== undefined || seq === undefined || seq <= 0)
      return this.#fail(new Error(error?.description ?? 'the server stored nothing'));
    if (stream !== underWay.event.stream)
      return this.#fail(new Error(`the stream ${stream} takes events of ${underWay.event.stream}`));
    this.#underWay.delete(place);
    this.#bytes -= underWay.bytes;
    this.#options.onStored(underWay.event, { streamSeq: seq, isNew: duplicate !== true });
    this.#wake();
  }

  /** The oldest was sent first. */
  #look(): void {
    this.#cancelLook = this.#options.timers.after(LOOK_MS, () => {
      const [oldest] = this.#underWay.values();
      const nowUs = this.#options.clock.monotonicUs();
      if (oldest !== undefined && nowUs - oldest.sentUs > ACKNOWLEDGED_MS * 1000)
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
