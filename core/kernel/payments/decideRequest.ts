import { refusal, type Refusal } from '../ledger/context.ts';
import { mayTryNext, startAttempt } from './attempts.ts';
import type {
  CancelIntent,
  CaptureIntent,
  ConfirmIntent,
  CreateIntent,
  IncrementIntent,
  RefundIntent,
  UpdateIntent,
  UpdateRefund,
} from './commands.ts';
import { isDisputed } from './disputes.ts';
import { notOf } from './decideCustomer.ts';
import { methodAfter } from './decidePaymentMethod.ts';
import { draftOf, NO_COUNTERS } from './evolve.ts';
import { factsOfPayment } from './facts.ts';
import { Flow, operationId, type PaymentContext } from './flow.ts';
import type { Entries, Intent, Merchant } from './model.ts';
import { bookRefundAsked } from './money.ts';
import { isOpen } from './transitions.ts';
import type { Decided } from './flow.ts';
import type { Subjects } from './subjects.ts';
import { startVoid } from './attempts.ts';

/** Of a payment, minor units: twelve digits, as many as the messages of card networks (ISO 8583) have for an amount. */
export const AMOUNT_MAX = 999_999_999_999n;

export function decideCreate(
  context: PaymentContext,
  command: CreateIntent,
  merchant: Merchant,
  { customer, paymentMethod }: Subjects,
): Decided {
  const stranger = command.customer === undefined ? null : notOf(merchant.id, customer);
  if (stranger !== null) return stranger;
  const payer = { merchant: merchant.id, customer: command.customer ?? null, method: null };
  const paid = methodAfter(command, payer, paymentMethod);
  if ('reason' in paid) return paid;
  const { method } = paid;
  if (context.state.assets.numberOf(command.currency) < 0)
    return refusal('ASSET_NOT_FOUND', { field: 'currency' });
  if (command.confirm && method === null) return refusal('METHOD_REQUIRED', { field: 'payment_method' });
  if (command.amount > AMOUNT_MAX) return refusal('AMOUNT_TOO_LARGE', { field: 'amount.minor_units' });
  const intent: Intent = {
    id: command.id,
    seq: 0,
    book: context.book,
    merchant: payer.merchant,
    termsNumber: merchant.terms.length,
    customer: payer.customer,
    amount: command.amount,
    currency: command.currency,
    capture: command.capture,
    acceptsPartial: command.acceptsPartial ?? false,
    method,
    reference: command.reference,
    description: command.description,
    statementDescriptor: command.statementDescriptor,
    returnUrl: command.returnUrl,
    metadata: command.metadata,
    createdUs: context.nowUs,
    expiresAtUs: context.nowUs + command.expiresAfterSeconds * 1e6,
    state: method === null ? 'requires_payment_method' : 'requires_confirmation',
    version: 0,
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
    lastSeq: 0,
  };
  const flow = new Flow(context, intent);
  if (command.confirm) {
    const fault = startAttempt(flow, merchant, { asked: command.id });
    if (fault !== null) return fault;
  }
  const { attempts, operations, metadata, ...fields } = intent;
  return flow.write(
    { id: command.id, by: 'caller', request: [] },
    {
      created: (after) => ({
        name: 'intent_created',
        by: 'caller',
        request: factsOfPayment(command),
        intent: {
          merchant: fields.merchant,
          termsNumber: fields.termsNumber,
          customer: fields.customer,
          amount: fields.amount,
          currency: fields.currency,
          capture: fields.capture,
          acceptsPartial: fields.acceptsPartial,
          method: fields.method,
          reference: fields.reference,
          description: fields.description,
          statementDescriptor: fields.statementDescriptor,
          returnUrl: fields.returnUrl,
          createdUs: fields.createdUs,
          expiresAtUs: fields.expiresAtUs,
          metadata: Object.entries(metadata),
        },
        attempts: attempts.map((attempt, index) => [index, attempt] as const),
        operations,
        after,
      }),
    },
  );
}

