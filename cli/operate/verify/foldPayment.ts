import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import {
  ATTEMPT_TRANSITIONS,
  INTENT_TRANSITIONS,
  OPERATION_TRANSITIONS,
} from '../../../core/kernel/payments/transitions.ts';
import { checkLength, isNil, Unreadable, uuidText, type EventAt } from './events.ts';
import { foldApiKey } from './foldApiKey.ts';
import { foldIdempotencyRecord } from './foldIdempotencyRecord.ts';
import { foldMerchant, termsAt } from './foldMerchant.ts';
import { checkCustomer, foldCustomer } from './foldCustomer.ts';
import { foldPaymentLink } from './foldPaymentLink.ts';
import { foldPaymentMethod } from './foldPaymentMethod.ts';
import { checkTold, foldTold, foldWebhookEndpoint, foldWebhookLog } from './foldTold.ts';
import { type IntentBefore, toldOfChange, toldOfIntent } from './toldTypes.ts';
import type { Change } from './paymentChange.ts';
import { COUNTERS, type IntentFold } from './paymentFold.ts';
import { expectIntent, expectPaymentEvent } from './paymentRows.ts';
import { checkReserves } from './paymentReserves.ts';
import { checkSums, grants } from './paymentSums.ts';
import type { ShardFold } from './shardFold.ts';

const MERCHANT = 1,
  INTENT = 2,
  CUSTOMER = 3,
  PAYMENT_METHOD = 4,
  IDEMPOTENCY_RECORD = 5,
  API_KEY = 6,
  WEBHOOK_LOG = 7,
  PAYMENT_LINK = 8;
const CAUSES = new Set(['caller', 'provider', 'timer', 'operator']);

/** Brings a payment past one event, and compares what the event says of it with what its operations and postings add up to. */
export function foldPayment(fold: ShardFold, event: EventAt): void {
  const { view, at, bytes } = event;
  const changeBytes = view.getUint32(at + PAYMENT.changeBytes, true);
  checkLength(event, PAYMENT.bytes + changeBytes);
  try {
    const text = bytes.toString('utf8', at + PAYMENT.bytes, at + PAYMENT.bytes + changeBytes);
    foldChange(fold, event, JSON.parse(text) as Change);
  } catch (error) {
    // What lacks a part that it needs, or has text where a number belongs.
    if (error instanceof SyntaxError || error instanceof TypeError)
      throw new Unreadable(`a change of a payment that cannot be read (${error.message})`);
    throw error;
  }
}

function foldChange(fold: ShardFold, event: EventAt, change: Change): void {
  const { view, at } = event;
  const book = view.getUint32(at + PAYMENT.book, true),
    subject = view.getUint32(at + PAYMENT.subject, true);
  if (!fold.books.has(book))
    fold.tell('I14', event, `is of a payment in book ${book}, which this shard has not adopted`);
  if (!isNil(view, at + PAYMENT.id)) fold.spend(event, book, at + PAYMENT.id);
  if (!CAUSES.has(change.by)) fold.tell('I14', event, `is caused by "${change.by}"`);
  const own = fold.payments.own(event);
  expectPaymentEvent(fold, event, change, own.length);
  foldTold(fold, event, change, book);
  if (subject === MERCHANT) {
    const merchant = uuidText(event.bytes, at + PAYMENT.subjectId);
    checkTold(fold, event, change, { merchant, expected: toldOfChange(change) });
    return change.endpoint === undefined
      ? foldMerchant(fold, event, change, book)
      : foldWebhookEndpoint(fold, event, change, book);
  }
  if (subject === WEBHOOK_LOG) return foldWebhookLog(fold, event, change, book);
  if (subject === CUSTOMER) return foldCustomer(fold, event, change, book);
  if (subject === PAYMENT_METHOD) return foldPaymentMethod(fold, event, change, book);
  if (subject === PAYMENT_LINK) return foldPaymentLink(fold, event, change, book);
  if (subject === API_KEY) return foldApiKey(fold, event, change, book);
  if (subject === IDEMPOTENCY_RECORD) return foldIdempotencyRecord(fold, event, change);
  if (subject !== INTENT) throw new Unreadable(`a payment event about ${subject}`);
  const intent = subjectOf(fold, event, change, book);
  if (intent === null) return;
  for (const transaction of own) {
    if (transaction.intent !== intent.id)
      fold.tell('I12', event, `books for payment ${transaction.intent}, and is of ${intent.id}`);
    fold.payments.post(intent, transaction);
  }
  const { merchant } = intent;
  const expected = toldOfIntent(change, beforeOf(fold, change, intent));
  checkTold(fold, event, change, { merchant, expected });
  move(fold, event, change, intent);
  if (change.updated !== undefined) update(fold, event, change.updated, intent);
  if (intent.attempts.length > 0) expectIntent(fold, subjectSeq(event), intent);
  checkSums(fold, event, intent);
}

