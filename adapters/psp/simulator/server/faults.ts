import type { Behaviour } from './cards.ts';
import type { Delivery } from './desk.ts';
import { drawn, normal } from './random.ts';

/** Shares of requests or webhooks, 0 to 1. Of a request at most one happens, drawn in this order. */
export const RATES = [
  /** 429: nothing is done. */
  'rate_limited',
  /** 503 with `nothing_done`: nothing is done. */
  'unavailable',
  /** 500 without anything having been done. The caller cannot know that. */
  'error_before',
  /** Never answered, nothing done. */
  'hang_before',
  /** Done, and answered with 500. */
  'error_after',
  /** Done, and the connection is cut instead of an answer. */
  'lost_reply',
  /** Done, and never answered. */
  'hang_after',
] as const;

export const WEBHOOK_RATES = [
  'webhook_lost',
  'webhook_twice',
  /** Sent `webhook_late_ms` later. */
  'webhook_late',
  /** Sent up to `REORDER_MS` later, so that others overtake it. */
  'webhook_reordered',
] as const;

export type RequestFault = (typeof RATES)[number];
type WebhookFault = (typeof WEBHOOK_RATES)[number];

export interface Faults extends Readonly<Record<RequestFault | WebhookFault, number>> {
  /** The same seed, references and tries: the same fate. A whole number from 0. */
  readonly seed: number;
  /** Log-normal, through these two; null: as fast as it goes. Milliseconds, 0.1 to 60000. */
  readonly latency_ms: { readonly p50: number; readonly p95: number } | null;
  /** 0 to 3600000. */
  readonly webhook_late_ms: number;
  /** Share of events that are listed `listed_late_ms` after they have happened, behind others. */
  readonly listed_late: number;
  /** 0 to 10000. */
  readonly listed_late_ms: number;
  /** How long an operation stays unknown to queries, though it was done. Milliseconds, 0 to 60000. */
  readonly visible_after_ms: number;
  /** Requests a second, above which 429 is answered; null for no limit. */
  readonly requests_per_second: number | null;
  /** Connections are cut before anything is done. */
  readonly down: boolean;
  /** The same, of queries only: money still moves, and what became of it cannot be asked. */
  readonly queries_down: boolean;
}

export const NO_FAULTS: Faults = {
  seed: 1,
  latency_ms: null,
  ...(Object.fromEntries([...RATES, ...WEBHOOK_RATES].map((name) => [name, 0])) as Record<
    RequestFault | WebhookFault,
    number
  >),
  webhook_late_ms: 5_000,
  listed_late: 0,
  listed_late_ms: 2_000,
  visible_after_ms: 0,
  requests_per_second: null,
  down: false,
  queries_down: false,
};

export const REORDER_MS = 200;
/** References whose tries are counted at once. */
const COUNTED_MAX = 65_536;
/** The 95th percentile of the standard normal distribution. */
const Z95 = 1.6449;

export interface Fate {
  readonly fault: RequestFault | 'down' | null;
  readonly latencyMs: number;
}

/** Decides what goes wrong, and how long things take. */
export class FaultPlan {
  #faults: Faults = NO_FAULTS;
  readonly #tries = new Map<string, number>();
  #bucket = { secondStarted: -1, used: 0 };

  get faults(): Faults {
    return this.#faults;
  }

  /** Begins anew: tries are counted from none. */
  replace(faults: Faults): void {
    this.#faults = faults;
    this.#tries.clear();
    this.#bucket = { secondStarted: -1, used: 0 };
  }

