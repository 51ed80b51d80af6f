import type { Operation } from '../../gen/florin/payments/v1/operations_pb.ts';
import type { PaymentIntent } from '../../gen/florin/payments/v1/payments_pb.ts';
import type { ExplainResponse, TimelineEvent } from '../../gen/florin/payments/v1/timelines_pb.ts';
import { isoMoment, jsonInteger, type Json, shortMoment } from '../print/json.ts';
import { formatAmount } from '../print/money.ts';
import { printable, tableLines } from '../print/table.ts';
import type { Terminal } from '../print/terminal.ts';
import {
  attemptStateName,
  cancelReasonName,
  captureMethodName,
  disputeStateName,
  methodTypeName,
  nextStepName,
  operationKindName,
  operationStateName,
  paymentStateName,
  timelineCauseName,
  timelineKindName,
} from './names.ts';

type Width = Pick<Terminal, 'width' | 'isColoured'>;

/** A payment at a glance: what it is, its sums, and why it stands as it does. */
export function paymentLines(payment: PaymentIntent, explained: ExplainResponse, scale: number): string[] {
  const { amount, counters, paymentMethod, reference, description, cancelReason, canceling } = payment;
  const sum = (units: bigint): string => formatAmount(units, scale);
  const method =
    paymentMethod === undefined ? 'none' : `${methodTypeName(paymentMethod.type)} ${paymentMethod.token}`;
  const sums = Object.entries({
    authorised: counters?.authorized,
    captured: counters?.captured,
    'being captured': counters?.capturing,
    refunded: counters?.refunded,
    'being refunded': counters?.refunding,
    fees: counters?.fees,
    tax: counters?.tax,
    pending: counters?.pending,
    'kept back': counters?.reserve,
    unapplied: counters?.unapplied,
    returned: counters?.returned,
    disputed: counters?.disputed,
  })
    .filter(([, units]) => units !== undefined && units !== 0n)
    .map(([name, units]) => `${name} ${sum(units ?? 0n)}`);
  const facts: [string, string][] = [
    ['amount', `${sum(amount?.minorUnits ?? 0n)} ${amount?.asset ?? ''}`],
    ['state', `${paymentStateName(payment.state)}${canceling ? ', being canceled' : ''}`],
    ['sums', sums.join(', ')],
    ['method', `${method}, captured ${captureMethodName(payment.captureMethod)}`],
    ['merchant', payment.merchantId],
    ['customer', payment.customerId],
    ['reference', reference],
    ['description', description],
    ['created', shortMoment(payment.createdAt)],
    ['expires', shortMoment(payment.expiresAt)],
    ['cancel reason', cancelReason === 0 ? '' : cancelReasonName(cancelReason)],
    ['next action', payment.nextActionUrl],
    [
      'disputes',
      payment.disputes
        .map((one) => `${one.id} of ${sum(one.amount)} ${disputeStateName(one.state)}`)
        .join(', '),
    ],
    ['attention', payment.attention],
  ];
  return [
    ...facts.filter(([, text]) => text !== '').map(([name, text]) => `${name.padEnd(14)}${printable(text)}`),
    '',
    ...explained.text.split('\n').map(printable),
  ];
}

export function timelineLines(events: readonly TimelineEvent[], terminal: Width): string[] {
  return tableLines<TimelineEvent>(
    [
      {
        title: 'BOOKED (UTC)',
        text: ({ bookedAt }) => isoMoment(bookedAt)?.replace('T', ' ').slice(0, 23) ?? '',
      },
      { title: 'BY', text: ({ cause }) => timelineCauseName(cause) },
      { title: 'WHAT', isFlexible: true, text: ({ text }) => text },
      { title: 'STATE', text: ({ state }) => paymentStateName(state) },
    ],
    events,
    terminal,
  );
}

/** Payments, newest first; what an operator has to look at only where there is something. */
export function paymentsLines(
  payments: readonly PaymentIntent[],
  scales: ReadonlyMap<string, number>,
  terminal: Width,
): string[] {
  const amountOf = ({ amount }: PaymentIntent): string =>
    `${formatAmount(amount?.minorUnits ?? 0n, scales.get(amount?.asset ?? '') ?? 0)} ${amount?.asset ?? ''}`;
  const hasAttention = payments.some(({ attention }) => attention !== '');
  return tableLines<PaymentIntent>(
    [
      { title: 'CREATED (UTC)', text: ({ createdAt }) => shortMoment(createdAt) },
      { title: 'PAYMENT', text: ({ id }) => id },
      { title: 'STATE', text: ({ state }) => paymentStateName(state) },
      { title: 'AMOUNT', align: 'right', text: amountOf },
      { title: 'PROVIDER', text: ({ attempts }) => attempts.at(-1)?.provider ?? '' },
      { title: 'REFERENCE', isFlexible: true, text: ({ reference }) => reference },
      ...(hasAttention
        ? [
            {
              title: 'ATTENTION',
              isFlexible: true as const,
              text: ({ attention }: PaymentIntent) => attention,
            },
          ]
        : []),
    ],
    payments,
    terminal,
  );
}

