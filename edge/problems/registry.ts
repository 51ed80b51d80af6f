/**
 * The one registry of what a merchant's request can be told besides its answer. Codes are never renamed. `status` is the
 * HTTP status; `retryable` says whether the same request, with the same key, can end differently later. Texts may change.
 */
interface Entry {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
}

const entry = (status: number, title: string, retryable = false): Entry => ({ status, title, retryable });

export const PROBLEMS = {
  // 400: the request itself is at fault.
  request_malformed: entry(400, 'The request is not HTTP'),
  body_invalid_json: entry(400, 'The body is not JSON'),
  body_not_an_object: entry(400, 'The body is not a JSON object'),
  body_too_deep: entry(400, 'The body is nested too deeply'),
  parameter_missing: entry(400, 'A required parameter is missing'),
  parameter_unknown: entry(400, 'There is no such parameter'),
  parameter_invalid: entry(400, 'A parameter has a value that it cannot have'),
  parameter_not_integer: entry(400, 'A parameter must be a whole number'),
  parameter_out_of_range: entry(400, 'A parameter is outside its bounds'),
  parameter_too_long: entry(400, 'A parameter is too long'),
  parameters_exclusive: entry(400, 'Two parameters exclude each other'),
  nothing_to_change: entry(400, 'The request names nothing that is to change'),
  idempotency_key_missing: entry(400, 'A request that moves money needs an Idempotency-Key'),
  idempotency_key_invalid: entry(400, 'The Idempotency-Key is not one'),
  currency_unknown: entry(400, 'There is no such currency'),
  payment_method_missing: entry(400, 'The payment intent has no payment method'),
  card_number_refused: entry(400, 'A card number does not belong here'),
  amount_too_small: entry(400, 'The amount is less than any provider takes'),
  currency_not_taken: entry(400, 'No provider takes the currency with this payment method'),
  payment_method_not_taken: entry(400, 'No provider takes the payment method'),
  amount_too_large: entry(400, 'The amount is more than there is'),
  version_unknown: entry(400, 'There is no such version of the API'),
  // 401, 403
  api_key_missing: entry(401, 'The request has no API key'),
  api_key_invalid: entry(401, 'There is no such API key'),
  api_key_expired: entry(401, 'The API key has expired or was revoked'),
  scope_missing: entry(403, 'The API key may not do that'),
  test_mode_only: entry(403, 'This is there in test mode only'),
  secret_key_required: entry(403, 'A publishable key may not do that'),
  // 402
  card_declined: entry(402, 'The payment was declined'),
  // 404, 405, 408, 413, 415, 431
  resource_missing: entry(404, 'There is no such object'),
  route_missing: entry(404, 'There is no such page'),
  method_not_allowed: entry(405, 'The page does not take this method'),
  request_timeout: entry(408, 'The request took too long to arrive', true),
  body_too_large: entry(413, 'The body is too large'),
  media_type_unsupported: entry(415, 'The body must be application/json'),
  encoding_unsupported: entry(415, 'The body must not be compressed'),
  headers_too_large: entry(431, 'The URL and the headers are too large'),
  // 409
  request_in_flight: entry(409, 'A request with this Idempotency-Key is under way', true),
  payment_intent_unexpected_state: entry(409, 'The state of the payment intent does not allow it'),
  payment_intent_expired: entry(409, 'The payment intent has expired'),
  attempts_exhausted: entry(409, 'The payment intent has used up its attempts'),
  operations_exhausted: entry(409, 'The payment intent has used up its operations'),
  refund_metadata_exhausted: entry(409, 'The refunds of the payment have as much metadata as is kept'),
  charge_disputed: entry(409, 'The payer contests the payment'),
  balance_insufficient: entry(409, 'The balance does not suffice'),
  payment_method_unusable: entry(409, 'The payment method cannot be used for this'),
  not_supported_by_provider: entry(409, 'The provider of the payment cannot do that'),
  no_route: entry(409, 'No provider takes this payment'),
  card_tries_exhausted: entry(409, 'The card was declined too often'),
  api_keys_exhausted: entry(409, 'There are as many API keys as there may be', true),
  webhook_endpoints_exhausted: entry(409, 'There are as many webhook endpoints as there may be'),
  webhook_endpoint_disabled: entry(409, 'The webhook endpoint is disabled'),
  // 422
  idempotency_key_reused: entry(422, 'The Idempotency-Key was used for another request'),
  // 429, 5xx
  rate_limited: entry(429, 'Too many requests', true),
  internal_error: entry(500, 'Something went wrong at our side', true),
  provider_not_reached: entry(502, 'The payment provider was not reached', true),
  unavailable: entry(503, 'The service is not available at the moment', true),
  outcome_open: entry(503, 'The outcome of the request is open', true),
} as const satisfies Record<string, Entry>;

export type ProblemCode = keyof typeof PROBLEMS;
