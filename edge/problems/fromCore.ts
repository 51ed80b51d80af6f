import { CODE, FlorinError } from '../../client/index.ts';
import type { Refusal } from '../../gen/florin/errors/v1/refusal_pb.ts';
import { Problem, type ProblemFields } from './problem.ts';
import type { ProblemCode } from './registry.ts';

/** What a reason of the core (docs/errors.md) is to a merchant. Those of one item alone; calls end in FlorinErrors. */
const REASONS: Readonly<Record<string, ProblemCode>> = {
  ID_REUSED: 'idempotency_key_reused',
  ASSET_NOT_FOUND: 'currency_unknown',
  PAYMENT_NOT_FOUND: 'resource_missing',
  CUSTOMER_NOT_FOUND: 'resource_missing',
  WEBHOOK_ENDPOINT_NOT_FOUND: 'resource_missing',
  PAYMENT_LINK_NOT_FOUND: 'resource_missing',
  REFUND_NOT_FOUND: 'resource_missing',
  REFUND_METADATA_EXHAUSTED: 'refund_metadata_exhausted',
  API_KEY_NOT_FOUND: 'resource_missing',
  API_KEYS_EXHAUSTED: 'api_keys_exhausted',
  WEBHOOK_ENDPOINTS_EXHAUSTED: 'webhook_endpoints_exhausted',
  WEBHOOK_ENDPOINT_DISABLED: 'webhook_endpoint_disabled',
  PAYMENT_METHOD_NOT_FOUND: 'resource_missing',
  PAYMENT_METHOD_DETACHED: 'payment_method_unusable',
  PAYMENT_METHOD_ATTACHED: 'payment_method_unusable',
  PAYMENT_EXPIRED: 'payment_intent_expired',
  PAYMENT_STATE: 'payment_intent_unexpected_state',
  METHOD_REQUIRED: 'payment_method_missing',
  ATTEMPTS_EXHAUSTED: 'attempts_exhausted',
  OPERATIONS_EXHAUSTED: 'operations_exhausted',
  NO_ROUTE: 'no_route',
  METHOD_NOT_TAKEN: 'payment_method_not_taken',
  CURRENCY_NOT_TAKEN: 'currency_not_taken',
  AMOUNT_TOO_SMALL: 'amount_too_small',
  AMOUNT_TOO_LARGE: 'amount_too_large',
  CARD_TRIES_EXHAUSTED: 'card_tries_exhausted',
  EXCEEDS_AUTHORIZED: 'amount_too_large',
  EXCEEDS_CAPTURED: 'amount_too_large',
  COUNTER_OVERFLOW: 'amount_too_large',
  NOT_SUPPORTED: 'not_supported_by_provider',
  CHARGE_DISPUTED: 'charge_disputed',
  INSUFFICIENT_FUNDS: 'balance_insufficient',
  PROVIDERS_AWAY: 'provider_not_reached',
  CARD_NUMBER_REFUSED: 'card_number_refused',
  NOTHING_TO_CHANGE: 'nothing_to_change',
  TOO_LONG: 'parameter_too_long',
  TOO_MANY: 'parameter_too_long',
  INVALID_AMOUNT: 'parameter_out_of_range',
};
/** Those of which the core's words say something else to a merchant than to a caller of the core. */
const OWN_WORDS: ReadonlySet<ProblemCode> = new Set([
  'currency_unknown',
  'idempotency_key_reused',
  'resource_missing',
]);
/** Malformed items and reasons that are not told apart above. */
const ELSE: ProblemCode = 'parameter_invalid';

/** Fields of the contract that merchants know under another name. */
const PARAMS: Readonly<Record<string, string>> = {
  payment_intent_id: 'payment_intent',
  payment_method_id: 'payment_method',
  customer_id: 'customer',
  webhook_endpoint_id: 'webhook_endpoint',
  page_token: 'page',
  before_request_id: 'starting_after',
  after_request_id: 'ending_before',
  api_key_id: 'api_key',
  payment_link_id: 'payment_link',
  refund_id: 'refund',
  event_id: 'event',
  before_event_id: 'starting_after',
  after_event_id: 'ending_before',
  'amount.minor_units': 'amount',
  'amount.asset': 'currency',
  'payment_method.token': 'payment_method',
  'payment_method.type': 'payment_method',
};

const RETRY_SECONDS = 1;
/** Until an operator has given the edge its certificate, or the certificate its books. */
const STRANGER_SECONDS = 30;

/** Of an item that the core refused. */
export function refusalProblem(
  { reason, message, field, remembered, replayed }: Refusal,
  /** What the request calls fields of the command otherwise than others do. */
  own: Readonly<Record<string, string>> = {},
): Problem {
  const code = REASONS[reason] ?? ELSE;
  const param = field === '' ? undefined : (own[field] ?? PARAMS[field] ?? field);
  const isRepeated = remembered && replayed;
  const fields: ProblemFields = OWN_WORDS.has(code)
    ? { param, isRepeated }
    : { param, isRepeated, detail: message };
  if (code === 'provider_not_reached')
    return new Problem(code, { ...fields, retryAfterSeconds: RETRY_SECONDS });
  // The differing field is one of the command; which of two requests it was in is what the merchant has to know.
  if (code === 'idempotency_key_reused') return new Problem(code, { param: 'Idempotency-Key' });
  return new Problem(code, fields);
}

/** Of a whole call that failed; undefined where it is no error of the core's. */
export function callProblem(error: unknown): Problem | undefined {
  if (!(error instanceof FlorinError)) return undefined;
  const retryAfterSeconds = Math.max(RETRY_SECONDS, Math.ceil((error.retryDelayMs ?? 0) / 1_000));
  switch (error.code) {
    case CODE.NOT_FOUND:
      return new Problem('resource_missing');
    case CODE.INVALID_ARGUMENT: {
      const [violation] = error.fieldViolations;
      const field = violation?.field;
      return new Problem('parameter_invalid', {
        ...(violation === undefined ? {} : { detail: violation.description }),
        param: field === undefined ? undefined : (PARAMS[field] ?? field.replace(/^types\[\d+\]$/, 'type')),
      });
    }
    case CODE.UNAVAILABLE:
    case CODE.RESOURCE_EXHAUSTED:
    case CODE.DEADLINE_EXCEEDED:
    case CODE.CANCELLED:
      return new Problem(error.outcome === 'unknown' ? 'outcome_open' : 'unavailable', { retryAfterSeconds });
    case CODE.UNAUTHENTICATED:
    case CODE.PERMISSION_DENIED:
      return new Problem('unavailable', { retryAfterSeconds: STRANGER_SECONDS });
    default:
      return undefined;
  }
}

/** Whether the core takes nothing from this edge, or not for that book: no request of anybody is at fault, but its certificate. */
export function isStranger(error: unknown): boolean {
  return (
    error instanceof FlorinError &&
    (error.code === CODE.UNAUTHENTICATED || error.code === CODE.PERMISSION_DENIED)
  );
}
