import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type NewPaymentLink,
  type PaymentLinkResultSchema,
  type PaymentLinkSchema,
  PaymentLinkState,
  type PaymentLinkUpdate,
} from '../../../gen/florin/payments/v1/payment_links_pb.ts';
import type { CreatePaymentLink, UpdatePaymentLink } from '../../kernel/payments/commands.ts';
import type { PaymentLink } from '../../kernel/payments/edgeModel.ts';
import type { Malformed, PaymentOutcome } from '../../shard/service.ts';
import { refusal } from './answers.ts';
import { named } from './apiKeys.ts';
import { Check } from './check.ts';
import { MODES } from './modes.ts';
import { DESCRIPTION_CHARACTERS_MAX } from './paymentLimits.ts';
import { originOf } from './origins.ts';
import { metadataOf, moneyOf, namedId, textOf } from './payments.ts';
import { timestamp } from './rows.ts';

export const LINK_STATES: Readonly<Record<PaymentLink['state'], PaymentLinkState>> = {
  active: PaymentLinkState.ACTIVE,
  inactive: PaymentLinkState.INACTIVE,
};

export function createPaymentLink(item: NewPaymentLink): CreatePaymentLink | Malformed {
  const check = new Check();
  const command: CreatePaymentLink = {
    op: 'createPaymentLink',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    merchant: check.uuid(item.merchantId, 'merchant_id'),
    mode: named(MODES, item.mode, 'mode', check),
    ...moneyOf(item.amount, check),
    description: textOf(item.description, 'description', DESCRIPTION_CHARACTERS_MAX, check),
    metadata: metadataOf(item.metadata, check),
  };
  return check.fault ?? command;
}

export function updatePaymentLink(item: PaymentLinkUpdate): UpdatePaymentLink | Malformed {
  const check = new Check();
  const { state, metadata } = item;
  const changes = {
    state: state === PaymentLinkState.UNSPECIFIED ? null : named(LINK_STATES, state, 'state', check),
    metadata: metadata === undefined ? null : metadataOf(metadata.entries, check),
  };
  const command: UpdatePaymentLink = {
    op: 'updatePaymentLink',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    paymentLink: check.uuid(item.paymentLinkId, 'payment_link_id'),
    merchant: namedId(item.merchantId, 'merchant_id', check),
    ...changes,
  };
  if (Object.values(changes).every((one) => one === null)) check.no('NOTHING_TO_CHANGE', '');
  return check.fault ?? command;
}

export function paymentLink(link: PaymentLink, book: string): MessageInitShape<typeof PaymentLinkSchema> {
  const { id, merchant, mode, state, amount, currency, description, metadata } = link;
  return {
    id,
    book,
    merchantId: merchant,
    mode: MODES[mode],
    state: LINK_STATES[state],
    amount: { minorUnits: amount, asset: currency },
    description,
    metadata,
    createdAt: timestamp(link.createdUs),
    version: BigInt(link.version),
    seq: BigInt(link.seq),
    lastSeq: BigInt(link.lastSeq),
  };
}

export function paymentLinkResult(outcome: PaymentOutcome): MessageInitShape<typeof PaymentLinkResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  const { seq, replayed, subject } = outcome;
  return { outcome: { case: 'done', value: { seq: BigInt(seq), replayed, paymentLinkId: subject } } };
}
