import { PAYMENT, POSTING, TX } from '../../../core/kernel/ledger/layout.ts';
import type { Uuid } from '../../../core/kernel/ledger/commands.ts';
import { derivedId } from '../../../core/kernel/payments/chart.ts';
import type { Change, TermsTold } from './paymentChange.ts';
import { isNil, uuidText, type EventAt } from './events.ts';
import type { Parts } from './transactionParts.ts';

/** The counters of a payment, in the order in which they are kept and stand in the table. */
export const COUNTERS = [
  'authorized',
  'captured',
  'capturing',
  'refunded',
  'refunding',
  'fees',
  'tax',
  'pending',
  'memo',
  'unapplied',
  'returned',
  'disputed',
  'reserve',
] as const;

/** What the postings of a payment add up to. */
export const POSTED = [
  'captured',
  'pending',
  'reserve',
  'memo',
  'fees',
  'tax',
  'nobodys',
  'inFlight',
  'sentBack',
  'cameLate',
  'returned',
  'disputed',
  'contested',
  'lost',
] as const;
type Posted = (typeof POSTED)[number];

const WIDTH = COUNTERS.length + POSTED.length;

/** What an account of the chart is, by its code. */
type Role =
  | 'receivable'
  | 'pending'
  | 'available'
  | 'reserve'
  | 'owed'
  | 'memo'
  | 'fees'
  | 'tax'
  | 'nobodys'
  | 'inFlight'
  | 'disputePending'
  | 'loss';
const ROLES: readonly (readonly [pattern: RegExp, role: Role])[] = [
  [/^(?:florin:)?psp_receivable:/, 'receivable'],
  [/^(?:florin:)?m:[^:]+:pending:/, 'pending'],
  [/^(?:florin:)?m:[^:]+:available:/, 'available'],
  [/^(?:florin:)?m:[^:]+:reserve:/, 'reserve'],
  [/^(?:florin:)?merchant_receivable:/, 'owed'],
  [/^(?:florin:)?auth_open:/, 'memo'],
  [/^(?:florin:)?income:fees:/, 'fees'],
  [/^(?:florin:)?tax:/, 'tax'],
  [/^(?:florin:)?unapplied_funds:/, 'nobodys'],
  [/^(?:florin:)?refunds_in_flight:/, 'inFlight'],
  [/^(?:florin:)?dispute_pending:/, 'disputePending'],
  [/^(?:florin:)?expense:merchant_loss:/, 'loss'],
];

export interface OperationFold {
  id: string;
  kind: string;
  state: string;
  source: string;
  attempt: number;
  amount: bigint;
  /** What the provider says it did; the amount where that is what was asked. */
  done: bigint;
  /** The provider says that it did something else than was asked, or than was proven. */
  differs: boolean;
  /** Somebody made it at the provider's own pages. */
  isForeign: boolean;
  /** It was granted and let go of again, and the payment has gone on without it. */
  isGone: boolean;
}

/** What verify keeps of a merchant. */
export interface MerchantFold {
  book: number;
  id: string;
  createdUs: number;
  version: number;
  lastSeq: number;
  /** As its first event says it, for ever. */
  mode: string;
  /** As its last event left it. */
  told: NonNullable<Change['merchant']>;
  /** By number less 1. */
  terms: TermsTold[];
}

/** What verify keeps of a payment: with its operations about a kilobyte. */
export interface IntentFold {
  book: number;
  id: string;
  /** Where its sums begin. */
  at: number;
  version: number;
  lastSeq: number;
  state: string;
  cancelReason: string;
  canceling: boolean;
  attention: string;
  availableAtUs: number | null;
  owing: string;
  reserves: { amount: string; untilUs: number }[];
  dueUs: number | null;
  methodType: string | null;
  /** How the last attempt is paid: fees depend on it. */
  attemptMethod: string;
  currency: string;
  merchant: string;
  /** What was agreed with its merchant when it began; null, and told, where nothing was. */
  terms: TermsTold | null;
  provider: string | null;
  attempts: string[];
  operations: OperationFold[];
  /** The states of its disputes. */
  disputes: Map<string, string>;
  /** What callers said of it, until its row was expected: they may change it before a provider is asked. */
  told: NonNullable<Change['intent']> | null;
  /** Something of its sums was told already. */
  isDoubtful: boolean;
}

