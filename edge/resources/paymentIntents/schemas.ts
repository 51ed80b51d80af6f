import { Type, type Static } from 'typebox';
import { LIST_QUERY } from '../../http/lists.ts';
import { Amount, Currency, expandable, Metadata, orNull, STRICT } from '../../http/schemas.ts';
import { EXPAND_QUERY } from '../expand/paths.ts';
import { ClientSecret } from './clientSecret.ts';

/** What stands in place of a card. */
export const Token = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[!-~]+$',
  description: 'A token like "pm_card_visa", as the provider gives it out. Never a card number.',
  examples: ['pm_card_visa'],
});
const Method = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[!-~]+$',
  description:
    'A token like "pm_card_visa", as the provider gives it out, or the id of a stored payment method. Never a card number.',
  examples: ['pm_card_visa'],
});
export const MethodType = Type.Enum(
  ['card', 'wallet', 'bank_debit', 'credit_transfer', 'redirect', 'voucher'],
  {
    type: 'string',
    description: 'What kind of method the token stands for. Default "card".',
  },
);
const Description = Type.String({ maxLength: 1_000, description: 'For people.' });
const Reference = Type.String({ maxLength: 256, description: "The merchant's own reference." });
const Customer = Type.String({ maxLength: 100, description: 'A customer of the merchant.', examples: [] });

const ReturnUrl = Type.String({
  maxLength: 2_048,
  description: 'Where the payer is sent back to after a redirect.',
});

export const NewPaymentIntent = Type.Object(
  {
    amount: Amount,
    currency: Currency,
    capture_method: Type.Optional(
      Type.Enum(['automatic', 'manual'], {
        type: 'string',
        description: 'When an authorised payment is captured: at once, or by a call. Default "automatic".',
      }),
    ),
    confirm: Type.Optional(
      Type.Boolean({
        description: 'Confirms at once. It moves money then, so an Idempotency-Key is needed. Default false.',
      }),
    ),
    payment_method: Type.Optional(Method),
    payment_method_type: Type.Optional(MethodType),
    customer: Type.Optional(Customer),
    description: Type.Optional(Description),
    reference: Type.Optional(Reference),
    statement_descriptor: Type.Optional(
      Type.String({ maxLength: 22, description: "What the payer's statement shows: printable ASCII." }),
    ),
    return_url: Type.Optional(ReturnUrl),
    metadata: Type.Optional(Metadata),
  },
  { ...STRICT, title: 'NewPaymentIntent' },
);
export type NewPaymentIntent = Static<typeof NewPaymentIntent>;

export const PaymentIntentUpdate = Type.Object(
  {
    amount: Type.Optional(Amount),
    payment_method: Type.Optional(Method),
    payment_method_type: Type.Optional(MethodType),
    customer: Type.Optional(Customer),
    description: Type.Optional(Description),
    reference: Type.Optional(Reference),
    return_url: Type.Optional(ReturnUrl),
    metadata: Type.Optional(Metadata),
  },
  { ...STRICT, title: 'PaymentIntentUpdate' },
);
export type PaymentIntentUpdate = Static<typeof PaymentIntentUpdate>;

export const PaymentIntentRetrieval = Type.Object(
  { ...EXPAND_QUERY, client_secret: Type.Optional(ClientSecret) },
  STRICT,
);

export const Confirmation = Type.Object(
  {
    client_secret: Type.Optional(ClientSecret),
    payment_method: Type.Optional(Method),
    payment_method_type: Type.Optional(MethodType),
    return_url: Type.Optional(ReturnUrl),
    redirect_result: Type.Optional(
      Type.String({
        maxLength: 8_192,
        description: 'The query string, without "?", that the payer came back to return_url with.',
      }),
    ),
  },
  { ...STRICT, title: 'Confirmation' },
);
export type Confirmation = Static<typeof Confirmation>;

export const Capture = Type.Object(
  {
    amount_to_capture: Type.Optional(Amount),
    final_capture: Type.Optional(
      Type.Boolean({
        description: 'False: another capture may follow, and the rest stays held. Default true.',
      }),
    ),
  },
  { ...STRICT, title: 'Capture' },
);
export type Capture = Static<typeof Capture>;

