import * as http from 'node:http';
import * as https from 'node:https';
import type { Books, WaitingEvent, EventPlace } from './books.ts';
import type { ClockMs } from './clock.ts';
import { SIGNATURE_HEADER, signatureOf } from './signature.ts';
import type { Turns } from './turns.ts';

/** Waits between tries, milliseconds; after the last one the event is given up. */
const RETRY_MS = [1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, 86_400_000];
const TIMEOUT_MS = 5_000;
const IN_FLIGHT_MAX = 32;
/** Due events that are read at once. */
const BATCH = 256;
/** A timer of Node's takes no more; the outbox looks again then. */
const SLEEP_MS_MAX = 60_000;
const BEGINNING: EventPlace = { dueMs: 0, number: 0 };

export interface OutboxOptions {
  readonly books: Books;
  readonly turns: Turns;
  readonly clock: ClockMs;
  readonly url: string;
  readonly secret: string;
  readonly onFailure: (event: string, why: string) => void;
}

/**
 * Sends webhooks until they are taken: 2xx, and nothing else. Several at once, so no order is promised. What was on its
 * way when the process ended is sent again after the next start.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #agent: http.Agent;
  readonly #inFlight = new Map<number, Promise<void>>();
  /** Read and due, not yet on their way. */
  #due: WaitingEvent[] = [];
  /** The last that was read: those on their way wait still, in the database, and are not read over and over. */
  #readTo = BEGINNING;
  #mayBeMore = true;
  /** Resolved when an event has been tried once. */
  readonly #awaited = new Map<string, () => void>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const settings = { keepAlive: true, maxSockets: IN_FLIGHT_MAX, maxFreeSockets: IN_FLIGHT_MAX };
    this.#agent = options.url.startsWith('https:') ? new https.Agent(settings) : new http.Agent(settings);
  }

  /** Looks for what is due, sends it, and sleeps until the next is. */
  wake(): void {
    this.#mayBeMore = true;
    this.#sendDue();
  }

  #sendDue(): void {
    while (!this.#isStopped && this.#inFlight.size < IN_FLIGHT_MAX) {
      if (this.#due.length === 0 && this.#mayBeMore) this.#read();
      const event = this.#due.shift();
      if (event === undefined) return;
      this.#start(event);
    }
  }

  /** Settles when each has been tried once, or the time is over. To be asked for before `wake`. */
  async tried(ids: readonly string[], limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
    const all = Promise.all(ids.map((id) => new Promise<void>((done) => this.#awaited.set(id, done))));
    await Promise.race([all, limit]);
    clearTimeout(timer);
    for (const id of ids) this.#awaited.delete(id);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#agent.destroy();
    await Promise.all(this.#inFlight.values());
  }

  /** What is due behind what was read before: those on their way still wait in the database. */
  #read(): void {
    const { books, clock } = this.#options;
    const nowMs = clock();
    // The clock was put back, and what came since stands before what was read.
    if (nowMs < this.#readTo.dueMs) this.#readTo = BEGINNING;
    const waiting = books.waitingEvents(this.#readTo, BATCH);
    const next = waiting.find(({ dueMs }) => dueMs > nowMs);
    const due = waiting.filter(({ dueMs }) => dueMs <= nowMs);
    this.#readTo = due.at(-1) ?? this.#readTo;
    this.#mayBeMore = due.length === BATCH;
    this.#due = due.filter(({ number }) => !this.#inFlight.has(number));
    clearTimeout(this.#timer);
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(next.dueMs - nowMs, SLEEP_MS_MAX));
    this.#timer.unref();
  }

  #start(event: WaitingEvent): void {
    const sending = this.#send(event).finally(() => {
      this.#inFlight.delete(event.number);
      this.#awaited.get(event.id)?.();
      this.#sendDue();
    });
    this.#inFlight.set(event.number, sending);
  }

  async #send(event: WaitingEvent): Promise<void> {
    const { books, turns, clock, onFailure } = this.#options;
    const results = await Promise.all(Array.from({ length: event.copies }, () => this.#post(event.body)));
    const failure = results.find((why) => why !== null);
    const tries = event.tries + 1;
    const waitMs = RETRY_MS[event.tries];
    if (failure !== undefined) onFailure(event.id, failure);
    const state = failure === undefined ? 'delivered' : waitMs === undefined ? 'given_up' : 'waiting';
    const dueMs = clock() + (waitMs ?? 0);
    // A stop comes between: then it is sent again, which receivers have to bear with anyway.
    await turns
      .do(() => books.saveEvent({ number: event.number, state, tries, dueMs }))
      .catch(() => undefined);
    // It is due again, and perhaps nothing else is that would wake us then.
    if (state === 'waiting') this.#mayBeMore = true;
  }

  /** null where it was taken, else why not. */
  #post(body: string): Promise<string | null> {
    const { url, secret, clock } = this.#options;
    const send = url.startsWith('https:') ? https.request : http.request;
    return new Promise((resolve) => {
      const request = send(url, {
        method: 'POST',
        agent: this.#agent,
        timeout: TIMEOUT_MS,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          [SIGNATURE_HEADER]: signatureOf(secret, body, clock()),
        },
      });
      request.on('response', (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        const isTaken = status >= 200 && status < 300;
        // Only when the answer is read is the connection free again.
        response.on('close', () => resolve(isTaken ? null : `answered with ${status}`));
        response.on('error', () => undefined);
      });
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', (error) => resolve(error.message));
      request.end(body);
    });
  }
}
