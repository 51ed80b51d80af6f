import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { CODE, FlorinError } from '../../client/index.ts';
import { type Event, EventSchema } from '../../gen/florin/events/v1/events_pb.ts';
import {
  type NewWebhookEndpointSchema,
  type WebhookEndpoint,
  type WebhookEndpointResult,
  WebhookEndpointResultSchema,
  WebhookEndpointSchema,
  WebhookEndpointState,
} from '../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import { type PaymentIntent, PaymentIntentSchema } from '../../gen/florin/payments/v1/payments_pb.ts';

interface OnEndpoint {
  webhookEndpointId?: string;
}

/** The part of a core in memory that tells merchants: it has the endpoints that it is asked to make. */
export function toldBy(endpoints: Map<string, WebhookEndpoint>) {
  const found = ({ webhookEndpointId = '' }: OnEndpoint) => {
    const endpoint = endpoints.get(webhookEndpointId);
    if (endpoint === undefined) throw notFound();
    return endpoint;
  };
  const changing =
    (field: string, change: (endpoint: WebhookEndpoint) => void = () => undefined) =>
    async (request: Record<string, unknown>) => {
      const [item] = request[field] as OnEndpoint[];
      const endpoint = found(item);
      change(endpoint);
      return { results: [done(endpoint)] };
    };
  return {
    requestLogs: {
      listRequestLogs: async () => ({ requestLogs: [], nextPageToken: '' }),
      getRequestLog: async () => Promise.reject(notFound()),
    },
    events: {
      getEvent: async () => ({ event: eventOf({}) }),
      listEvents: async () => ({ events: [eventOf({})], hasMore: false }),
    },
    webhookEndpoints: {
      createWebhookEndpoints: async (request: {
        webhookEndpoints: MessageInitShape<typeof NewWebhookEndpointSchema>[];
      }) => {
        const [{ id = '', ...fields }] = request.webhookEndpoints;
        const endpoint =
          endpoints.get(id) ??
          create(WebhookEndpointSchema, {
            ...fields,
            id,
            number: endpoints.size + 1,
            state: WebhookEndpointState.ENABLED,
            secretGeneration: 1,
            version: 1n,
            createdAt: timestampFromMs(1_795_000_000_000),
          } as MessageInitShape<typeof WebhookEndpointSchema>);
        endpoints.set(id, endpoint);
        return { results: [done(endpoint)] };
      },
      updateWebhookEndpoints: changing('updates'),
      rotateWebhookSecrets: changing('rotations', (endpoint) => void endpoint.secretGeneration++),
      testWebhookEndpoints: changing('tests'),
      deleteWebhookEndpoints: changing('deletions', ({ id }) => void endpoints.delete(id)),
      getWebhookEndpoint: async (request: OnEndpoint) => ({ webhookEndpoint: found(request) }),
      listWebhookEndpoints: async () => ({ webhookEndpoints: [...endpoints.values()] }),
    },
    webhookDeliveries: {
      resendEvents: async () => ({}),
      listAttempts: async () => ({ attempts: [], nextPageToken: '' }),
    },
  };
}

function done(webhookEndpoint: WebhookEndpoint): WebhookEndpointResult {
  return create(WebhookEndpointResultSchema, { outcome: { case: 'done', value: { webhookEndpoint } } });
}

/** An event of a payment intent that is just paid. */
export function eventOf(
  fields: MessageInitShape<typeof EventSchema>,
  intent: PaymentIntent = create(PaymentIntentSchema, { id: '0190a000-0000-7000-8000-000000000001' }),
): Event {
  const standing: MessageInitShape<typeof EventSchema> = {
    id: '00000000-002a-0700-b4d5-a1b2c3d4e5f6',
    type: 'payment_intent.succeeded',
    bookedAt: timestampFromMs(1_795_000_000_000),
    book: 'shop',
    merchantId: '0190a000-0000-7000-8000-00000000000a',
    object: { object: { case: 'paymentIntent', value: intent } },
  };
  return create(EventSchema, { ...standing, ...fields } as MessageInitShape<typeof EventSchema>);
}

export function notFound(): FlorinError {
  return new FlorinError({ code: CODE.NOT_FOUND, message: 'none', outcome: 'none' });
}
