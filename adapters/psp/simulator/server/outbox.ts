import * as http from 'node:http';
import * as https from 'node:https';
import type { Books, DueEvent } from './books.ts';
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
  #due: DueEvent[] = [];
  /** Resolved when an event has been tried once. */
  readonly #awaited = new Map<string, () => void>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const settings = { keepAlive: true, maxSockets: IN_FLIGHT_MAX, maxFreeSockets: IN_FLIGHT_MAX };
    this.#agent = options.url.startsWith('https:') ? new https.Agent(settings) : new http.Agent(settings);
  }

  /** Sends what is due and sleeps until the next is. */
  wake(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    const { books, clock } = this.#options;
    while (this.#inFlight.size < IN_FLIGHT_MAX) {
      const event = this.#due.shift() ?? this.#read();
      if (event === undefined) break;
      this.#start(event);
    }
    if (this.#inFlight.size > 0) return;
    const next = books.nextEventMs();
    if (next === null) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(next - clock(), 1), SLEEP_MS_MAX));
    this.#timer.unref();
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

  /** The first of what is due; the rest waits in memory. Those on their way are due still, in the database. */
  #read(): DueEvent | undefined {
    const { books, clock } = this.#options;
    const due = books.dueEvents(clock(), BATCH + this.#inFlight.size);
    const [first, ...rest] = due.filter(({ number }) => !this.#inFlight.has(number));
    this.#due = rest;
    return first;
  }

  #start(event: DueEvent): void {
    const sending = this.#send(event).finally(() => {
      this.#inFlight.delete(event.number);
      this.#awaited.get(event.id)?.();
      this.wake();
    });
    this.#inFlight.set(event.number, sending);
  }

  async #send(event: DueEvent): Promise<void> {
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
