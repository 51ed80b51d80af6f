import type { FlorinClient } from '../../client/index.ts';
import type { CoreProcess } from '../core/coreProcess.ts';
import type { Draw } from '../load/draw.ts';
import type { Projection, Result } from '../report/result.ts';

/** How much of everything a run takes. */
export interface Sizes {
  readonly accounts: number;
  /** No call has more transfers than this; the largest that the core takes is 8,192. */
  readonly batchMost: number;
  /** Rounds of load, each with its floor beside it. */
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly roundMs: number;
  readonly floorMs: number;
  readonly plainMs: number;
  /** Of scenarios that end at a count and not at a time. */
  readonly transfers: number;
  /** Payments of scenarios that end at a count: how many are open, or unknown. */
  readonly payments: number;
}

/** What a scenario stands on while it runs. */
export interface Ground {
  readonly core: CoreProcess;
  readonly client: FlorinClient;
  readonly draw: Draw;
  readonly sizes: Sizes;
  readonly projection: Projection;
  /** The book that this run makes. */
  readonly book: string;
  /** Progress, for a person who waits. */
  readonly tell: (line: string) => void;
}

export interface Scenario {
  readonly name: string;
  /** One line for the list of scenarios. */
  readonly about: string;
  /** Unless the caller asks otherwise. */
  readonly projection: Projection;
  readonly sizes: Sizes;
  /** Variables that the core is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** What it needs and this machine does not have; absent where it needs nothing. */
  readonly missing?: () => string | null;
  readonly run: (ground: Ground) => Promise<Result>;
}

export const USUAL: Sizes = {
  accounts: 10_000,
  batchMost: 8_192,
  rounds: 3,
  warmUpMs: 3_000,
  roundMs: 5_000,
  floorMs: 2_000,
  plainMs: 3_000,
  transfers: 0,
  payments: 0,
};

/** Enough that each line of a scenario runs, and no more: figures of such a run mean nothing. */
export const SMOKE: Sizes = {
  accounts: 500,
  batchMost: 512,
  rounds: 1,
  warmUpMs: 50,
  roundMs: 100,
  floorMs: 50,
  plainMs: 50,
  transfers: 20_000,
  payments: 400,
};

/** With a projection that is deferred the bound of the lag must not end the run. */
export const UNBOUNDED_LAG = { FLORIN_LAG_EVENTS_MAX: '1000000000' } as const;
