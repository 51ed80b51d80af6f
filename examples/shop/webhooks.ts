import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { Database } from './database.ts';
import { type Florin, type Payment, type Refund, Refused } from './florin.ts';
import type { Orders } from './orders.ts';

/** What the shop wants to hear. */
const EVENTS = [
  'payment_intent.created',
  'payment_intent.requires_action',
  'payment_intent.processing',
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'refund.created',
  'refund.updated',
  'refund.failed',
];

interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly object: Payment | Refund };
}

interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly status: 'enabled' | 'disabled';
  /** Where it is made or gets another secret, and nowhere else. */
  readonly secret: string;
}

/** Takes events of Florin, by the rules of Standard Webhooks. */
export class Webhooks {
  readonly #orders: Orders;
  readonly #florin: Florin;
  readonly #secret: () => string | undefined;

  constructor(options: { orders: Orders; florin: Florin; secret: () => string | undefined }) {
    this.#orders = options.orders;
    this.#florin = options.florin;
    this.#secret = options.secret;
  }

  /** The status to answer with: 2xx once it is kept; anything else makes Florin send it again. */
  async take(headers: IncomingHttpHeaders, body: string): Promise<204 | 401 | 503> {
    const secret = this.#secret();
    if (secret === undefined) return 503;
    let event: Event;
    try {
      // Over the bytes that came, before anything is read out of them; not older or newer than five minutes.
      new Webhook(secret).verify(body, headers as Record<string, string>);
      event = JSON.parse(body) as Event;
    } catch {
      return 401;
    }
    if (!EVENTS.includes(event.type) || this.#orders.hasSeen(event.id)) return 204;
    const { object } = event.data;
    // A refund has no version, so an event of it may be older than what is known: Florin is asked how it stands.
    const known =
      object.object === 'refund' ? await this.#florin.get<Refund>(`/v1/refunds/${object.id}`) : object;
    this.#orders.receive(event.id, known);
    return 204;
  }
}

/** Sees to it that Florin tells the shop: makes a webhook endpoint at the first start, and keeps its secret. */
export async function keepEndpoint(florin: Florin, database: Database, url: string): Promise<void> {
  const known = database.setting('webhook endpoint');
  const endpoint = known === undefined ? undefined : await found(florin, known);
  if (endpoint?.url === url) {
    if (endpoint.status === 'disabled')
      await florin.post(`/v1/webhook_endpoints/${endpoint.id}`, { disabled: false });
    return;
  }
  const { data } = await florin.get<{ data: Endpoint[] }>('/v1/webhook_endpoints');
  const same = data.find((one) => one.url === url);
  const { id, secret } = await (same === undefined
    ? florin.post<Endpoint>('/v1/webhook_endpoints', { url, enabled_events: EVENTS, description: 'The shop' })
    : florin.post<Endpoint>(`/v1/webhook_endpoints/${same.id}/rotate_secret`, { expires_in: 0 }));
  database.transaction(() => {
    database.keep('webhook endpoint', id);
    database.keep('webhook secret', secret);
  });
}

async function found(florin: Florin, id: string): Promise<Endpoint | undefined> {
  try {
    return await florin.get<Endpoint>(`/v1/webhook_endpoints/${id}`);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}
