import { refusal } from '../ledger/context.ts';
import { type PaymentLinkSet, Subject, writeChange } from './change.ts';
import type { CreatePaymentLink, PaymentLinkCommand, UpdatePaymentLink } from './commands.ts';
import { factsOfPayment } from './facts.ts';
import type { Decided, PaymentContext } from './flow.ts';
import type { PaymentLink } from './edgeModel.ts';
import type { Subjects } from './subjects.ts';
import { telling } from './told.ts';

export function decidePaymentLink(
  context: PaymentContext,
  command: PaymentLinkCommand,
  subjects: Subjects,
): Decided {
  return command.op === 'createPaymentLink'
    ? decideCreate(context, command, subjects)
    : decideUpdate(context, command, subjects);
}

function decideCreate(context: PaymentContext, command: CreatePaymentLink, { merchant }: Subjects): Decided {
  if (merchant === undefined) return refusal('MERCHANT_NOT_FOUND', { field: 'merchant_id' });
  if (command.mode !== merchant.mode) return refusal('MODE_MISMATCH', { field: 'mode' });
  if (context.state.assets.numberOf(command.currency) < 0)
    return refusal('ASSET_NOT_FOUND', { field: 'currency' });
  const { op: _op, id, origin: _origin, metadata, ...fields } = command;
  const paymentLink: PaymentLinkSet['paymentLink'] = {
    ...fields,
    state: 'active',
    metadata: Object.entries(metadata),
    createdUs: context.nowUs,
    version: 1,
  };
  return written(context, command, { name: 'payment_link_created', id, seq: 0, paymentLink });
}

function decideUpdate(
  context: PaymentContext,
  command: UpdatePaymentLink,
  { paymentLink: before }: Subjects,
): Decided {
  if (before === undefined || (command.merchant ?? before.merchant) !== before.merchant)
    return refusal('PAYMENT_LINK_NOT_FOUND', { field: 'payment_link_id' });
  const { id, seq, book: _book, lastSeq: _lastSeq, ...fields } = before;
  const paymentLink = {
    ...fields,
    state: command.state ?? before.state,
    metadata: Object.entries(command.metadata ?? before.metadata),
    version: before.version + 1,
  };
  return written(context, command, { name: 'payment_link_updated', id, seq, paymentLink });
}

function written(
  context: PaymentContext,
  command: PaymentLinkCommand,
  {
    name,
    id,
    seq,
    paymentLink,
  }: Pick<PaymentLink, 'id' | 'seq'> & Pick<PaymentLinkSet, 'name' | 'paymentLink'>,
): Decided {
  const { body, book } = context;
  const first = body.events;
  const event = { id: command.id, book, subject: Subject.paymentLink, subjectId: id, subjectSeq: seq };
  const change: PaymentLinkSet = {
    name,
    by: 'caller',
    request: factsOfPayment(command),
    paymentLink,
    ...telling(context, [{ type: TOLD[name] }]),
  };
  return { done: 'events', first, at: writeChange(body, event, change), change };
}

const TOLD = {
  payment_link_created: 'payment_link.created',
  payment_link_updated: 'payment_link.updated',
} as const;
