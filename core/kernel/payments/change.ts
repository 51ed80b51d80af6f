import type { Body } from '../ledger/body.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { Fact } from '../ledger/facts.ts';
import { bytesAt } from '../ledger/facts.ts';
import { EventType, PAYMENT } from '../ledger/layout.ts';
import { putWords, uuidAt, wordsOf } from '../ledger/uuid.ts';
import { type ChangeJson, changeOfJson, changeToJson } from './changeJson.ts';
import type { Attempt, Counters, Intent, IntentState, Merchant, Method, Operation } from './model.ts';

/** Who moved a payment. */
export type Cause = 'caller' | 'provider' | 'timer' | 'operator';

/** An event of a payment or a merchant: what there is *after* it, so that a replay computes nothing. */
export type PaymentChange = MerchantSet | IntentCreated | IntentMoved;

/** An attempt as an event shows it: why this provider stands only in the event that began the attempt. */
export type ShownAttempt = Omit<Attempt, 'route'> & Partial<Pick<Attempt, 'route'>>;

export interface MerchantSet {
  name: 'merchant_created';
  by: Cause;
  request: readonly Fact[];
  merchant: Omit<Merchant, 'id' | 'seq' | 'book' | 'lastSeq'>;
}

export interface IntentCreated {
  name: 'intent_created';
  by: Cause;
  request: readonly Fact[];
  intent: Pick<
    Intent,
    | 'merchant'
    | 'amount'
    | 'currency'
    | 'capture'
    | 'method'
    | 'reference'
    | 'description'
    | 'statementDescriptor'
    | 'returnUrl'
    | 'createdUs'
    | 'expiresAtUs'
  > & { metadata: readonly (readonly [string, string])[] };
  /** Of an intent that was confirmed with its creation. */
  attempts: readonly (readonly [index: number, attempt: ShownAttempt])[];
  operations: readonly Operation[];
  after: After;
}

export interface IntentMoved {
  name:
    | 'attempt_started'
    | 'operation_started'
    | 'operation_changed'
    /** A provider told something: what it speaks of is asked about. */
    | 'event_received'
    | 'intent_canceled'
    | 'intent_expired'
    | 'money_available'
    | 'attention_raised'
    /** An operator has decided about an operation. */
    | 'operation_settled'
    /** What is to be paid was changed before any provider was asked. */
    | 'intent_updated';
  by: Cause;
  /** What a caller's command said; [] where none led to it. */
  request: readonly Fact[];
  /** The method, where it changed. */
  method?: Method;
  /** What may be changed, as it stands after it; with `intent_updated`. */
  updated?: Updated;
  /** What an operator's verdict rests on. */
  note?: string;
  attempts: readonly (readonly [index: number, attempt: ShownAttempt])[];
  operations: readonly Operation[];
  after: After;
}

export interface Updated {
  amount: bigint;
  reference: string;
  description: string;
  metadata: readonly (readonly [string, string])[];
}

export interface After {
  state: IntentState;
  version: number;
  cancelReason: string;
  canceling: boolean;
  attention: string;
  availableAtUs: number;
  /** When something is next to be done about it; Infinity for never. */
  dueUs: number;
  counters: Counters;
}

/** What an event speaks of. */
export const Subject = { merchant: 1, intent: 2 } as const;

const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { ignoreBOM: true });

export function encodeChange(change: PaymentChange): Uint8Array {
  return utf8.encode(JSON.stringify(changeToJson(change)));
}

export function decodeChange(bytes: Uint8Array): PaymentChange {
  return changeOfJson(JSON.parse(text.decode(bytes)) as ChangeJson);
}

/** Writes the event; returns its position. The nil id is that of an event that no command of its own led to. */
export function writeChange(
  body: Body,
  event: { id: Uuid | null; book: number; subject: number; subjectId: Uuid; subjectSeq: number },
  change: PaymentChange,
): number {
  const bytes = encodeChange(change);
  const at = body.begin(EventType.payment, 0, PAYMENT.bytes + bytes.length);
  const { view } = body;
  if (event.id !== null) putWords(view, at + PAYMENT.id, ...wordsOf(event.id));
  view.setUint32(at + PAYMENT.book, event.book, true);
  view.setUint32(at + PAYMENT.subject, event.subject, true);
  putWords(view, at + PAYMENT.subjectId, ...wordsOf(event.subjectId));
  view.setBigInt64(at + PAYMENT.subjectSeq, BigInt(event.subjectSeq), true);
  view.setUint32(at + PAYMENT.changeBytes, bytes.length, true);
  body.putText(at + PAYMENT.bytes, bytes);
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
