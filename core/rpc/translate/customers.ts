import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  CustomerResultSchema,
  CustomerSchema,
  CustomerUpdate,
  NewCustomer,
} from '../../../gen/florin/payments/v1/customers_pb.ts';
import { REFERENCE_CHARACTERS_MAX } from '../../kernel/ledger/limits.ts';
import type { CreateCustomer, UpdateCustomer } from '../../kernel/payments/commands.ts';
import type { Customer } from '../../kernel/payments/model.ts';
import type { Malformed, PaymentOutcome } from '../../shard/service.ts';
import { refusal } from './answers.ts';
import { Check } from './check.ts';
import { originOf } from './origins.ts';
import {
  CUSTOMER_NAME_CHARACTERS_MAX,
  DESCRIPTION_CHARACTERS_MAX,
  EMAIL_CHARACTERS_MAX,
} from './paymentLimits.ts';
import { metadataOf, textOf } from './payments.ts';
import { timestamp } from './rows.ts';

export function createCustomer(item: NewCustomer): CreateCustomer | Malformed {
  const check = new Check();
  const command: CreateCustomer = {
    op: 'createCustomer',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    merchant: check.uuid(item.merchantId, 'merchant_id'),
    name: nameOf(item.name, check),
    email: emailOf(item.email, check),
    description: descriptionOf(item.description, check),
    reference: referenceOf(item.reference, check),
    metadata: metadataOf(item.metadata, check),
  };
  return check.fault ?? command;
}

export function updateCustomer(item: CustomerUpdate): UpdateCustomer | Malformed {
  const check = new Check();
  const changed = (text: string | undefined, parse: typeof nameOf): string | null =>
    text === undefined ? null : parse(text, check);
  const changes = {
    name: changed(item.name, nameOf),
    email: changed(item.email, emailOf),
    description: changed(item.description, descriptionOf),
    reference: changed(item.reference, referenceOf),
    metadata: item.metadata === undefined ? null : metadataOf(item.metadata.entries, check),
  };
  const command: UpdateCustomer = {
    op: 'updateCustomer',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    customer: check.uuid(item.customerId, 'customer_id'),
    ...changes,
  };
  if (Object.values(changes).every((one) => one === null)) check.no('NOTHING_TO_CHANGE', '');
  return check.fault ?? command;
}

function nameOf(text: string, check: Check): string {
  return textOf(text, 'name', CUSTOMER_NAME_CHARACTERS_MAX, check);
}

function descriptionOf(text: string, check: Check): string {
  return textOf(text, 'description', DESCRIPTION_CHARACTERS_MAX, check);
}

function referenceOf(text: string, check: Check): string {
  return textOf(text, 'reference', REFERENCE_CHARACTERS_MAX, check);
}

/** Whether mail arrives there only mail can tell; this keeps out what is no address at all. */
function emailOf(text: string, check: Check): string {
  textOf(text, 'email', EMAIL_CHARACTERS_MAX, check);
  if (text !== '' && !/^[^\s@]+@[^\s@]+$/.test(text)) check.no('INVALID_VALUE', 'email');
  return text;
}

export function customer(row: Customer, book: string): MessageInitShape<typeof CustomerSchema> {
  const { id, name, email, description, reference, metadata } = row;
  return {
    id,
    book,
    merchantId: row.merchant,
    name,
    email,
    description,
    reference,
    metadata,
    createdAt: timestamp(row.createdUs),
    version: BigInt(row.version),
    seq: BigInt(row.seq),
    lastSeq: BigInt(row.lastSeq),
  };
}

export function customerResult(outcome: PaymentOutcome): MessageInitShape<typeof CustomerResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  const { seq, replayed, subject } = outcome;
  return { outcome: { case: 'done', value: { seq: BigInt(seq), replayed, customerId: subject } } };
}
