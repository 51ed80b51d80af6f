import type { DueDelivery, EndpointKey, Queue, QueuePlace } from '../readmodels/queries/webhookDeliveries.ts';

/** Deliveries that an endpoint may have under way at a time: at first, at least and at most. */
export const SLOTS_FIRST = 32;
const SLOTS_LEAST = 1;
export const SLOTS_MAX = 1_024;

/** For how long what was handed out is given to nobody else: longer than an attempt and its report take. */
export const LEASE_US = 60e6;
/** Who takes longer has no more under way than at first, however much it takes. */
const SLOW_MS = 2_000;
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
  /** The moment at which it stood in the queue. */
  dueUs: number;
  /** Of the event that logs its attempt; Infinity until it is logged. */
  settledSeq: number;
}

/** A try among those at its endpoint: what is asked for anew is another one. */
export interface Asked {
  seq: number;
  index: number;
  askedSeq: number;
  try: number;
}

const askedOf = ({ key: { seq, index }, askedSeq, tries }: DueDelivery): Asked => ({
  seq,
  index,
  askedSeq,
  try: tries + 1,
});

/** What came of a delivery, as far as the pace of its endpoint depends on it. */
export interface Came {
  /** The HTTP status; 0 for no answer. */
  status: number;
  /** What the receiver asked for; null for nothing. */
  retryAfterMs: number | null;
  tookMs: number;
}

/** How an endpoint is doing: what it has under way, and how much of that it stands. */
export class Lane {
  readonly key: EndpointKey;
  #behind: QueuePlace = { dueUs: 0, seq: 0, index: 0 };
  /** The first moment that was gone back to since a look began: what that look reads may not show what stands there. */
  #backUs = Infinity;
  readonly #leases = new Map<string, Lease>();
  /** Of the leases, those that are logged. */
  #settled = 0;
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
    return this.#leases.size - this.#settled;
  }

  /** Whether nothing of it is under way or waits for the tables to show it. */
  get isIdle(): boolean {
    return this.#leases.size === 0;
  }

  /** Begins a look at what is behind everything that was handed out: what comes anew, or again, comes there. */
  beginLook(): Queue {
    this.#backUs = Infinity;
    return { ...this.key, behind: this.#behind };
  }

  /** What was handed out before and stands in the queue again, or for the first time: it is looked for from there on. */
  goBackTo(dueUs: number): void {
    this.#backUs = Math.min(this.#backUs, dueUs);
    if (dueUs <= this.#behind.dueUs) this.#behind = { dueUs: dueUs - 1, seq: 0, index: 0 };
  }

  holds(row: DueDelivery): boolean {
    return this.#leases.has(leaseName(askedOf(row)));
  }

  lease(row: DueDelivery, nowUs: number): void {
    const lease = { dueUs: row.dueUs, untilUs: nowUs + LEASE_US, settledSeq: Infinity };
    this.#leases.set(leaseName(askedOf(row)), lease);
    this.pass(row);
  }

  /** What is under way is looked for no more; if nobody comes back from it, it is gone back to. */
  pass({ key: { seq, index }, dueUs }: DueDelivery): void {
    this.#behind = { dueUs, seq, index };
    this.goBackTo(this.#backUs);
  }

  /** Nobody got it after all. */
  release(row: DueDelivery): void {
    if (this.#leases.delete(leaseName(askedOf(row)))) this.goBackTo(row.dueUs);
  }

  /** It was tried, and the event of that seq says so. */
  settle(asked: Asked, logSeq: number, { status, retryAfterMs, tookMs }: Came, nowUs: number): void {
    const name = leaseName(asked);
    // Without a lease it was handed out before a restart, or too long ago: until the tables show what came of it it stays with nobody.
    const lease = this.#leases.get(name) ?? { dueUs: 0, untilUs: nowUs, settledSeq: Infinity };
    if (lease.settledSeq === Infinity) this.#settled++;
    this.#leases.set(name, { ...lease, settledSeq: logSeq });
    if (status >= 200 && status < 300) {
      if (tookMs < SLOW_MS) this.#slots = Math.min(SLOTS_MAX, this.#slots + 1);
      else if (this.#slots > SLOTS_FIRST) this.#slots = Math.max(SLOTS_FIRST, this.#slots >> 1);
      return;
    }
    if (!isOverloaded(status)) return;
    this.#slots = Math.max(SLOTS_LEAST, this.#slots >> 1);
    if (retryAfterMs !== null) this.pausedUntilUs = nowUs + Math.min(retryAfterMs, PAUSE_MS_MAX) * 1_000;
  }

  /** Lets go of what the tables show by now, and of what nobody has come back from. */
  tidy(projectedSeq: number, nowUs: number): void {
    for (const [name, { dueUs, untilUs, settledSeq }] of this.#leases) {
      if (settledSeq <= projectedSeq) {
        this.#leases.delete(name);
        this.#settled--;
      } else if (settledSeq === Infinity && untilUs <= nowUs) {
        this.#leases.delete(name);
        this.goBackTo(dueUs);
      }
    }
  }

  /** When the first lease runs out; Infinity for none. */
  get firstRunsOutUs(): number {
    let firstUs = Infinity;
    for (const { untilUs, settledSeq } of this.#leases.values())
      if (settledSeq === Infinity) firstUs = Math.min(firstUs, untilUs);
    return firstUs;
  }
}

function leaseName({ seq, index, askedSeq, try: tried }: Asked): string {
  return `${seq}.${index} ${askedSeq} ${tried}`;
}

/** Answers that say "not so fast", and silence. */
function isOverloaded(status: number): boolean {
  return status === 0 || status === 429 || (status >= 502 && status <= 504);
}
