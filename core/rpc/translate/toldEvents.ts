import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EventObjectSchema, EventSchema } from '../../../gen/florin/events/v1/events_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import { TOLD_TYPES, toldId, type ToldPlace, toldPlaceOf } from '../../kernel/payments/told.ts';
import type { ToldEvent, ToldObject } from '../../readmodels/queries/toldEvents.ts';
import { CallRefused } from '../../shard/service.ts';
import { BadField } from '../errors/badField.ts';
import { customer } from './customers.ts';
import { paymentIntent } from './paymentAnswers.ts';
import { paymentLink } from './paymentLinks.ts';
import { queriedUuid } from './queries.ts';
import { timestamp } from './rows.ts';
import { requestOrigin } from './origins.ts';
import { storedPaymentMethod } from './storedPaymentMethods.ts';
import { webhookEndpoint } from './webhookEndpoints.ts';

export function toldEvent(row: ToldEvent): MessageInitShape<typeof EventSchema> {
  const { shard, seq, index, type, about, book, merchant, commandId, origin } = row;
  return {
    id: toldId(row, merchant),
    type,
    shard,
    seq: BigInt(seq),
    index,
    bookedAt: timestamp(row.bookedUs),
    book,
    merchantId: merchant,
    commandId,
    about,
    ...requestOrigin(origin ?? undefined),
    object: objectOf(row.object, row),
    ...(row.previous === null ? {} : { previous: objectOf(row.previous, row) }),
  };
}

function objectOf(
  object: ToldObject,
  { book, merchant }: Pick<ToldEvent, 'book' | 'merchant'>,
): MessageInitShape<typeof EventObjectSchema> {
  switch (object.of) {
    case 'intent':
      return { object: { case: 'paymentIntent', value: paymentIntent(object.intent, book) } };
    case 'customer':
      return { object: { case: 'customer', value: customer(object.customer, book) } };
    case 'paymentMethod':
      return { object: { case: 'paymentMethod', value: storedPaymentMethod(object.paymentMethod, book) } };
    case 'paymentLink':
      return { object: { case: 'paymentLink', value: paymentLink(object.paymentLink, book) } };
    case 'webhookEndpoint':
      return {
        object: {
          case: 'webhookEndpoint',
          value: webhookEndpoint(object.webhookEndpoint, { book, merchant }),
        },
      };
  }
}

/** Where an event that a request names stands; another merchant's, and what is no event's id, is as good as none. */
export function queriedEvent(id: string, field: string, merchant: string): ToldPlace {
  const place = toldPlaceOf(queriedUuid(id, field), merchant as Uuid);
  if (place === null) throw new CallRefused('NOT_FOUND', { field });
  return place;
}

export const EVENT_TYPES_MAX = 50;

const KNOWN: ReadonlySet<string> = new Set(TOLD_TYPES);

/** Each must be one that there is. */
export function queriedTypes(types: readonly string[], field: string): string[] {
  if (types.length > EVENT_TYPES_MAX) throw new BadField(field, 'TOO_MANY');
  for (const [index, type] of types.entries())
    if (!KNOWN.has(type)) throw new BadField(`${field}[${index}]`, 'INVALID_VALUE');
  return [...types];
}
