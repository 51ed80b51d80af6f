import type { Uuid } from '../ledger/commands.ts';
import type {
  After,
  ApiKeySet,
  CustomerSet,
  IntentCreated,
  IntentMoved,
  MerchantCreated,
  MerchantUpdated,
  PaymentLinkSet,
  PaymentMethodSet,
  ShownAttempt,
  WebhookEndpointSet,
} from './change.ts';
import type { ApiKey, PaymentLink } from './edgeModel.ts';
import type { Attempt, Counters, Customer, Intent, Merchant, Operation, StoredMethod } from './model.ts';
import type { WebhookEndpoint } from './webhookModel.ts';

interface Whose {
  id: Uuid;
  book: number;
  /** Of the event. */
  seq: number;
}

export function merchantOf({ merchant }: MerchantCreated, { id, book, seq }: Whose): Merchant {
  const { name, country, mode = 'test', routing, version, terms } = merchant;
  return {
    id,
    book,
    seq,
    name,
    country,
    mode,
    routing,
    version,
    terms: [terms],
    webhooks: [],
    webhookNumbers: 0,
    lastSeq: seq,
  };
}

/** Brings a merchant past an event. Terms that were agreed before stay for the payments that were created under them. */
export function evolveMerchant(merchant: Merchant, change: MerchantUpdated, seq: number): void {
  const { terms, termsNumber, ...fields } = change.merchant;
  Object.assign(merchant, fields, { lastSeq: seq });
  merchant.terms[termsNumber - 1] = terms;
}

/** Brings a merchant past an event of one of its webhook endpoints. */
export function evolveWebhooks(
  merchant: Merchant,
  { name, merchantVersion, endpoint }: WebhookEndpointSet,
  seq: number,
): void {
  const others = merchant.webhooks.filter(({ id }) => id !== endpoint.id);
  const kept = name === 'webhook_endpoint_deleted' ? others : [...others, webhookEndpointOf(endpoint)];
  merchant.webhooks = kept.toSorted((a, b) => a.number - b.number);
  merchant.webhookNumbers = Math.max(merchant.webhookNumbers, endpoint.number);
  Object.assign(merchant, { version: merchantVersion, lastSeq: seq });
}

export function webhookEndpointOf(endpoint: WebhookEndpointSet['endpoint']): WebhookEndpoint {
  return { ...endpoint, metadata: Object.fromEntries(endpoint.metadata) };
}

/** `seq` is that of the event that began it. */
export function customerOf({ customer }: CustomerSet, { id, book, seq }: Whose, lastSeq: number): Customer {
  return { ...customer, metadata: Object.fromEntries(customer.metadata), id, book, seq, lastSeq };
}

/** `seq` is that of the event that began it. */
export function apiKeyOf({ apiKey }: ApiKeySet, { id, book, seq }: Whose, lastSeq: number): ApiKey {
  return { ...apiKey, id, book, seq, lastSeq };
}

/** `seq` is that of the event that began it. */
export function paymentMethodOf(
  { paymentMethod }: PaymentMethodSet,
  { id, book, seq }: Whose,
  lastSeq: number,
): StoredMethod {
  const metadata = Object.fromEntries(paymentMethod.metadata);
  return { ...paymentMethod, metadata, id, book, seq, lastSeq };
}

/** `seq` is that of the event that began it. */
export function paymentLinkOf(
  { paymentLink }: PaymentLinkSet,
  { id, book, seq }: Whose,
  lastSeq: number,
): PaymentLink {
  return { ...paymentLink, metadata: Object.fromEntries(paymentLink.metadata), id, book, seq, lastSeq };
}

export function intentOf(change: IntentCreated, { id, book, seq }: Whose): Intent {
  const { metadata, ...fields } = change.intent;
  return {
    ...fields,
    id,
    book,
    seq,
    metadata: Object.fromEntries(metadata),
    attempts: change.attempts.map(([, attempt]) => attemptOf(attempt, undefined)),
    operations: [...change.operations],
    disputes: [],
    lastSeq: seq,
    ...kept(change.after),
  };
}

/** Brings an intent past an event. What the event says replaces what stood there: nothing is computed. */
export function evolve(intent: Intent, change: IntentMoved, seq: number): void {
  if (change.method !== undefined) intent.method = change.method;
  if (change.returnUrl !== undefined) intent.returnUrl = change.returnUrl;
  if (change.updated !== undefined) {
    const { metadata, ...fields } = change.updated;
    Object.assign(intent, fields, { metadata: Object.fromEntries(metadata) });
  }
  for (const [index, attempt] of change.attempts)
    intent.attempts[index] = attemptOf(attempt, intent.attempts[index]);
  for (const operation of change.operations) put(intent.operations, operation);
  for (const dispute of change.disputes ?? []) put(intent.disputes, dispute);
  Object.assign(intent, kept(change.after), { lastSeq: seq });
}

/** The attempt that an event shows; its route is what it was begun with. */
function attemptOf(shown: ShownAttempt, before: Attempt | undefined): Attempt {
  const route = shown.route ?? before?.route;
  if (route === undefined) throw new Error(`an attempt at ${shown.provider} begins without its route`);
  return { ...shown, route };
}

/** In place of the one with the same id, or behind all. */
export function put<T extends { id: string }>(all: T[], one: T): void {
  const index = all.findIndex(({ id }) => id === one.id);
  if (index < 0) all.push(one);
  else all[index] = one;
}

/** The fields of an intent that `after` holds; when it is due, and who owes an answer, follows from the others. */
function kept(after: After): Omit<After, 'dueUs' | 'owing'> {
  const { state, version, cancelReason, canceling, attention, availableAtUs, later, reserves, counters } =
    after;
  return {
    state,
    version,
    cancelReason,
    canceling,
    attention,
    availableAtUs,
    later,
    reserves,
    counters: { ...counters },
  };
}

/** A copy that a decision may change: the intent itself changes only by `evolve`. */
export function draftOf(intent: Intent): Intent {
  return {
    ...intent,
    counters: { ...intent.counters },
    attempts: intent.attempts.map((attempt): Attempt => ({ ...attempt })),
    operations: intent.operations.map((operation): Operation => ({ ...operation })),
    disputes: [...intent.disputes],
  };
}

export const NO_COUNTERS: Readonly<Counters> = {
  authorized: 0n,
  captured: 0n,
  capturing: 0n,
  refunded: 0n,
  refunding: 0n,
  fees: 0n,
  tax: 0n,
  pending: 0n,
  memo: 0n,
  unapplied: 0n,
  returned: 0n,
  disputed: 0n,
  reserve: 0n,
};
