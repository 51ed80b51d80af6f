import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  type NewPaymentLinkSchema,
  type PaymentLink,
  PaymentLinkResultSchema,
  PaymentLinkSchema,
  PaymentLinkState,
  type PaymentLinkUpdateSchema,
} from '../../gen/florin/payments/v1/payment_links_pb.ts';
import { type ListAsked, listed } from './standInLists.ts';
import { notFound } from './standInTold.ts';

type New = Exclude<MessageInitShape<typeof NewPaymentLinkSchema>, { $typeName: string }>;
type Update = Exclude<MessageInitShape<typeof PaymentLinkUpdateSchema>, { $typeName: string }>;

/** The part of a core in memory that keeps payment links; oldest first. */
export function linksOf(links: Map<string, PaymentLink>) {
  const done = (paymentLinkId: string) => ({
    results: [create(PaymentLinkResultSchema, { outcome: { case: 'done', value: { paymentLinkId } } })],
  });
  return {
    createPaymentLinks: async ({ book, paymentLinks: [item] }: { book: string; paymentLinks: New[] }) => {
      const { id = '', ...fields } = item;
      const standing = { state: PaymentLinkState.ACTIVE, version: 1n, seq: BigInt(links.size + 1) };
      const createdAt = timestampFromMs(1_795_000_000_000);
      links.set(id, create(PaymentLinkSchema, { ...fields, ...standing, id, book, createdAt }));
      return done(id);
    },
    updatePaymentLinks: async ({
      updates: [{ paymentLinkId = '', state, metadata }],
    }: {
      updates: Update[];
    }) => {
      const link = links.get(paymentLinkId)!;
      if (state !== undefined) link.state = state;
      if (metadata !== undefined) link.metadata = { ...metadata.entries };
      link.version++;
      return done(paymentLinkId);
    },
    getPaymentLink: async ({ paymentLinkId }: { paymentLinkId: string }) => {
      const paymentLink = links.get(paymentLinkId);
      if (paymentLink === undefined) throw notFound();
      return { paymentLink };
    },
    listPaymentLinks: async ({ state, ...page }: ListAsked & { state: PaymentLinkState }) => {
      const among = [...links.values()].filter((link) => state === 0 || link.state === state);
      const { rows, nextPageToken } = listed(among.toReversed(), page);
      return { paymentLinks: rows, nextPageToken };
    },
  };
}
