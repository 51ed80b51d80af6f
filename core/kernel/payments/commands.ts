import type { Uuid } from '../ledger/commands.ts';
import type { DeclineCode } from './declines.ts';
import type { ApiKey, IdempotencyRecord, PaymentLink } from './edgeModel.ts';
import type { Method, MethodType, Mode, RefundReason, Routing, Terms } from './model.ts';
import type { WebhookAttempt, WebhookEndpoint } from './webhookModel.ts';
import type { RequestOrigin, ToldPlace } from './told.ts';

/** Every command carries an id that is its idempotency key, in the one scope of its book. */
interface Command {
  id: Uuid;
  /** The request of a merchant that led to it: it says who asks, and is no fact. Absent: none, or nobody said so. */
  origin?: RequestOrigin | undefined;
}

/** A caller's command on an intent. */
interface OnIntent extends Command {
  intent: Uuid;
  /** Whose it must be: another merchant's is as good as none. It says who asks, and is no fact. Absent: whoever's. */
  merchant?: Uuid | undefined;
}

/** The id is the merchant's. */
export interface CreateMerchant extends Command, Terms {
  op: 'createMerchant';
  name: string;
  country: string;
  mode: Mode;
  routing: Routing;
}

/** Changes a merchant; null leaves a part as it is. Terms that change are those of payments created from then on. */
export interface UpdateMerchant extends Command {
  op: 'updateMerchant';
  merchant: Uuid;
  name: string | null;
  fees: Terms['fees'] | null;
  tax: Pick<Terms, 'taxPpm' | 'taxJurisdiction'> | null;
  feesReturned: boolean | null;
  settlementDays: number | null;
  reserve: Terms['reserve'] | null;
  routing: Routing | null;
}

/** The id is the customer's. */
export interface CreateCustomer extends Command {
  op: 'createCustomer';
  merchant: Uuid;
  name: string;
  email: string;
  description: string;
  reference: string;
  metadata: Record<string, string>;
}

/** null leaves a field as it is. */
export interface UpdateCustomer extends Command {
  op: 'updateCustomer';
  customer: Uuid;
  name: string | null;
  email: string | null;
  description: string | null;
  reference: string | null;
  metadata: Record<string, string> | null;
}

export type CustomerCommand = CreateCustomer | UpdateCustomer;

/** The id is the payment method's. */
export interface CreatePaymentMethod extends Command {
  op: 'createPaymentMethod';
  merchant: Uuid;
  /** Attached to it at once. */
  customer?: Uuid | undefined;
  type: MethodType;
  token: string;
  billingCountry: string;
  metadata: Record<string, string>;
}

export interface AttachPaymentMethod extends Command {
  op: 'attachPaymentMethod';
  paymentMethod: Uuid;
  customer: Uuid;
}

export interface DetachPaymentMethod extends Command {
  op: 'detachPaymentMethod';
  paymentMethod: Uuid;
}

export type PaymentMethodCommand = CreatePaymentMethod | AttachPaymentMethod | DetachPaymentMethod;

/** The id is the intent's. */
export interface CreateIntent extends Command {
  op: 'createIntent';
  merchant: Uuid;
  /** Who pays, where the merchant knows them. */
  customer?: Uuid | undefined;
  amount: bigint;
  currency: string;
  capture: 'automatic' | 'manual';
  method: Method | null;
  /** A stored method in place of `method`. */
  paymentMethod?: Uuid | undefined;
  reference: string;
  description: string;
  statementDescriptor: string;
  returnUrl: string;
  metadata: Record<string, string>;
  expiresAfterSeconds: number;
  /** A part that an issuer approves is taken for the whole. */
  acceptsPartial?: boolean;
  /** Confirms at once; only with a method. */
  confirm: boolean;
}

export interface ConfirmIntent extends OnIntent {
  op: 'confirmIntent';
  /** null: the one that the intent has. */
  method: Method | null;
  /** A stored method in place of `method`. */
  paymentMethod?: Uuid | undefined;
  /** Where the payer is sent back to. Absent leaves it as it is. */
  returnUrl?: string | undefined;
  /** The query string that the payer's browser brought back to the return address. */
  redirectResult?: string | undefined;
}

/** The id is the capture's. */
export interface CaptureIntent extends OnIntent {
  op: 'captureIntent';
  /** null: all that is authorised and not captured. */
  amount: bigint | null;
  /** No other capture follows: the rest of the authorisation is released. */
  final: boolean;
}

export interface CancelIntent extends OnIntent {
  op: 'cancelIntent';
  reason: CancelReason;
}

export type CancelReason = 'requested' | 'abandoned' | 'duplicate' | 'fraudulent';

