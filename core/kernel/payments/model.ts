import type { Uuid } from '../ledger/commands.ts';
import type { DeclineCode } from './declines.ts';
import type { WebhookEndpoint } from './webhookModel.ts';

/** How money comes. What a method can do differs by the provider's capability table, not by code in here. */
export type MethodType = 'card' | 'wallet' | 'bank_debit' | 'credit_transfer' | 'redirect' | 'voucher';

export type IntentState =
  /** Waits for a method: at first, and after every route has declined. */
  | 'requires_payment_method'
  /** Has a method; nothing was asked of a provider yet. */
  | 'requires_confirmation'
  /** The payer has to do something: 3DS, a redirect. */
  | 'requires_action'
  /** A provider is being asked, or its answer is unknown. */
  | 'processing'
  /** Authorised; nothing captured. */
  | 'requires_capture'
  /** Some is captured and more may follow. */
  | 'partially_captured'
  /** All that will be captured is. */
  | 'succeeded'
  | 'canceled'
  | 'expired'
  /** What the provider says contradicts what was asked, or another proof: an operator decides. */
  | 'conflicted';

export type AttemptState =
  | 'authorizing'
  | 'requires_action'
  | 'unknown'
  | 'authorized'
  | 'captured'
  | 'declined'
  | 'failed'
  | 'not_sent'
  | 'voided'
  | 'expired'
  /** It was done, and none of its money is left: the payer's bank called it back, or it came too late and was sent back. */
  | 'returned'
  | 'conflicted';

/** What is asked of a provider. A sale is an authorisation and its capture in one call. */
export type OperationKind = 'authorize' | 'sale' | 'increment' | 'capture' | 'void' | 'refund';

export type OperationState =
  /** Journalled, and the call is made or about to be. */
  | 'pending'
  /** Taken in by the provider; the outcome comes later. */
  | 'accepted'
  | 'requires_action'
  /** Nobody knows whether it was done. */
  | 'unknown'
  | 'succeeded'
  /** Proven: it was not done. */
  | 'failed'
  /** Proven: it never reached the provider. */
  | 'not_sent'
  | 'canceled';

/** One thing asked of a provider, under one key for ever. */
export interface Operation {
  /** Our reference and the provider's idempotency key: no other book has the same. */
  id: Uuid;
  /**
   * The id of the caller's command that asked for it: the capture's, the refund's, of an authorisation or a sale the
   * confirmation's. '' where none did, as of the next route of an attempt; of authorisations and sales of earlier releases, too.
   */
  request: Uuid | '';
  kind: OperationKind;
  state: OperationState;
  /** Index of the attempt that it belongs to. */
  attempt: number;
  /** Minor units, above 0. */
  amount: bigint;
  /** ISO 4217 code: the intent's, but of money that came in another one and goes back. */
  currency: string;
  /** Of a capture: no other follows. */
  final: boolean;
  /** '' until the provider told one. */
  providerReference: string;
  decline: DeclineCode | '';
  /** The provider's own code, or what went wrong, for people. */
  detail: string;
  /** Block time of the event that asked for it first, microseconds. */
  askedUs: number;
  /** The same of the try that is under way. */
  startedUs: number;
  /** What the payer's browser brought back, while the provider is to be told; absent where there is nothing to tell. */
  redirectResult?: string;
  /** What came of this try so far, of its call and of questions about it. */
  tries: number;
  /** How often in a row the provider did not answer: the schedule of questions counts these alone. */
  silent: number;
  /** How often it was sent again under its key; absent for never, and from events of earlier releases. */
  resent?: number;
  /** When this try was first unknown, so that its call is over by then; 0 where it was not. */
  unknownUs: number;
  /** When something is to be done about it; Infinity where nothing is. */
  dueUs: number;
  /** The provider's own moment of the event that proved it, microseconds; 0 where none did. */
  eventUs: number;
  /** Of a refund: how much of it was taken from the payment's own pending money; the rest came from `source`. */
  fromPending: bigint;
  /** When the last of that would have become available, microseconds. Absent where none was taken, and from events of earlier releases. */
  fromPendingUntilUs?: number;
  /** Whose money a refund, a capture or a sale is: the merchant's, or such as came late and belongs to nobody here. */
  source: 'available' | 'unapplied';
  /** What the provider says it did, where that is not what was asked or not what was proven before; else null. */
  said: Said | null;
  /** An operator has to decide about it: why, or ''. */
  attention: string;
  /**
   * A refund that somebody made at the provider's own pages. It is never called or asked about, as the provider does not
   * know our reference: its events are all the proof there is. Absent where Florin asked for it.
   */
  foreign?: true;
  /** What the provider has taken for it, as far as it is booked, minor units; below 0 what it gave. Absent for nothing. */
  cost?: bigint;
  /** Of a refund: what its caller says of it. Absent where nothing was said. */
  reason?: RefundReason;
  /** At most 256 characters. */
  reference?: string;
  metadata?: Entries;
  /** The version of its payment after the event that changed it last: what the event says of the payment. */
  changedIn: number;
}

