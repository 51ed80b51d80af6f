import type { PaymentIntent } from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import { pageAsked, pageBySeq } from '../../http/lists.ts';
import { named, PREFIX } from '../../ids/prefixed.ts';
import { Problem } from '../../problems/problem.ts';
import type { PaymentIntentsQuery, PaymentIntentsSearch } from './schemas.ts';
import { soughtBy } from './searchQuery.ts';

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

/** The caller's payment intents that a query asks for, newest first; `nextPage` is null where there are no more. */
export async function searchPaymentIntents(
  core: Pick<Core, 'paymentIntents'>,
  { book, merchantId }: Caller,
  { query, page = '', limit }: PaymentIntentsSearch,
): Promise<{ rows: PaymentIntent[]; nextPage: string | null }> {
  const listed = await core.paymentIntents.listPaymentIntents({
    book,
    merchantId,
    ...soughtBy(query),
    pageSize: pageAsked({ limit }).limit,
    pageToken: page,
    freshness: { latest: true },
  });
  return { rows: listed.paymentIntents, nextPage: listed.nextPageToken || null };
}
