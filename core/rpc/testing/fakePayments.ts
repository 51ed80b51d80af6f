import { NO_COUNTERS } from '../../kernel/payments/evolve.ts';
import type { PaymentRequest } from '../../kernel/payments/commands.ts';
import type { ApiKey } from '../../kernel/payments/edgeModel.ts';
import type { Attempt, Intent, Operation } from '../../kernel/payments/model.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import type {
  CallContext,
  Malformed,
  PaymentAnswer,
  PaymentOutcome,
  PaymentsService,
} from '../../shard/service.ts';
import { POSITION } from './fakeLedger.ts';

const WITHOUT_INTENT: ReadonlySet<PaymentRequest['op']> = new Set([
  'createMerchant',
  'createCustomer',
  'updateCustomer',
  'createPaymentMethod',
  'attachPaymentMethod',
  'detachPaymentMethod',
  'saveIdempotencyRecord',
  'createApiKey',
  'revokeApiKey',
  'createPaymentLink',
  'updatePaymentLink',
]);

/** Payments that do what a test tells them, and keep what they were asked. */
export class FakePayments implements PaymentsService {
  readonly submitted: {
    book: string;
    items: readonly (PaymentRequest | Malformed)[];
    context: CallContext;
  }[] = [];
  readonly waits: { book: string; intent: string; waitMs: number }[] = [];

  /** The outcome of an item that parsed. */
  onItem: (item: PaymentRequest) => PaymentOutcome = (item) => ({
    done: true,
    seq: 41,
    replayed: false,
    subject: 'intent' in item ? item.intent : item.id,
    after: WITHOUT_INTENT.has(item.op)
      ? null
      : {
          state: 'processing',
          version: 1,
          cancelReason: '',
          canceling: false,
          attention: '',
          availableAtUs: Infinity,
          later: [],
          owing: '',
          reserves: [],
          dueUs: 0,
          counters: { ...NO_COUNTERS },
        },
  });
  onWait: (intent: Uuid, waitMs: number) => Promise<Intent | null> = (id) =>
    Promise.resolve(intentDoc({ id }));

  submitPayments(
    book: string,
    items: readonly (PaymentRequest | Malformed)[],
    context: CallContext,
  ): Promise<PaymentAnswer> {
    this.submitted.push({ book, items, context });
    return Promise.resolve({ position: POSITION, outcomes: items.map((item) => this.#outcome(item)) });
  }

  /** API keys by the seq of the event that created them. */
  readonly apiKeySeqs = new Map<number, ApiKey>();

  apiKey(_shard: number, seq: number): Promise<ApiKey | null> {
    return Promise.resolve(this.apiKeySeqs.get(seq) ?? null);
  }

  restingIntent(book: string, intent: Uuid, waitMs: number): Promise<Intent | null> {
    this.waits.push({ book, intent, waitMs });
    return this.onWait(intent, waitMs);
  }

  #outcome(item: PaymentRequest | Malformed): PaymentOutcome {
    return item.op === 'malformed' ? refusedOf(item.reason, item.field) : this.onItem(item);
  }
}

export function refusedOf(reason: Malformed['reason'], field: string): PaymentOutcome {
  return {
    done: false,
    reason,
    field,
    posting: -1,
    account: '',
    remembered: false,
    seq: 0,
    replayed: false,
  };
}

export const PAYMENT = '0190a3a0-0000-7000-8000-0000000000a1' as Uuid;
export const MERCHANT = '0190a3a0-0000-7000-8000-0000000000b1' as Uuid;
const CREATED_US = 1_700_000_000_000_000;

/** An intent of 2500 EUR that nothing was done about, but for what differs. */
export function intentDoc(change: Partial<Intent> = {}): Intent {
  return {
    id: PAYMENT,
    seq: 40,
    book: 2,
    merchant: MERCHANT,
    termsNumber: 1,
    customer: null,
    amount: 2_500n,
    currency: 'EUR',
    capture: 'automatic',
    acceptsPartial: false,
    method: { type: 'card', token: 'pm_card_visa' },
    reference: 'order 7',
    description: '',
    statementDescriptor: '',
    returnUrl: '',
    metadata: {},
    createdUs: CREATED_US,
    expiresAtUs: CREATED_US + 86_400e6,
    state: 'requires_confirmation',
    version: 1,
    cancelReason: '',
    canceling: false,
    counters: { ...NO_COUNTERS },
    attempts: [],
    operations: [],
    disputes: [],
    availableAtUs: Infinity,
    later: [],
    reserves: [],
    attention: '',
    lastSeq: 40,
    ...change,
  };
}

export const OPERATION = '0190a3a0-0000-7000-8000-0000000000c1' as Uuid;

/** An attempt at the simulator, chosen by score. */
export function attemptDoc(change: Partial<Attempt> = {}): Attempt {
  const features = { authRate: 0.9, cost: 0.58, latency: 0.1, reliability: 1 };
  return {
    state: 'authorizing',
    provider: 'simulator',
    method: { type: 'card', token: 'pm_card_visa' },
    operation: OPERATION,
    route: {
      strategy: 'score',
      candidates: [
        { provider: 'simulator', score: 0.824, ...features },
        { provider: 'stripe', score: 0.79, ...features },
      ],
      excluded: [{ provider: 'adyen', why: 'does not take EUR' }],
    },
    providerReference: '',
    expiresAtUs: Infinity,
    actionUrl: '',
    ...change,
  };
}

export function operationDoc(change: Partial<Operation> = {}): Operation {
  return {
    id: OPERATION,
    kind: 'sale',
    state: 'pending',
    attempt: 0,
    amount: 2_500n,
    currency: 'EUR',
    final: true,
    providerReference: '',
    decline: '',
    detail: '',
    askedUs: CREATED_US,
    startedUs: CREATED_US,
    request: '',
    tries: 0,
    silent: 0,
    unknownUs: 0,
    changedIn: 1,
    eventUs: 0,
    dueUs: Infinity,
    fromPending: 0n,
    source: 'available',
    said: null,
    attention: '',
    ...change,
  };
}