export const Cancellation = Type.Object(
  {
    cancellation_reason: Type.Optional(
      Type.Enum(['requested_by_customer', 'abandoned', 'duplicate', 'fraudulent'], {
        type: 'string',
        description: 'Default "requested_by_customer".',
      }),
    ),
  },
  { ...STRICT, title: 'Cancellation' },
);
export type Cancellation = Static<typeof Cancellation>;

export const Increment = Type.Object(
  { increment_amount: Type.Integer({ ...Amount, description: 'By how much, minor units.' }) },
  { ...STRICT, title: 'Increment' },
);
export type Increment = Static<typeof Increment>;

export const PaymentIntentsQuery = Type.Object(
  { ...LIST_QUERY, ...EXPAND_QUERY, customer: Type.Optional(Customer), reference: Type.Optional(Reference) },
  STRICT,
);
export type PaymentIntentsQuery = Static<typeof PaymentIntentsQuery>;

export const PaymentIntentsSearch = Type.Object(
  {
    query: Type.String({
      maxLength: 8_000,
      description:
        'Clauses that are all to hold, joined by AND: metadata["order"]:"42", status:"succeeded", currency:"eur", customer:"cus_..".',
      examples: ['metadata["order"]:"6735" AND status:"succeeded"'],
    }),
    limit: LIST_QUERY.limit,
    page: Type.Optional(Type.String({ maxLength: 1_024, description: 'The next_page of the page before.' })),
    ...EXPAND_QUERY,
  },
  STRICT,
);
export type PaymentIntentsSearch = Static<typeof PaymentIntentsSearch>;

export const STATUSES = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
] as const;
export type Status = (typeof STATUSES)[number];

/** What a payer sees too. */
const SEEN = {
  id: Type.String({ examples: ['pi_0190a000000070008000000000000001'] }),
  object: Type.Literal('payment_intent'),
  created: Type.Integer({ description: 'Unix time, seconds.' }),
  livemode: Type.Boolean(),
  status: Type.Enum([...STATUSES], {
    type: 'string',
    description:
      '"processing" also where nobody knows yet what became of it: it is found out, and never guessed. "requires_capture" as long as any of it may be captured.',
  }),
  version: Type.Integer({ description: 'Changes so far, from 1.' }),
  amount: Amount,
  currency: Type.String(),
  capture_method: Type.Enum(['automatic', 'manual'], { type: 'string' }),
  payment_method: expandable('The token, or the id of the stored payment method.'),
  description: orNull('string', 'For people.'),
  return_url: orNull('string', 'Where the payer is sent back to.'),
  next_action: Type.Unsafe<object | null>({
    type: ['object', 'null'],
    description: 'With "requires_action": {type: "redirect_to_url", redirect_to_url: {url, return_url}}.',
  }),
  last_payment_error: Type.Unsafe<object | null>({
    type: ['object', 'null'],
    description: 'Of the last decline: {code, decline_code, message}.',
  }),
  cancellation_reason: orNull('string', 'Why it was canceled.'),
  client_secret: orNull(
    'string',
    'With it and a publishable key a browser may retrieve and confirm this payment. Null in lists, events and expansions.',
  ),
};

export const PaymentIntentBody = Type.Object(
  {
    ...SEEN,
    amount_capturable: Type.Integer({ description: 'Authorised and not captured, minor units.' }),
    amount_received: Type.Integer({ description: 'Captured, minor units.' }),
    amount_refunded: Type.Integer({
      description: 'Given back, minor units; refunds that are under way included.',
    }),
    customer: expandable('Who pays.'),
    latest_attempt: expandable('The last try by one provider; null before the first.'),
    reference: orNull('string', "The merchant's own reference."),
    statement_descriptor: orNull('string', "What the payer's statement shows."),
    expires_at: orNull('integer', 'When it expires if nothing is captured by then; Unix time, seconds.'),
    available_on: orNull('integer', 'When money that is pending becomes available; Unix time, seconds.'),
    metadata: Metadata,
  },
  { title: 'PaymentIntent' },
);

/** What a payment intent is to a publishable key: without what is the merchant's alone. */
export const PayerPaymentIntentBody = Type.Object(SEEN, { title: 'PayerPaymentIntent' });
