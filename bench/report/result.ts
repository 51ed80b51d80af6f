/** Whether the read models were kept up while the load ran, or paused and caught up afterwards. */
export type Projection = 'ran' | 'deferred';

/** A figure that a scenario is held against. */
export interface Bar {
  readonly what: string;
  readonly value: number;
  readonly least?: number;
  readonly most?: number;
  /** Holds however small the run is: not how fast it was, but whether it was right. */
  readonly atAnySize?: true;
}

/** What one run of a scenario found: printed as a table, or with --json as the last line under these very names. */
export type Result = LedgerResult | PaymentsResult;

/** Of scenarios about payments: figures of its own under stable names, in the order in which people read them. */
export interface PaymentsResult {
  readonly scenario: string;
  readonly figures: Readonly<Record<string, number | string | readonly number[]>>;
  readonly bars: readonly Bar[];
}

/** Of scenarios about the ledger. */
export interface LedgerResult {
  readonly scenario: string;
  /** Median of the rounds. */
  readonly transfers_per_s: number;
  /** By call, over all rounds; from the first try to the answer. */
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** A bare `pg` client appending the same blocks, median of the rounds; null where it was not measured. */
  readonly floor_per_s: number | null;
  /** Row locks, one commit a transfer. */
  readonly plain_per_s: number | null;
  /** The most resident memory that the core ever had. */
  readonly rss_bytes: number;
  /** Median of the rounds' own ratios. */
  readonly ratio_to_floor: number | null;
  readonly ratio_to_plain: number | null;
  /** CPU time of the core's process, all threads, user and system. */
  readonly core_cpu_us_per_call: number;
  /** CPU time of each process in cores: 2 is all that a machine of two has. */
  readonly cores_used: { readonly core: number; readonly postgres: number; readonly load_generator: number };
  readonly projection: Projection;
  readonly lag_events_start: number;
  readonly lag_events_end: number;
  /** From the end of the load until the read models held everything. */
  readonly catch_up_s: number;
  /** Transfers a second of each round. */
  readonly rounds: readonly number[];
  readonly transfers: number;
  readonly calls: number;
  /** Calls that were refused for want of room and sent again. */
  readonly turned_away: number;
  readonly bars: readonly Bar[];
  /** What only this scenario tells. */
  readonly extra: Readonly<Record<string, number | readonly number[]>>;
}

export function isKept({ value, least, most }: Bar): boolean {
  return (least === undefined || value >= least) && (most === undefined || value <= most);
}

/** As --json prints it: flat, and every figure under its name. */
export function jsonOf(result: Result): object {
  if (!('figures' in result)) return result;
  const { figures, ...rest } = result;
  return { ...rest, ...figures };
}
