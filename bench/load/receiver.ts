import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Latencies } from '../measure/latencies.ts';
import { wallClockMs } from '../measure/clock.ts';

/** When the event was booked, as every body tells it. */
const BOOKED = /"timestamp":"([^"]+)"/;
const ID = /"id":"(evt_[0-9a-f]+)"/;

/** A merchant's server that takes webhooks and knows how old each event was when it came first. */
export class WebhookReceiver {
  readonly url: string;
  readonly #server: Server;
  readonly #seen = new Set<string>();
  #latencies = new Latencies();
  /** How many came, each time that it came. */
  deliveries = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const receiver = new WebhookReceiver(server);
    server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        receiver.#take(text);
        response.end();
      });
    });
    return receiver;
  }

  /** Different events so far. */
  get events(): number {
    return this.#seen.size;
  }

  /** How old events were, milliseconds, since this was asked last. */
  takeLatencies(): Latencies {
    const taken = this.#latencies;
    this.#latencies = new Latencies();
    return taken;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(text: string): void {
    this.deliveries++;
    const id = ID.exec(text)?.[1];
    const booked = BOOKED.exec(text)?.[1];
    if (id === undefined || booked === undefined) throw new Error(`no event came: ${text.slice(0, 200)}`);
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    this.#latencies.add(wallClockMs() - Date.parse(booked));
  }
}
