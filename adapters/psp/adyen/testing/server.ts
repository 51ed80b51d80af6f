import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Told, webhookOf } from './events.ts';
import { type PaymentBody, Provider, type Reply, error } from './provider.ts';
import { Misshapen, checkRequest } from './shapes.ts';

export type Fault =
  | 'none'
  | 'lost_reply'
  | 'error_after'
  | 'error_before'
  | 'hang_after'
  | 'hang_before'
  | 'rate_limited'
  | 'unavailable';

export interface AdyenServerOptions {
  readonly apiKey: string;
  readonly merchantAccount: string;
  readonly hmacKey: string;
  readonly nowMs: () => number;
}

interface Sent {
  readonly told: Told;
  readonly body: Uint8Array;
}

const INTERNAL = error(500, '000', 'Unknown', 'internal');
const HTTP_429 = error(429, '00_429', 'Too many requests', 'configuration');

/** Checkout 71 on this machine: keys, shapes and stored answers as documented, faults as a test wants them. */
export class AdyenServer {
  readonly provider: Provider;
  readonly webhooks: Sent[] = [];
  /** Requests that were not as documented, for the test to find none. */
  readonly complaints: string[] = [];
  fault: Fault = 'none';
  readonly #options: AdyenServerOptions;
  readonly #server: Server;
  readonly #answers = new Map<string, Reply>();

  constructor(options: AdyenServerOptions) {
    this.#options = options;
    this.provider = new Provider({
      merchantAccount: options.merchantAccount,
      // Later than the answer, as a rule.
      tell: (told) => void setTimeout(() => this.#deliver(told), 5),
    });
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch((reason: unknown) => {
        this.complaints.push(String(reason));
        response.destroy();
      });
    });
  }

  /** Answers the address for the adapter, version included. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `${this.#origin()}/v71`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #deliver(told: Told): void {
    this.webhooks.push({ told, body: webhookOf([told], this.#options, this.#options.nowMs()) });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const { fault } = this;
    if (fault === 'rate_limited' || fault === 'unavailable') return send(response, HTTP_429);
    if (fault === 'error_before') return send(response, INTERNAL);
    if (fault === 'hang_before' || body.includes('NEVERARRIVES0001')) return;
    const reply = this.#answer(request, body);
    if (fault === 'lost_reply') response.destroy();
    else if (fault === 'error_after') send(response, INTERNAL);
    else if (fault !== 'hang_after' && !body.includes('DONEUNANSWERED01')) send(response, reply);
  }

  #answer({ method, url = '', headers }: IncomingMessage, text: string): Reply {
    const { apiKey, merchantAccount } = this.#options;
    if (headers['x-api-key'] !== apiKey)
      return error(401, '000', 'HTTP Status Response - Unauthorized', 'security');
    const key = headers['idempotency-key'];
    try {
      if (method !== 'POST' || !url.startsWith('/v71/')) throw new Misshapen(`${method} ${url} is nothing`);
      if (typeof key !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(key))
        throw new Misshapen('no idempotency key');
      if (headers['content-type'] !== 'application/json') throw new Misshapen('no JSON');
      const path = url.slice('/v71'.length);
      const body = JSON.parse(text) as unknown;
      checkRequest(path, body);
      if (typeof body === 'object' && body !== null && 'merchantAccount' in body)
        if (body.merchantAccount !== merchantAccount)
          return error(403, '901', 'Invalid Merchant Account', 'security');
      // Whatever is asked under a key that was used is answered as the first time.
      const answer = this.#answers.get(key) ?? this.#do(path, body);
      this.#answers.set(key, answer);
      return answer;
    } catch (reason) {
      if (!(reason instanceof Misshapen)) throw reason;
      this.complaints.push(reason.message);
      return error(422, '702', reason.message, 'validation');
    }
  }

  #do(path: string, body: unknown): Reply {
    const paid = /^\/payments\/([^/]+)\/(captures|refunds)$/.exec(path);
    if (paid?.[2] === 'captures') return this.provider.capture(paid[1], body as never);
    if (paid?.[2] === 'refunds') return this.provider.refund(paid[1], body as never);
    if (path === '/payments/details') return this.provider.details(body as never);
    if (path === '/cancels') return this.provider.cancel(body as never);
    return this.provider.pay(body as PaymentBody, this.#origin());
  }
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
