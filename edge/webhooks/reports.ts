import { CODE, FlorinError, uuidv7 } from '../../client/index.ts';
import type { AttemptReport } from '../../gen/florin/events/v1/webhook_deliveries_pb.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AttemptReportSchema } from '../../gen/florin/events/v1/webhook_deliveries_pb.ts';
import type { Core } from '../core.ts';

export type Report = MessageInitShape<typeof AttemptReportSchema> & Pick<AttemptReport, 'eventId'>;

/** Attempts of one call. */
const REPORTS_MAX = 250;
/** Once a lease has run out nobody waits for its report: what it tells is tried again. */
const REPORT_MS_MAX = 45_000;
const RETRY_MS = 250;

/**
 * Tells the core what came of attempts: while one call of a book is on its way, what comes meanwhile makes the next one.
 * A call whose answer is lost goes again under its id.
 */
export class Reports {
  readonly #core: Pick<Core, 'webhookDeliveries'>;
  readonly #waiting = new Map<string, Report[]>();
  readonly #onFailed: (book: string, count: number, error: Error) => void;
  readonly #wait: (ms: number) => Promise<void>;
  readonly #under = new Map<string, Promise<void>>();

  constructor(options: {
    core: Pick<Core, 'webhookDeliveries'>;
    onFailed: (book: string, count: number, error: Error) => void;
    wait: (ms: number) => Promise<void>;
  }) {
    this.#core = options.core;
    this.#onFailed = options.onFailed;
    this.#wait = options.wait;
  }

  add(book: string, report: Report): void {
    const waiting = this.#waiting.get(book) ?? [];
    this.#waiting.set(book, waiting);
    waiting.push(report);
    if (!this.#under.has(book))
      this.#under.set(
        book,
        this.#sendAll(book).finally(() => this.#under.delete(book)),
      );
  }

  /** Settles once everything is told, or given up. */
  async told(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under.values());
  }

  async #sendAll(book: string): Promise<void> {
    // What is done in this turn of the event loop goes along.
    await this.#wait(0);
    for (;;) {
      const attempts = this.#waiting.get(book)?.splice(0, REPORTS_MAX) ?? [];
      if (attempts.length === 0) {
        this.#waiting.delete(book);
        return;
      }
      await this.#send(book, attempts);
    }
  }

  async #send(book: string, attempts: readonly Report[]): Promise<void> {
    const request = { book, id: uuidv7(), attempts: [...attempts] };
    for (let triedMs = 0; ; triedMs += RETRY_MS) {
      try {
        await this.#core.webhookDeliveries.logAttempts(request);
        return;
      } catch (error) {
        // One of them is wrong: the others are told all the same.
        if (attempts.length > 1 && isRefused(error)) return this.#sendHalves(book, attempts);
        if (isRefused(error) || triedMs >= REPORT_MS_MAX)
          return this.#onFailed(book, attempts.length, error as Error);
        await this.#wait(RETRY_MS);
      }
    }
  }

  async #sendHalves(book: string, attempts: readonly Report[]): Promise<void> {
    const half = attempts.length >> 1;
    await this.#send(book, attempts.slice(0, half));
    await this.#send(book, attempts.slice(half));
  }
}

const isRefused = (error: unknown): boolean =>
  error instanceof FlorinError && error.code === CODE.INVALID_ARGUMENT;
