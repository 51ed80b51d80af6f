import type { Body } from '../ledger/body.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { Fact } from '../ledger/facts.ts';
import { bytesAt } from '../ledger/facts.ts';
import { EventType, PAYMENT } from '../ledger/layout.ts';
import { putWords, uuidAt, wordsOf } from '../ledger/uuid.ts';
import { type ChangeJson, changeOfJson, changeToJson } from './changeJson.ts';
import type { ApiKey, IdempotencyRecord, PaymentLink } from './edgeModel.ts';
import type {
  Attempt,
  Counters,
  Customer,
  Dispute,
  Entries,
  Intent,
  IntentState,
  Maturing,
  Merchant,
  Method,
  Operation,
  Reserved,
  StoredMethod,
  Terms,
} from './model.ts';
import type { WebhookAttempt, WebhookEndpoint } from './webhookModel.ts';
import type { Telling } from './told.ts';

/** Who moved a payment. */
export type Cause = 'caller' | 'provider' | 'timer' | 'operator';

/** An event of what payments are about: what there is *after* it, so that a replay computes nothing. */
export type PaymentChange =
  | MerchantCreated
  | MerchantUpdated
  | CustomerSet
  | PaymentMethodSet
  | IdempotencyRecordSaved
  | ApiKeySet
  | PaymentLinkSet
  | WebhookEndpointSet
  | WebhookLogged
  | IntentChange;

export type IntentChange = IntentCreated | IntentMoved;

/** An attempt as an event shows it: why this provider stands only in the event that began the attempt. */
export type ShownAttempt = Omit<Attempt, 'route'> & Partial<Pick<Attempt, 'route'>>;

export interface MerchantCreated extends MerchantSet {
  name: 'merchant_created';
}

export interface MerchantUpdated extends MerchantSet {
  name: 'merchant_updated';
}

interface MerchantSet {
  by: Cause;
  request: readonly Fact[];
  merchant: Pick<Merchant, 'name' | 'country' | 'routing' | 'version'> & {
    /** Those of payments that are created from now on. */
    terms: Terms;
    termsNumber: number;
    /** Only of the event that creates it; absent: test. */
    mode?: 'live';
  };
}

/** All of the endpoint; an event of its merchant, who has another version after it. */
export interface WebhookEndpointSet extends Telling {
  name:
    | 'webhook_endpoint_created'
    | 'webhook_endpoint_updated'
    | 'webhook_endpoint_disabled'
    | 'webhook_endpoint_tested'
    | 'webhook_endpoint_deleted';
  by: Cause;
  request: readonly Fact[];
  merchantVersion: number;
  endpoint: Omit<WebhookEndpoint, 'metadata'> & { metadata: Entries };
}

/** What became of telling endpoints; it has no other event, and nothing of it is kept in memory. */
export type WebhookLogged = WebhookAttemptsLogged | WebhookResendAsked;

export interface WebhookAttemptsLogged {
  name: 'webhook_attempts_logged';
  by: Cause;
  request: readonly Fact[];
  tries: readonly (WebhookAttempt & {
    /** When it is tried again, microseconds; null for never. */
    nextUs: number | null;
  })[];
}

/** Events are told an endpoint once more, or although it did not want them. */
export interface WebhookResendAsked {
  name: 'webhook_resend_asked';
  by: Cause;
  request: readonly Fact[];
  resend: {
    merchant: Uuid;
    /** The endpoint's number. */
    to: number;
    events: readonly (readonly [seq: number, index: number])[];
  };
}

/** All of the customer. */
export interface CustomerSet extends Telling {
  name: 'customer_created' | 'customer_updated';
  by: Cause;
  request: readonly Fact[];
  customer: Omit<Customer, 'id' | 'seq' | 'book' | 'lastSeq' | 'metadata'> & { metadata: Entries };
}

/** All of the payment method. */
export interface PaymentMethodSet extends Telling {
  name: 'payment_method_created' | 'payment_method_attached' | 'payment_method_detached';
  by: Cause;
  request: readonly Fact[];
  paymentMethod: Omit<StoredMethod, 'id' | 'seq' | 'book' | 'lastSeq' | 'metadata'> & { metadata: Entries };
}

/** All of the key. */
export interface ApiKeySet {
  name: 'api_key_created' | 'api_key_revoked';
  by: Cause;
  request: readonly Fact[];
  apiKey: Omit<ApiKey, 'id' | 'seq' | 'book' | 'lastSeq'>;
}

/** All of the link. */
export interface PaymentLinkSet extends Telling {
  name: 'payment_link_created' | 'payment_link_updated';
  by: Cause;
  request: readonly Fact[];
  paymentLink: Omit<PaymentLink, 'id' | 'seq' | 'book' | 'lastSeq' | 'metadata'> & { metadata: Entries };
}

/** All of the record; it has no other event. */
export interface IdempotencyRecordSaved {
  name: 'idempotency_record_saved';
  by: Cause;
  request: readonly Fact[];
  record: IdempotencyRecord;
}

