import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { Event, EventObject } from '../../../gen/florin/events/v1/events_pb.ts';
import type { PaymentIntent } from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { RequestOrigin } from '../../../gen/florin/requests/v1/request_origins_pb.ts';
import { PREFIX, prefixed } from '../../ids/prefixed.ts';
import { renderCustomer } from '../customers/routes.ts';
import { renderDispute } from '../disputes/render.ts';
import { renderPaymentIntent } from '../paymentIntents/render.ts';
import { seconds } from '../values.ts';
import { renderPaymentLink } from '../paymentLinks/render.ts';
import { renderPaymentMethod } from '../paymentMethods/routes.ts';
import { renderRefund } from '../refunds/render.ts';
import { renderWebhookEndpoint } from '../webhookEndpoints/render.ts';

interface Rendering {
  readonly isLive: boolean;
  readonly apiVersion: string;
  /** Where payers reach the edge. */
  readonly publicUrl: string;
}

/** An event as merchants see it: the same whether it is delivered, resent or retrieved. */
export function renderEvent(event: Event, rendering: Rendering) {
  const { isLive, apiVersion } = rendering;
  const { id, type, bookedAt, merchantId, origin } = event;
  const object = objectOf(event, event.object, rendering);
  const previous = event.previous === undefined ? null : objectOf(event, event.previous, rendering);
  return {
    id: prefixed(PREFIX.event, id),
    object: 'event',
    type,
    created: seconds(bookedAt),
    timestamp: bookedAt === undefined ? '' : timestampDate(bookedAt).toISOString(),
    api_version: apiVersion,
    livemode: isLive,
    account: prefixed(PREFIX.account, merchantId),
    request: origin === undefined ? null : renderOrigin(origin),
    data: {
      object,
      ...(previous === null ? {} : { previous_attributes: changedOf(previous, object) }),
    },
  };
}

const renderOrigin = ({ requestId, idempotencyKey }: RequestOrigin) => ({
  id: requestId,
  idempotency_key: idempotencyKey || null,
});

type Rendered = Readonly<Record<string, unknown>>;

function objectOf(event: Event, whole: EventObject | undefined, { isLive, publicUrl }: Rendering): Rendered {
  const object = whole?.object;
  switch (object?.case) {
    case 'paymentIntent':
      return partOf(event, object.value, isLive);
    case 'customer':
      return renderCustomer(object.value, { isLive });
    case 'paymentMethod':
      return renderPaymentMethod(object.value, { isLive });
    case 'paymentLink':
      return renderPaymentLink(object.value, publicUrl);
    case 'webhookEndpoint':
      return renderWebhookEndpoint(object.value);
    case undefined:
      throw new Error(`event ${event.id} is about nothing`);
  }
}

/** The payment intent, or the refund or dispute of it that the event is about; {} before that was there. */
function partOf({ type, about }: Event, intent: PaymentIntent, isLive: boolean): Rendered {
  if (type.startsWith('refund.')) {
    const refund = intent.operations.find(({ id }) => id === about);
    return refund === undefined ? {} : renderRefund(refund, intent, { isLive });
  }
  if (type.startsWith('dispute.')) {
    const dispute = intent.disputes.find(({ id }) => id === about);
    return dispute === undefined ? {} : renderDispute(dispute, intent, { isLive });
  }
  return renderPaymentIntent(intent, { isLive });
}

/** What was another value before, with that value. */
function changedOf(before: Rendered, after: Rendered): Rendered {
  return Object.fromEntries(
    Object.entries(before).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(after[name])),
  );
}