/** The same of a payment method. */
export interface PaymentMethodFold {
  book: number;
  id: string;
  lastSeq: number;
  told: NonNullable<Change['paymentMethod']>;
}

/** The same of an API key. */
export interface ApiKeyFold {
  book: number;
  id: string;
  lastSeq: number;
  told: NonNullable<Change['apiKey']>;
}

/** The same of a payment link. */
export interface PaymentLinkFold {
  book: number;
  id: string;
  lastSeq: number;
  told: NonNullable<Change['paymentLink']>;
}

/** The same of a webhook endpoint. */
export interface WebhookEndpointFold {
  book: number;
  merchant: string;
  deletedUs: number | null;
  lastSeq: number;
  told: NonNullable<Change['endpoint']>;
}

/** How far an endpoint is told something: some 300 bytes. */
export interface DeliveryFold {
  book: number;
  merchant: string;
  endpoint: number;
  seq: number;
  index: number;
  /** The event that asked for it last. */
  askedSeq: number;
  toldUs: number;
  nextUs: number | null;
  deliveredUs: number | null;
  tries: number;
  lastStatus: number | null;
}

/** What verify keeps of a customer: all of it, since its row is what its last event says. */
export interface CustomerFold {
  book: number;
  id: string;
  lastSeq: number;
  told: NonNullable<Change['customer']>;
}

interface Candidate {
  seq: number;
  id: string;
  intent: string;
  purpose: string;
  legs: { debit: Role | undefined; credit: Role | undefined; amount: bigint }[];
}

const PREFIX = 'payment ';
const PREFIX_BYTES = PREFIX.length + 36 + 1;

/** The payments of one shard, and which transactions of the ledger are theirs. */
export class PaymentsFold {
  /** By the seq of their first event. */
  readonly intents = new Map<number, IntentFold>();
  /** By the seq of their first event. */
  readonly merchants = new Map<number, MerchantFold>();
  /** By book and id: the seq of that event. */
  readonly merchantSeqs = new Map<string, number>();
  /** By the seq of their first event. */
  readonly customers = new Map<number, CustomerFold>();
  /** By the seq of their first event. */
  readonly paymentMethods = new Map<number, PaymentMethodFold>();
  /** By the seq of their first event. */
  readonly apiKeys = new Map<number, ApiKeyFold>();
  /** By the seq of their first event. */
  readonly paymentLinks = new Map<number, PaymentLinkFold>();
  /** By book and merchant: those that it has or had, by number. */
  readonly endpoints = new Map<string, Map<number, WebhookEndpointFold>>();
  /** By endpoint and what it is told. */
  readonly deliveries = new Map<string, DeliveryFold>();
  /** The merchant of each customer, by book and id of the customer. */
  readonly merchantOfCustomer = new Map<string, string>();
  sums = new BigInt64Array(WIDTH * 64);
  readonly #roles = new Map<number, Role>();
  #run: Candidate[] = [];

  /** An account that was opened: most are none of the chart. */
  opened(number: number, code: string): void {
    const role = ROLES.find(([pattern]) => pattern.test(code))?.[1];
    if (role !== undefined) this.#roles.set(number, role);
  }

  /** Room for the sums of one more payment. */
  begin(): number {
    const at = this.intents.size * WIDTH;
    if (at + WIDTH > this.sums.length) {
      const longer = new BigInt64Array(this.sums.length * 2);
      longer.set(this.sums);
      this.sums = longer;
    }
    return at;
  }

  counter({ at }: IntentFold, name: (typeof COUNTERS)[number]): bigint {
    return this.sums[at + COUNTERS.indexOf(name)];
  }

  posted({ at }: IntentFold, name: Posted): bigint {
    return this.sums[at + COUNTERS.length + POSTED.indexOf(name)];
  }

