import { createHmac } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Account } from './account.ts';
import { type Asked, StripeError, ask } from './requests.ts';

export type ServerFault =
  | 'none'
  | 'lost_reply'
  | 'error_after'
  | 'error_before'
  | 'hang_after'
  | 'hang_before'
  | 'rate_limited'
  | 'unavailable';

/** Charged, and never answered. */
export const ANSWERS_NEVER = 'pm_fake_answersNever';
/** Never answered, and nothing done. */
export const NEVER_ARRIVES = 'pm_fake_neverArrives';

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** How long an endpoint works: long enough for another request with the same key to meet it there, milliseconds. */
const WORK_MS = 10;
/** What decides, and the question under our reference. */
const DECIDES = /^POST .*(\/(confirm|capture|cancel)|\/refunds)$|\/search$/;

/**
 * Stripe's API for tests: the requests that the adapter makes, with Stripe's documented order of things: key, rate,
 * parameters, idempotency, endpoint. What the adapter should not have asked is kept in `violations`.
 */
export class StripeServer {
  readonly account: Account;
  readonly violations: string[] = [];
  /** Endpoints that were asked, in order. */
  readonly asked: string[] = [];
  /** How the requests to these endpoints go wrong. */
  fault: { readonly kind: ServerFault; readonly at?: RegExp } = { kind: 'none' };
  readonly #key: string;
  readonly #secret: string;
  readonly #server: Server;
  readonly #kept = new Map<string, { fingerprint: string; answer: Answer | null }>();

  constructor({ key, secret, searchLagMs }: { key: string; secret: string; searchLagMs: number }) {
    this.account = new Account({ searchLagMs });
    this.#key = key;
    this.#secret = secret;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: Error) => {
        this.violations.push(String(error));
        response.destroy();
      });
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.account.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this.account.url;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** As Stripe signs what it sends, with a signature of an old scheme along. */
  sign(body: Uint8Array, nowMs: number): { 'stripe-signature': string } {
    const seconds = Math.floor(nowMs / 1_000);
    const hmac = createHmac('sha256', this.#secret).update(`${seconds}.`).update(body).digest('hex');
    return { 'stripe-signature': `t=${seconds},v0=${'0'.repeat(64)},v1=${hmac}` };
  }

  /** Keys are kept for a day; this is the day after. */
  forgetKeys(): void {
    this.#kept.clear();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    let asked: Asked;
    try {
      asked = ask({ method, url, headers, body: Buffer.concat(chunks).toString() }, this.#key);
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      this.violations.push(`${method} ${url}: ${JSON.stringify(error.body)}`);
      return reply(response, error);
    }
    this.asked.push(asked.endpoint);
    const fault = this.#faultOf(asked);
    if (fault === 'rate_limited' || fault === 'unavailable')
      return reply(response, new StripeError(429, { type: 'invalid_request_error', code: 'rate_limit' }));
    if (fault === 'error_before') return reply(response, new StripeError(500, { type: 'api_error' }));
    // The connection stays open until the caller, or the end of the test, cuts it.
    if (fault === 'hang_before') return;
    const answer = await this.#answer(asked);
    if (fault === 'hang_after') return;
    if (fault === 'lost_reply') return void response.destroy();
    if (fault === 'error_after') return reply(response, new StripeError(500, { type: 'api_error' }));
    reply(response, answer);
  }

  /** What happens before an endpoint happens to any; what happens after it, to those that decide. */
  #faultOf({ endpoint, id }: Asked): ServerFault {
    const token = this.account.intents.find((intent) => intent.id === id)?.paymentMethod;
    if (token === ANSWERS_NEVER && endpoint.endsWith('/confirm')) return 'hang_after';
    if (token === NEVER_ARRIVES && endpoint.endsWith('/confirm')) return 'hang_before';
    const { kind, at } = this.fault;
    if (at !== undefined) return at.test(endpoint) ? kind : 'none';
    const isLate = kind === 'lost_reply' || kind === 'error_after' || kind === 'hang_after';
    return !isLate || DECIDES.test(endpoint) ? kind : 'none';
  }

  async #answer(asked: Asked): Promise<Answer> {
    const { idempotencyKey, fingerprint } = asked;
    if (idempotencyKey === '') return this.#perform(asked);
    const kept = this.#kept.get(idempotencyKey);
    if (kept !== undefined) {
      if (kept.answer === null)
        return new StripeError(409, { type: 'idempotency_error', code: 'idempotency_key_in_use' });
      if (kept.fingerprint !== fingerprint) return new StripeError(400, { type: 'idempotency_error' });
      return kept.answer;
    }
    this.#kept.set(idempotencyKey, { fingerprint, answer: null });
    await sleep(WORK_MS);
    const answer = this.#perform(asked);
    // What fails validation is not kept; what the endpoint decided is, refusals included.
    if (answer.status === 400 || answer.status === 404) this.#kept.delete(idempotencyKey);
    else this.#kept.set(idempotencyKey, { fingerprint, answer });
    return answer;
  }

  #perform(asked: Asked): Answer {
    try {
      // Kept as it is now: objects change.
      return { status: 200, body: JSON.parse(JSON.stringify(this.account.perform(asked))) as object };
    } catch (error) {
      if (error instanceof StripeError) return error;
      throw error;
    }
  }
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
