import type { PspEvent } from '../psp.ts';

/** An account at a provider, as its cursor is kept: with the keys of the other mode it is another one. */
export interface ListedAccount {
  readonly provider: string;
  readonly live: boolean;
}

export interface WaitingEvent {
  readonly event: PspEvent;
  /** How often it has matched nothing. */
  readonly tries: number;
  /** When it was first listed, milliseconds since 1970. */
  readonly sinceMs: number;
}

/** An event that matched nothing, or not yet. */
export interface Unmatched {
  readonly event: PspEvent;
  readonly why: string;
  /** Its next turn, milliseconds from now. */
  readonly afterMs: number;
}

/**
 * What outlasts a restart: how far each list has been taken, and what of it still waits. It is no truth. Whatever is lost of
 * it is read again, and what is taken again changes nothing.
 */
export interface EventPlaces {
  /** '' where nothing is kept. */
  cursorOf(account: ListedAccount): Promise<string>;
  saveCursor(account: ListedAccount, cursor: string): Promise<void>;
  /** Keeps events to be tried again; those that wait already stay as they are. */
  keep(account: ListedAccount, events: readonly Unmatched[]): Promise<void>;
  /** Those whose turn it is, the oldest turn first. */
  due(account: ListedAccount, limit: number): Promise<WaitingEvent[]>;
  /** Matched nothing once more. */
  again(account: ListedAccount, events: readonly Unmatched[]): Promise<void>;
  drop(account: ListedAccount, events: readonly PspEvent[]): Promise<void>;
  count(account: ListedAccount): Promise<number>;
}
