import type { IntentChange } from '../kernel/payments/change.ts';
import type { ApiKey, IdempotencyRecord, PaymentLink } from '../kernel/payments/edgeModel.ts';
import type { Customer, Intent, IntentState, Merchant, StoredMethod } from '../kernel/payments/model.ts';
import type {
  BalanceCursor,
  BalanceTransaction,
  MerchantBalance,
} from '../readmodels/queries/balanceTransactions.ts';
import type { SeqRange } from '../readmodels/queries/reading.ts';
import type { Refund, RefundFilter } from '../readmodels/queries/refunds.ts';

/**
 * What the services ask of the read models. Rows are plain: amounts are bigint minor units, moments are microseconds
 * since 1970, dates are days since 1970-01-01, ids are canonical UUIDs. Every cursor is the key of the last row that
 * the caller has; null asks from the start. `limit` is at most 1001.
 */
export interface Reads {
  /**
   * Waits until the shard's read models hold every event up to `seq`, at most that long; says whether they do.
   * The signal ends the wait early, with any answer.
   */
  reached(shard: number, seq: number, wait: { waitMs: number; signal: AbortSignal }): Promise<boolean>;

  asset(code: string): Promise<AssetRow | null>;
  /** By code, after that one. */
  assets(query: { customOnly: boolean; after: string | null; limit: number }): Promise<AssetRow[]>;

  book(name: string): Promise<BookRow | null>;
  /** By name, after that one. */
  books(query: { after: string | null; limit: number }): Promise<BookRow[]>;

  account(scope: Scope, account: AccountRef): Promise<Seen<AccountRow | null>>;
  /** By code in byte order. */
  accounts(scope: Scope, query: AccountsQuery): Promise<Seen<AccountRow[]>>;

  /** null: the book has no such account. */
  balance(scope: Scope, account: AccountRef, at: Moment): Promise<Seen<BalanceRow | null>>;

  /** By version, in that direction, beyond `after`. null: the book has no such account. */
  entries(scope: Scope, account: AccountRef, query: EntriesQuery): Promise<Seen<EntryRow[] | null>>;

  /** null: the book has no such account. */
  statement(scope: Scope, account: AccountRef, query: StatementQuery): Promise<Seen<StatementPage | null>>;
  /**
   * The same whole, from one snapshot, in chunks of at most 1000 lines; the next is read when it is asked for, and
   * leaving the loop frees the snapshot. The last chunk carries the totals. null: the book has no such account.
   */
  wholeStatement(
    scope: Scope,
    account: AccountRef,
    query: StatementRange,
  ): Promise<Seen<WholeStatement | null>>;

  transaction(scope: Scope, id: string): Promise<Seen<TransactionRow | null>>;
  /** Newest first, below `after`. null: the book has no such account as the query names. */
  transactions(scope: Scope, query: TransactionsQuery): Promise<Seen<TransactionRow[] | null>>;

  block(shard: number, by: { height: number } | { seq: number }): Promise<BlockRow | null>;
  /** null as number: the newest. */
  checkpoint(number: number | null): Promise<CheckpointRow | null>;
}