/** What an operator has to decide: a line an operation, or one for the payment where none says more. */
export function operationLines(payments: readonly PaymentIntent[], terminal: Width): string[] {
  const rows = payments.flatMap((payment) => {
    const raised = payment.operations.filter(({ attention }) => attention !== '');
    return (raised.length === 0 ? [undefined] : raised).map((operation) => ({ payment, operation }));
  });
  return tableLines<(typeof rows)[number]>(
    [
      { title: 'PAYMENT', text: ({ payment }) => payment.id },
      { title: 'STATE', text: ({ payment }) => paymentStateName(payment.state) },
      { title: 'OPERATION', text: ({ operation }) => operation?.id ?? '' },
      {
        title: 'KIND',
        text: ({ operation }) =>
          operation === undefined
            ? ''
            : `${operationKindName(operation.kind)}, ${operationStateName(operation.state)}`,
      },
      {
        title: 'PROVIDER',
        text: ({ payment, operation }) => payment.attempts.at(operation?.attempt ?? -1)?.provider ?? '',
      },
      { title: 'SINCE (UTC)', text: ({ operation }) => shortMoment(operation?.askedAt) },
      {
        title: 'WHY',
        isFlexible: true,
        text: ({ payment, operation }) => operation?.attention ?? payment.attention,
      },
    ],
    rows,
    terminal,
  );
}

/** A payment as `--json` shows it. */
export function paymentJson(payment: PaymentIntent): Json {
  const { amount, paymentMethod, counters, cancelReason } = payment;
  const sums = (Object.entries(counters ?? {}) as [string, unknown][]).flatMap(([name, units]) =>
    typeof units === 'bigint' ? [[name, jsonInteger(units)] as const] : [],
  );
  return {
    id: payment.id,
    merchant_id: payment.merchantId,
    customer_id: textOrNull(payment.customerId),
    amount: jsonInteger(amount?.minorUnits ?? 0n),
    currency: amount?.asset ?? '',
    state: paymentStateName(payment.state),
    capture_method: captureMethodName(payment.captureMethod),
    payment_method:
      paymentMethod === undefined
        ? null
        : {
            type: methodTypeName(paymentMethod.type),
            token: paymentMethod.token,
            id: textOrNull(paymentMethod.id),
          },
    counters: Object.fromEntries(sums),
    attempts: payment.attempts.map((one) => ({
      state: attemptStateName(one.state),
      provider: one.provider,
      operation_id: one.operationId,
      provider_reference: one.providerReference,
      expires_at: isoMoment(one.expiresAt),
    })),
    operations: payment.operations.map(operationJson),
    disputes: payment.disputes.map((one) => ({
      id: one.id,
      operation_id: one.operationId,
      amount: jsonInteger(one.amount),
      state: disputeStateName(one.state),
      opened_at: isoMoment(one.openedAt),
      changed_at: isoMoment(one.changedAt),
    })),
    next_action_url: textOrNull(payment.nextActionUrl),
    last_decline_code: textOrNull(payment.lastDeclineCode),
    cancel_reason: cancelReason === 0 ? null : cancelReasonName(cancelReason),
    canceling: payment.canceling,
    attention: textOrNull(payment.attention),
    reference: payment.reference,
    description: payment.description,
    metadata: payment.metadata,
    created_at: isoMoment(payment.createdAt),
    expires_at: isoMoment(payment.expiresAt),
    available_at: isoMoment(payment.availableAt),
    version: jsonInteger(payment.version),
    seq: jsonInteger(payment.seq),
  };
}

function operationJson(operation: Operation): Json {
  return {
    id: operation.id,
    kind: operationKindName(operation.kind),
    state: operationStateName(operation.state),
    attempt: operation.attempt,
    amount: jsonInteger(operation.amount),
    provider_reference: operation.providerReference,
    decline_code: textOrNull(operation.declineCode),
    detail: operation.detail,
    asked_at: isoMoment(operation.askedAt),
    tries: operation.tries,
    due_at: isoMoment(operation.dueAt),
    said:
      operation.said === undefined
        ? null
        : { amount: jsonInteger(operation.said.minorUnits), currency: operation.said.asset },
    attention: textOrNull(operation.attention),
  };
}

export function timelineJson(event: TimelineEvent): Json {
  return {
    seq: jsonInteger(event.seq),
    booked_at: isoMoment(event.bookedAt),
    kind: timelineKindName(event.kind),
    cause: timelineCauseName(event.cause),
    command_id: textOrNull(event.commandId),
    text: event.text,
    state: paymentStateName(event.state),
    version: jsonInteger(event.version),
  };
}

export function explanationJson({ whyState, attempts, next }: ExplainResponse): Json {
  return {
    why_state: whyState,
    attempts: attempts.map(({ provider, text }) => ({ provider, text })),
    next: next.map((step) => ({ kind: nextStepName(step.kind), at: isoMoment(step.at), text: step.text })),
  };
}

function textOrNull(text: string): string | null {
  return text === '' ? null : text;
}
