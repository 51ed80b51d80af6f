import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AuthorizeRequest } from './authorizing.ts';
import type { Page, Period } from './books.ts';
import { takesCurrency } from './currencies.ts';
import type { FollowUpRequest } from './followUps.ts';
import { AMOUNT_MAX, isReference } from './model.ts';
import type { Keyed } from './provider.ts';

export const BODY_BYTES_MAX = 16_384;
const PAGE_MAX = 1_000;

/** The request is at fault: nothing was done, and nothing is remembered of it. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export type Fields = ReadonlyMap<string, unknown>;

export function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    });
    request.on('end', () => {
      if (bytes > BODY_BYTES_MAX)
        reject(new BadRequest('too_large', `at most ${BODY_BYTES_MAX} bytes are read`, 413));
      else resolve((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)).toString());
    });
    request.on('error', reject);
    request.on('close', () => reject(new Error('the caller has gone')));
  });
}

/** JSON only under its own type: so no page of another origin can post a form here. */
export function readJson(request: IncomingMessage, body: string): unknown {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw new BadRequest('not_json', 'the content-type must be application/json', 415);
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new BadRequest('not_json', 'the body is not JSON');
  }
}

/** The members of an object, each of which must be known. */
export function fieldsOf(value: unknown, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadRequest('malformed', 'the body must be an object');
  const fields = new Map(Object.entries(value));
  for (const name of fields.keys())
    if (!known.includes(name)) throw new BadRequest('malformed', `there is no field "${name.slice(0, 64)}"`);
  return fields;
}

/** The caller's reference, and what the request under it says. */
export function keyedOf(request: IncomingMessage, asked: string, body: string): Keyed {
  const reference = request.headers['idempotency-key'];
  if (typeof reference !== 'string' || !isReference(reference))
    throw new BadRequest('malformed', 'the header idempotency-key must be a UUID in lower case');
  return { reference, fingerprint: hash('sha256', `${asked}\n${body}`, 'hex') };
}

const AUTHORIZE = [
  'token',
  'amount',
  'currency',
  'capture',
  'return_url',
  'statement_descriptor',
  'payment',
] as const;

export function authorizeRequest(value: unknown): AuthorizeRequest {
  const fields = fieldsOf(value, AUTHORIZE);
  const returnUrl = text(fields, 'return_url', { max: 2_048, optional: true });
  if (returnUrl !== '' && !/^https?:$/.test(URL.parse(returnUrl)?.protocol ?? ''))
    throw new BadRequest('malformed', 'return_url must be an http or https address');
  return {
    token: text(fields, 'token', { max: 255 }),
    ...money(fields),
    isSale: flag(fields, 'capture'),
    returnUrl,
    statementDescriptor: text(fields, 'statement_descriptor', { max: 22, optional: true }),
    merchantPayment: text(fields, 'payment', { max: 64, optional: true }),
  };
}

export function followUpRequest(value: unknown, { hasFinal }: { hasFinal: boolean }): FollowUpRequest {
  const fields = fieldsOf(value, hasFinal ? ['amount', 'currency', 'final'] : ['amount', 'currency']);
  return { ...money(fields), isFinal: hasFinal && flag(fields, 'final') };
}

export function pageOf(query: URLSearchParams): Page {
  return {
    after: whole(query, 'after', { standard: 0, max: Number.MAX_SAFE_INTEGER }),
    limit: whole(query, 'limit', { standard: 100, max: PAGE_MAX }) || 1,
  };
}

/** `from_ms` and `before_ms`; the whole time where they are not named. */
export function periodOf(query: URLSearchParams): Period {
  const max = Number.MAX_SAFE_INTEGER;
  return {
    fromMs: whole(query, 'from_ms', { standard: 0, max }),
    beforeMs: whole(query, 'before_ms', { standard: max, max }),
  };
}

function money(fields: Fields): { amount: bigint; currency: string } {
  const amount = text(fields, 'amount', { max: 32 });
  const currency = text(fields, 'currency', { max: 3 });
  if (!/^[1-9]\d*$/.test(amount))
    throw new BadRequest('malformed', 'amount must be decimal digits in a string, above 0');
  if (!takesCurrency(currency)) throw new BadRequest('currency_not_supported', `no "${currency}" is taken`);
  if (BigInt(amount) > AMOUNT_MAX)
    throw new BadRequest('amount_not_allowed', `amount must be at most ${AMOUNT_MAX}`);
  return { amount: BigInt(amount), currency };
}

export function text(
  fields: Fields,
  name: string,
  { max, optional = false }: { max: number; optional?: boolean },
): string {
  const value = fields.get(name);
  if (value === undefined && optional) return '';
  if (typeof value === 'string' && value.length <= max && (optional || value !== '')) return value;
  throw new BadRequest('malformed', `${name} must be a string of at most ${max} characters`);
}

function flag(fields: Fields, name: string): boolean {
  const value = fields.get(name);
  if (typeof value === 'boolean') return value;
  throw new BadRequest('malformed', `${name} must be true or false`);
}

function whole(
  query: URLSearchParams,
  name: string,
  { standard, max }: { standard: number; max: number },
): number {
  const text = query.get(name);
  if (text === null) return standard;
  if (/^\d{1,16}$/.test(text) && Number(text) <= max) return Number(text);
  throw new BadRequest('malformed', `${name} must be a whole number from 0 to ${max}`);
}
