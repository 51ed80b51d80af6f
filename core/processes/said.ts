import type { PspOutcome, QueryOutcome } from './psp.ts';

/** Nothing was written: a breaker is open, or too much is under way. */
export interface Held {
  readonly done: 'held';
  readonly why: string;
}

/** What came of asking a provider, and what that proves by now. */
export type Said = PspOutcome | QueryOutcome | Held | { readonly done: 'not_yet'; readonly untilUs: number };
