import type { Block } from '../journal/block.ts';
import type { CardRef } from '../kernel/payments/cardTries.ts';
import type { ReadBounds } from '../journal/readBounds.ts';

/** What the writer loads from the read models. Rows carry a keyed checksum; a mismatch throws `TamperedRow`. */
export interface StateLoader {
  /** Where the projection of each of these shards stands, and what recovery needs besides rows; one snapshot. */
  recoveryPoints(shards: readonly number[]): Promise<ReadonlyMap<number, RecoveryPoint>>;
  /** Accounts of a book by id. Absent ids are absent from the answer. */
  accountsById(shard: number, book: number, ids: string[]): Promise<Loaded<LoadedAccount>>;
  /** Accounts of a book by code: only whether a code is taken, and by which account. */
  accountsByCode(shard: number, book: number, codes: string[]): Promise<Loaded<LoadedAccount>>;
  /** Accounts by their numbers. */
  accountsByNumber(shard: number, numbers: Uint32Array): Promise<Loaded<LoadedAccount>>;
  /** The same for up to a million, read in bulk and never held all at once. Answers with the watermark. */
  eachAccount(shard: number, numbers: Uint32Array, visit: (account: LoadedAccount) => void): Promise<number>;
  /** All spent ids of the shard that are no UUIDv7, in parts. Takes seconds for millions. */
  otherIds(shard: number, visit: (book: number, id: string) => void): Promise<void>;
  /** Which of these ids are spent in the book (transactions, accounts, account changes, refusals), and at which seq. */
  spentIds(shard: number, book: number, ids: string[]): Promise<Loaded<{ id: string; seq: number }>>;
  /** Progress of transactions by seq: holds and whatever was posted or reversed. Plain untouched ones are absent. */
  progress(shard: number, seqs: number[]): Promise<Loaded<LoadedProgress>>;
  /** Open holds whose time has come, oldest first. */
  dueHolds(shard: number, nowUs: number, limit: number): Promise<{ seq: number; book: number; id: string }[]>;
  /** When the next open hold expires behind that moment; Infinity for none. */
  nextExpiry(shard: number, behindUs: number): Promise<number>;
  /** All events of the merchants and payment intents that began with these seqs, in the order of their seqs. */
  payments(shard: number, seqs: number[]): Promise<Loaded<LoadedPaymentEvent>>;
  /** The newest events in which cards were declined, of whatever card, the newest first. */
  cardDeclines(shard: number, limit: number): Promise<Loaded<LoadedDecline>>;
  /** The same of these cards, at most 15 each. */
  cardDeclinesOf(shard: number, cards: readonly CardRef[]): Promise<Loaded<LoadedDecline>>;
  /** The payment that an operation belongs to, of any shard of the server that holds this one; null for none. */
  paymentOfOperation(
    shard: number,
    operation: string,
  ): Promise<{ shard: number; book: number; intent: string } | null>;
  /** Seqs of payment intents that are due at that moment, those that are longest so first. */
  duePayments(shard: number, nowUs: number, limit: number): Promise<number[]>;
  /** When the next payment intent is due behind that moment; Infinity for none. */
  nextPaymentDue(shard: number, behindUs: number): Promise<number>;
  /** Seqs of payment intents about which a provider owes an answer, ascending, those behind `after`. */
  owedPayments(shard: number, page: { provider: string; after: number; limit: number }): Promise<number[]>;
}

/** An event of a merchant or a payment intent, as core/kernel/payments/change.ts reads it. */
export interface LoadedPaymentEvent {
  /** The seq of the event that began the subject; equal to `seq` in that event itself. */
  subjectSeq: number;
  seq: number;
  book: number;
  /** A number of Subject in core/kernel/payments/change.ts. */
  subject: number;
  subjectId: string;
  /** The bytes of the change: JSON. */
  change: Uint8Array;
}

/** An event in which a card was declined. */
export interface LoadedDecline {
  seq: number;
  bookedUs: number;
  book: number;
  /** Whose payment it is. */
  merchant: string;
  change: Uint8Array;
}

/** Rows, and the projection's watermark in the very snapshot that they were read from. */
export interface Loaded<Row> {
  /** Every event with a seq up to this one is in the rows, none after it. */
  watermarkSeq: number;
  rows: Row[];
}

export interface RecoveryPoint {
  /** Height, seq and hash of the last projected block; 0, 0 and zeros before the first. */
  height: number;
  seq: number;
  hash: Uint8Array;
  blockTimeUs: number;
  /** The highest millisecond stamp of any UUIDv7 among the projected ids; 0 if none. */
  highStampMs: number;
  /** Number of the last opened account; 0 if none. */
  lastAccount: number;
  /** The last event of the control shard that was adopted (data shards); 0 if none. */
  controlSeq: number;
  /** The books that this shard may use (all of them on the control shard). */
  books: {
    number: number;
    name: string;
    shard: number;
    overridden: boolean;
    description: string;
    createdUs: number;
    seq: number;
  }[];
  /** The custom assets. */
  assets: { code: string; scale: number; name: string; seq: number }[];
  /** Refusals remembered on the UTC day of `blockTimeUs`, by book. */
  refusalsToday: { book: number; count: number }[];
}

export interface LoadedAccount {
  number: number;
  book: number;
  id: string;
  code: string;
  asset: string;
  /** 1 debit, 2 credit. */
  normalSide: number;
  closed: boolean;
  version: number;
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
  /** In the order of LIMIT_ORDER; null for none. */
  limits: (bigint | null)[];
}

export interface LoadedProgress {
  seq: number;
  book: number;
  /** Numbers of `State` in core/kernel/ledger/layout.ts. */
  state: number;
  /** Posted so far, a posting, minor units. */
  posted: bigint[];
  /** Reversed so far, a posting. */
  reversed: bigint[];
}

/** A row that the writer would have rested on does not carry its checksum: someone edited the table. */
export class TamperedRow extends Error {
  readonly shard: number;
  constructor(shard: number, what: string) {
    super(
      `${what} of shard ${shard} does not carry its checksum: the table was edited outside Florin. Run "florin verify", then "florin rebuild".`,
    );
    this.name = 'TamperedRow';
    this.shard = shard;
  }
}

/** The only clock there is. */
export interface Clock {
  /** Microseconds since 1970. Used for logs and for the distance to database time, never for decisions. */
  wallUs(): number;
  /** Microseconds that never fall. */
  monotonicUs(): number;
}

export interface Timers {
  /** Calls back once after that long; returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back in a later turn of the event loop, behind I/O. */
  soon(callback: () => void): void;
}

export interface Random {
  /** From 0 inclusive to 1 exclusive. */
  unit(): number;
}

/** Committed and proven blocks, for whoever derives something from the journal. */
export interface BlockFeed {
  /** The height up to which blocks may be projected: proven by the writer's own append. */
  provenHeight(shard: number): number;
  /** Blocks from that height on, in order, within the bounds but at least one; [] if there is none yet. */
  read(shard: number, fromHeight: number, bounds: ReadBounds): Promise<Block[]>;
  /** Calls back whenever the proven height of a shard has risen; returns what unsubscribes. */
  onCommitted(callback: (shard: number) => void): () => void;
}
