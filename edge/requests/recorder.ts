import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CODE, FlorinError } from '../../client/index.ts';
import { entryOf, type RequestEntry } from './entry.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What it is answered with, once that is known and if the log wants it. */
    answeredWith?: string;
    isRecorded?: boolean;
  }
}

/** Which requests are recorded: all but reads that went well, every one. */
export type Recorded = 'changes' | 'all';

export interface RecorderOptions {
  readonly recorded: Recorded;
  /** Keeps them durably, all or none; again with the same ones is harmless. */
  readonly keep: (entries: readonly RequestEntry[]) => Promise<unknown>;
  readonly count: (outcome: 'written' | 'dropped', entries: number) => void;
  readonly log: (level: 'warn' | 'error', event: string, details: Readonly<Record<string, unknown>>) => void;
}

const FLUSH_MS = 200;
const BATCH_MAX = 1_000;
/** Some 600 bytes each: six megabytes, or five seconds of 2,000 requests a second. */
const WAITING_MAX = 10_000;
/** How long a core that did not answer is left alone. */
const AWAY_MS = 1_000;
/** Of whoever has hung up there is no status, but the word for it among web servers. */
const GONE = 499;
/** What is refused once is refused again. */
const FINAL: ReadonlySet<number> = new Set([
  CODE.INVALID_ARGUMENT,
  CODE.PERMISSION_DENIED,
  CODE.UNIMPLEMENTED,
]);

/**
 * Records requests for the log, beside them: no request waits for it, what cannot be handed over in time is dropped and
 * counted, and an edge that is killed takes along what it had not handed over.
 */
export class RequestRecorder {
  readonly #options: RecorderOptions;
  readonly #waiting: RequestEntry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #handing: Promise<void> | undefined;
  #isAway = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Records the requests of a server, and hands them over from now on. */
  watch(app: FastifyInstance): void {
    app.addHook('onSend', (request, reply, payload, done) => {
      if (this.#wants(request, reply.statusCode) && typeof payload === 'string')
        request.answeredWith = payload;
      done();
    });
    app.addHook('onResponse', (request, reply, done) => {
      this.#record(request, reply.statusCode, reply.elapsedTime);
      done();
    });
    app.addHook('onRequestAbort', (request, done) => {
      this.#record(request, GONE, 0);
      done();
    });
    this.#handOverIn(FLUSH_MS);
  }

  /** Hands over what waits, once, and ends. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#handing;
    clearTimeout(this.#timer);
    await this.#handOver();
    this.#drop(this.#waiting.length);
  }

  #wants({ url, method }: FastifyRequest, status: number): boolean {
    if (!url.startsWith('/v1/') || method === 'OPTIONS') return false;
    return this.#options.recorded === 'all' || method !== 'GET' || status >= 400;
  }

  #record(request: FastifyRequest, status: number, tookMs: number): void {
    // Somebody may go while the answer is written.
    if (request.isRecorded === true || !this.#wants(request, status)) return;
    request.isRecorded = true;
    if (this.#waiting.length >= WAITING_MAX) return this.#options.count('dropped', 1);
    try {
      this.#waiting.push(entryOf(request, { status, tookMs, body: request.answeredWith }));
    } catch (error) {
      this.#options.count('dropped', 1);
      this.#options.log('error', 'requests.record.failed', { request_id: request.id, error: String(error) });
    }
  }

  #handOverIn(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#handing = this.#handOver().then(() => this.#handOverIn(this.#isAway ? AWAY_MS : FLUSH_MS));
    }, milliseconds);
    this.#timer.unref();
  }

  async #handOver(): Promise<void> {
    while (this.#waiting.length > 0) {
      // They wait until they are kept: the bound counts them, and whoever is away gets them later.
      const batch = this.#waiting.slice(0, BATCH_MAX);
      try {
        await this.#options.keep(batch);
      } catch (error) {
        if (!this.#isAway) this.#options.log('warn', 'requests.log.failed', { error: String(error) });
        this.#isAway = true;
        if (error instanceof FlorinError && FINAL.has(error.code)) this.#drop(batch.length);
        return;
      }
      this.#isAway = false;
      this.#waiting.splice(0, batch.length);
      this.#options.count('written', batch.length);
    }
  }

  #drop(entries: number): void {
    this.#waiting.splice(0, entries);
    if (entries > 0) this.#options.count('dropped', entries);
  }
}