/** Metadata as events have it. */
export type Entries = readonly (readonly [string, string])[];

export type RefundReason = 'requested_by_customer' | 'duplicate' | 'fraudulent';

/** How a payer contests a payment, as far as money is concerned. */
export type DisputeState = 'open' | 'won' | 'lost';

/** Money that the payer's bank has called back. */
export interface Dispute {
  /** The provider's reference of it. */
  id: string;
  /** The operation that the provider named. */
  operation: Uuid;
  /** Minor units of the payment's currency, above 0. */
  amount: bigint;
  state: DisputeState;
  /** The provider's moments of its opening, and of the last change. */
  openedUs: number;
  changedUs: number;
  /** What it contests came late and belongs to nobody here. Absent where it is the merchant's. */
  source?: 'unapplied';
  /** The version of its payment after the event that changed it last. */
  changedIn: number;
}

/** What a provider says it did. */
export interface Said {
  /** Minor units; 0 where it says that it did not do it. */
  amount: bigint;
  /** ISO 4217 code. */
  currency: string;
  /** What it takes for it, minor units. */
  cost: bigint;
}

/** One route that was tried. */
export interface Attempt {
  state: AttemptState;
  provider: string;
  method: Method;
  /** The authorisation or sale. */
  operation: Uuid;
  /** Why this provider: candidates with features and scores, and what was left out for which reason. */
  route: RouteExplanation;
  providerReference: string;
  /** When the authorisation lapses, microseconds; Infinity for never or none. */
  expiresAtUs: number;
  actionUrl: string;
}

export interface RouteExplanation {
  /** 'only', 'score', 'order', 'expected_value', 'split' or 'explore'. */
  strategy: string;
  /** Best first where the strategy puts them in order, else as the rule names them. */
  candidates: RouteCandidate[];
  excluded: { provider: string; why: string }[];
  /** The number that was drawn, 0 to 999999, where chance had a say. */
  drawPpm?: number;
  /** Whether the provider moved real money when it was chosen; absent: not. */
  live?: true;
}

export interface RouteCandidate {
  provider: string;
  /** 0 to 1, to four digits; the features that it is made of likewise. */
  score: number;
  authRate: number;
  cost: number;
  latency: number;
  reliability: number;
  /** What the provider would take, by its fee table: minor units and parts of them. Absent from events of earlier releases. */
  fee?: number;
  /** First attempts that the auth rate rests on, besides the prior. Absent from events of earlier releases. */
  sample?: number;
}

/** A token in place of a method: never a card number. */
export interface Method {
  type: MethodType;
  /** At most 255 characters, printable ASCII. */
  token: string;
  /** Of the stored method that it was taken from. Absent where the call itself said it. */
  id?: Uuid;
}

/** A payer whom a merchant knows. */
export interface Customer {
  id: Uuid;
  seq: number;
  book: number;
  merchant: Uuid;
  name: string;
  email: string;
  description: string;
  /** The caller's, at most 256 characters. */
  reference: string;
  metadata: Record<string, string>;
  createdUs: number;
  version: number;
  lastSeq: number;
}

