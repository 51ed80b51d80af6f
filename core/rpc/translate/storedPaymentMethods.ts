import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type NewPaymentMethod,
  type PaymentMethodAttachment,
  type PaymentMethodDetachment,
  type PaymentMethodResultSchema,
  type StoredPaymentMethodSchema,
  StoredPaymentMethodState,
} from '../../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import type {
  AttachPaymentMethod,
  CreatePaymentMethod,
  DetachPaymentMethod,
} from '../../kernel/payments/commands.ts';
import type { MethodType, StoredMethod, StoredMethodState } from '../../kernel/payments/model.ts';
import type { Malformed, PaymentOutcome } from '../../shard/service.ts';
import { refusal } from './answers.ts';
import { Check } from './check.ts';
import { originOf } from './origins.ts';
import { METHOD_TYPES, wordOf } from './paymentNames.ts';
import { metadataOf, namedId, tokenOf } from './payments.ts';
import { timestamp } from './rows.ts';
import { countryOf } from './ruleFields.ts';

const STATES: Readonly<Record<StoredMethodState, StoredPaymentMethodState>> = {
  unattached: StoredPaymentMethodState.UNATTACHED,
  attached: StoredPaymentMethodState.ATTACHED,
  detached: StoredPaymentMethodState.DETACHED,
};

export function createPaymentMethod(item: NewPaymentMethod): CreatePaymentMethod | Malformed {
  const check = new Check();
  const command: CreatePaymentMethod = {
    op: 'createPaymentMethod',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    merchant: check.uuid(item.merchantId, 'merchant_id'),
    customer: namedId(item.customerId, 'customer_id', check),
    type: typeOf(item, check),
    token: tokenOf(item.token, 'token', check),
    billingCountry: item.billingCountry && countryOf(item.billingCountry, 'billing_country', check),
    metadata: metadataOf(item.metadata, check),
  };
  return check.fault ?? command;
}

function typeOf({ type }: NewPaymentMethod, check: Check): MethodType {
  const word = wordOf(METHOD_TYPES, type);
  if (word === undefined) check.no(type === 0 ? 'MISSING_FIELD' : 'INVALID_VALUE', 'type');
  return word ?? 'card';
}

export function attachPaymentMethod(item: PaymentMethodAttachment): AttachPaymentMethod | Malformed {
  const check = new Check();
  const command: AttachPaymentMethod = {
    op: 'attachPaymentMethod',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    paymentMethod: check.uuid(item.paymentMethodId, 'payment_method_id'),
    customer: check.uuid(item.customerId, 'customer_id'),
  };
  return check.fault ?? command;
}

export function detachPaymentMethod(item: PaymentMethodDetachment): DetachPaymentMethod | Malformed {
  const check = new Check();
  const command: DetachPaymentMethod = {
    op: 'detachPaymentMethod',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    paymentMethod: check.uuid(item.paymentMethodId, 'payment_method_id'),
  };
  return check.fault ?? command;
}

export function storedPaymentMethod(
  row: StoredMethod,
  book: string,
): MessageInitShape<typeof StoredPaymentMethodSchema> {
  const { id, token, billingCountry, metadata } = row;
  return {
    id,
    book,
    merchantId: row.merchant,
    customerId: row.customer ?? '',
    state: STATES[row.state],
    type: METHOD_TYPES[row.type],
    token,
    billingCountry,
    metadata,
    createdAt: timestamp(row.createdUs),
    version: BigInt(row.version),
    seq: BigInt(row.seq),
    lastSeq: BigInt(row.lastSeq),
  };
}

export function paymentMethodResult(
  outcome: PaymentOutcome,
): MessageInitShape<typeof PaymentMethodResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  const { seq, replayed, subject } = outcome;
  return { outcome: { case: 'done', value: { seq: BigInt(seq), replayed, paymentMethodId: subject } } };
}