  /** A transaction: one of a payment tells so by its reference, though others may too. */
  see(event: EventAt, parts: Parts): void {
    if (parts.referenceBytes < PREFIX_BYTES) return;
    const reference = event.bytes.toString('utf8', parts.tailAt, parts.tailAt + parts.referenceBytes);
    if (!reference.startsWith(PREFIX)) return;
    const { view } = event;
    const legs: Candidate['legs'] = [];
    for (let i = 0, p = parts.postingsAt; i < parts.count; i++, p += parts.stride) {
      legs.push({
        debit: this.#roles.get(view.getUint32(p + POSTING.debitAccount, true)),
        credit: this.#roles.get(view.getUint32(p + POSTING.creditAccount, true)),
        amount: view.getBigInt64(p + POSTING.amount, true),
      });
    }
    this.#run.push({
      seq: event.seq,
      id: uuidText(event.bytes, event.at + TX.id),
      intent: reference.slice(PREFIX.length, PREFIX_BYTES - 1),
      purpose: reference.slice(PREFIX_BYTES),
      legs,
    });
  }

  /** The transactions right before a payment event whose ids follow from its own. */
  own(event: EventAt): Candidate[] {
    const run = this.#run;
    this.#run = [];
    const own: Candidate[] = [];
    if (run.length === 0 || isNil(event.view, event.at + PAYMENT.id)) return own;
    const cause = uuidText(event.bytes, event.at + PAYMENT.id) as Uuid;
    for (let at = run.length - 1; at >= 0; at--) {
      const one = run[at];
      if (one.seq !== event.seq - 1 - own.length || one.id !== derivedId(cause, one.purpose)) break;
      own.push(one);
    }
    return own;
  }

  /** Adds what a transaction moved between accounts of the chart. */
  post(intent: IntentFold, { legs, purpose }: Candidate): void {
    const isNobodys = purpose.startsWith('contested');
    for (const { debit, credit, amount } of legs) {
      for (const role of ['pending', 'reserve', 'fees', 'tax', 'nobodys', 'inFlight'] as const) {
        if (credit === role) this.#add(intent, role, amount);
        if (debit === role) this.#add(intent, role, -amount);
      }
      if (debit === 'memo') this.#add(intent, 'memo', amount);
      if (credit === 'memo') this.#add(intent, 'memo', -amount);
      if (debit === 'receivable' && credit === 'pending') this.#add(intent, 'captured', amount);
      if (debit === 'nobodys' && credit === 'pending') {
        this.#add(intent, 'captured', amount);
        this.#add(intent, 'cameLate', -amount);
      }
      if (credit === 'receivable' && (debit === 'pending' || debit === 'available' || debit === 'owed')) {
        this.#add(intent, 'captured', -amount);
        this.#add(intent, 'returned', amount);
      }
      if (debit === 'receivable' && credit === 'nobodys') this.#add(intent, 'cameLate', amount);
      if (debit === 'nobodys' && credit === 'receivable') this.#add(intent, 'cameLate', -amount);
      if (debit === 'disputePending' && credit === 'receivable' && !isNobodys)
        this.#add(intent, 'disputed', amount);
      if (debit === 'receivable' && credit === 'disputePending' && !isNobodys)
        this.#add(intent, 'disputed', -amount);
      if (debit === 'nobodys' && credit === 'disputePending') this.#add(intent, 'contested', amount);
      if (debit === 'disputePending' && credit === 'nobodys') this.#add(intent, 'contested', -amount);
      if (debit === 'loss') this.#add(intent, 'lost', amount);
      if (credit === 'loss') this.#add(intent, 'lost', -amount);
      if (debit === 'inFlight' && credit === 'receivable') this.#add(intent, 'sentBack', amount);
      if (debit === 'receivable' && credit === 'available') this.#add(intent, 'sentBack', -amount);
    }
  }

  #add({ at }: IntentFold, name: Posted, amount: bigint): void {
    this.sums[at + COUNTERS.length + POSTED.indexOf(name)] += amount;
  }
}
