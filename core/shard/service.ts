import type { ControlCommand, LedgerCommand, Uuid } from '../kernel/ledger/commands.ts';
import type { After } from '../kernel/payments/change.ts';
import type { PaymentRequest } from '../kernel/payments/commands.ts';
import type { ApiKey, IdempotencyRecord } from '../kernel/payments/edgeModel.ts';
import type { Intent } from '../kernel/payments/model.ts';
import type { WebhookEndpoint } from '../kernel/payments/webhookModel.ts';
import type { ShardWriter } from './writer.ts';
import type { Reason } from '../kernel/ledger/refusals.ts';

/** What the RPC layer asks of the shards. Everything here answers only when it is durable. */
export interface LedgerService {
  /**
   * A whole CreateTransactionsRequest in wire form, answered in wire form: the hot path, see core/rpc/wire.
   * Throws CallRefused; Uncertain where the outcome stays open.
   */
  createTransactions(request: Uint8Array, context: CallContext): Promise<Uint8Array>;
  /** Any other batch. Items that did not parse stand as Malformed and come back untouched, in place. */
  submit(
    book: string,
    items: readonly (LedgerCommand | Malformed)[],
    context: CallContext,
  ): Promise<BatchAnswer>;
  control(command: ControlCommand, context: CallContext): Promise<ControlAnswer>;
  /** The shard of a book; throws CallRefused BOOK_NOT_FOUND. `number` is its number inside Florin. */
  locate(book: string): { shard: number; number: number };
  /** The last acknowledged seq, after the fence was checked in the database (linearizable). */
  latestSeq(shard: number): Promise<number>;
  /** The books and custom assets that exist, for reads that need no SQL. */
  readonly shardCount: number;
}

/** What the RPC layer asks of the shards about payments. */
export interface PaymentsService {
  /** A batch of requests about payments of one book; answers when they are durable, not when a provider has answered. */
  submitPayments(
    book: string,
    items: readonly (PaymentRequest | Malformed)[],
    context: CallContext,
  ): Promise<PaymentAnswer>;
  /**
   * The intent as committed, as soon as it waits for no provider any more, or after that long (0: at once). null where
   * the book has no such intent.
   */
  restingIntent(book: string, intent: Uuid, waitMs: number): Promise<Intent | null>;
  /** The API key that the event of that seq created, as committed; null where it created none. */
  apiKey(shard: number, seq: number): Promise<ApiKey | null>;
}

/** Where an operation of ours belongs. */
export interface OperationPlace {
  writer: ShardWriter;
  /** The book's number. */
  book: number;
  intent: Uuid;
}

export interface PaymentAnswer {
  position: Position;
  /** One an item, in order. */
  outcomes: PaymentOutcome[];
}

export type PaymentOutcome = PaymentDone | Refused;

export interface PaymentDone {
  done: true;
  seq: number;
  replayed: boolean;
  /** What was changed. */
  subject: Uuid;
  /** How the intent stood after the event; null of anything else. */
  after: After | null;
  /** Of an idempotency record: what is kept under its id. */
  record?: IdempotencyRecord;
  /** Of a webhook endpoint: how it stood after the event. */
  endpoint?: WebhookEndpoint;
}

export interface CallContext {
  /** Monotonic microseconds (Clock.monotonicUs) after which nobody waits any more; Infinity for none. */
  deadlineUs: number;
}

/** An item that is not a command: answered INVALID with its field, and not remembered. */
export interface Malformed {
  op: 'malformed';
  reason: Reason;
  /** A path from the item: "postings[2].amount". */
  field: string;
}

export interface Position {
  shard: number;
  epoch: number;
  seq: number;
  height: number;
  blockHash: Uint8Array;
}

export interface BatchAnswer {
  position: Position;
  /** One an item, in order. */
  outcomes: Outcome[];
}

export type Outcome = Done | Refused;

export interface Done {
  done: true;
  seq: number;
  replayed: boolean;
  /** One a posting of the event; [] for account commands. */
  effects: { debit: Effect; credit: Effect }[];
}

export interface Effect {
  version: bigint;
  posted: bigint;
  available: bigint;
}

export interface Refused {
  done: false;
  reason: Reason;
  /** A path from the item, or ''. */
  field: string;
  /** -1 for none. */
  posting: number;
  /** '' for none. */
  account: string;
  remembered: boolean;
  seq: number;
  replayed: boolean;
}

export type ControlAnswer =
  | { done: true; position: Position; replayed: boolean; book?: BookRecord; asset?: AssetRecord }
  | { done: false; reason: Reason; field: string };

export interface BookRecord {
  name: string;
  shard: number;
  number: number;
  description: string;
  createdUs: number;
}
export interface AssetRecord {
  code: string;
  scale: number;
  name: string;
}

/** The whole call is refused, and nothing of it was done. */
export class CallRefused extends Error {
  readonly reason: Reason;
  readonly field: string;
  /** When a retry makes sense; 0 if it does not. */
  readonly retryAfterMs: number;
  constructor(reason: Reason, options: { field?: string; message?: string; retryAfterMs?: number } = {}) {
    super(options.message ?? reason);
    this.name = 'CallRefused';
    this.reason = reason;
    this.field = options.field ?? '';
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** The outcome is open: it may have been done. Sending the same ids again tells. */
export class Uncertain extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Uncertain';
  }
}
