import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AttemptSchema } from '../../../gen/florin/payments/v1/attempts_pb.ts';
import type { MerchantResultSchema } from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { type OperationSchema, RefundReason } from '../../../gen/florin/payments/v1/operations_pb.ts';
import type { PaymentMethodSchema } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  CancelReason,
  type DisputeSchema,
  type PaymentCountersSchema,
  type PaymentIntentSchema,
  type PaymentResultSchema,
} from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { RefundSchema } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import { REFUSALS } from '../../kernel/ledger/refusals.ts';
import type { ShownAttempt } from '../../kernel/payments/change.ts';
import type { Counters, Dispute, Intent, Method, Operation } from '../../kernel/payments/model.ts';
import type { Refund } from '../../readmodels/queries/refunds.ts';
import type { PaymentOutcome, Refused } from '../../shard/service.ts';
import { refusal } from './answers.ts';
import {
  ATTEMPT_STATES,
  CANCEL_REASONS,
  CAPTURE_METHODS,
  DISPUTE_STATES,
  INTENT_STATES,
  METHOD_TYPES,
  OPERATION_KINDS,
  OPERATION_STATES,
  REFUND_REASONS,
} from './paymentNames.ts';
import { timestamp } from './rows.ts';

/** Payments as the kernel holds them, as messages. */

export function paymentIntent(intent: Intent, book: string): MessageInitShape<typeof PaymentIntentSchema> {
  const { id, method, state, attempts, reference, description, statementDescriptor, returnUrl } = intent;
  return {
    id,
    book,
    merchantId: intent.merchant,
    termsNumber: intent.termsNumber,
    customerId: intent.customer ?? '',
    amount: { minorUnits: intent.amount, asset: intent.currency },
    state: INTENT_STATES[state],
    captureMethod: CAPTURE_METHODS[intent.capture],
    acceptPartialApproval: intent.acceptsPartial,
    ...(method === null ? {} : { paymentMethod: paymentMethod(method) }),
    counters: counters(intent.counters),
    attempts: attempts.map(attempt),
    operations: intent.operations.map(operation),
    disputes: intent.disputes.map(dispute),
    nextActionUrl: state === 'requires_action' ? (attempts.at(-1)?.actionUrl ?? '') : '',
    // A provider that refuses to void what it never had declines nothing: that is how it bars the reference.
    lastDeclineCode:
      intent.operations.findLast(({ kind, decline }) => kind !== 'void' && decline !== '')?.decline ?? '',
    cancelReason: CANCEL_REASONS[intent.cancelReason] ?? CancelReason.UNSPECIFIED,
    canceling: intent.canceling,
    attention: intent.attention,
    reference,
    description,
    statementDescriptor,
    returnUrl,
    metadata: intent.metadata,
    createdAt: timestamp(intent.createdUs),
    expiresAt: timestamp(intent.expiresAtUs),
    ...moment('availableAt', intent.availableAtUs),
    version: BigInt(intent.version),
    seq: BigInt(intent.seq),
    lastSeq: BigInt(intent.lastSeq),
  };
}

function dispute({
  id,
  operation,
  amount,
  state,
  openedUs,
  changedUs,
  changedIn,
}: Dispute): MessageInitShape<typeof DisputeSchema> {
  const moments = { openedAt: timestamp(openedUs), changedAt: timestamp(changedUs) };
  return {
    id,
    operationId: operation,
    amount,
    state: DISPUTE_STATES[state],
    ...moments,
    version: BigInt(changedIn),
  };
}

export function counters(sums: Counters): MessageInitShape<typeof PaymentCountersSchema> {
  const { authorized, captured, capturing, refunded, refunding, fees, tax, pending } = sums;
  const { unapplied, reserve, returned, disputed } = sums;
  return {
    authorized,
    captured,
    capturing,
    refunded,
    refunding,
    fees,
    tax,
    pending,
    unapplied,
    reserve,
    returned,
    disputed,
  };
}

export function attempt(one: ShownAttempt): MessageInitShape<typeof AttemptSchema> {
  const { provider, route, providerReference, actionUrl } = one;
  return {
    state: ATTEMPT_STATES[one.state],
    provider,
    paymentMethod: paymentMethod(one.method),
    operationId: one.operation,
    route,
    providerReference,
    ...moment('expiresAt', one.expiresAtUs),
    actionUrl,
  };
}

export function operation(one: Operation): MessageInitShape<typeof OperationSchema> {
  const { id, attempt, amount, final, providerReference, detail, tries } = one;
  return {
    id,
    kind: OPERATION_KINDS[one.kind],
    state: OPERATION_STATES[one.state],
    attempt,
    amount,
    // Of everything but a capture it says nothing.
    final: one.kind === 'capture' && final,
    providerReference,
    declineCode: one.decline,
    requestId: one.request,
    detail,
    askedAt: timestamp(one.askedUs),
    tries,
    ...moment('dueAt', one.dueUs),
    ...(one.said === null ? {} : { said: { minorUnits: one.said.amount, asset: one.said.currency } }),
    attention: one.attention,
    refundReason: one.reason === undefined ? RefundReason.UNSPECIFIED : REFUND_REASONS[one.reason],
    refundReference: one.reference ?? '',
    refundMetadata: Object.fromEntries(one.metadata ?? []),
    version: BigInt(one.changedIn),
  };
}

/** A refund that somebody asked for, of its payment. */
export function refund(
  { intent, operation: one, seq }: Refund,
  book: string,
): MessageInitShape<typeof RefundSchema> {
  return {
    id: one.request,
    book,
    merchantId: intent.merchant,
    paymentIntentId: intent.id,
    amount: { minorUnits: one.amount, asset: one.currency },
    operation: operation(one),
    seq: BigInt(seq),
  };
}

function paymentMethod({ type, token, id }: Method): MessageInitShape<typeof PaymentMethodSchema> {
  return { type: METHOD_TYPES[type], token, id: id ?? '' };
}

/** Absent where the moment never comes. */
export function moment<Name extends string>(name: Name, us: number) {
  return (us === Infinity ? {} : { [name]: timestamp(us) }) as Partial<
    Record<Name, ReturnType<typeof timestamp>>
  >;
}

export function paymentResult(
  outcome: PaymentOutcome,
  resting?: MessageInitShape<typeof PaymentIntentSchema>,
): MessageInitShape<typeof PaymentResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  const { seq, replayed, subject, after } = outcome;
  if (after === null) throw new Error(`${subject} was changed as a payment intent and is none`);
  return {
    outcome: {
      case: 'changed',
      value: {
        seq: BigInt(seq),
        replayed,
        paymentIntentId: subject,
        version: BigInt(after.version),
        state: INTENT_STATES[after.state],
        counters: counters(after.counters),
        ...(resting === undefined ? {} : { paymentIntent: resting }),
      },
    },
  };
}

export function merchantResult(outcome: PaymentOutcome): MessageInitShape<typeof MerchantResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  return { outcome: { case: 'done', value: { seq: BigInt(outcome.seq), replayed: outcome.replayed } } };
}

const MONEY_FIELDS: Readonly<Record<string, string>> = {
  amount: 'amount.minor_units',
  currency: 'amount.asset',
};

/** The kernel knows amount and currency as two fields; a new payment intent has both in one message. */
export function withMoneyFields(outcome: PaymentOutcome): PaymentOutcome {
  // Malformed items name it themselves.
  if (outcome.done || REFUSALS[outcome.reason].origin === 'item') return outcome;
  const field = MONEY_FIELDS[outcome.field];
  return field === undefined ? outcome : ({ ...outcome, field } satisfies Refused);
}