/** The id is the refund's. */
export interface RefundIntent extends OnIntent {
  op: 'refundIntent';
  /** null: all that is captured and not refunded. */
  amount: bigint | null;
  /** Absent, or empty, where nothing is said. */
  reason?: RefundReason | undefined;
  reference?: string | undefined;
  metadata?: Record<string, string> | undefined;
}

/** Changes what is said of a refund, however it stands. */
export interface UpdateRefund extends OnIntent {
  op: 'updateRefund';
  /** The id of the refund's own command. */
  refund: Uuid;
  metadata: Record<string, string>;
}

/** Changes what is to be paid, before any provider was asked. null leaves a field as it is. */
export interface UpdateIntent extends OnIntent {
  op: 'updateIntent';
  /** Absent leaves it too. */
  customer?: Uuid | undefined;
  amount: bigint | null;
  method: Method | null;
  /** A stored method in place of `method`. */
  paymentMethod?: Uuid | undefined;
  reference: string | null;
  description: string | null;
  /** Absent leaves it too. */
  returnUrl?: string | undefined;
  metadata: Record<string, string> | null;
}

/** Raises what is authorised by an amount. The id is the increment's. */
export interface IncrementIntent extends OnIntent {
  op: 'incrementIntent';
  amount: bigint;
}

/** How an operator settles what no process can. */
export type Verdict =
  /** Asks the provider about it now. */
  | 'ask_again'
  /** Proven by hand: the provider did what was asked. */
  | 'done'
  /** Proven by hand: the provider did not do it. */
  | 'not_done'
  /** What the provider really did stands, and is booked. */
  | 'accept'
  /** What the provider really did is undone: money goes back, an authorisation is let go of. */
  | 'send_back';

/** An operator decides about an operation that has attention, or whose payment has. */
export interface SettleOperation extends Command {
  op: 'settleOperation';
  intent: Uuid;
  operation: Uuid;
  verdict: Verdict;
  /** What the verdict rests on, for people: at most 256 characters. */
  note: string;
}

/** The id is the key's. */
export interface CreateApiKey
  extends
    Command,
    Pick<ApiKey, 'merchant' | 'mode' | 'kind' | 'scopes' | 'name' | 'secretSha256' | 'secretSuffix'> {
  op: 'createApiKey';
}

export interface RevokeApiKey extends Command {
  op: 'revokeApiKey';
  apiKey: Uuid;
  /** Whose it must be; absent: whoever's. */
  merchant?: Uuid | undefined;
  /** For how long it is still good. */
  afterSeconds: number;
}

export type ApiKeyCommand = CreateApiKey | RevokeApiKey;

/** The id is the link's. */
export interface CreatePaymentLink
  extends
    Command,
    Pick<PaymentLink, 'merchant' | 'mode' | 'amount' | 'currency' | 'description' | 'metadata'> {
  op: 'createPaymentLink';
}

/** null leaves a field as it is. */
export interface UpdatePaymentLink extends Command {
  op: 'updatePaymentLink';
  paymentLink: Uuid;
  /** Whose it must be; absent: whoever's. */
  merchant?: Uuid | undefined;
  state: PaymentLink['state'] | null;
  metadata: Record<string, string> | null;
}

export type PaymentLinkCommand = CreatePaymentLink | UpdatePaymentLink;

/** The id is the endpoint's. */
export interface CreateWebhookEndpoint
  extends
    Command,
    Pick<WebhookEndpoint, 'url' | 'mode' | 'events' | 'description' | 'metadata' | 'apiVersion'> {
  op: 'createWebhookEndpoint';
  merchant: Uuid;
}

interface OnWebhookEndpoint extends Command {
  merchant: Uuid;
  endpoint: Uuid;
}

/** null leaves a field as it is. */
export interface UpdateWebhookEndpoint extends OnWebhookEndpoint {
  op: 'updateWebhookEndpoint';
  url: string | null;
  events: readonly string[] | null;
  description: string | null;
  metadata: Record<string, string> | null;
  state: WebhookEndpoint['state'] | null;
}

export interface RotateWebhookSecret extends OnWebhookEndpoint {
  op: 'rotateWebhookSecret';
  /** For how long the secret of before signs too. */
  oldForSeconds: number;
}

export interface TestWebhookEndpoint extends OnWebhookEndpoint {
  op: 'testWebhookEndpoint';
}

export interface DeleteWebhookEndpoint extends OnWebhookEndpoint {
  op: 'deleteWebhookEndpoint';
}

/** Whoever delivers has given it up. */
export interface DisableWebhookEndpoint extends OnWebhookEndpoint {
  op: 'disableWebhookEndpoint';
  reason: string;
  /** The endpoint's, as it was tried: one that was changed since then is somebody's care again, and stays as it is. */
  version: number;
}