/** The payment that an event is about; null, and told, where it has not begun or is another one. */
function subjectOf(fold: ShardFold, event: EventAt, change: Change, book: number): IntentFold | null {
  const { payments } = fold;
  const id = uuidText(event.bytes, event.at + PAYMENT.subjectId);
  const began = Number(event.view.getBigInt64(event.at + PAYMENT.subjectSeq, true));
  if (began === 0) {
    if (change.intent === undefined) throw new Unreadable('a payment that begins without being told');
    const terms = termsAt(fold, event, change.intent, book);
    const currency = String(change.intent.currency);
    const { merchant } = change.intent;
    const intent = {
      ...newIntent(book, id, payments.begin()),
      told: change.intent,
      merchant,
      terms,
      currency,
    };
    checkCustomer(fold, event, { book, ...change.intent });
    payments.intents.set(event.seq, intent);
    return intent;
  }
  const intent = payments.intents.get(began);
  if (intent !== undefined && intent.id === id && intent.book === book) return intent;
  fold.tell('I14', event, `is of payment ${id}, which does not begin at seq ${began}`);
  return null;
}

function beforeOf({ payments }: ShardFold, { operations = [] }: Change, intent: IntentFold): IntentBefore {
  const { version, state, disputes } = intent;
  const counter = (name: (typeof COUNTERS)[number]) => (version === 0 ? 0n : payments.counter(intent, name));
  const ids = new Set(operations.map(({ id }) => id));
  return {
    version,
    state,
    authorized: counter('authorized'),
    captured: counter('captured'),
    returned: counter('returned'),
    operations: new Map(intent.operations.flatMap((one) => (ids.has(one.id) ? [[one.id, one.state]] : []))),
    disputes,
  };
}

function subjectSeq({ view, at, seq }: EventAt): number {
  const began = Number(view.getBigInt64(at + PAYMENT.subjectSeq, true));
  return began === 0 ? seq : began;
}

function update(
  fold: ShardFold,
  event: EventAt,
  updated: NonNullable<Change['updated']>,
  intent: IntentFold,
): void {
  if (intent.attempts.length > 0)
    fold.tell('I12', event, `payment ${intent.id} is changed after a provider was asked`);
  if (intent.told === null) return;
  intent.told = { ...intent.told, ...updated };
  checkCustomer(fold, event, { book: intent.book, ...intent.told });
}

function newIntent(
  book: number,
  id: string,
  at: number,
): Omit<IntentFold, 'told' | 'merchant' | 'terms' | 'currency'> {
  return {
    book,
    id,
    at,
    version: 0,
    lastSeq: 0,
    state: '',
    cancelReason: '',
    canceling: false,
    attention: '',
    availableAtUs: null,
    owing: '',
    reserves: [],
    dueUs: null,
    methodType: null,
    attemptMethod: '',
    provider: null,
    attempts: [],
    operations: [],
    disputes: new Map(),
    isDoubtful: false,
  };
}

