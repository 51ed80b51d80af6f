/**
 * The one registry of reasons. The order of the kernel's reasons is their precedence: of all that are true of a
 * command, the first is the answer. Numbers are stored in the journal and never reused; names are never renamed.
 * docs/errors.md is generated from this file.
 */

/**
 * Where a reason arises: `item` malformed input of one item, `kernel` decided and remembered, `moment` decided and not
 * remembered, because it passes by itself, `call` the whole call.
 */
type Origin = 'item' | 'kernel' | 'moment' | 'call';

/** Canonical gRPC codes used where a reason concerns the whole call. */
export type GrpcCode =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'PERMISSION_DENIED'
  | 'ALREADY_EXISTS'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'INTERNAL'
  | 'UNIMPLEMENTED'
  | 'DATA_LOSS';

interface Entry {
  number: number;
  origin: Origin;
  code: GrpcCode;
  /** Whether the same request, with the same ids, can end differently later. */
  retryable: boolean;
  text: string;
}

const item = (number: number, text: string): Entry => ({
  number,
  origin: 'item',
  code: 'INVALID_ARGUMENT',
  retryable: false,
  text,
});
const kernel = (number: number, text: string): Entry => ({
  number,
  origin: 'kernel',
  code: 'FAILED_PRECONDITION',
  retryable: false,
  text,
});
const moment = (number: number, text: string): Entry => ({
  number,
  origin: 'moment',
  code: 'UNAVAILABLE',
  retryable: true,
  text,
});
const call = (number: number, code: GrpcCode, retryable: boolean, text: string): Entry => ({
  number,
  origin: 'call',
  code,
  retryable,
  text,
});

