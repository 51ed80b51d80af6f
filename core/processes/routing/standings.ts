import type { MethodType } from '../../kernel/payments/model.ts';
import type { OnCall } from '../providers.ts';
import type { Standing, StandingRequest } from './router.ts';
import { COST_WORST } from './strategies.ts';

/** The window over which a provider is judged, ten minutes in parts: a part that is older counts no more. */
export const PART_MS = 30_000;
export const PARTS = 20;
/** Before anything was seen of a segment a provider is taken to authorise nine of ten, and that counts as 20 attempts. */
const PRIOR = { authorized: 18, attempts: 20 };
/** A p95 of five seconds is as bad as it gets. */
const LATENCY_WORST_MS = 5_000;
/** Bounds of the latencies that are counted, each about a fifth above the one before: 10 ms to 10 s. */
const BOUNDS_MS = Array.from({ length: 38 }, (_, i) => 10 * 1.2 ** i);

/** What a provider takes, for the comparison of costs: parts per million of the amount, and minor units. */
export interface Cost {
  readonly ppm: number;
  readonly fixed: bigint;
}

/** Its fee table: what it takes where no line says otherwise. */
export interface CostTable extends Cost {
  /** The first that matches counts. A line for a brand is not for payments whose brand is not known. */
  readonly lines?: readonly (Cost & {
    readonly brand?: string;
    /** Of the merchant, ISO 3166 alpha-2; any of them. */
    readonly countries?: readonly string[];
  })[];
}

/** How a call went. */
export type Answered = Parameters<OnCall>[0] & {
  readonly done: Parameters<OnCall>[1]['done'];
  /** null where nobody knows. */
  readonly tookMs: number | null;
};
/** How a provider has fared in the window. */
export interface Seen {
  /** That came back. */
  readonly calls: number;
  /** The share of them that came with a proof; 1 where there were none. */
  readonly reliability: number;
  /** The 95th percentile; 0 where there were none. */
  readonly latencyMs: number;
  readonly segments: readonly {
    method: MethodType;
    currency: string;
    /** First attempts that were authorised or declined. */
    attempts: number;
    authorized: number;
    /** With the prior. */
    authRate: number;
  }[];
}

interface Part {
  startMs: number;
  /** First attempts by segment: how many, and how many were authorised. */
  segments: Map<string, { attempts: number; authorized: number }>;
  calls: number;
  /** Calls that came back with a proof. */
  proven: number;
  latencies: Uint32Array;
}

/**
 * How a provider has fared lately. Declines count against its authorisation rate, silence (unknown, not sent) against its
 * reliability and against nothing else. What waits for a payer or for a bank is neither authorised nor declined yet.
 */
export class Standings {
  readonly #cost: CostTable;
  readonly #nowMs: () => number;
  #parts: Part[] = [];

  constructor(options: { cost: CostTable; nowMs: () => number }) {
    this.#cost = options.cost;
    this.#nowMs = options.nowMs;
  }

