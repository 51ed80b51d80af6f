import { setTimeout as sleep } from 'node:timers/promises';
import type { CallContext, NotSent, Unknown } from '../../../core/processes/psp.ts';
import type { Exchange, Exchanged } from '../http/exchange.ts';
import { type Form, encodeForm } from './form.ts';
import { Json } from './json.ts';

/** The shapes that this adapter reads are of this version; Stripe keeps answering with them. */
export const API_VERSION = '2025-03-31.basil';

/** How long to wait when the same key is being worked on, milliseconds; doubled each time, up to the last. */
const BUSY_MS = 50;
const BUSY_MS_MAX = 800;

/** What an answer proves. */
export type Reply = Found | Refused | NotSent | Unknown;

export interface Found {
  readonly done: 'found';
  readonly value: Json;
}

/** Stripe's word that it did not do what was asked. */
export interface Refused {
  readonly done: 'refused';
  readonly why:
    /** A card or account that may not, a request that cannot be done. */
    | 'request'
    /** There is no object of that id. */
    | 'missing'
    /** Something else was asked under this key before. */
    | 'key_used';
  /** `decline_code`, then `code`, of which either may be empty. */
  readonly words: readonly string[];
  readonly isCardError: boolean;
  /** The name of the field that it is about; '' for none. */
  readonly param: string;
  /** The payment intent as it stands, where Stripe encloses it. */
  readonly intent: Json;
}

/**
 * The requests of one call, which share its deadline. Each is sent once, save those that Stripe answers with "the same
 * key is being worked on": they are sent again under that key until its answer is there.
 */
export class StripeCalls {
  readonly #exchange: Exchange;
  readonly #key: string;
  readonly #context: CallContext;
  readonly #untilMs: number;

  constructor(exchange: Exchange, { key, context }: { key: string; context: CallContext }) {
    this.#exchange = exchange;
    this.#key = key;
    this.#context = context;
    this.#untilMs = performance.now() + context.deadlineMs;
  }

  async get(path: string, query: Form): Promise<Reply> {
    const parameters = encodeForm(query);
    const reply = await this.#send('GET', parameters === '' ? path : `${path}?${parameters}`, {});
    return reply.done === 'busy' ? unknown('answered with 409') : reply;
  }

  /** `idempotencyKey` is '' for what comes to the same however often it is done. */
  async post(path: string, form: Form, idempotencyKey: string): Promise<Reply> {
    let busyMs = BUSY_MS;
    for (let isFirst = true; ; isFirst = false) {
      const reply = await this.#send('POST', path, { form, idempotencyKey });
      // Another request with this key was at work before: that this one was not sent proves nothing about it.
      if (reply.done === 'not_sent' && !isFirst) return unknown(reply.why);
      if (reply.done !== 'busy') return reply;
      if (performance.now() + busyMs >= this.#untilMs || !(await this.#pause(busyMs)))
        return unknown('the same key is being worked on');
      busyMs = Math.min(busyMs * 2, BUSY_MS_MAX);
    }
  }

  /** False where the caller gave up meanwhile. */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#context;
    return sleep(ms, true, signal === undefined ? {} : { signal }).catch(() => false);
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    { form, idempotencyKey = '' }: { form?: Form; idempotencyKey?: string },
  ): Promise<Reply | Busy> {
    const deadlineMs = Math.floor(this.#untilMs - performance.now());
    if (deadlineMs <= 0) return { done: 'not_sent', why: 'no time was left for it' };
    const exchanged = await this.#exchange.send({
      method,
      path,
      headers: {
        authorization: `Bearer ${this.#key}`,
        'stripe-version': API_VERSION,
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(idempotencyKey === '' ? {} : { 'idempotency-key': idempotencyKey }),
      },
      body: form === undefined ? '' : encodeForm(form),
      deadlineMs,
      signal: this.#context.signal,
    });
    return replyOf(exchanged);
  }
}

interface Busy {
  readonly done: 'busy';
}

/** Source: Stripe's "Errors", "Error handling" and "Idempotent requests". */
export function replyOf(exchanged: Exchanged): Reply | Busy {
  if (exchanged.got === 'not_sent') return { done: 'not_sent', why: exchanged.why };
  if (exchanged.got === 'unknown') return unknown(exchanged.why);
  const { status } = exchanged;
  const value = Json.parse(exchanged.body);
  if (status === 200 && value.at('object').text !== '') return { done: 'found', value };
  const error = value.at('error');
  const type = error.at('type').text;
  const code = error.at('code').text;
  // Without an error object it is not Stripe who speaks, but something in between.
  if (type === '' || status < 400 || status > 499) return unknown(`answered with ${status}`);
  // Key and rate are looked at before an endpoint begins. A lock that was not got in time is a 429 too, but comes of one.
  if (status === 401 || status === 403)
    return { done: 'not_sent', why: `answered with ${status}: the key may not` };
  if (status === 429 && (code === 'rate_limit' || type === 'rate_limit_error'))
    return { done: 'not_sent', why: 'answered with 429: too many requests' };
  if (status === 409 && code === 'idempotency_key_in_use') return { done: 'busy' };
  const refused = {
    done: 'refused',
    words: [error.at('decline_code').text, code],
    isCardError: type === 'card_error',
    param: error.at('param').text,
    intent: error.at('payment_intent'),
  } as const;
  if (type === 'idempotency_error' && status === 400) return { ...refused, why: 'key_used' };
  if (status === 404)
    return code === 'resource_missing' ? { ...refused, why: 'missing' } : unknown('answered with 404');
  if ((type === 'card_error' || type === 'invalid_request_error') && (status === 400 || status === 402))
    return { ...refused, why: 'request' };
  return unknown(`answered with ${status}`);
}

export function unknown(why: string): Unknown {
  return { done: 'unknown', why: why.slice(0, 200) };
}