export function decideUpdate(
  context: PaymentContext,
  command: UpdateIntent,
  intent: Intent,
  { customer, paymentMethod }: Subjects,
): Decided {
  const fault = notWaiting(context, intent);
  if (fault !== null) return fault;
  const stranger = command.customer === undefined ? null : notOf(intent.merchant, customer);
  if (stranger !== null) return stranger;
  // What a provider was asked for, or has declined, was of this amount and of this method.
  if (intent.attempts.length > 0) return refusal('PAYMENT_STATE', { field: 'payment_intent_id' });
  if (command.amount !== null && command.amount > AMOUNT_MAX)
    return refusal('AMOUNT_TOO_LARGE', { field: 'amount' });
  const payer = { ...intent, customer: command.customer ?? intent.customer };
  // A method that was detached meanwhile stands in the way of confirming, not of changing something else.
  const isOfMethod = command.customer !== undefined || command.paymentMethod !== undefined;
  const paid = isOfMethod ? methodAfter(command, payer, paymentMethod) : { method: command.method };
  if ('reason' in paid) return paid;
  const flow = new Flow(context, draftOf(intent));
  const isNewMethod = command.method !== null || command.paymentMethod !== undefined;
  if (isNewMethod) {
    flow.intent.method = paid.method;
    flow.move('requires_confirmation');
  }
  return flow.write(
    { id: command.id, by: 'caller', request: factsOfPayment(command) },
    {
      name: 'intent_updated',
      method: isNewMethod,
      updated: {
        customer: payer.customer,
        amount: command.amount ?? intent.amount,
        reference: command.reference ?? intent.reference,
        description: command.description ?? intent.description,
        returnUrl: command.returnUrl ?? intent.returnUrl,
        metadata: Object.entries(command.metadata ?? intent.metadata),
      },
    },
  );
}

/** Why a payment does not wait to be confirmed; null where it does. */
function notWaiting(context: PaymentContext, { state, expiresAtUs }: Intent): Refusal | null {
  const isWaiting = state === 'requires_payment_method' || state === 'requires_confirmation';
  // By the moment, and not by the timer, which may be late.
  if (state === 'expired' || (isWaiting && context.nowUs >= expiresAtUs))
    return refusal('PAYMENT_EXPIRED', { field: 'payment_intent_id' });
  return isWaiting ? null : refusal('PAYMENT_STATE', { field: 'payment_intent_id' });
}

export function decideConfirm(
  context: PaymentContext,
  command: ConfirmIntent,
  intent: Intent,
  merchant: Merchant,
  { paymentMethod }: Subjects,
): Decided {
  if (intent.state === 'requires_action') return decideContinue(context, command, intent);
  const waits = notWaiting(context, intent);
  if (waits !== null) return waits;
  // No payer was sent anywhere.
  if (command.redirectResult !== undefined) return refusal('PAYMENT_STATE', { field: 'redirect_result' });
  const paid = methodAfter(command, intent, paymentMethod);
  if ('reason' in paid) return paid;
  const flow = new Flow(context, draftOf(intent));
  flow.intent.method = paid.method;
  const { returnUrl } = command;
  if (returnUrl !== undefined) flow.intent.returnUrl = returnUrl;
  if (!mayTryNext(flow, merchant)) return refusal('ATTEMPTS_EXHAUSTED', { field: 'payment_intent_id' });
  // Whoever confirms again knows of the decline: another card, or money on it by now, is for the same provider too.
  const fault = startAttempt(flow, merchant, { asked: command.id });
  if (fault !== null) return fault;
  return flow.write(
    { id: command.id, by: 'caller', request: factsOfPayment(command) },
    { name: 'attempt_started', method: true, returnUrl: returnUrl !== undefined },
  );
}

/** The payer says that it is done: the provider is asked to go on, now and not when it would be anyway. */
function decideContinue(context: PaymentContext, command: ConfirmIntent, intent: Intent): Decided {
  const flow = new Flow(context, draftOf(intent));
  const operation = flow.intent.operations.find(({ state }) => state === 'requires_action');
  if (operation === undefined || command.method !== null || command.paymentMethod !== undefined)
    return refusal('PAYMENT_STATE', { field: 'payment_intent_id' });
  // The payer has been sent there already.
  if ((command.returnUrl ?? intent.returnUrl) !== intent.returnUrl)
    return refusal('PAYMENT_STATE', { field: 'return_url' });
  flow.moveOperation(operation, 'pending', context.nowUs);
  if (command.redirectResult !== undefined) operation.redirectResult = command.redirectResult;
  flow.move('processing');
  return flow.write(
    { id: command.id, by: 'caller', request: factsOfPayment(command) },
    { name: 'operation_changed' },
  );
}

