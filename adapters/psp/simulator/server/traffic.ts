import type { ServerResponse } from 'node:http';
import type { ClockMs } from './clock.ts';

export const TIMES_KEPT_MAX = 1_000_000;

/** What callers asked for and, where somebody wants to know, how long each request was in here. */
export class Traffic {
  readonly #clock: ClockMs;
  readonly #counts = new Map<string, number>();
  #times: [reference: string, ms: number][] = [];
  #timesMax = 0;

  /** `clock` never goes back; milliseconds with fractions. */
  constructor(clock: ClockMs) {
    this.#clock = clock;
  }

  /** Counts from none again, and keeps the times of so many requests to come; 0: of none. */
  restart(timesMax: number): void {
    this.#counts.clear();
    this.#times = [];
    this.#timesMax = timesMax;
  }

  /** A request has come in; its time ends when its answer has left. */
  begin(kind: string, reference: string, response: ServerResponse): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (this.#timesMax === 0) return;
    const beganMs = this.#clock();
    response.once('finish', () => {
      if (this.#times.length < this.#timesMax) this.#times.push([reference, this.#clock() - beganMs]);
    });
  }

  seen(): { requests: Record<string, number>; times_ms: readonly [reference: string, ms: number][] } {
    return { requests: Object.fromEntries(this.#counts), times_ms: this.#times };
  }
}
