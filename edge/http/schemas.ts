import { Type } from 'typebox';

/** An object of which nothing unknown is taken. */
export const STRICT = { additionalProperties: false } as const;

export const Currency = Type.String({
  pattern: '^[A-Za-z]{3}$',
  description: 'ISO 4217, in lower or upper case; answers have lower case.',
  examples: ['eur'],
});

/** JSON numbers are exact up to 2^53; no payment is more. */
export const AMOUNT_MAX = 999_999_999_999;

export const Amount = Type.Integer({
  minimum: 1,
  maximum: AMOUNT_MAX,
  description: 'Minor units of the currency: 1000 is EUR 10.00, or JPY 1000.',
  examples: [1000],
});

export const Metadata = Type.Unsafe<Record<string, string>>({
  type: 'object',
  maxProperties: 50,
  propertyNames: { minLength: 1, maxLength: 40 },
  additionalProperties: { type: 'string', maxLength: 500 },
  description: 'Up to 50 entries, keys up to 40 characters, values up to 500.',
  examples: [{ order: '6735' }],
});

/** What may be absent, and is null then. */
export const orNull = (type: 'string' | 'integer', description: string) =>
  Type.Unsafe<string | number | null>({ type: [type, 'null'], description });

/** What holds an id, may be absent, and can be asked for whole. */
export const expandable = (description: string) =>
  Type.Unsafe<string | object | null>({
    type: ['string', 'object', 'null'],
    description: `${description} Whole where it is asked for with expand[].`,
  });

export const IdParams = Type.Object({
  id: Type.String({ maxLength: 100, description: 'The id of what it is about.' }),
});
export type IdParams = { id: string };

/** RFC 9457 with what the API adds; docs/merchants.md lists the codes. */
export const ProblemBody = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    code: Type.String({ description: 'Stable; /docs/errors lists all.' }),
    param: Type.Optional(Type.String({ description: 'The parameter at fault.' })),
    decline_code: Type.Optional(Type.String({ description: 'Why the payment was declined.' })),
    retryable: Type.Boolean({
      description: 'Whether the same request, with the same key, can end differently.',
    }),
    request_id: Type.String(),
    doc_url: Type.String(),
    errors: Type.Array(Type.Object({ code: Type.String(), param: Type.String(), detail: Type.String() })),
    payment_intent: Type.Optional(Type.Unsafe<object>({ type: 'object', description: 'With a decline.' })),
  },
  { title: 'Problem' },
);
