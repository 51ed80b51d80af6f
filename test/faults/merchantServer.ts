import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Draw } from '../support/load/draw.ts';
import type { MerchantAt } from '../support/edge.ts';
import { isSignedWith, type Received } from '../support/receiver.ts';

/** Of what comes so much is answered with an error. */
const FAILS = 0.02;
/** Longer than a try and the wait before the second one take. */
const QUIET_MS = 22_000;
/** As many as one request of the API takes. */
const RESENT_MOST = 1_000;

/** A merchant whom the server stands for: its endpoint's path is its name. */
interface Merchant {
  readonly name: string;
  readonly at: MerchantAt;
  readonly secret: string;
  readonly endpoint: string;
}

/** The server of merchants: it takes webhooks, fails at times, goes away and comes back. */
export class MerchantServer {
  readonly #draw: Draw;
  readonly #merchants = new Map<string, Merchant>();
  /** By merchant and event: its body, as it came first and was taken. */
  readonly #taken = new Map<string, string>();
  readonly findings: string[] = [];
  #server: Server | undefined;
  #port = 0;
  #isWell = false;
  downs = 0;
  deliveries = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { url: path = '', headers } = request;
        const isFailing = !this.#isWell && this.#draw.unit() < FAILS;
        if (!isFailing) this.#take({ path, headers, text, event: JSON.parse(text) as Received['event'] });
        response.writeHead(isFailing ? 500 : 200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Away for a moment: what is on its way is cut off. */
  async goAway(): Promise<void> {
    this.downs++;
    await this.stop();
    await wait(this.#draw.from(50, 1_500));
    await this.start();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  }

  /** Makes an endpoint for a merchant, which is told everything. */
  async welcome(name: string, at: MerchantAt): Promise<void> {
    const url = `http://127.0.0.1:${this.#port}/${name}`;
    const { body } = await at.post('/v1/webhook_endpoints', { url, enabled_events: ['*'] });
    const { id, secret } = body as { id: string; secret: string };
    this.#merchants.set(`/${name}`, { name, at, secret, endpoint: id });
  }

  /** Everything that merchants were told, by their own lists, has come, each to its own; nothing else has. */
  async hold(withinMs: number): Promise<string[]> {
    this.#isWell = true;
    for (const merchant of this.#merchants.values()) {
      const told = await allEvents(merchant.at);
      const missing = () => told.filter(({ id }) => !this.#taken.has(`${merchant.name} ${id}`));
      await this.#untilQuiet(() => missing().length === 0, withinMs / 3);
      // What failed twice comes five minutes later: a merchant who cannot wait asks for it.
      await resend(merchant, missing());
      await until(() => missing().length === 0, withinMs);
      if (missing().length > 0)
        this.findings.push(`${merchant.name} was never told ${missing().length} of ${told.length} events`);
      for (const { id, text } of told) {
        const taken = this.#taken.get(`${merchant.name} ${id}`);
        if (taken !== undefined && taken !== text)
          this.findings.push(`${merchant.name} was told ${taken}, and its list says ${text}`);
      }
      const ids = new Set(told.map(({ id }) => `${merchant.name} ${id}`));
      for (const key of this.#taken.keys())
        if (key.startsWith(`${merchant.name} `) && !ids.has(key))
          this.findings.push(`${key} came and is in no list`);
    }
    return this.findings;
  }

  /** Until nothing is missing, or what comes by itself soon has come. */
  async #untilQuiet(isComplete: () => boolean, withinMs: number): Promise<void> {
    let [seen, since] = [this.deliveries, performance.now()];
    const isQuiet = (): boolean => {
      if (this.deliveries !== seen) [seen, since] = [this.deliveries, performance.now()];
      return performance.now() - since > QUIET_MS;
    };
    await until(() => isComplete() || isQuiet(), withinMs);
  }

  get events(): number {
    return this.#taken.size;
  }

  #take(received: Received): void {
    this.deliveries++;
    const merchant = this.#merchants.get(received.path);
    // Before its endpoint was answered nobody knows the secret: the first try is answered as if it had been taken.
    if (merchant === undefined) return;
    if (!isSignedWith(merchant.secret, received))
      this.findings.push(`${merchant.name} was told ${received.event.id} with a wrong signature`);
    const key = `${merchant.name} ${received.event.id}`;
    const before = this.#taken.get(key);
    this.#taken.set(key, received.text);
    if (before !== undefined && before !== received.text)
      this.findings.push(`${key} came as ${before}, then as ${received.text}`);
  }
}

async function allEvents(at: MerchantAt): Promise<{ id: string; text: string }[]> {
  const all: { id: string; text: string }[] = [];
  for (;;) {
    const behind = all.length === 0 ? '' : `&starting_after=${all.at(-1)!.id}`;
    const { status, body } = await at.get(`/v1/events?limit=100${behind}`);
    if (status !== 200) throw new Error(`the events were answered with ${status}`);
    const { data, has_more } = body as { data: { id: string }[]; has_more: boolean };
    all.push(...data.map((event) => ({ id: event.id, text: JSON.stringify(event) })));
    if (!has_more) return all;
  }
}

async function resend({ at, endpoint }: Merchant, missing: readonly { id: string }[]): Promise<void> {
  for (let from = 0; from < missing.length; from += RESENT_MOST) {
    const events = missing.slice(from, from + RESENT_MOST).map(({ id }) => id);
    await at.post(`/v1/webhook_endpoints/${endpoint}/resend`, { events });
  }
}

async function until(isSo: () => boolean, withinMs: number): Promise<void> {
  for (const end = performance.now() + withinMs; !isSo() && performance.now() < end;) await wait(50);
}