/** The same about payments, which read models keep as the kernel's own objects. */
export interface PaymentReads {
  paymentIntent(scope: Scope, id: string): Promise<Seen<Intent | null>>;
  /** In the order that is asked for. */
  paymentIntents(scope: Scope, query: PaymentIntentsQuery): Promise<Seen<Intent[]>>;
  refund(scope: Scope, id: string): Promise<Seen<Refund | null>>;
  /** In the order that is asked for. */
  refunds(scope: Scope, query: RefundFilter): Promise<Seen<Refund[]>>;
  /** By seq, above `after`. null: the book has no such payment intent. */
  timeline(scope: Scope, id: string, query: TimelineQuery): Promise<Seen<TimelineRow[] | null>>;
  merchant(scope: Scope, id: string): Promise<Seen<Merchant | null>>;
  /** In the order that is asked for. */
  merchants(scope: Scope, query: MerchantsQuery): Promise<Seen<Merchant[]>>;
  customer(scope: Scope, id: string): Promise<Seen<Customer | null>>;
  /** In the order that is asked for. */
  customers(scope: Scope, query: CustomersQuery): Promise<Seen<Customer[]>>;
  paymentMethod(scope: Scope, id: string): Promise<Seen<StoredMethod | null>>;
  /** Newest first, below `after`; of a customer those that are attached. */
  paymentMethods(scope: Scope, query: PaymentMethodsQuery): Promise<Seen<StoredMethod[]>>;
  /** Where the keys with that hash of a secret lie, over all servers: one, unless two are alike. */
  apiKeys(secretSha256: string): Promise<ApiKeyPlace[]>;
  /** null where nothing is kept under that id. */
  idempotencyRecord(scope: Scope, id: string): Promise<Seen<IdempotencyRecord | null>>;
  apiKey(scope: Scope, id: string): Promise<Seen<ApiKey | null>>;
  /** How many of a merchant's are good, or still good for a while. */
  goodApiKeys(scope: Scope, merchantId: string): Promise<number>;
  /** In the order that is asked for. */
  apiKeysOf(scope: Scope, query: ApiKeysQuery): Promise<Seen<ApiKey[]>>;
  paymentLink(scope: Scope, id: string): Promise<Seen<PaymentLink | null>>;
  /** In the order that is asked for. */
  paymentLinks(scope: Scope, query: PaymentLinksQuery): Promise<Seen<PaymentLink[]>>;
  /** In the order that is asked for, behind `after`. */
  balanceTransactions(scope: Scope, query: BalanceTransactionsQuery): Promise<Seen<BalanceTransaction[]>>;
  balanceTransaction(scope: Scope, key: BalanceTransactionKey): Promise<Seen<BalanceTransaction | null>>;
  /** By currency. null: the book has no such merchant. */
  merchantBalance(scope: Scope, merchantId: string): Promise<Seen<MerchantBalance[] | null>>;
}

export interface MerchantsQuery extends SeqRange {
  limit: number;
}

export interface CustomersQuery extends SeqRange {
  /** null in each: any. */
  merchant: string | null;
  reference: string | null;
  ids: readonly string[] | null;
  limit: number;
}

export interface ApiKeysQuery extends SeqRange {
  /** null in each: any. */
  merchant: string | null;
  mode: ApiKey['mode'] | null;
  limit: number;
}

export interface PaymentLinksQuery extends SeqRange {
  /** null in each: any. */
  merchant: string | null;
  mode: PaymentLink['mode'] | null;
  state: PaymentLink['state'] | null;
  limit: number;
}

export interface ApiKeyPlace {
  shard: number;
  seq: number;
  /** The book's name. */
  book: string;
}

export interface PaymentMethodsQuery {
  of: { merchantId: string } | { customerId: string };
  /** null for any. */
  ids: readonly string[] | null;
  /** A seq: of the event that created the payment method. */
  after: number | null;
  limit: number;
}

export interface BalanceTransactionsQuery {
  of: { merchantId: string } | { paymentIntentId: string };
  after: BalanceCursor | null;
  order: SeqRange['order'];
  limit: number;
  changesOnly: boolean;
}

export interface BalanceTransactionKey {
  id: string;
  merchantId: string;
  /** '' for whichever it is. */
  currency: string;
}

/** The seqs are those of the events that created the intents. */
export interface PaymentIntentsQuery extends SeqRange {
  /** null in each: any. */
  merchant: string | null;
  customer: string | null;
  /** None: any. */
  states: readonly IntentState[];
  reference: string | null;
  currency: string | null;
  /** All of these entries. */
  metadata: Readonly<Record<string, string>>;
  /** Only those with an `attention` that is not empty. */
  onlyAttention: boolean;
  /** Inclusive. */
  createdFromUs: number | null;
  /** Exclusive. */
  createdUntilUs: number | null;
  limit: number;
}

export interface TimelineQuery {
  /** A seq. */
  after: number | null;
  limit: number;
}

export interface TimelineRow {
  seq: number;
  bookedUs: number;
  change: IntentChange;
  /** '' where no command of its own led to the event. */
  commandId: string;
}

/** Where a book lives. Every query of a book's data is held to both. */
export interface Scope {
  shard: number;
  /** The book's number. */
  book: number;
}

/** An answer, and the seq of the shard up to which it reflects everything. */
export interface Seen<T> {
  asOfSeq: number;
  value: T;
}

export type AccountRef = { id: string } | { code: string };

export interface AssetRow {
  code: string;
  scale: number;
  name: string;
  iso: boolean;
}

