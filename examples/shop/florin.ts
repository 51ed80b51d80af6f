import { setTimeout as wait } from 'node:timers/promises';

/** A payment intent, as far as the shop looks at it. */
export interface Payment {
  readonly id: string;
  readonly object: 'payment_intent';
  readonly status:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'processing'
    | 'requires_capture'
    | 'succeeded'
    | 'canceled';
  /** Rises with each change: what is older than what is known is passed over. */
  readonly version: number;
  readonly amount_received: number;
  readonly currency: string;
  /** The id of the order, as the shop has said it. */
  readonly reference: string | null;
  readonly next_action: { readonly redirect_to_url: { readonly url: string } } | null;
  readonly last_payment_error: { readonly message: string } | null;
}

export interface Refund {
  readonly id: string;
  readonly object: 'refund';
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly amount: number;
  readonly payment_intent: string;
}

/** A "no" that stays one: the same request gets it again. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly code: string;

  constructor({ status, code, detail }: { status: number; code: string; detail: string }) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Nobody knows yet what became of a request. It is sent again later, the same under the same key, and never given up. */
export class Open extends Error {
  override readonly name = 'Open';
}

/** Longer than Florin waits for a provider. */
const TIMEOUT_MS = 40_000;
const TRIES_MAX = 4;
const PAUSE_MS_MAX = 2_000;

/** Florin's REST API, as a merchant's server asks it: with the secret key, and a key of its own for what moves money. */
export class Florin {
  readonly #url: string;
  readonly #apiKey: string;

  constructor({ url, apiKey }: { url: string; apiKey: string }) {
    this.#url = url;
    this.#apiKey = apiKey;
  }

  get<T>(path: string): Promise<T> {
    return this.#ask('GET', path, {});
  }

  /**
   * The same key with the same body does a thing once, however often it is sent; so it is sent again where an answer was
   * lost. Answers with the object also where a card was declined: that is an outcome, and no failure.
   */
  post<T>(path: string, body: object, key?: string): Promise<T> {
    return this.#ask('POST', path, {
      body: JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
    });
  }

  async #ask<T>(method: string, path: string, init: RequestInit): Promise<T> {
    let why = '';
    for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
      const answer = await fetch(`${this.#url}${path}`, {
        ...init,
        method,
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.#apiKey}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }).catch((error: Error) => error);
      let pauseMs = 100 * 2 ** attempt;
      if (answer instanceof Error) {
        why = answer.message;
        // Nobody waits in front of a page for four of these.
        if (answer.name === 'TimeoutError') break;
      } else {
        const said = (await answer.json().catch(() => null)) as Said | null;
        if (answer.ok && said !== null) return said as T;
        if (said?.payment_intent !== undefined) return said.payment_intent as T;
        // "retryable" says whether the same request can end differently.
        if (said?.retryable === false) throw new Refused({ ...said, status: answer.status });
        why = said?.detail ?? `an answer with status ${answer.status}`;
        pauseMs = Math.max(pauseMs, Number(answer.headers.get('retry-after') ?? 0) * 1_000);
      }
      if (attempt < TRIES_MAX) await wait(Math.min(pauseMs, PAUSE_MS_MAX));
    }
    throw new Open(why);
  }
}

interface Said {
  readonly code: string;
  readonly detail: string;
  readonly retryable: boolean;
  readonly payment_intent?: unknown;
}