function move(fold: ShardFold, event: EventAt, change: Change, intent: IntentFold): void {
  const { after } = change;
  if (after === undefined) throw new Unreadable('a payment event that does not say what it leaves');
  if (after.version !== intent.version + 1)
    fold.tell(
      'I4',
      event,
      `payment ${intent.id} is at version ${after.version}, where ${intent.version + 1} is next`,
    );
  if (intent.version > 0)
    checkMove(fold, event, INTENT_TRANSITIONS, `payment ${intent.id}`, intent.state, after.state);
  const before = { availableAtUs: intent.availableAtUs, reserves: intent.reserves };
  moveAttempts(fold, event, change, intent);
  moveOperations(fold, event, change, intent);
  const { state, version, cancelReason, canceling, attention, availableAtUs, owing, reserves, dueUs } = after;
  Object.assign(intent, {
    state,
    version,
    cancelReason,
    canceling,
    attention,
    availableAtUs,
    owing,
    reserves,
    dueUs,
    lastSeq: event.seq,
  });
  for (const { id, state: of } of change.disputes ?? []) intent.disputes.set(id, of);
  checkReserves(fold, event, { intent, before, after });
  for (const [index, name] of COUNTERS.entries())
    fold.payments.sums[intent.at + index] = BigInt(after.counters[name]);
  const method = change.method ?? change.intent?.method ?? null;
  if (method !== null) intent.methodType = method.type;
}

function moveAttempts(fold: ShardFold, event: EventAt, change: Change, intent: IntentFold): void {
  const last = intent.attempts.length - 1;
  for (const [index, { state, provider, method }] of change.attempts ?? []) {
    const { attempts } = intent;
    if (index > attempts.length)
      fold.tell('I12', event, `attempt ${index} of payment ${intent.id} comes after ${attempts.length}`);
    if (index < attempts.length)
      checkMove(
        fold,
        event,
        ATTEMPT_TRANSITIONS,
        `attempt ${index} of payment ${intent.id}`,
        attempts[index],
        state,
      );
    const isLetGo = attempts[index] !== state && (state === 'voided' || state === 'expired');
    if (index === last && isLetGo) goOnWithout(fold, change, intent, index);
    attempts[index] = state;
    if (index < attempts.length - 1) continue;
    intent.provider = provider;
    intent.attemptMethod = method.type;
  }
}

function moveOperations(fold: ShardFold, event: EventAt, change: Change, intent: IntentFold): void {
  for (const { id, kind, state, source, attempt, amount, said, foreign } of change.operations ?? []) {
    const done = BigInt(said?.amount ?? amount);
    const differs = said !== null;
    const isForeign = foreign === true;
    const index = intent.operations.findIndex((one) => one.id === id);
    const isGone = index >= 0 && intent.operations[index].isGone;
    const what = { id, kind, state, source, attempt, amount: BigInt(amount) };
    const operation = { ...what, done, differs, isForeign, isGone };
    if (index < 0) {
      if (state !== 'pending' && !(isForeign && kind === 'refund' && change.by === 'provider'))
        fold.tell(
          'I12',
          event,
          `operation ${id} comes in as ${state}: it was called before it was journalled`,
        );
      intent.operations.push(operation);
      continue;
    }
    const before = intent.operations[index];
    checkMove(fold, event, OPERATION_TRANSITIONS, `operation ${id}`, before.state, state);
    // Whose money a capture or a sale has brought may turn out later.
    const isOther = kind === 'refund' && before.source !== source;
    if (before.kind !== kind || before.amount !== operation.amount || isOther)
      fold.tell(
        'I12',
        event,
        `operation ${id} was a ${before.kind} of ${before.amount} and is a ${kind} of ${amount}`,
      );
    intent.operations[index] = operation;
  }
}

/**
 * A payment that is neither canceled nor paid goes on without what was let go of, as it turned up while it was to be closed:
 * the next route is asked for all of it again.
 */
function goOnWithout(fold: ShardFold, { after }: Change, intent: IntentFold, index: number): void {
  if (after === undefined || after.canceling || fold.payments.counter(intent, 'memo') === 0n) return;
  if (BigInt(after.counters.captured) + BigInt(after.counters.returned) > 0n) return;
  for (const one of intent.operations)
    if (one.attempt === index && one.state === 'succeeded' && grants(one)) one.isGone = true;
}

/** What was proven stays proven, and nothing goes another way than the tables of the kernel allow. */
function checkMove(
  fold: ShardFold,
  event: EventAt,
  table: Readonly<Partial<Record<string, readonly string[]>>>,
  what: string,
  from: string,
  to: string,
): void {
  if (from !== to && table[from]?.includes(to) !== true)
    fold.tell('I12', event, `${what} goes from ${from} to ${to}`);
}