export interface BookRow {
  name: string;
  shard: number;
  description: string;
  createdUs: number;
}

/** Minor units. */
export interface Counters {
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
}

export interface AccountRow extends Counters {
  id: string;
  code: string;
  asset: string;
  /** 1 debit, 2 credit. */
  normalSide: number;
  /** In the order of LIMIT_ORDER; null for none. */
  limits: (bigint | null)[];
  metadata: Record<string, string>;
  openedUs: number;
  /** null while open. */
  closedUs: number | null;
  version: number;
}

export interface AccountsQuery {
  codePrefix: string;
  /** null: any. */
  asset: string | null;
  isClosed: boolean | null;
  /** A code. */
  after: string | null;
  limit: number;
}

export type Moment = { at: 'now' } | { at: 'booked'; upToUs: number } | { at: 'effective'; day: number };

export interface BalanceRow extends Counters {
  id: string;
  code: string;
  asset: string;
  normalSide: number;
  /** 0 if no entry counts, and on the effective axis. */
  version: number;
}

export interface EntriesQuery {
  newestFirst: boolean;
  /** A version. */
  after: number | null;
  limit: number;
}

export interface EntryRow {
  version: number;
  /** '' for an expiry. */
  transactionId: string;
  seq: number;
  posting: number;
  /** 1 debit, 2 credit. */
  side: number;
  /** Numbers of florin.ledger.v1.EntryKind. */
  kind: number;
  amount: bigint;
  pendingChange: bigint;
  postedBalance: bigint;
  availableBalance: bigint;
  bookedUs: number;
  effectiveDay: number;
}

export interface StatementRange {
  axis: 'effective' | 'booked';
  /** Inclusive; null: from the beginning. */
  fromDay: number | null;
  /** Inclusive; null: to the end. */
  toDay: number | null;
}

export interface StatementQuery extends StatementRange {
  /** Day on the asked axis, version and balance of the last line. */
  after: { day: number; version: number; balance: bigint } | null;
  limit: number;
}

export interface StatementHead {
  id: string;
  code: string;
  asset: string;
  /** Of the whole statement, on the normal side. */
  openingBalance: bigint;
}

export interface StatementPage extends StatementHead {
  lines: StatementLineRow[];
  closingBalance: bigint;
}

export interface WholeStatement extends StatementHead {
  chunks: AsyncIterable<{ lines: StatementLineRow[]; totals: StatementTotals | null }>;
}

export interface StatementTotals {
  closingBalance: bigint;
  lineCount: number;
  debits: bigint;
  credits: bigint;
}

export interface StatementLineRow {
  version: number;
  transactionId: string;
  reference: string;
  side: number;
  amount: bigint;
  /** After this line, in the order of the statement. */
  balance: bigint;
  effectiveDay: number;
  bookedUs: number;
  counterAccount: string;
}

export interface TransactionsQuery {
  /** null in each: any. */
  accountId: string | null;
  kind: number | null;
  state: number | null;
  reference: string | null;
  /** Inclusive. */
  bookedFromUs: number | null;
  /** Exclusive. */
  bookedUntilUs: number | null;
  /** A seq. */
  after: number | null;
  limit: number;
}

export interface TransactionRow {
  /** '' for an expiry. */
  id: string;
  /** Numbers of florin.ledger.v1.TransactionKind and TransactionState. */
  kind: number;
  state: number;
  postings: PostingRow[];
  /** '' where it acts on none. */
  targetId: string;
  effectiveDay: number;
  bookedUs: number;
  /** null: never. */
  expiresUs: number | null;
  reference: string;
  metadata: Record<string, string>;
  seq: number;
}

export interface PostingRow {
  debitAccount: string;
  creditAccount: string;
  asset: string;
  amount: bigint;
  postedAmount: bigint;
  reversedAmount: bigint;
}

export interface BlockRow {
  shard: number;
  height: number;
  epoch: number;
  firstSeq: number;
  eventCount: number;
  blockTimeUs: number;
  prevHash: Uint8Array;
  hash: Uint8Array;
  bodyBytes: number;
}

export interface CheckpointRow {
  number: number;
  createdUs: number;
  prevHash: Uint8Array;
  tips: { shard: number; height: number; hash: Uint8Array }[];
  hash: Uint8Array;
  signature: Uint8Array;
  publicKey: Uint8Array;
}