  readonly count: OnCall = (call, { done }, tookMs) => {
    tally(this.#part(this.#nowMs()), { ...call, done, tookMs });
  };

  /** An answer of so long ago, from before this process began. */
  recall(answered: Answered, agoMs: number): void {
    tally(this.#part(this.#nowMs() - agoMs), answered);
  }

  standing(request: StandingRequest): Standing {
    this.#drop();
    const key = segmentOf(request.method.type, request.currency);
    let { attempts, authorized } = PRIOR;
    let calls = 0;
    let proven = 0;
    const latencies = new Uint32Array(BOUNDS_MS.length + 1);
    for (const part of this.#parts) {
      const segment = part.segments.get(key);
      attempts += segment?.attempts ?? 0;
      authorized += segment?.authorized ?? 0;
      calls += part.calls;
      proven += part.proven;
      for (let i = 0; i < latencies.length; i++) latencies[i] += part.latencies[i];
    }
    const amount = Number(request.amount);
    const fee = feeOn(amount, costOf(this.#cost, request));
    return {
      authRate: authorized / attempts,
      cost: Math.min(1, fee / amount / COST_WORST),
      latency: Math.min(1, p95(latencies) / LATENCY_WORST_MS),
      reliability: calls === 0 ? 1 : proven / calls,
      fee,
      sample: attempts - PRIOR.attempts,
    };
  }

  /** The same as it was counted, for people. */
  seen(): Seen {
    this.#drop();
    const segments = new Map<string, { attempts: number; authorized: number }>();
    let calls = 0;
    let proven = 0;
    const latencies = new Uint32Array(BOUNDS_MS.length + 1);
    for (const part of this.#parts) {
      calls += part.calls;
      proven += part.proven;
      for (let i = 0; i < latencies.length; i++) latencies[i] += part.latencies[i];
      for (const [key, { attempts, authorized }] of part.segments) {
        const sum = segments.get(key) ?? { attempts: 0, authorized: 0 };
        segments.set(key, { attempts: sum.attempts + attempts, authorized: sum.authorized + authorized });
      }
    }
    return {
      calls,
      reliability: calls === 0 ? 1 : proven / calls,
      latencyMs: p95(latencies),
      segments: [...segments].map(([key, { attempts, authorized }]) => {
        const [method, currency] = key.split(' ') as [MethodType, string];
        const authRate = (PRIOR.authorized + authorized) / (PRIOR.attempts + attempts);
        return { method, currency, attempts, authorized, authRate };
      }),
    };
  }

  /** The part of that moment; one that is too old is dropped when it is next looked at. */
  #part(atMs: number): Part {
    this.#drop();
    const startMs = Math.floor(atMs / PART_MS) * PART_MS;
    const index = this.#parts.findLastIndex((one) => one.startMs <= startMs);
    if (index >= 0 && this.#parts[index].startMs === startMs) return this.#parts[index];
    const latencies = new Uint32Array(BOUNDS_MS.length + 1);
    const part = { startMs, segments: new Map(), calls: 0, proven: 0, latencies };
    this.#parts.splice(index + 1, 0, part);
    return part;
  }

  #drop(): void {
    const oldestMs = this.#nowMs() - PART_MS * PARTS;
    while (this.#parts.length > 0 && this.#parts[0].startMs < oldestMs) this.#parts.shift();
  }
}

function tally(part: Part, { kind, method, currency, isFirst, done, tookMs }: Answered): void {
  part.calls++;
  if (done !== 'unknown' && done !== 'not_sent') part.proven++;
  if (tookMs !== null) {
    const bound = BOUNDS_MS.findIndex((ms) => tookMs <= ms);
    part.latencies[bound < 0 ? BOUNDS_MS.length : bound]++;
  }
  const isDecided = done === 'succeeded' || done === 'declined';
  if (!isFirst || !isDecided || (kind !== 'authorize' && kind !== 'sale')) return;
  const key = segmentOf(method, currency);
  const segment = part.segments.get(key) ?? { attempts: 0, authorized: 0 };
  segment.attempts++;
  if (done === 'succeeded') segment.authorized++;
  part.segments.set(key, segment);
}

function costOf(table: CostTable, { brand, country }: StandingRequest): Cost {
  const line = table.lines?.find(
    (one) =>
      (one.brand === undefined || one.brand === brand) &&
      (one.countries === undefined || one.countries.includes(country)),
  );
  return line ?? table;
}

function feeOn(amount: number, { ppm, fixed }: Cost): number {
  return (amount * ppm) / 1e6 + Number(fixed);
}

function segmentOf(method: string, currency: string): string {
  return `${method} ${currency}`;
}

/** The bound below which 95 of 100 lie; 0 where nothing was counted. */
function p95(latencies: Uint32Array): number {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [i, count] of latencies.entries()) {
    seen += count;
    if (total > 0 && seen >= total * 0.95) return BOUNDS_MS[Math.min(i, BOUNDS_MS.length - 1)];
  }
  return 0;
}
