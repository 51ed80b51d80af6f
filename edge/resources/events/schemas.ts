import { Type } from 'typebox';
import { LIST_QUERY } from '../../http/lists.ts';
import { STRICT } from '../../http/schemas.ts';

const UnixSeconds = Type.String({ pattern: '^[0-9]{1,11}$', description: 'Unix time, seconds.' });

export const EventsQuery = Type.Object(
  {
    ...LIST_QUERY,
    type: Type.Optional(
      Type.String({ maxLength: 1_000, description: 'Only of this type, or of these, parted by commas.' }),
    ),
    'created[gte]': Type.Optional(UnixSeconds),
    'created[lt]': Type.Optional(UnixSeconds),
  },
  STRICT,
);

export const EventBody = Type.Object(
  {
    id: Type.String({
      description: 'The same over every delivery, resend and list.',
      examples: ['evt_00000000002a0700b4d5a1b2c3d4e5f6'],
    }),
    object: Type.Literal('event'),
    type: Type.String({ examples: ['payment_intent.succeeded'] }),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    timestamp: Type.String({ description: 'The same, ISO 8601.' }),
    api_version: Type.String(),
    livemode: Type.Boolean(),
    account: Type.String(),
    request: Type.Unsafe<{ id: string; idempotency_key: string | null } | null>({
      type: ['object', 'null'],
      description:
        'Which request led to it; null where none did: a moment that came, or what a provider told later.',
      properties: {
        id: { type: 'string', description: 'The Request-Id of its answer.' },
        idempotency_key: { type: ['string', 'null'], description: 'Its Idempotency-Key; null for none.' },
      },
      required: ['id', 'idempotency_key'],
    }),
    data: Type.Object({
      object: Type.Unsafe<object>({
        type: 'object',
        description: 'What it is about, as it stood right after: it carries its version.',
      }),
      previous_attributes: Type.Optional(
        Type.Unsafe<object>({ type: 'object', description: 'What was another value right before.' }),
      ),
    }),
  },
  { title: 'Event' },
);

export const AttemptBody = Type.Object(
  {
    object: Type.Literal('webhook_attempt'),
    event: Type.String(),
    webhook_endpoint: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'null where it was deleted since.',
    }),
    try: Type.Integer({ description: 'From 1, since the event happened or was asked for again.' }),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    took_ms: Type.Integer(),
    status: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      description: 'What the endpoint answered; null for nothing.',
    }),
    error: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description:
        'Why there was no answer: timeout, connection_refused, address_forbidden, tls_failed and so on.',
    }),
    response: Type.String({ description: 'The first kilobyte of the answer.' }),
  },
  { title: 'WebhookAttempt' },
);
