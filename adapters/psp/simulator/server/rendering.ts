import type { Books, Numbered } from './books.ts';
import { decimalOf } from './currencies.ts';
import { type Answer, type Operation, type Payment, type SettlementLine, paymentId } from './model.ts';

/**
 * An operation as callers see it. Amounts are strings of decimal digits, in minor units: JSON's numbers are read as
 * doubles by most, and money is not to depend on that.
 */
export function answerOf(operation: Operation, payment: Payment | null, origin: string): Answer {
  const isAuthorization = operation.kind === 'authorize' || operation.kind === 'sale';
  const isOpen = isAuthorization && payment?.state === 'authorized';
  const { status } = operation;
  return {
    // 402 says for sure that it was not done.
    status: status === 'declined' ? 402 : 200,
    body: JSON.stringify({
      object: 'operation',
      reference: operation.reference,
      kind: operation.kind,
      status,
      payment: payment === null ? '' : paymentId(payment.reference),
      amount: operation.amount.toString(),
      currency: operation.currency,
      cost: operation.cost === null ? null : operation.cost.toString(),
      code: operation.code,
      approved_in_part: isAuthorization && payment?.behaviour === 'partial_approval',
      expires_at_ms: status === 'succeeded' && isOpen ? payment.expiresMs : null,
      redirect_url:
        status === 'requires_action' ? `${origin}/challenge/${paymentId(operation.payment)}` : null,
      created_ms: operation.createdMs,
    }),
  };
}

/** A line of the report: what was done under which reference. `decimal` is the amount as people write it. */
export function reportLine(operation: Numbered<Operation>): object {
  const { number, reference, kind, status, amount, currency, cost, code, createdMs, payment } = operation;
  return {
    number,
    reference,
    kind,
    status,
    payment: paymentId(payment),
    amount: amount.toString(),
    currency,
    decimal: decimalOf(amount, currency),
    cost: (cost ?? 0n).toString(),
    code,
    created_ms: createdMs,
  };
}

export function settlementLine(line: Numbered<SettlementLine>): object {
  const { number, type, reference, payment, currency, credit, debit, fee, availableMs, createdMs } = line;
  return {
    number,
    type,
    reference,
    payment: paymentId(payment),
    currency,
    credit: credit.toString(),
    debit: debit.toString(),
    fee: fee.toString(),
    available_at_ms: availableMs,
    created_ms: createdMs,
  };
}

/** An event, and whether its webhook was taken. */
export function eventRow({ number, body, state, tries }: ReturnType<Books['events']>[number]) {
  return { number, state, tries, event: JSON.parse(body) as { id: string; created_ms: number } };
}

export function answerOfPayment(payment: Payment): Answer {
  const { reference, state, brand, last4, currency, merchantPayment, statementDescriptor } = payment;
  const view = {
    object: 'payment',
    id: paymentId(reference),
    reference,
    state,
    card: { brand, last4 },
    currency,
    authorized: payment.authorized.toString(),
    captured: payment.captured.toString(),
    released: payment.released.toString(),
    refunded: payment.refunded.toString(),
    merchant_payment: merchantPayment,
    statement_descriptor: statementDescriptor,
    created_ms: payment.createdMs,
  };
  return { status: 200, body: JSON.stringify(view) };
}
