import type { Uuid } from '../ledger/commands.ts';
import { refusal, type Refusal } from '../ledger/context.ts';
import { type PaymentMethodSet, Subject, writeChange } from './change.ts';
import type { CreatePaymentMethod, PaymentMethodCommand } from './commands.ts';
import { notOf } from './decideCustomer.ts';
import { factsOfPayment } from './facts.ts';
import type { PaymentContext } from './flow.ts';
import type { Method, StoredMethod } from './model.ts';
import type { Decided } from './flow.ts';
import type { Subjects } from './subjects.ts';
import { telling, type Told } from './told.ts';

const NOT_FOUND = () => refusal('PAYMENT_METHOD_NOT_FOUND', { field: 'payment_method_id' });
const DETACHED = () => refusal('PAYMENT_METHOD_DETACHED', { field: 'payment_method_id' });
const ATTACHED = () => refusal('PAYMENT_METHOD_ATTACHED', { field: 'payment_method_id' });

export function decidePaymentMethod(
  context: PaymentContext,
  command: PaymentMethodCommand,
  subjects: Subjects,
): Decided {
  if (command.op === 'createPaymentMethod') return decideCreation(context, command, subjects);
  const { customer, paymentMethod: before } = subjects;
  if (before === undefined) return NOT_FOUND();
  // For good: whoever has let go of a method finds it nowhere again.
  if (before.state === 'detached') return DETACHED();
  if (command.op === 'detachPaymentMethod')
    return written(context, command, 'payment_method_detached', { ...before, state: 'detached' });
  const stranger = notOf(before.merchant, customer);
  if (stranger !== null) return stranger;
  if (before.state === 'attached') return ATTACHED();
  const after = { ...before, state: 'attached', customer: command.customer } as const;
  return written(context, command, 'payment_method_attached', after);
}

function decideCreation(
  context: PaymentContext,
  command: CreatePaymentMethod,
  { merchant, customer }: Subjects,
): Decided {
  if (merchant === undefined) return refusal('MERCHANT_NOT_FOUND', { field: 'merchant_id' });
  const isAttached = command.customer !== undefined;
  const stranger = isAttached ? notOf(merchant.id, customer) : null;
  if (stranger !== null) return stranger;
  const { id, type, token, billingCountry, metadata } = command;
  return written(context, command, 'payment_method_created', {
    id,
    seq: 0,
    book: context.book,
    merchant: merchant.id,
    customer: command.customer ?? null,
    state: isAttached ? 'attached' : 'unattached',
    type,
    token,
    billingCountry,
    metadata,
    createdUs: context.nowUs,
    version: 0,
    lastSeq: 0,
  });
}

/** Writes what the method is after the command, at its next version. */
function written(
  context: PaymentContext,
  command: PaymentMethodCommand,
  name: PaymentMethodSet['name'],
  { id, seq, book, lastSeq: _lastSeq, metadata, version, ...fields }: StoredMethod,
): Decided {
  const first = context.body.events;
  const event = { id: command.id, book, subject: Subject.paymentMethod, subjectId: id, subjectSeq: seq };
  const change: PaymentMethodSet = {
    name,
    by: 'caller',
    request: factsOfPayment(command),
    paymentMethod: { ...fields, metadata: Object.entries(metadata), version: version + 1 },
    ...telling(context, toldOf(name, fields)),
  };
  return { done: 'events', first, at: writeChange(context.body, event, change), change };
}

/** One that is made for a customer is attached with that. */
function toldOf(name: PaymentMethodSet['name'], { state }: Pick<StoredMethod, 'state'>): Told[] {
  if (name === 'payment_method_detached') return [{ type: 'payment_method.detached' }];
  return state === 'attached' ? [{ type: 'payment_method.attached' }] : [];
}

interface Payer {
  merchant: Uuid;
  customer: Uuid | null;
}

interface Names {
  method: Method | null;
  paymentMethod?: Uuid | undefined;
}

/**
 * By what a payment is paid after a command: by what the command names, stored or not, else by what it was before. A
 * stored one, of whichever of them, must still be for this payment.
 */
export function methodAfter(
  { method, paymentMethod }: Names,
  payer: Payer & { method: Method | null },
  stored: StoredMethod | undefined,
): { method: Method | null } | Refusal {
  if (paymentMethod === undefined && method !== null) return { method };
  if (paymentMethod === undefined && payer.method?.id === undefined) return { method: payer.method };
  return methodOf(stored, payer);
}

/** What a stored method stands for: one that is attached only in payments of its customer. */
function methodOf(
  stored: StoredMethod | undefined,
  { merchant, customer }: Payer,
): { method: Method } | Refusal {
  if (stored?.merchant !== merchant) return NOT_FOUND();
  if (stored.state === 'detached') return DETACHED();
  if (stored.state === 'attached' && stored.customer !== customer) return ATTACHED();
  return { method: { type: stored.type, token: stored.token, id: stored.id } };
}
