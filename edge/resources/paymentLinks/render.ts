import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { type PaymentLink, PaymentLinkState } from '../../../gen/florin/payments/v1/payment_links_pb.ts';
import { PREFIX, prefixed } from '../../ids/prefixed.ts';
import { pathOf } from '../../pay/paths.ts';
import { exact, seconds } from '../values.ts';

/** A link as merchants see it. `publicUrl` is where payers reach the edge. */
export function renderPaymentLink(link: PaymentLink, publicUrl: string) {
  const { id, book, mode, state, amount, description, metadata, createdAt, version } = link;
  return {
    id: prefixed(PREFIX.paymentLink, id),
    object: 'payment_link',
    created: seconds(createdAt),
    livemode: mode === Mode.LIVE,
    version: Number(version),
    active: state === PaymentLinkState.ACTIVE,
    amount: exact(amount?.minorUnits ?? 0n),
    currency: (amount?.asset ?? '').toLowerCase(),
    description: description || null,
    metadata,
    url: publicUrl + pathOf(book, id),
  };
}
