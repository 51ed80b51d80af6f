import { Type } from 'typebox';
import { Metadata, orNull, STRICT } from '../../http/schemas.ts';

const Url = Type.String({
  minLength: 1,
  maxLength: 2_048,
  description: 'Where events are sent, https; in test mode http too. No user and password.',
  examples: ['https://shop.example/webhooks'],
});
const EnabledEvents = Type.Array(Type.String({ maxLength: 100 }), {
  minItems: 1,
  maxItems: 50,
  description: 'Types of events, or "*" alone for all that there are and will be.',
  examples: [['payment_intent.succeeded', 'payment_intent.payment_failed']],
});
const Description = Type.String({ maxLength: 500, description: 'For people.' });

export const NewWebhookEndpoint = Type.Object(
  {
    url: Url,
    enabled_events: EnabledEvents,
    description: Type.Optional(Description),
    metadata: Type.Optional(Metadata),
  },
  { ...STRICT, title: 'NewWebhookEndpoint' },
);

export const WebhookEndpointUpdate = Type.Object(
  {
    url: Type.Optional(Url),
    enabled_events: Type.Optional(EnabledEvents),
    description: Type.Optional(Description),
    metadata: Type.Optional(Metadata),
    disabled: Type.Optional(
      Type.Boolean({ description: 'What waits for it is sent once it is enabled again.' }),
    ),
  },
  { ...STRICT, title: 'WebhookEndpointUpdate' },
);

export const SecretRotation = Type.Object(
  {
    expires_in: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 604_800,
        description: 'For how long the secret of before signs too, seconds. Default 86400, a day.',
      }),
    ),
  },
  { ...STRICT, title: 'SecretRotation' },
);

export const Resend = Type.Object(
  {
    events: Type.Optional(
      Type.Array(Type.String({ maxLength: 100 }), {
        minItems: 1,
        maxItems: 1_000,
        description: 'These events.',
      }),
    ),
    created: Type.Optional(
      Type.Object(
        {
          gte: Type.Integer({ minimum: 0, maximum: 99_999_999_999, description: 'Unix time, seconds.' }),
          lt: Type.Integer({ minimum: 0, maximum: 99_999_999_999, description: 'Unix time, seconds.' }),
        },
        {
          ...STRICT,
          description: 'Everything of this time that the endpoint is told, the newest 1000 at most.',
        },
      ),
    ),
  },
  { ...STRICT, title: 'Resend' },
);

export const ResendBody = Type.Object(
  {
    object: Type.Literal('resend'),
    webhook_endpoint: Type.String(),
    events: Type.Integer({ description: 'How many are sent once more.' }),
    has_more: Type.Boolean({ description: 'Older ones of that time were left out.' }),
  },
  { title: 'ResendAnswer' },
);

const FIELDS = {
  id: Type.String({ examples: ['we_0190a000000070008000000000000005'] }),
  object: Type.Literal('webhook_endpoint'),
  created: Type.Integer({ description: 'Unix time, seconds.' }),
  livemode: Type.Boolean(),
  status: Type.Enum(['enabled', 'disabled'], { type: 'string' }),
  disabled_reason: orNull(
    'string',
    'requested, gone (it answered 410) or failing (it took nothing for days).',
  ),
  version: Type.Integer({ description: 'Changes so far, from 1.' }),
  url: Url,
  enabled_events: EnabledEvents,
  description: orNull('string', 'For people.'),
  api_version: Type.String(),
  metadata: Metadata,
};

export const WebhookEndpointBody = Type.Object(FIELDS, { title: 'WebhookEndpoint' });

export const WebhookEndpointWithSecret = Type.Object(
  {
    ...FIELDS,
    secret: Type.String({
      description: 'What signatures are checked with. Shown here and nowhere else.',
      examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'],
    }),
  },
  { title: 'WebhookEndpointWithSecret' },
);

export const DeletedBody = Type.Object(
  { id: Type.String(), object: Type.Literal('webhook_endpoint'), deleted: Type.Literal(true) },
  { title: 'DeletedWebhookEndpoint' },
);