export const REFUSALS = {
  // Malformed input: never remembered, the id may be used again.
  MISSING_FIELD: item(1, 'A required field is missing.'),
  INVALID_UUID: item(2, 'Not a UUID of 36 characters with hyphens, or the nil UUID.'),
  INVALID_AMOUNT: item(3, 'An amount is a whole number of minor units from 1 to 9223372036854775807.'),
  INVALID_DATE: item(4, 'A date is YYYY-MM-DD, a day that exists, from 1900-01-01 to 2999-12-31.'),
  INVALID_TEXT: item(5, 'Text is valid UTF-8 without U+0000, and printable ASCII where the field says so.'),
  TOO_LONG: item(6, 'Longer than the field allows.'),
  TOO_MANY: item(7, 'More elements than the field allows.'),
  INVALID_CODE: item(
    8,
    'A code has 1 to 128 characters of A-Z, a-z, 0-9, "_", "-", "." and ":", and not the form of a UUID.',
  ),
  INVALID_VALUE: item(9, 'The value is outside what the field allows.'),
  DUPLICATE_POSTING: item(10, 'A posting is named twice.'),
  SAME_ACCOUNT: item(11, 'A posting debits and credits the same account.'),
  ID_TOO_FAR_AHEAD: item(12, 'A UUIDv7 is stamped more than a day ahead of the ledger clock.'),
  EXPIRY_WITHOUT_PENDING: item(13, 'Only a pending transaction can expire.'),
  GROUP_TOO_LARGE: item(14, 'A linked group has more than 256 items.'),
  GROUP_NOT_CLOSED: item(15, 'The last item of the batch is linked with nothing.'),
  GROUP_MALFORMED: item(16, 'Another member of the linked group is malformed.'),
  NOTHING_TO_CHANGE: item(17, 'The change names nothing that is to change.'),
  CARD_NUMBER_REFUSED: item(
    18,
    'The text holds what could be a card number. It is stored nowhere: card numbers go to the page of the provider or to the vault. Digits that are none pass behind a letter or an underscore.',
  ),
  SECRET_TAKEN: item(20, 'An API key with this secret is there already.'),
  RESERVED_ID: item(19, 'An id of this form is made by Florin alone.'),

  // Decided by the kernel, in this precedence; remembered with the id for ever.
  ID_REUSED: kernel(
    100,
    'The id was used before with another body; the field says where they differ. (Not remembered: the id keeps its first meaning.)',
  ),
  LINKED_FAILED: kernel(101, 'Another member of the linked group was refused.'),
  ASSET_NOT_FOUND: kernel(102, 'There is no such asset.'),
  ACCOUNT_NOT_FOUND: kernel(103, 'There is no such account in the book.'),
  CODE_TAKEN: kernel(104, 'Another account of the book has this code.'),
  TRANSACTION_NOT_FOUND: kernel(105, 'There is no such transaction in the book.'),
  NOT_PENDING: kernel(106, 'The transaction was never pending.'),
  ALREADY_POSTED: kernel(107, 'The pending transaction was closed by a post.'),
  ALREADY_VOIDED: kernel(108, 'The pending transaction was voided.'),
  ALREADY_EXPIRED: kernel(109, 'The hold has expired.'),
  NOT_REVERSIBLE: kernel(
    110,
    'Only a direct transaction or a post can be reversed, and none that payments have booked.',
  ),
  ALREADY_REVERSED: kernel(111, 'Nothing is left to reverse.'),
  POSTING_NOT_FOUND: kernel(112, 'The transaction has no posting of this index.'),
  EXCEEDS_HELD: kernel(113, 'More than what is still held on the posting.'),
  EXCEEDS_ORIGINAL: kernel(114, 'More than what is not reversed yet on the posting.'),
  ACCOUNT_CLOSED: kernel(115, 'The account is closed.'),
  ASSET_MISMATCH: kernel(116, 'The two accounts of the posting hold different assets.'),
  COUNTER_OVERFLOW: kernel(
    117,
    'A counter of the account would pass 2^63 - 1: its lifetime turnover is used up.',
  ),
  INSUFFICIENT_FUNDS: kernel(118, 'The balance would fall below the floor of the account.'),
  LIMIT_EXCEEDED: kernel(119, 'The balance would rise above the ceiling of the account.'),
  LIMIT_VIOLATED: kernel(120, 'The present balance violates the new limits.'),
  ACCOUNT_NOT_ZERO: kernel(121, 'An account is closed only at a balance of zero.'),
  ACCOUNT_HAS_HOLDS: kernel(122, 'An account is closed only with nothing pending.'),
  EXPIRY_OUT_OF_RANGE: kernel(123, 'The hold would expire after the year 2255.'),
  RESERVED_CODE: kernel(124, 'A code that begins with "florin:" is of an account that Florin opens itself.'),
  ACCOUNT_RESERVED: kernel(
    125,
    'The account holds what is under way for payments, and those alone are booked on it.',
  ),

  // Payments.
  MERCHANT_NOT_FOUND: kernel(130, 'There is no such merchant in the book.'),
  PAYMENT_NOT_FOUND: kernel(131, 'There is no such payment intent in the book.'),
  PAYMENT_EXPIRED: kernel(132, 'The payment intent, or the authorisation, has expired.'),
  PAYMENT_STATE: kernel(133, 'The state of the payment intent does not allow it.'),
  METHOD_REQUIRED: kernel(134, 'The payment intent has no payment method.'),
  ATTEMPTS_EXHAUSTED: kernel(135, 'The payment intent has used up its attempts.'),
  NO_ROUTE: kernel(
    136,
    'No provider is left for this payment: the routing rules name none, or each that takes such payments was tried.',
  ),
  METHOD_NOT_TAKEN: kernel(141, 'No provider of this merchant takes the method.'),
  CURRENCY_NOT_TAKEN: kernel(142, 'No provider of this merchant that takes the method takes the currency.'),
  AMOUNT_TOO_SMALL: kernel(143, 'The amount is below the minimum of every provider that takes the currency.'),
  AMOUNT_TOO_LARGE: kernel(
    144,
    'The amount is above 999999999999, or above what any provider takes that takes the currency.',
  ),
  EXCEEDS_AUTHORIZED: kernel(137, 'More than what is authorised and not captured.'),
  EXCEEDS_CAPTURED: kernel(138, 'More than what is captured and not refunded.'),
  NOT_SUPPORTED: kernel(139, 'The provider of this payment cannot do that.'),
  CHARGE_DISPUTED: kernel(152, 'The payer contests the payment: nothing is refunded until that is decided.'),
  CARD_TRIES_EXHAUSTED: kernel(
    151,
    'The card was declined 15 times in 30 days for this merchant, which is as often as the card networks allow it to be tried.',
  ),
  TERMS_EXHAUSTED: kernel(150, 'The merchant has had 200 different terms, which is as many as are kept.'),
  OPERATIONS_EXHAUSTED: kernel(
    153,
    'Providers were asked 1000 things about the payment, which is as many as one takes.',
  ),
  CUSTOMER_NOT_FOUND: kernel(160, 'The merchant has no such customer.'),
  PAYMENT_METHOD_NOT_FOUND: kernel(161, 'The merchant has no such payment method.'),
  PAYMENT_METHOD_DETACHED: kernel(162, 'The payment method was detached: it is for no payment any more.'),
  PAYMENT_METHOD_ATTACHED: kernel(
    163,
    'The payment method is attached already, or to another customer than that of the payment.',
  ),

  API_KEY_NOT_FOUND: kernel(170, 'There is no such API key in the book.'),
  WEBHOOK_ENDPOINT_NOT_FOUND: kernel(172, 'The merchant has no such webhook endpoint.'),
  WEBHOOK_ENDPOINTS_EXHAUSTED: kernel(173, 'The merchant has as many webhook endpoints as it may: 16.'),
  WEBHOOK_ENDPOINT_DISABLED: kernel(174, 'The webhook endpoint is disabled: enable it first.'),
  MODE_MISMATCH: kernel(
    176,
    'API keys, webhook endpoints and payment links are of the mode of their merchant, test or live.',
  ),

  PAYMENT_LINK_NOT_FOUND: kernel(175, 'The merchant has no such payment link.'),
  REFUND_NOT_FOUND: kernel(195, 'The payment has no such refund.'),
  REFUND_METADATA_EXHAUSTED: kernel(
    196,
    'The refunds of the payment have 262144 characters of metadata between them, which is as many as are kept.',
  ),

  // Decided by the kernel, and not remembered: the id stays free.
  PROVIDERS_AWAY: moment(
    180,
    'Every provider that takes this payment is away at the moment: calls to it fail, and are held back for up to a minute.',
  ),

  API_KEYS_EXHAUSTED: moment(
    181,
    'The merchant has as many API keys as it may: 100 that are good. Revoke one first.',
  ),

  // The whole call; nothing of it was done, unless the text says that the outcome is open.
  MALFORMED_REQUEST: call(
    200,
    'INVALID_ARGUMENT',
    false,
    'The request cannot be decoded, or a field that concerns the whole call is wrong.',
  ),
  BATCH_SIZE: call(
    201,
    'INVALID_ARGUMENT',
    false,
    'A batch has 1 to 8192 items, one of idempotency records 1 to 60.',
  ),
  REQUEST_TOO_LARGE: call(
    202,
    'RESOURCE_EXHAUSTED',
    false,
    'The request is larger than the limit on messages.',
  ),
  BOOK_NOT_FOUND: call(203, 'NOT_FOUND', true, 'There is no such book.'),
  NOT_FOUND: call(204, 'NOT_FOUND', true, 'There is no such object.'),
  ALREADY_EXISTS: call(
    205,
    'ALREADY_EXISTS',
    false,
    'It exists with another body; the field says where they differ.',
  ),
  OVERLOADED: call(
    206,
    'RESOURCE_EXHAUSTED',
    true,
    'The writer has as much waiting as it takes. Nothing was done.',
  ),
  REFUSAL_QUOTA: call(
    207,
    'RESOURCE_EXHAUSTED',
    true,
    'The book has used up the refusals that are remembered for it today. Nothing was remembered.',
  ),
  READ_MODEL_BEHIND: call(
    208,
    'UNAVAILABLE',
    true,
    'The read models did not reach the asked sequence number in time.',
  ),
  SHARD_NOT_READY: call(
    209,
    'UNAVAILABLE',
    true,
    'The shard has no writer here at the moment. Nothing was done.',
  ),
  OUTCOME_UNKNOWN: call(210, 'UNAVAILABLE', true, 'It may have been done: send the same ids again to learn.'),
  DEADLINE_PASSED: call(
    211,
    'DEADLINE_EXCEEDED',
    true,
    'The deadline passed before the work began. Nothing was done.',
  ),
  SHARD_STOPPED: call(
    212,
    'DATA_LOSS',
    false,
    'The shard stopped because a stored row or block is not what was written. Nothing was done.',
  ),
  // 213 is kept for transactions across shards.
  DATABASE_UNAVAILABLE: call(216, 'UNAVAILABLE', true, 'The database cannot be reached at the moment.'),
  DRAINING: call(214, 'UNAVAILABLE', true, 'The server is shutting down. Nothing was done.'),
  CALLER_NOT_ALLOWED: call(
    217,
    'PERMISSION_DENIED',
    false,
    'The certificate of the caller is good for no book here, or not for calls that concern all books.',
  ),
  EVENT_STREAMS_EXHAUSTED: call(
    219,
    'RESOURCE_EXHAUSTED',
    true,
    'As many event streams are open here as there may be at once. Follow by NATS, or come back.',
  ),
  INTERNAL: call(
    215,
    'INTERNAL',
    true,
    'A defect of Florin. Send the same ids again; the log has the details.',
  ),
} as const satisfies Record<string, Entry>;

export type Reason = keyof typeof REFUSALS;

const byNumber = new Map<number, Reason>(
  Object.entries(REFUSALS).map(([name, entry]) => [entry.number, name as Reason]),
);

/** The name of a stored number. A number that no release knew is a corrupt journal. */
export function reasonOf(number: number): Reason {
  const reason = byNumber.get(number);
  if (reason === undefined) throw new Error(`no refusal has the number ${number}`);
  return reason;
}
