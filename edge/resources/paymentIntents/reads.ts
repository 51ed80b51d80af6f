import type { PaymentIntent } from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import { pageAsked } from '../../http/lists.ts';
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
export async function listPaymentIntents(
  core: Pick<Core, 'paymentIntents'>,
  caller: Caller,
  query: PaymentIntentsQuery,
): Promise<{ intents: PaymentIntent[]; hasMore: boolean }> {
  const { limit, from } = pageAsked(query);
  const { book, merchantId } = caller;
  const customer = query.customer;
  const request = {
    book,
    merchantId,
    customerId: customer === undefined ? '' : named(PREFIX.customer, customer, 'customer'),
    reference: query.reference ?? '',
    pageSize: limit,
    freshness: { latest: true },
  };
  const seq = from === undefined ? 0n : await seqOf(core, caller, from);
  if (from?.param === 'ending_before') {
    const asked = { ...request, aboveSeq: seq, oldestFirst: true };
    const { paymentIntents, nextPageToken } = await core.paymentIntents.listPaymentIntents(asked);
    return { intents: paymentIntents.toReversed(), hasMore: nextPageToken !== '' };
  }
  const asked = { ...request, belowSeq: seq };
  const { paymentIntents, nextPageToken } = await core.paymentIntents.listPaymentIntents(asked);
  return { intents: paymentIntents, hasMore: nextPageToken !== '' };
}

async function seqOf(
  core: Pick<Core, 'paymentIntents'>,
  caller: Caller,
  { param, id }: { param: string; id: string },
): Promise<bigint> {
  const { seq } = await ownPaymentIntent(core, caller, named(PREFIX.paymentIntent, id, param));
  return seq;
}
