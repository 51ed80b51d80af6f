import type { PaymentIntent } from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import { pageBySeq } from '../../http/lists.ts';
import { named, PREFIX } from '../../ids/prefixed.ts';
import { Problem } from '../../problems/problem.ts';
import type { PaymentIntentsQuery } from './schemas.ts';

/** A payment intent of the caller's; somebody else's is as good as none. */
export async function ownPaymentIntent(
  core: Pick<Core, 'paymentIntents'>,
  { book, merchantId }: Caller,
  paymentIntentId: string,
): Promise<PaymentIntent> {
  const intent = await core.paymentIntents.readPaymentIntent(book, paymentIntentId);
  if (intent?.merchantId === merchantId) return intent;
  throw new Problem('resource_missing');
}

/** A page of the caller's payment intents, newest first; it holds everything that was answered before it was asked for. */
export function listPaymentIntents(
  core: Pick<Core, 'paymentIntents'>,
  caller: Caller,
  query: PaymentIntentsQuery,
): Promise<{ rows: PaymentIntent[]; hasMore: boolean }> {
  const { book, merchantId } = caller;
  const customer = query.customer;
  const request = {
    book,
    merchantId,
    customerId: customer === undefined ? '' : named(PREFIX.customer, customer, 'customer'),
    reference: query.reference ?? '',
    freshness: { latest: true },
  };
  return pageBySeq(query, {
    seqOf: async (id, param) =>
      (await ownPaymentIntent(core, caller, named(PREFIX.paymentIntent, id, param))).seq,
    list: async (page) => {
      const listed = await core.paymentIntents.listPaymentIntents({ ...request, ...page });
      return { rows: listed.paymentIntents, nextPageToken: listed.nextPageToken };
    },
  });
}