export interface IntentCreated extends Telling {
  name: 'intent_created';
  by: Cause;
  request: readonly Fact[];
  intent: Pick<
    Intent,
    | 'merchant'
    | 'termsNumber'
    | 'customer'
    | 'amount'
    | 'currency'
    | 'capture'
    | 'acceptsPartial'
    | 'method'
    | 'reference'
    | 'description'
    | 'statementDescriptor'
    | 'returnUrl'
    | 'createdUs'
    | 'expiresAtUs'
  > & { metadata: Entries };
  /** Of an intent that was confirmed with its creation. */
  attempts: readonly (readonly [index: number, attempt: ShownAttempt])[];
  operations: readonly Operation[];
  after: After;
}

export interface IntentMoved extends Telling {
  name:
    | 'attempt_started'
    | 'operation_started'
    | 'operation_changed'
    /** A provider told something: what it speaks of is asked about. */
    | 'event_received'
    | 'intent_canceled'
    | 'intent_expired'
    | 'money_available'
    /** What was kept back is kept no longer. */
    | 'reserve_released'
    | 'attention_raised'
    /** An operator has decided about an operation. */
    | 'operation_settled'
    /** What is to be paid was changed before any provider was asked. */
    | 'intent_updated'
    /** What is said of a refund was changed. */
    | 'refund_updated';
  by: Cause;
  /** What a caller's command said; [] where none led to it. */
  request: readonly Fact[];
  /** The method, where it changed. */
  method?: Method;
  /** Where the payer is sent back to, where a confirmation has changed it. */
  returnUrl?: string;
  /** What may be changed, as it stands after it; with `intent_updated`. */
  updated?: Updated;
  /** What an operator's verdict rests on. */
  note?: string;
  attempts: readonly (readonly [index: number, attempt: ShownAttempt])[];
  operations: readonly Operation[];
  /** Disputes that it is about; absent for none. */
  disputes?: readonly Dispute[];
  after: After;
}

export interface Updated {
  customer: Uuid | null;
  amount: bigint;
  reference: string;
  description: string;
  /** Absent from events of earlier releases, which left it as it was. */
  returnUrl?: string;
  metadata: Entries;
}

export interface After {
  state: IntentState;
  version: number;
  cancelReason: string;
  canceling: boolean;
  attention: string;
  availableAtUs: number;
  later: readonly Maturing[];
  /** The provider that owes an answer about it; '' for none. */
  owing: string;
  reserves: readonly Reserved[];
  /** When something is next to be done about it; Infinity for never. */
  dueUs: number;
  counters: Counters;
}

/** What an event speaks of. */
export const Subject = {
  merchant: 1,
  intent: 2,
  customer: 3,
  paymentMethod: 4,
  idempotencyRecord: 5,
  apiKey: 6,
  webhookLog: 7,
  paymentLink: 8,
} as const;

const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { ignoreBOM: true });

export function encodeChange(change: PaymentChange): Uint8Array {
  return utf8.encode(JSON.stringify(changeToJson(change)));
}

export function decodeChange(bytes: Uint8Array): PaymentChange {
  return changeOfText(text.decode(bytes));
}

/** The same of a change that is text already. */
export function changeOfText(json: string): PaymentChange {
  return changeOfJson(JSON.parse(json) as ChangeJson);
}

/** Writes the event; returns its position. The nil id is that of an event that no command of its own led to. */
export function writeChange(
  body: Body,
  event: { id: Uuid | null; book: number; subject: number; subjectId: Uuid; subjectSeq: number },
  change: PaymentChange,
): number {
  const at = body.end;
  const changeBytes = body.beginText(EventType.payment, PAYMENT.bytes, JSON.stringify(changeToJson(change)));
  const { view } = body;
  if (event.id !== null) putWords(view, at + PAYMENT.id, ...wordsOf(event.id));
  view.setUint32(at + PAYMENT.book, event.book, true);
  view.setUint32(at + PAYMENT.subject, event.subject, true);
  putWords(view, at + PAYMENT.subjectId, ...wordsOf(event.subjectId));
  view.setBigInt64(at + PAYMENT.subjectSeq, BigInt(event.subjectSeq), true);
  view.setUint32(at + PAYMENT.changeBytes, changeBytes, true);
  return at;
}

export function changeAt(view: DataView, at: number): PaymentChange {
  return decodeChange(bytesAt(view, at + PAYMENT.bytes, view.getUint32(at + PAYMENT.changeBytes, true)));
}

/** What the event speaks of: the seq of the event that began it, its own where it does so itself. */
export function subjectAt(
  view: DataView,
  at: number,
  seq: number,
): { book: number; subject: number; id: Uuid; seq: number } {
  const began = Number(view.getBigInt64(at + PAYMENT.subjectSeq, true));
  return {
    book: view.getUint32(at + PAYMENT.book, true),
    subject: view.getUint32(at + PAYMENT.subject, true),
    id: uuidAt(view, at + PAYMENT.subjectId) as Uuid,
    seq: began === 0 ? seq : began,
  };
}
