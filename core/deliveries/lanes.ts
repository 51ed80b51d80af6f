import type { EndpointKey } from '../readmodels/queries/webhookDeliveries.ts';

/** Deliveries that an endpoint may have under way at a time: at first, at least and at most. */
export const SLOTS_FIRST = 32;
const SLOTS_LEAST = 1;
export const SLOTS_MAX = 256;

/** For how long what was handed out is given to nobody else: longer than an attempt and its report take. */
export const LEASE_US = 60e6;
/** What an endpoint may hold everybody else's events to it off by one answer. */
const PAUSE_MS_MAX = 60_000;

/** When the tables are looked at for a lane. */
interface Look {
  atUs: number;
  number: number;
}

export const NO_LOOK: Look = { atUs: Infinity, number: 0 };

interface Lease {
  untilUs: number;
  /** Of the event that logs its attempt; Infinity until it is logged. */
  settledSeq: number;
}

/** What came of a delivery, as far as the pace of its endpoint depends on it. */
export interface Came {
  /** The HTTP status; 0 for no answer. */
  status: number;
  /** What the receiver asked for; null for nothing. */
  retryAfterMs: number | null;
}

/** How an endpoint is doing: what it has under way, and how much of that it stands. */
export class Lane {
  readonly key: EndpointKey;
  /** By the delivery's place in the journal. */
  readonly #leases = new Map<string, Lease>();
  #slots = SLOTS_FIRST;
  pausedUntilUs = 0;
  look = NO_LOOK;

  constructor(key: EndpointKey) {
    this.key = key;
  }

  /** How many more it may have under way. */
  get free(): number {
    return Math.max(0, this.#slots - this.underWay);
  }

  get underWay(): number {
    let count = 0;
    for (const { settledSeq } of this.#leases.values()) if (settledSeq === Infinity) count++;
    return count;
  }

  /** Deliveries that stand in the table and are not to be handed out. */
  get hidden(): number {
    return this.#leases.size;
  }

  holds(place: string): boolean {
    return this.#leases.has(place);
  }

  lease(place: string, nowUs: number): void {
    this.#leases.set(place, { untilUs: nowUs + LEASE_US, settledSeq: Infinity });
  }

  /** It was tried, and the event of that seq says so. */
  settle(place: string, seq: number, { status, retryAfterMs }: Came, nowUs: number): void {
    const lease = this.#leases.get(place);
    if (lease !== undefined) lease.settledSeq = seq;
    if (status >= 200 && status < 300) {
      this.#slots = Math.min(SLOTS_MAX, this.#slots + 1);
      return;
    }
    if (!isOverloaded(status)) return;
    this.#slots = Math.max(SLOTS_LEAST, this.#slots >> 1);
    if (retryAfterMs !== null) this.pausedUntilUs = nowUs + Math.min(retryAfterMs, PAUSE_MS_MAX) * 1_000;
  }

  /** Lets go of what the tables show by now, and of what nobody has come back from. */
  tidy(projectedSeq: number, nowUs: number): void {
    for (const [place, { untilUs, settledSeq }] of this.#leases)
      if (settledSeq <= projectedSeq || (settledSeq === Infinity && untilUs <= nowUs))
        this.#leases.delete(place);
  }

  /** When the first lease runs out; Infinity for none. */
  get firstRunsOutUs(): number {
    let firstUs = Infinity;
    for (const { untilUs, settledSeq } of this.#leases.values())
      if (settledSeq === Infinity) firstUs = Math.min(firstUs, untilUs);
    return firstUs;
  }
}

/** Answers that say "not so fast", and silence. */
function isOverloaded(status: number): boolean {
  return status === 0 || status === 429 || (status >= 502 && status <= 504);
}