  /** `what` names a request by its route and reference; each try of it has a fate of its own. */
  ofRequest(what: string, nowMs: number): Fate {
    const faults = this.#faults;
    if (faults === NO_FAULTS) return { fault: null, latencyMs: 0 };
    if (faults.down || (faults.queries_down && what.startsWith('query ')))
      return { fault: 'down', latencyMs: 0 };
    if (this.#isOverRate(nowMs)) return { fault: 'rate_limited', latencyMs: 0 };
    const name = `${what} ${this.#countTry(what)}`;
    return { fault: chosen(faults, RATES, drawn(faults.seed, name)), latencyMs: latencyMs(faults, name) };
  }

  ofWebhook(eventId: string, behaviour: Behaviour): Delivery {
    const faults = this.#faults;
    const isTwice = behaviour === 'webhook_twice';
    if (faults === NO_FAULTS) return { copies: isTwice ? 2 : 1, delayMs: 0 };
    const fault = chosen(faults, WEBHOOK_RATES, drawn(faults.seed, eventId));
    if (fault === 'webhook_lost') return { copies: 0, delayMs: 0 };
    const delayMs =
      fault === 'webhook_late'
        ? faults.webhook_late_ms
        : fault === 'webhook_reordered'
          ? Math.ceil(drawn(faults.seed, `${eventId} delay`) * REORDER_MS)
          : 0;
    return { copies: isTwice || fault === 'webhook_twice' ? 2 : 1, delayMs };
  }

  /** Whether the list shows an event of so long ago. */
  isListed(eventId: string, ageMs: number): boolean {
    const { listed_late: share, listed_late_ms: lateMs, seed } = this.#faults;
    return share === 0 || ageMs >= lateMs || drawn(seed, `${eventId} listed`) >= share;
  }

  #isOverRate(nowMs: number): boolean {
    const limit = this.#faults.requests_per_second;
    if (limit === null) return false;
    const second = Math.floor(nowMs / 1_000);
    if (this.#bucket.secondStarted !== second) this.#bucket = { secondStarted: second, used: 0 };
    this.#bucket.used++;
    return this.#bucket.used > limit;
  }

  #countTry(what: string): number {
    const tries = this.#tries.get(what) ?? 0;
    const [oldest] = this.#tries.keys();
    if (tries === 0 && this.#tries.size >= COUNTED_MAX) this.#tries.delete(oldest);
    this.#tries.set(what, tries + 1);
    return tries;
  }
}

/** The rates lie side by side between 0 and 1; a draw beyond their sum means that nothing goes wrong. */
function chosen<Name extends keyof Faults>(
  faults: Readonly<Record<Name, number>>,
  names: readonly Name[],
  draw: number,
): Name | null {
  let edge = 0;
  for (const name of names) {
    edge += faults[name];
    if (draw < edge) return name;
  }
  return null;
}

function latencyMs({ latency_ms: latency, seed }: Faults, name: string): number {
  if (latency === null) return 0;
  const sigma = Math.log(latency.p95 / latency.p50) / Z95;
  const z = normal(drawn(seed, `${name} first`), drawn(seed, `${name} second`));
  return Math.min(latency.p50 * Math.exp(sigma * z), 60_000);
}

/** Reads settings from JSON: what is not named keeps its standard. Answers with what is wrong, or the settings. */
export function readFaults(value: unknown): Faults | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'the body must be an object';
  for (const name of Object.keys(value)) if (!Object.hasOwn(NO_FAULTS, name)) return `there is no "${name}"`;
  const faults = { ...NO_FAULTS, ...value } as Record<keyof Faults, unknown>;
  for (const names of [RATES, WEBHOOK_RATES]) {
    for (const name of names) if (!isWithin(faults[name], 0, 1)) return `${name} must be from 0 to 1`;
    const sum = names.reduce((sum, name) => sum + (faults[name] as number), 0);
    if (sum > 1 + 1e-9) return `${names.join(', ')} add up to more than 1`;
  }
  if (!Number.isSafeInteger(faults.seed) || !isWithin(faults.seed, 0, 2 ** 32))
    return 'seed must be a whole number from 0 to 2^32';
  if (!isWithin(faults.webhook_late_ms, 0, 3_600_000)) return 'webhook_late_ms must be from 0 to 3600000';
  if (!isWithin(faults.listed_late, 0, 1)) return 'listed_late must be from 0 to 1';
  if (!isWithin(faults.listed_late_ms, 0, 10_000)) return 'listed_late_ms must be from 0 to 10000';
  if (!isWithin(faults.visible_after_ms, 0, 60_000)) return 'visible_after_ms must be from 0 to 60000';
  if (faults.requests_per_second !== null && !isWithin(faults.requests_per_second, 0, 1e6))
    return 'requests_per_second must be from 0 to 1000000, or null';
  for (const name of ['down', 'queries_down'] as const)
    if (typeof faults[name] !== 'boolean') return `${name} must be true or false`;
  if (faults.latency_ms !== null && !isLatency(faults.latency_ms))
    return 'latency_ms must be null or {p50, p95} with 0.1 <= p50 <= p95 <= 60000';
  return faults as unknown as Faults;
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function isLatency(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return false;
  if (!('p50' in value) || !('p95' in value)) return false;
  return isWithin(value.p50, 0.1, 60_000) && isWithin(value.p95, value.p50 as number, 60_000);
}
