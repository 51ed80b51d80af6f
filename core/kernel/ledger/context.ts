import type { Body } from './body.ts';
import type { Uuid } from './commands.ts';
import type { Reason } from './refusals.ts';
import type { LedgerState } from './state.ts';
import { wordsOf } from './uuid.ts';

/** What a decision may look at besides the command: nothing here changes while it decides, but `body`, which it extends. */
export interface Context {
  state: LedgerState;
  /** The book's number. */
  book: number;
  /** The block's time, microseconds, and its UTC day. */
  nowUs: number;
  day: number;
  /** Where events are written. */
  body: Body;
  /** Ids that were looked up in the read models, by id: the seq, or 0 for never spent. */
  known: ReadonlyMap<Uuid, number>;
  /** Codes that were found taken in the read models. */
  takenCodes: ReadonlySet<string>;
  /** The event of that seq: in memory, or loaded before the turn. */
  eventOf(seq: number): { view: DataView; at: number };
}

/** Why a command is refused, and where. */
export interface Refusal {
  reason: Reason;
  /** A path from the item; '' for none. */
  field: string;
  /** Index of the posting at fault; -1 for none. */
  posting: number;
  /** The account at fault; '' for none. */
  account: Uuid | '';
}

export function refusal(reason: Reason, where: Partial<Omit<Refusal, 'reason'>> = {}): Refusal {
  return { reason, field: where.field ?? '', posting: where.posting ?? -1, account: where.account ?? '' };
}

/** What came of a command. Positions are in `body`, or in the event that was found. */
export type Decision =
  /** An event was written; the caller applies it. */
  | { done: 'event'; at: number }
  /** A refusal was written as an event; the caller applies it. */
  | { done: 'refused'; at: number; refusal: Refusal }
  /** The id was spent on the same body: the original event is the answer. */
  | { done: 'replay'; seq: number; view: DataView; at: number }
  /** Refused, and nothing is remembered. */
  | { done: 'declined'; refusal: Refusal }
  /** Nothing to do: a timer was late. */
  | { done: 'nothing' };

/** The seq on which an id was spent in the book, or 0. */
export function spentAt(context: Pick<Context, 'state' | 'book' | 'known'>, id: Uuid): number {
  const [w0, w1, w2, w3] = wordsOf(id);
  return context.state.ids.seqOf(context.book, w0, w1, w2, w3) || (context.known.get(id) ?? 0);
}

/** The slot of an account of the book, or -1. */
export function slotOf(context: Context, id: Uuid): number {
  const [w0, w1, w2, w3] = wordsOf(id);
  return context.state.accounts.find(context.book, w0, w1, w2, w3);
}
