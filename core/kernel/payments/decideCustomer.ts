import type { Uuid } from '../ledger/commands.ts';
import { refusal, type Refusal } from '../ledger/context.ts';
import { type CustomerSet, Subject, writeChange } from './change.ts';
import type { CreateCustomer, UpdateCustomer } from './commands.ts';
import { factsOfPayment } from './facts.ts';
import type { PaymentContext } from './flow.ts';
import type { Customer } from './model.ts';
import type { Decided } from './flow.ts';
import type { Subjects } from './subjects.ts';
import { telling } from './told.ts';

export function decideCustomer(
  context: PaymentContext,
  command: CreateCustomer,
  { merchant }: Subjects,
): Decided {
  if (merchant === undefined) return refusal('MERCHANT_NOT_FOUND', { field: 'merchant_id' });
  const { op: _op, id, origin: _origin, metadata, ...fields } = command;
  const customer = { ...fields, metadata: Object.entries(metadata), createdUs: context.nowUs, version: 1 };
  const set: CustomerSet = {
    name: 'customer_created',
    by: 'caller',
    request: factsOfPayment(command),
    customer,
  };
  return written(context, { command: id, customer: id, seq: 0 }, set);
}

export function decideCustomerUpdate(
  context: PaymentContext,
  command: UpdateCustomer,
  { customer }: Subjects,
): Decided {
  if (customer === undefined) return refusal('CUSTOMER_NOT_FOUND', { field: 'customer_id' });
  const { id, seq, merchant, createdUs, version } = customer;
  const set: CustomerSet = {
    name: 'customer_updated',
    by: 'caller',
    request: factsOfPayment(command),
    customer: {
      merchant,
      name: command.name ?? customer.name,
      email: command.email ?? customer.email,
      description: command.description ?? customer.description,
      reference: command.reference ?? customer.reference,
      metadata: Object.entries(command.metadata ?? customer.metadata),
      createdUs,
      version: version + 1,
    },
  };
  return written(context, { command: command.id, customer: id, seq }, set);
}

function written(
  context: PaymentContext,
  { command, customer, seq }: { command: Uuid; customer: Uuid; seq: number },
  set: CustomerSet,
): Decided {
  const change = { ...set, ...telling(context, [{ type: TOLD[set.name] }]) };
  const first = context.body.events;
  const { book } = context;
  const event = { id: command, book, subject: Subject.customer, subjectId: customer, subjectSeq: seq };
  return { done: 'events', first, at: writeChange(context.body, event, change), change };
}

const TOLD = { customer_created: 'customer.created', customer_updated: 'customer.updated' } as const;

/** Why a customer is none of that merchant's; null where it is. A stranger's is as good as none. */
export function notOf(merchant: Uuid, customer: Customer | undefined): Refusal | null {
  if (customer?.merchant === merchant) return null;
  return refusal('CUSTOMER_NOT_FOUND', { field: 'customer_id' });
}
