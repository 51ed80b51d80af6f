import type { PspOutcome, QueryOutcome, Unknown, Uuid } from '../../../core/processes/psp.ts';
import type { Exchanged } from '../http/exchange.ts';
import { declineOf } from './declines.ts';
import { EXPONENTS } from './exponents.ts';

/** What comes back of a call that would change something. */
export function outcomeOf(exchanged: Exchanged, operation: Uuid): PspOutcome {
  switch (exchanged.got) {
    case 'not_sent':
      return { done: 'not_sent', why: exchanged.why };
    case 'unknown':
      return unknown(exchanged.why);
    case 'answer':
      return outcomeOfAnswer(exchanged, operation);
  }
}

/** A query changes nothing, so one that was not sent leaves what it asked about as unknown as it was. */
export function queryOutcomeOf(exchanged: Exchanged, operation: Uuid): QueryOutcome {
  if (exchanged.got === 'answer' && exchanged.status === 404) {
    // Only the provider's own word: a 404 may come from anything that stands in between.
    const code = errorOf(readObject(exchanged.body))?.code;
    return code === 'operation_not_found' ? { done: 'not_found' } : unknown('answered with 404');
  }
  if (exchanged.got !== 'answer') return unknown(exchanged.why);
  if (exchanged.status !== 200 && exchanged.status !== 402)
    return unknown(`answered with ${exchanged.status}`);
  const outcome = operationOutcome(exchanged.status, readObject(exchanged.body), operation);
  return outcome.done === 'not_sent' ? unknown(outcome.why) : outcome;
}

function outcomeOfAnswer({ status, body }: { status: number; body: string }, operation: Uuid): PspOutcome {
  const answer = readObject(body);
  if (status === 200 || status === 402) return operationOutcome(status, answer, operation);
  const error = errorOf(answer);
  // The provider documents `nothing_done`: only with it, an answer proves that nothing happened. A 409 has none: under
  // this reference something else was asked for, and a query tells what.
  if (error?.nothingDone !== true) return unknown(`answered with ${status}`);
  if (status === 429 || status === 503) return { done: 'not_sent', why: `answered with ${status}` };
  if (status < 400 || status > 499) return unknown(`answered with ${status}`);
  const code = status === 404 ? 'payment_not_found' : error.code;
  return {
    done: 'declined',
    // The request itself was refused: no other try and no other route makes it a better one.
    code: declineOf(code, 'operation_not_allowed'),
    providerCode: code.slice(0, 64),
    providerReference: '',
  };
}

function operationOutcome(
  status: number,
  answer: ReadonlyMap<string, unknown> | null,
  operation: Uuid,
): PspOutcome {
  const unreadable = unknown('the answer cannot be read');
  if (answer?.get('object') !== 'operation') return unreadable;
  if (answer.get('reference') !== operation) return unknown('the answer is about another operation');
  const payment = answer.get('payment');
  if (typeof payment !== 'string' || payment.length > 128) return unreadable;
  switch (answer.get('status')) {
    case 'succeeded':
      return status === 200 && payment !== '' ? (succeeded(answer, payment) ?? unreadable) : unreadable;
    case 'requires_action': {
      const url = answer.get('redirect_url');
      if (typeof url !== 'string' || !/^https?:\/\//.test(url)) return unreadable;
      return { done: 'requires_action', providerReference: payment, action: { type: 'redirect', url } };
    }
    case 'pending':
      return { done: 'accepted', providerReference: payment };
    case 'declined': {
      const code = answer.get('code');
      if (status !== 402 || typeof code !== 'string') return unreadable;
      return {
        done: 'declined',
        code: declineOf(code, 'generic_decline'),
        providerCode: code.slice(0, 64),
        providerReference: payment,
      };
    }
    default:
      return unreadable;
  }
}

function succeeded(answer: ReadonlyMap<string, unknown>, providerReference: string): PspOutcome | null {
  const amount = amountOf(answer.get('amount'));
  const currency = answer.get('currency');
  const cost = answer.get('cost') === null ? null : amountOf(answer.get('cost'));
  const expiresAtMs = answer.get('expires_at_ms');
  if (amount === undefined || amount === 0n || cost === undefined) return null;
  if (typeof currency !== 'string' || !EXPONENTS.has(currency)) return null;
  if (expiresAtMs !== null && !(Number.isSafeInteger(expiresAtMs) && (expiresAtMs as number) > 0))
    return null;
  return {
    done: 'succeeded',
    amount,
    currency,
    providerReference,
    cost,
    expiresAtMs: expiresAtMs as number | null,
    ...(answer.get('approved_in_part') === true ? { isPartial: true } : {}),
  };
}

/** Decimal digits in a string, minor units; anything else is undefined. */
export function amountOf(value: unknown): bigint | undefined {
  return typeof value === 'string' && /^\d{1,18}$/.test(value) ? BigInt(value) : undefined;
}

/** A Map, so that no name in an answer can reach a prototype. */
export function readObject(text: string): ReadonlyMap<string, unknown> | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? new Map(Object.entries(value))
      : null;
  } catch {
    return null;
  }
}

function errorOf(
  answer: ReadonlyMap<string, unknown> | null,
): { code: string; nothingDone: boolean } | undefined {
  const error = answer?.get('error');
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string')
    return undefined;
  return { code: error.code, nothingDone: 'nothing_done' in error && error.nothing_done === true };
}

function unknown(why: string): Unknown {
  return { done: 'unknown', why: why.slice(0, 200) };
}