export type StoredMethodState =
  /** Of no customer: for every payment of its merchant. */
  | 'unattached'
  /** For payments of its customer only. */
  | 'attached'
  /** For no payment any more. */
  | 'detached';

/** A method that a merchant keeps for payments to come. */
export interface StoredMethod {
  id: Uuid;
  seq: number;
  book: number;
  merchant: Uuid;
  /** Whose it is, or was before it was detached; null of one that never was anybody's. */
  customer: Uuid | null;
  state: StoredMethodState;
  type: MethodType;
  token: string;
  /** ISO 3166 alpha-2, or ''. */
  billingCountry: string;
  metadata: Record<string, string>;
  createdUs: number;
  version: number;
  lastSeq: number;
}

/** Sums of an intent, minor units. They change in the block of the postings that they speak of. */
export interface Counters {
  authorized: bigint;
  captured: bigint;
  /** Captures, and sales, that are pending or unknown. */
  capturing: bigint;
  refunded: bigint;
  /** Refunds that are pending or unknown. */
  refunding: bigint;
  /** Fees and the tax on them that are posted. */
  fees: bigint;
  tax: bigint;
  /** What of this payment's money still stands on the merchant's pending account. */
  pending: bigint;
  /** What the authorisation still has open in the memo accounts. */
  memo: bigint;
  /** Money that came when it was not wanted any more, and is not sent back yet. */
  unapplied: bigint;
  /** What was captured and the provider, or the payer's bank, took back afterwards; `captured` is without it. */
  returned: bigint;
  /** What disputes that are open or lost have taken from the merchant. */
  disputed: bigint;
  /** What of this payment's money is kept back: the sum of `reserves`. */
  reserve: bigint;
}

/** Money of a payment that becomes available on a day of its own. */
export interface Maturing {
  /** Minor units, above 0. */
  amount: bigint;
  /** When it becomes available, microseconds. */
  atUs: number;
}

/** Money of a payment that is kept back for a while. */
export interface Reserved {
  /** Minor units, above 0. */
  amount: bigint;
  /** When it is released, microseconds. */
  untilUs: number;
}

export interface Intent {
  id: Uuid;
  /** The event that created it; its key in memory and in the read models. */
  seq: number;
  book: number;
  merchant: Uuid;
  /** The terms of its merchant that it was created under, and by which all of its money is reckoned. */
  termsNumber: number;
  /** Who pays, where the merchant knows them. */
  customer: Uuid | null;
  amount: bigint;
  /** ISO 4217 code. */
  currency: string;
  capture: 'automatic' | 'manual';
  /** A part that an issuer approves is taken for the whole; otherwise it is as good as a decline. */
  acceptsPartial: boolean;
  method: Method | null;
  /** The caller's, at most 256 characters. */
  reference: string;
  description: string;
  statementDescriptor: string;
  returnUrl: string;
  metadata: Record<string, string>;
  createdUs: number;
  /** When it expires if nothing is captured by then, microseconds. */
  expiresAtUs: number;
  state: IntentState;
  /** Events so far. */
  version: number;
  /** Why it was canceled: 'requested', 'abandoned', 'duplicate', 'fraudulent', or ''. */
  cancelReason: string;
  /** A cancel was asked for while something was open: nothing new is begun. */
  canceling: boolean;
  counters: Counters;
  attempts: Attempt[];
  /** In the order in which they were asked for. */
  operations: Operation[];
  /** In the order in which they were told. */
  disputes: Dispute[];
  /** When what is pending becomes available, microseconds; Infinity where nothing is pending. */
  availableAtUs: number;
  /** Of what is pending, the parts that become available after that, in their order. */
  later: readonly Maturing[];
  /** What is kept back: one for each time that money became available, until it is released. */
  reserves: readonly Reserved[];
  /** An operator has to look at it: why, or ''. The attention of the operation that was raised last. */
  attention: string;
  /** The last event that changed it. */
  lastSeq: number;
}

