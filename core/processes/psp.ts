import type { Uuid } from '../kernel/ledger/commands.ts';
import type { DeclineCode } from '../kernel/payments/declines.ts';
import type { MethodType, OperationKind } from '../kernel/payments/model.ts';

/** What the port speaks of: an adapter imports this file and nothing of the core besides. */
export type { DeclineCode, MethodType, OperationKind, Uuid };

/**
 * The port that every payment provider's adapter implements, see adapters/psp/README.md. An adapter translates: it keeps no
 * state, decides nothing about a payment, and never throws for what a provider did. Every call is given a deadline and
 * ends in one of the outcomes below, by proof and not by guess.
 */
export interface PspAdapter {
  /** Stable name, a-z, 0-9 and "_", at most 32 characters: it stands in account codes (`psp_receivable:{name}`). */
  readonly name: string;
  readonly capabilities: PspCapabilities;
  /** The card's brand where the token itself tells it: "visa", a-z, 0-9 and "_". No I/O; '' where it does not. */
  brandOf?(token: string): string;
  /** Asks for an authorisation, or with `capture` for a sale: authorisation and capture in one. */
  authorize(call: AuthorizeCall, context: CallContext): Promise<PspOutcome>;
  /** Goes on after the payer did what was asked for (3DS, redirect). */
  continue(call: ContinueCall, context: CallContext): Promise<PspOutcome>;
  /** Raises an open authorisation by `amount`. */
  increment(call: FollowUpCall, context: CallContext): Promise<PspOutcome>;
  capture(call: CaptureCall, context: CallContext): Promise<PspOutcome>;
  void(call: FollowUpCall, context: CallContext): Promise<PspOutcome>;
  refund(call: FollowUpCall, context: CallContext): Promise<PspOutcome>;
  /**
   * What became of an operation, by *our* reference: the way out of unknown. `not_found` where the provider knows no
   * such operation; it proves nothing before `capabilities.consistencyMs` has passed since the call.
   */
  query(call: QueryCall, context: CallContext): Promise<QueryOutcome>;
  /** Whether the raw body of a webhook is the provider's own: signature, tolerance of time. No I/O. */
  verifyWebhook(webhook: RawWebhook, nowMs: number): boolean;
  /** What a verified webhook tells. Throws `UnreadableWebhook` where the body, or an event in it, is none of this provider. */
  parseWebhook(webhook: RawWebhook): PspEvent[];
  /**
   * What has happened at the provider behind a cursor, a page of it: how an event is learnt whose webhook was lost. The same
   * keys and facts as its webhooks tell. Absent where there is no such list: `capabilities.events` is null then.
   */
  listEvents?(call: ListEventsCall, context: CallContext): Promise<ListEventsOutcome>;
  /**
   * What the provider reckons that it owes us, or we owe it, of what it did on a day: a page of its report. Absent where it has
   * none that can be asked for: `capabilities.settlementReport` is false then.
   */
  settlement?(call: SettlementCall, context: CallContext): Promise<SettlementOutcome>;
}

/** What a provider can do, as data: the kernel and the routing look here and never at the provider's name. */
export interface PspCapabilities {
  /** Whether it moves real money: it gets payments of live merchants and no others. */
  readonly live: boolean;
  readonly methods: readonly MethodType[];
  /** ISO 4217 codes that it takes. */
  readonly currencies: readonly string[];
  /** Smallest amount of a payment by currency, minor units as ISO 4217 counts them; 1 where absent. */
  readonly minimum: Readonly<Record<string, bigint>>;
  /** Largest amount of a payment, minor units. */
  readonly maximum: bigint;
  readonly partialCapture: boolean;
  readonly multipleCaptures: boolean;
  readonly increment: boolean;
  readonly partialRefund: boolean;
  readonly sale: boolean;
  /** How long an authorisation stands, seconds. */
  readonly authorizationSeconds: number;
  /** How long the same key gives the same answer, seconds: within it a call may be sent again. */
  readonly keySeconds: number;
  /** How long after a call "not found" may still be wrong, milliseconds. */
  readonly consistencyMs: number;
  /** It cannot be asked what became of what it has taken in: its events are the only proof there is. */
  readonly provenByEvents: boolean;
  /** Its list of what has happened; null where it has none, and what a lost webhook would have told stays unknown. */
  readonly events: EventListing | null;
  /** Whether it can be asked for the movements of money of a day. */
  readonly settlementReport: boolean;
}