export type WebhookEndpointCommand =
  | CreateWebhookEndpoint
  | UpdateWebhookEndpoint
  | RotateWebhookSecret
  | TestWebhookEndpoint
  | DeleteWebhookEndpoint
  | DisableWebhookEndpoint;

/** Tells an endpoint events of its merchant once more. */
export interface ResendEvents extends OnWebhookEndpoint {
  op: 'resendEvents';
  events: readonly Pick<ToldPlace, 'seq' | 'index'>[];
}

/** Keeps what came of attempts to tell endpoints. */
export interface LogWebhookAttempts extends Command {
  op: 'logWebhookAttempts';
  attempts: readonly (WebhookAttempt & {
    /** What the receiver asked for; null for nothing. */
    retryAfterMs: number | null;
  })[];
}

export type WebhookCommand = WebhookEndpointCommand | ResendEvents | LogWebhookAttempts;

/** Keeps what was answered to a request under the id of its record: the first answer that is saved is the answer. */
export interface SaveIdempotencyRecord extends Command {
  op: 'saveIdempotencyRecord';
  record: IdempotencyRecord;
}

/** What callers may ask for. */
export type PaymentRequest =
  | SaveIdempotencyRecord
  | ApiKeyCommand
  | PaymentLinkCommand
  | WebhookCommand
  | CreateMerchant
  | UpdateMerchant
  | CustomerCommand
  | PaymentMethodCommand
  | CreateIntent
  | ConfirmIntent
  | CaptureIntent
  | CancelIntent
  | RefundIntent
  | UpdateRefund
  | SettleOperation
  | IncrementIntent
  | UpdateIntent;

/** What came of a call to a provider, or of a question about one. The id derives from the operation and the try. */
export interface RecordOutcome extends Command {
  op: 'recordOutcome';
  intent: Uuid;
  operation: Uuid;
  outcome: Outcome;
  /** Of an outcome that an event proves: when that happened, by the provider's clock. */
  eventUs?: number;
}

export type Outcome =
  | {
      done: 'succeeded';
      /** What the provider says, minor units. */
      amount: bigint;
      currency: string;
      providerReference: string;
      cost: bigint;
      /** Microseconds; Infinity where it does not lapse. */
      expiresAtUs: number;
      /** The issuer approved a part only, and the provider says so. */
      isPartial?: boolean;
    }
  | { done: 'requires_action'; providerReference: string; url: string }
  | { done: 'accepted'; providerReference: string }
  | { done: 'declined'; code: DeclineCode; providerCode: string; providerReference: string }
  | { done: 'not_sent'; why: string }
  | { done: 'unknown'; why: string }
  /** Asked by our reference: the provider does not know it yet, which proves nothing before its window of consistency is over. */
  | { done: 'not_yet'; untilUs: number }
  /** Asked by our reference after the provider's window of consistency: it knows no such operation. */
  | { done: 'not_found' };

export type Success = Extract<Outcome, { done: 'succeeded' }>;

/**
 * A provider told something by itself. It is a reason to ask, and moves nothing where the provider can be asked: events
 * come late, twice and out of order. The id derives from the operation and the provider's key of the event, so a second delivery changes nothing.
 */
export interface RecordEvent extends Command {
  op: 'recordEvent';
  intent: Uuid;
  /** '' where the provider names its own reference of the payment only. */
  operation: Uuid | '';
  /** The provider's reference of the payment. */
  payment: string;
  /** Who told it: one provider's key says nothing of what was asked of another. */
  provider: string;
  /** What the provider says has happened. */
  kind: EventKind;
  /** When, by the provider's clock, microseconds. */
  occurredUs: number;
  /** Of a provider that cannot be asked: its event is all the proof there is. null: it is a reason to ask. */
  proof: Outcome | null;
  /** Of a dispute, of a refund, or of money that a bank called back; null where the event tells no amount. */
  moved: MovedByOthers | null;
}

/** Money that left without anybody here asking for it, or came back. */
export interface MovedByOthers {
  /** The provider's reference of the dispute or the refund; of a debit that was returned its own. At most 255 characters. */
  reference: string;
  /** Minor units, above 0. */
  amount: bigint;
  /** ISO 4217 code. */
  currency: string;
  /** What the provider takes for it, minor units of the payment's currency. */
  cost: bigint;
}

export type EventKind =
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

/** A moment has come: expiry of the intent, money that becomes available. The id derives from intent and version. */
export interface AdvanceIntent extends Command {
  op: 'advanceIntent';
  intent: Uuid;
}

export type PaymentCommand = PaymentRequest | RecordOutcome | RecordEvent | AdvanceIntent;