/** How a merchant is charged for captures, by method. Parts per million; amounts in minor units. */
export interface FeeRule {
  /** '' for every method that has no rule of its own. */
  method: MethodType | '';
  currency: string;
  ppm: number;
  fixed: bigint;
  /** The most that is charged for a payment; null for no cap. */
  cap: bigint | null;
}

export interface RoutingRule {
  /** '' matches everything. */
  currency: string;
  method: MethodType | '';
  /** The merchant's, ISO 3166 alpha-2. Absent: any. */
  country?: string;
  /** Of the card, as the token tells it. Absent: any, and one that is not known. */
  brand?: string;
  amountMin: bigint;
  /** 0: no bound. */
  amountMax: bigint;
  /** Tried in this order of preference, or scored among each other, see `strategy`. */
  providers: string[];
}

export interface Routing {
  strategy: RoutingStrategy;
  rules: RoutingRule[];
  /** Routes that a payment may try, 1 to 10. */
  attemptsMax: number;
  /** Absent: WEIGHTS_DEFAULT. */
  weights?: RoutingWeights;
  /** Of a split: each provider's part of the payments, parts per million, 1000000 together. */
  shares?: { provider: string; ppm: number }[];
  /** Absent: nothing is tried out. */
  exploration?: Exploration;
}

export type RoutingStrategy =
  /** By the weighted sum of authorisation rate, cost, latency and reliability. */
  | 'score'
  /** As the rule names them. */
  | 'order'
  /** By authorisation rate x (amount - fee). */
  | 'expected_value'
  /** By lot, in fixed shares. */
  | 'split';

/** How much each term of a score counts, parts per million, 1000000 together: so a score lies between 0 and 1. */
export interface RoutingWeights {
  authRatePpm: number;
  costPpm: number;
  latencyPpm: number;
  reliabilityPpm: number;
}

export const WEIGHTS_DEFAULT: Readonly<RoutingWeights> = {
  authRatePpm: 400_000,
  costPpm: 200_000,
  latencyPpm: 200_000,
  reliabilityPpm: 200_000,
};

/** The part of first attempts that goes to providers of which too little is known to judge them. */
export interface Exploration {
  /** Parts per million, above 0. */
  sharePpm: number;
  /** First attempts in the window below which too little is known. */
  sampleMin: number;
}

/** What is agreed with a merchant about money. A payment keeps those that it was created under. */
export interface Terms {
  fees: FeeRule[];
  /** Tax on fees, parts per million. */
  taxPpm: number;
  /** Where the tax is owed: the name in `tax:{jurisdiction}`. */
  taxJurisdiction: string;
  /** Whether a refund gives back its share of the fees. */
  feesReturned: boolean;
  /** Business days after a capture at which its money becomes available. */
  settlementDays: number;
  reserve: Reserve;
}

/** The part of money that is kept back when it would become available. */
export interface Reserve {
  /** Parts per million; 0 for no reserve. */
  ppm: number;
  /** Days for which it is kept; 0 where there is none. */
  days: number;
}

export const NO_RESERVE: Readonly<Reserve> = { ppm: 0, days: 0 };

/** Only what simulates, or real money. */
export type Mode = 'test' | 'live';

export interface Merchant {
  id: Uuid;
  seq: number;
  book: number;
  name: string;
  /** ISO 3166 alpha-2. */
  country: string;
  /** Whether real money moves: providers, keys and webhook endpoints of it are of the same mode. */
  mode: Mode;
  /** How providers are chosen from now on, whenever a payment was created. */
  routing: Routing;
  /** Every one that was ever agreed, by its number less 1; the last is that of new payments. */
  terms: Terms[];
  /** In the order of their numbers; without those that were deleted. */
  webhooks: readonly WebhookEndpoint[];
  /** The highest number that a webhook endpoint of it ever had. */
  webhookNumbers: number;
  /** Events so far. */
  version: number;
  lastSeq: number;
}