export function decideCapture(context: PaymentContext, command: CaptureIntent, intent: Intent): Decided {
  const { state, counters } = intent;
  if (state === 'expired') return refusal('PAYMENT_EXPIRED', { field: 'payment_intent_id' });
  if (state !== 'requires_capture' && state !== 'partially_captured')
    return refusal('PAYMENT_STATE', { field: 'payment_intent_id' });
  // How much can be captured is not known before.
  if (isIncrementing(intent)) return refusal('PAYMENT_STATE', { field: 'payment_intent_id' });
  const index = intent.attempts.length - 1;
  const attempt = intent.attempts[index];
  const rest = counters.authorized - counters.captured - counters.capturing;
  const amount = command.amount ?? rest;
  if (amount > rest) return refusal('EXCEEDS_AUTHORIZED', { field: 'amount' });
  const abilities = context.router.abilities(attempt.provider);
  if (amount < rest && abilities?.partialCapture === false)
    return refusal('NOT_SUPPORTED', { field: 'amount' });
  if (!command.final && abilities?.multipleCaptures === false)
    return refusal('NOT_SUPPORTED', { field: 'final' });
  if (attempt.expiresAtUs <= context.nowUs) return refusal('PAYMENT_EXPIRED', { field: 'payment_intent_id' });
  const full = isFull(intent);
  if (full !== null) return full;
  const flow = new Flow(context, draftOf(intent));
  flow.begin(operationId(flow, command.id, 'capture'), {
    request: command.id,
    kind: 'capture',
    attempt: index,
    amount,
    final: command.final || amount === rest,
  });
  flow.intent.counters.capturing += amount;
  flow.move('processing');
  return flow.write(
    { id: command.id, by: 'caller', request: factsOfPayment(command) },
    { name: 'operation_started' },
  );
}

export function decideIncrement(context: PaymentContext, command: IncrementIntent, intent: Intent): Decided {
  const { state, counters } = intent;
  const { amount } = command;
  if (state === 'expired') return refusal('PAYMENT_EXPIRED', { field: 'payment_intent_id' });
  if (state !== 'requires_capture' || isIncrementing(intent))
    return refusal('PAYMENT_STATE', { field: 'payment_intent_id' });
  const index = intent.attempts.length - 1;
  const { provider, expiresAtUs } = intent.attempts[index];
  if (context.router.abilities(provider)?.increment !== true)
    return refusal('NOT_SUPPORTED', { field: 'payment_intent_id' });
  if (expiresAtUs <= context.nowUs) return refusal('PAYMENT_EXPIRED', { field: 'payment_intent_id' });
  if (amount > AMOUNT_MAX - counters.authorized) return refusal('AMOUNT_TOO_LARGE', { field: 'amount' });
  const full = isFull(intent);
  if (full !== null) return full;
  const flow = new Flow(context, draftOf(intent));
  flow.begin(operationId(flow, command.id, 'increment'), {
    request: command.id,
    kind: 'increment',
    attempt: index,
    amount,
  });
  return flow.write(
    { id: command.id, by: 'caller', request: factsOfPayment(command) },
    { name: 'operation_started' },
  );
}

function isIncrementing({ operations }: Intent): boolean {
  return operations.some(({ kind, state }) => kind === 'increment' && isOpen(state));
}

export function decideCancel(context: PaymentContext, command: CancelIntent, intent: Intent): Decided {
  const flow = new Flow(context, draftOf(intent));
  const what = { id: command.id, by: 'caller', request: factsOfPayment(command) } as const;
  switch (intent.state) {
    case 'requires_payment_method':
    case 'requires_confirmation':
      flow.intent.cancelReason = command.reason;
      flow.move('canceled');
      return flow.write(what, { name: 'intent_canceled' });
    case 'processing':
    case 'requires_action':
      if (intent.canceling) return refusal('PAYMENT_STATE', { field: 'payment_intent_id' });
      // Whatever is under way is waited for; a success is voided, or refunded.
      flow.intent.cancelReason = command.reason;
      flow.intent.canceling = true;
      if (intent.state === 'requires_action') startVoid(flow, command.id);
      return flow.write(what, { name: 'operation_started' });
    case 'requires_capture':
    case 'partially_captured':
      flow.intent.cancelReason = command.reason;
      flow.intent.canceling = true;
      // An increment that is under way is waited for; its outcome begins the void.
      if (isIncrementing(intent)) flow.move('processing');
      else startVoid(flow, command.id);
      return flow.write(what, { name: 'operation_started' });
    case 'succeeded':
    case 'canceled':
    case 'expired':
    case 'conflicted':
      return refusal('PAYMENT_STATE', { field: 'payment_intent_id' });
  }
}

