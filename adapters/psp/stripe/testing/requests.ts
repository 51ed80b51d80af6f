import type { IncomingHttpHeaders } from 'node:http';

export type Fields = Readonly<Record<string, string>>;

/** A request that is refused, as Stripe words it. */
export class StripeError extends Error {
  override readonly name = 'StripeError';
  readonly status: number;
  readonly body: object;

  constructor(status: number, error: { type: string; code?: string; [name: string]: unknown }) {
    super(`${status} ${error.code ?? error.type}`);
    this.status = status;
    this.body = {
      error: { message: 'A sentence for developers.', doc_url: 'https://stripe.com/docs', ...error },
    };
  }
}

export function invalid(code: string, more: object = {}): StripeError {
  return new StripeError(400, { type: 'invalid_request_error', code, ...more });
}

/** Parameters by endpoint, as in Stripe's reference; `metadata` and `expand` nest. Those with "!" have to be there. */
const PARAMETERS: Readonly<Record<string, string>> = {
  'POST /v1/payment_intents':
    'amount! currency! confirm capture_method payment_method payment_method_types statement_descriptor_suffix metadata',
  'POST /v1/payment_intents/:id': 'metadata expand',
  'POST /v1/payment_intents/:id/confirm': 'return_url error_on_requires_action expand',
  'POST /v1/payment_intents/:id/capture': 'amount_to_capture final_capture metadata expand',
  'POST /v1/payment_intents/:id/cancel': 'cancellation_reason expand',
  'POST /v1/refunds': 'payment_intent! amount metadata',
  'GET /v1/payment_intents': 'limit starting_after',
  'GET /v1/payment_intents/search': 'query! limit',
  'GET /v1/payment_intents/:id': 'expand',
  'GET /v1/events': 'created ending_before limit starting_after types',
  'GET /v1/refunds': 'payment_intent limit',
  'GET /v1/refunds/:id': '',
};

export interface Asked {
  /** "POST /v1/payment_intents/:id/capture". */
  readonly endpoint: string;
  /** Of the object that the path names; '' for none. */
  readonly id: string;
  readonly fields: Fields;
  readonly idempotencyKey: string;
  /** What the idempotency layer compares. */
  readonly fingerprint: string;
}

/** Reads a request and refuses what Stripe would refuse. */
export function ask(
  { method, url, headers, body }: { method: string; url: string; headers: IncomingHttpHeaders; body: string },
  key: string,
): Asked {
  const { pathname, searchParams } = new URL(url, 'http://stripe');
  if (headers.authorization !== `Bearer ${key}`)
    throw new StripeError(401, { type: 'invalid_request_error', code: 'api_key_invalid' });
  if (!/^\d{4}-\d\d-\d\d\.[a-z]+$/.test(String(headers['stripe-version'])))
    throw invalid('invalid_api_version');
  if (method === 'POST' && headers['content-type'] !== 'application/x-www-form-urlencoded')
    throw invalid('content_type');
  const { endpoint, id } = route(method, pathname);
  const fields = Object.fromEntries(method === 'POST' ? new URLSearchParams(body) : searchParams);
  check(endpoint, fields);
  const idempotencyKey = String(headers['idempotency-key'] ?? '');
  if (idempotencyKey.length > 255) throw invalid('idempotency_key_too_long');
  return { endpoint, id, fields, idempotencyKey, fingerprint: `${method} ${pathname}?${body}` };
}

function route(method: string, pathname: string): { endpoint: string; id: string } {
  const whole = `${method} ${pathname}`;
  if (Object.hasOwn(PARAMETERS, whole)) return { endpoint: whole, id: '' };
  const [, version, resource, id, ...action] = pathname.split('/');
  const endpoint = `${method} /${[version, resource, ':id', ...action].join('/')}`;
  if (!Object.hasOwn(PARAMETERS, endpoint))
    throw new StripeError(404, { type: 'invalid_request_error', code: 'url' });
  return { endpoint, id: decodeURIComponent(id) };
}

function check(endpoint: string, fields: Fields): void {
  const known = PARAMETERS[endpoint].split(' ');
  for (const [name, value] of Object.entries(fields)) {
    const root = name.split('[')[0];
    if (!known.includes(root) && !known.includes(`${root}!`))
      throw invalid('parameter_unknown', { param: name });
    if (value === '' && root !== 'metadata') throw invalid('parameter_invalid_empty', { param: name });
    if (/amount/.test(root) && !/^[1-9]\d{0,7}$/.test(value))
      throw invalid('parameter_invalid_integer', { param: name });
  }
  for (const name of known)
    if (name.endsWith('!') && !Object.hasOwn(fields, name.slice(0, -1)))
      throw invalid('parameter_missing', { param: name.slice(0, -1) });
  const { currency, capture_method: method } = fields;
  if (currency !== undefined && !/^[a-z]{3}$/.test(currency))
    throw invalid('parameter_invalid', { param: 'currency' });
  if (method !== undefined && !/^(automatic|automatic_async|manual)$/.test(method))
    throw invalid('parameter_invalid', { param: 'capture_method' });
  const descriptor = fields.statement_descriptor_suffix;
  if (descriptor !== undefined && !/^(?=.*[a-z])[^<>\\'"*]{1,22}$/i.test(descriptor))
    throw invalid('parameter_invalid', { param: 'statement_descriptor_suffix' });
  checkMetadata(metadataOf(fields));
}

function checkMetadata(metadata: Fields): void {
  const entries = Object.entries(metadata);
  if (entries.length > 50 || entries.some(([name, value]) => name.length > 40 || value.length > 500))
    throw invalid('parameter_invalid', { param: 'metadata' });
}

export function metadataOf(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      const key = /^metadata\[([^\]]+)\]$/.exec(name)?.[1];
      return key === undefined ? [] : [[key, value]];
    }),
  );
}
