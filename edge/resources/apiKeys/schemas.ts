import { type Static, Type } from 'typebox';
import { LIST_QUERY } from '../../http/lists.ts';
import { orNull, STRICT } from '../../http/schemas.ts';

const Kind = Type.Enum(['secret', 'publishable'], {
  type: 'string',
  description: 'For a server, or for a browser.',
});

const Scopes = Type.Array(Type.String({ maxLength: 60, pattern: '^[a-z_]+:(read|write)$' }), {
  maxItems: 50,
  description: 'What it may do; none: everything. Write includes read.',
  examples: [['payment_intents:write', 'refunds:read']],
});

export const NewApiKey = Type.Object(
  {
    kind: Type.Optional(Kind),
    scopes: Type.Optional(Scopes),
    name: Type.Optional(Type.String({ maxLength: 200, description: 'For people.' })),
  },
  { ...STRICT, title: 'NewApiKey' },
);

export const Roll = Type.Object(
  {
    expires_in: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 604_800,
        description: 'For how long the old one is still good, seconds. Default 86400, a day.',
      }),
    ),
  },
  { ...STRICT, title: 'ApiKeyRoll' },
);

export const ApiKeysQuery = Type.Object(LIST_QUERY, STRICT);
export type ApiKeysQuery = Static<typeof ApiKeysQuery>;

const FIELDS = {
  id: Type.String({ examples: ['key_0190a000000070008000000000000007'] }),
  object: Type.Literal('api_key'),
  created: Type.Integer({ description: 'Unix time, seconds.' }),
  livemode: Type.Boolean(),
  version: Type.Integer({ description: 'Changes so far, from 1.' }),
  kind: Kind,
  scopes: Scopes,
  name: orNull('string', 'For people.'),
  last4: Type.String({ description: 'The last four characters of the secret.' }),
  expires_at: orNull(
    'integer',
    'From when on it is refused, which may lie ahead; null of one that was not revoked.',
  ),
};

export const ApiKeyBody = Type.Object(FIELDS, { title: 'ApiKey' });

export const ApiKeyWithSecret = Type.Object(
  {
    ...FIELDS,
    secret: orNull(
      'string',
      'What requests come with. Shown once: null where the request was made before with this Idempotency-Key.',
    ),
  },
  { title: 'ApiKeyWithSecret' },
);