export function decideRefund(context: PaymentContext, command: RefundIntent, intent: Intent): Decided {
  const { counters } = intent;
  const rest = counters.captured - counters.refunded - counters.refunding - counters.disputed;
  if (counters.captured === 0n) return refusal('PAYMENT_STATE', { field: 'payment_intent_id' });
  if (isDisputed(intent)) return refusal('CHARGE_DISPUTED', { field: 'payment_intent_id' });
  const amount = command.amount ?? rest;
  if (amount > rest || rest <= 0n) return refusal('EXCEEDS_CAPTURED', { field: 'amount' });
  const index = intent.attempts.length - 1;
  const { provider } = intent.attempts[index];
  if (amount < counters.captured && context.router.abilities(provider)?.partialRefund === false)
    return refusal('NOT_SUPPORTED', { field: 'amount' });
  const full = isFull(intent) ?? isFullOfMetadata(intent, command);
  if (full !== null) return full;
  const flow = new Flow(context, draftOf(intent));
  const taken = bookRefundAsked(flow, provider, amount);
  flow.begin(operationId(flow, command.id, 'refund'), {
    request: command.id,
    kind: 'refund',
    attempt: index,
    amount,
    ...taken,
    ...saidOf(command),
  });
  return flow.write(
    { id: command.id, by: 'caller', request: factsOfPayment(command) },
    { name: 'operation_started' },
  );
}

function saidOf({ reason, reference = '', metadata = {} }: RefundIntent) {
  const entries = Object.entries(metadata);
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(reference === '' ? {} : { reference }),
    ...(entries.length === 0 ? {} : { metadata: entries }),
  };
}

export function decideRefundUpdate(context: PaymentContext, command: UpdateRefund, intent: Intent): Decided {
  const { id, refund, metadata } = command;
  const flow = new Flow(context, draftOf(intent));
  const operation = flow.intent.operations.find(
    ({ kind, request }) => kind === 'refund' && request === refund,
  );
  if (operation === undefined) return refusal('REFUND_NOT_FOUND', { field: 'refund_id' });
  const full = isFullOfMetadata(intent, { id: refund, metadata });
  if (full !== null) return full;
  flow.describe(operation, Object.entries(metadata));
  return flow.write({ id, by: 'caller', request: factsOfPayment(command) }, { name: 'refund_updated' });
}

/** Of all refunds of one payment, so that a payment fits a message of 4 MiB however it is written. */
export const REFUND_METADATA_CHARACTERS_MAX = 262_144;

function isFullOfMetadata(
  { operations }: Intent,
  { id, metadata = {} }: Pick<RefundIntent, 'id' | 'metadata'>,
): Refusal | null {
  const own = charactersOf(Object.entries(metadata));
  const others = operations.filter(({ request }) => request !== id);
  const there = others.reduce((sum, { metadata: said = [] }) => sum + charactersOf(said), 0);
  // What takes nothing away from others is never too much.
  if (own === 0 || there + own <= REFUND_METADATA_CHARACTERS_MAX) return null;
  return refusal('REFUND_METADATA_EXHAUSTED', { field: 'metadata' });
}

const charactersOf = (entries: Entries): number =>
  entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);

/** What callers may ask of one payment: each thing that is asked is looked at with every change of it. */
export const OPERATIONS_MAX = 1_000;

function isFull({ operations }: Intent): Refusal | null {
  if (operations.length < OPERATIONS_MAX) return null;
  return refusal('OPERATIONS_EXHAUSTED', { field: 'payment_intent_id' });
}