export interface EventListing {
  /** How far back it goes, seconds. */
  readonly keptSeconds: number;
  /** How long after it has happened an event may come to be listed, among others that were listed before; milliseconds. */
  readonly lateMs: number;
}

export interface CallContext {
  /** After so many milliseconds the call is cut off; what was on its way is unknown then. 100 to 60000. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

export interface Money {
  /** Minor units as ISO 4217 counts them (the adapter converts to the provider's own exponent); above 0. */
  readonly amount: bigint;
  /** ISO 4217 code. */
  readonly currency: string;
}

interface Call {
  /** Our reference and idempotency key for this operation: the same for each try of it, never used for another. */
  readonly operation: Uuid;
}

export interface AuthorizeCall extends Call, Money {
  /** A token of the provider or of the vault; never a card number. */
  readonly token: string;
  readonly method: MethodType;
  /** A sale: authorise and capture at once. */
  readonly capture: boolean;
  /** Where the payer is sent back to after a redirect; '' for none. */
  readonly returnUrl: string;
  /** The reference that the payer's statement shows, at most 22 characters; '' for the merchant's default. */
  readonly statementDescriptor: string;
  /** The payment's id, for people who look at the provider's pages. */
  readonly payment: Uuid;
}

export interface ContinueCall extends Call {
  readonly providerReference: string;
  /** The query string that the payer's browser brought back to the return address; '' where nothing was told. */
  readonly returned: string;
}

/** Acts on an authorisation (increment, capture, void), or on a capture or sale (refund). */
export interface FollowUpCall extends Call, Money {
  /**
   * Our reference of the authorisation or sale that it acts on. A void or refund of one that the provider does not
   * know is declined with `operation_not_allowed`, and from then on the provider refuses that reference: so an
   * authorisation whose fate is unknown is closed for good.
   */
  readonly target: Uuid;
  /** The provider's reference of the authorisation or sale; '' where the provider has never told it. */
  readonly providerReference: string;
}

export interface CaptureCall extends FollowUpCall {
  /** No further capture follows: the rest is released. */
  readonly final: boolean;
}

export interface QueryCall extends Call {
  readonly kind: OperationKind;
  /** '' where the provider has not told any yet. */
  readonly providerReference: string;
}

export type PspOutcome = Succeeded | ActionRequired | Accepted | Declined | NotSent | Unknown;
export type QueryOutcome = Exclude<PspOutcome, NotSent> | NotFound;

/** Done at the provider. The amount and currency are what the *provider* says, for the comparison with ours. */
export interface Succeeded extends Money {
  readonly done: 'succeeded';
  /** The provider's reference: of an authorisation or sale the one that later calls name. */
  readonly providerReference: string;
  /** What the provider takes for it, minor units of the currency; null where it does not say. */
  readonly cost: bigint | null;
  /** Of an authorisation: when it lapses, milliseconds since 1970; null where the provider does not say. */
  readonly expiresAtMs: number | null;
  /** The issuer approved a part only, and the provider says so: the amount is below what was asked, and no mistake. */
  readonly isPartial?: boolean;
}

/** The payer has to do something first. */
export interface ActionRequired {
  readonly done: 'requires_action';
  readonly providerReference: string;
  /** The url is '' where the provider does not tell it again. */
  readonly action: { readonly type: 'redirect'; readonly url: string };
}

/** Taken in; the outcome comes later, by webhook or query (bank debits, refunds that take days). */
export interface Accepted {
  readonly done: 'accepted';
  readonly providerReference: string;
}

/** Proven: it was not done. */
export interface Declined {
  readonly done: 'declined';
  readonly code: DeclineCode;
  /** The provider's own code, for people. At most 64 characters. */
  readonly providerCode: string;
  /** '' where the provider has kept nothing of it. */
  readonly providerReference: string;
}

/** Proven: no byte of the request was written, or the provider documents that this answer means nothing was done. */
export interface NotSent {
  readonly done: 'not_sent';
  /** For people: "connection refused". At most 200 characters, no secret. */
  readonly why: string;
}

/** Anything else: a timeout, a reset after writing, a 5xx, an answer that cannot be read. */
export interface Unknown {
  readonly done: 'unknown';
  readonly why: string;
}

