import type { Uuid } from '../ledger/commands.ts';
import type { DeclineCode } from './declines.ts';
import type { FeeRule, Method, MethodType, Routing } from './model.ts';

/** Every command carries an id that is its idempotency key, in the one scope of its book. */
interface Command {
  id: Uuid;
}

/** The id is the merchant's. */
export interface CreateMerchant extends Command {
  op: 'createMerchant';
  name: string;
  country: string;
  fees: FeeRule[];
  taxPpm: number;
  taxJurisdiction: string;
  feesReturned: boolean;
  settlementDays: number;
  routing: Routing;
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
  /** Confirms at once; only with a method. */
  confirm: boolean;
}

export interface ConfirmIntent extends Command {
  op: 'confirmIntent';
  intent: Uuid;
  /** null: the one that the intent has. */
  method: Method | null;
  /** A stored method in place of `method`. */
  paymentMethod?: Uuid | undefined;
}

/** The id is the capture's. */
export interface CaptureIntent extends Command {
  op: 'captureIntent';
  intent: Uuid;
  /** null: all that is authorised and not captured. */
  amount: bigint | null;
  /** No other capture follows: the rest of the authorisation is released. */
  final: boolean;
}

export interface CancelIntent extends Command {
  op: 'cancelIntent';
  intent: Uuid;
  reason: CancelReason;
}

export type CancelReason = 'requested' | 'abandoned' | 'duplicate' | 'fraudulent';

/** The id is the refund's. */
export interface RefundIntent extends Command {
  op: 'refundIntent';
  intent: Uuid;
  /** null: all that is captured and not refunded. */
  amount: bigint | null;
}

/** Changes what is to be paid, before any provider was asked. null leaves a field as it is. */
export interface UpdateIntent extends Command {
  op: 'updateIntent';
  intent: Uuid;
  /** Absent leaves it too. */
  customer?: Uuid | undefined;
  amount: bigint | null;
  method: Method | null;
  /** A stored method in place of `method`. */
  paymentMethod?: Uuid | undefined;
  reference: string | null;
  description: string | null;
  metadata: Record<string, string> | null;
}

/** Raises what is authorised by an amount. The id is the increment's. */
export interface IncrementIntent extends Command {
  op: 'incrementIntent';
  intent: Uuid;
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

/** What callers may ask for. */
export type PaymentRequest =
  | CreateMerchant
  | CustomerCommand
  | PaymentMethodCommand
  | CreateIntent
  | ConfirmIntent
  | CaptureIntent
  | CancelIntent
  | RefundIntent
  | SettleOperation
  | IncrementIntent
  | UpdateIntent;

/** What came of a call to a provider, or of a question about one. The id derives from the operation and the try. */
export interface RecordOutcome extends Command {
  op: 'recordOutcome';
  intent: Uuid;
  operation: Uuid;
  outcome: Outcome;
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
    }
  | { done: 'requires_action'; providerReference: string; url: string }
  | { done: 'accepted'; providerReference: string }
  | { done: 'declined'; code: DeclineCode; providerCode: string; providerReference: string }
  | { done: 'not_sent'; why: string }
  | { done: 'unknown'; why: string }
  /** Asked by our reference after the provider's window of consistency: it knows no such operation. */
  | { done: 'not_found' };

/**
 * A provider told something by itself. It is a reason to ask, and never moves anything: events come late, twice and out
 * of order. The id derives from the operation and the provider's key of the event, so a second delivery changes nothing.
 */
export interface RecordEvent extends Command {
  op: 'recordEvent';
  intent: Uuid;
  operation: Uuid;
  /** Who told it: one provider's key says nothing of what was asked of another. */
  provider: string;
  /** What the provider says has happened. */
  kind: EventKind;
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
  | 'debit_returned';

/** A moment has come: expiry of the intent, money that becomes available. The id derives from intent and version. */
export interface AdvanceIntent extends Command {
  op: 'advanceIntent';
  intent: Uuid;
}

export type PaymentCommand = PaymentRequest | RecordOutcome | RecordEvent | AdvanceIntent;

const OPS: ReadonlySet<string> = new Set([
  'createMerchant',
  'createCustomer',
  'updateCustomer',
  'createPaymentMethod',
  'attachPaymentMethod',
  'detachPaymentMethod',
  'createIntent',
  'confirmIntent',
  'captureIntent',
  'cancelIntent',
  'refundIntent',
  'settleOperation',
  'incrementIntent',
  'updateIntent',
  'recordOutcome',
  'recordEvent',
  'advanceIntent',
] satisfies PaymentCommand['op'][]);

export function isPaymentCommand(command: { op: string }): command is PaymentCommand {
  return OPS.has(command.op);
}