export interface NotFound {
  readonly done: 'not_found';
}

export interface ListEventsCall {
  /** Where the page before ended; '' for as far back as the list goes. */
  readonly cursor: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

export type ListEventsOutcome = Listed | NotSent | Unknown;

/** A page of a list of events. Whoever goes on at its cursor until nothing is behind it has been told of everything. */
export interface Listed {
  readonly done: 'listed';
  /** Of the page those that speak of payments of ours, or may. */
  readonly events: readonly PspEvent[];
  /** Where to go on: 0 to 256 characters. It can be gone back to as long as the list reaches. */
  readonly cursor: string;
  /** Whether something is behind the cursor already. */
  readonly isMore: boolean;
  /** When the newest of the page has happened, by the provider's clock, milliseconds since 1970; null for an empty page. */
  readonly newestMs: number | null;
  /** The provider did not know the cursor any more, so this page is the first one of the list. */
  readonly isAnew: boolean;
  /** What was on the page and is no event of this provider, one line each; what is readable does not wait for it. */
  readonly unreadable: readonly string[];
}

export interface SettlementCall {
  /** "2026-11-27", of the calendar in UTC. */
  readonly day: string;
  /** Where the page before ended; '' for the first one. */
  readonly cursor: string;
}

export type SettlementOutcome = SettlementPage | NotSent | Unknown;

export interface SettlementPage {
  readonly done: 'settlement';
  readonly lines: readonly SettlementLine[];
  readonly cursor: string;
  /** Whether something is behind the cursor. */
  readonly isMore: boolean;
}

/** A movement of money between the provider and us, as the provider reckons it. */
export interface SettlementLine {
  /** What it was, in the provider's own word, for people. At most 64 characters. */
  readonly type: string;
  /** Our reference of the operation, or of the one that the payment began with; '' where the provider does not tell it. */
  readonly operation: Uuid | '';
  /** The provider's reference of the payment; '' where it is of none. */
  readonly providerReference: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** Minor units as ISO 4217 counts them: what it owes us more by that, before its fee; below 0 where that is less. */
  readonly gross: bigint;
  /** What the provider takes for it, minor units of the same currency; below 0 for what it gives back. */
  readonly fee: bigint;
  /** Milliseconds since 1970. */
  readonly occurredAtMs: number;
}

export interface RawWebhook {
  /** Exactly as received. */
  readonly body: Uint8Array;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A fact that a provider tells by itself. Stale or reordered ones make us ask, never move, but where the provider cannot
 * be asked (`capabilities.provenByEvents`).
 */
export interface PspEvent {
  /** Under which a second delivery of the same event is known. At most 128 characters. */
  readonly dedupeKey: string;
  /** Our reference of the operation; '' where the provider does not tell it. */
  readonly operation: Uuid | '';
  /** '' where it has none. */
  readonly providerReference: string;
  readonly kind: PspEventKind;
  /** What the provider claims; null where it tells none. */
  readonly money: Money | null;
  /** Of what was declined or has failed: why. Absent where the provider does not say. */
  readonly declined?: { readonly code: DeclineCode; readonly providerCode: string };
  /** Of a dispute: the provider's own reference of it, the same from its opening to its end. */
  readonly dispute?: string;
  /** Of a refund, done or failed: the provider's own reference of it, by which one is known that nobody here asked for. */
  readonly refund?: string;
  /** What the provider takes for it, minor units of `money`. Absent where it does not say. */
  readonly cost?: bigint;
  /** Milliseconds since 1970. */
  readonly occurredAtMs: number;
}

export type PspEventKind =
  | 'authorized'
  | 'captured'
  | 'capture_failed'
  | 'voided'
  | 'declined'
  | 'refunded'
  | 'refund_failed'
  | 'dispute_opened'
  | 'dispute_won'
  | 'dispute_lost'
  | 'debit_returned'
  /** The payer has done what was asked for (3DS, a redirect), whatever came of it. */
  | 'action_done';

export class UnreadableWebhook extends Error {
  override readonly name = 'UnreadableWebhook';
  /** What of the same webhook can be read: it is kept all the same. */
  readonly others: readonly PspEvent[];

  constructor(message: string, others: readonly PspEvent[] = []) {
    super(message);
    this.others = others;
  }
}
