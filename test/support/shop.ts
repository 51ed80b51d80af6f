import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request as ask, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { uuidv7 } from '../../client/index.ts';
import {
  makeKey,
  type MerchantAt,
  merchantAt,
  newKeyFile,
  startTestDeliverer,
  startTestEdge,
  type TestEdge,
} from './edge.ts';
import { connectPayments, openShop } from './payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from './payments/processes.ts';
import { freePort } from './ports.ts';

const PROGRAM = fileURLToPath(new URL('../../examples/shop/main.ts', import.meta.url));
const PASSWORD = 'the merchant’s';

/** A webhook on its way to the shop. */
export interface OnItsWay {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface TestShop {
  /** Where browsers and Florin reach the shop: through the road. */
  readonly url: string;
  readonly road: Road;
  readonly processes: PaymentProcesses;
  readonly edge: TestEdge;
  /** The merchant, past the shop. */
  readonly merchant: MerchantAt;
  readonly password: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** The secret that webhooks are signed with, out of the shop's own database. */
  secret(): string;
  /** What it has printed since it was first started. */
  output(): string;
  stop(): Promise<void>;
}

/** What lies between the world and the shop, as a proxy does: everything passes, and webhooks can be held up. */
export interface Road {
  readonly url: string;
  /** Every body that came for the shop. */
  readonly bodies: string[];
  /** Webhooks that the shop has taken or refused, or that are held up. */
  readonly webhooks: OnItsWay[];
  /** From now on webhooks are kept here, and Florin is told that they arrived. Ends with the answer's `letGo`. */
  holdUp(): void;
  letGo(): void;
  close(): Promise<void>;
}

async function startRoad(shopPort: number): Promise<Road> {
  const bodies: string[] = [];
  const webhooks: OnItsWay[] = [];
  let isHeldUp = false;
  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    bodies.push(body.toString());
    const { url: path = '/', method, headers } = incoming;
    if (path === '/webhooks') {
      webhooks.push({ headers: headers as Record<string, string>, body: body.toString() });
      if (isHeldUp) return void response.writeHead(204).end();
    }
    const onwards = ask({ host: '127.0.0.1', port: shopPort, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onwards.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    onwards.end(body);
  };
  const server = createServer(
    (incoming, response) => void pass(incoming, response).catch(() => response.destroy()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    webhooks,
    holdUp: () => void (isHeldUp = true),
    letGo: () => void (isHeldUp = false),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A shop in a process of its own, and all that it needs: core, simulator, edge, deliverer, and the road between. */
export async function startTestShop(): Promise<TestShop> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.toReversed()) await one();
  };
  try {
    const processes = await startPaymentProcesses();
    stops.push(() => processes.stop());
    const { target } = processes.core;
    const opening = connectPayments({ target });
    // The fees of what is refunded in full come back, so that there is always enough for it.
    const owner = await openShop(opening, 'shop', { feesReturned: true, settlementDays: 0, attemptsMax: 10 });
    opening.close();
    const keyFile = newKeyFile();
    const edge = await startTestEdge(target, keyFile);
    stops.push(() => edge.stop());
    const deliverer = await startTestDeliverer(target, keyFile);
    stops.push(() => deliverer.stop());
    const { secret: apiKey } = await makeKey(target, owner);
    const merchant = merchantAt(edge, apiKey);
    // Money to refund from, past what a single payment leaves of its fees.
    const cushion = { amount: 100_000, currency: 'eur', payment_method: 'pm_card_visa', confirm: true };
    await merchant.post('/v1/payment_intents', cushion, uuidv7());

    const folder = mkdtempSync(join(tmpdir(), 'florin-shop-'));
    stops.push(async () => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'shop.sqlite');
    const port = await freePort();
    const road = await startRoad(port);
    stops.push(() => road.close());
    const shop = await startShop({
      SHOP_PORT: String(port),
      SHOP_URL: road.url,
      SHOP_FILE: file,
      SHOP_FLORIN_URL: edge.url,
      SHOP_CARD_FIELD: `${processes.simulator.url}/hosted`,
      SHOP_ADMIN_PASSWORD: PASSWORD,
      // So that it is webhooks that move orders here; at a start it asks all the same.
      SHOP_ASK_SECONDS: '3600',
      FLORIN_API_KEY: apiKey,
    });
    stops.push(() => shop.end('SIGTERM'));
    return {
      url: road.url,
      road,
      processes,
      edge,
      merchant,
      password: PASSWORD,
      kill: () => shop.end('SIGKILL'),
      restart: shop.launch,
      secret: () => settingIn(file, 'webhook secret'),
      output: shop.output,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startShop(env: Readonly<Record<string, string>>) {
  let child: ChildProcess;
  let printed = '';
  const launch = async (): Promise<void> => {
    child = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    for await (const line of createInterface({ input: child.stdout! })) {
      printed += `${line}\n`;
      if (line === 'The shop hears from Florin.') break;
    }
    child.stdout!.resume();
    if (child.exitCode !== null) throw new Error(`the shop ended while starting:\n${printed}`);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  await launch();
  return { launch, end, output: () => printed };
}

function settingIn(file: string, name: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return String(database.prepare('SELECT value FROM settings WHERE name = ?').get(name)?.['value']);
  } finally {
    database.close();
  }
}

/** How often each amount was taken at the provider for an order: the truth that the shop is compared with. */
export async function takenFor(shop: TestShop, orderId: string): Promise<number[]> {
  const { body } = await shop.merchant.get(`/v1/payment_intents?reference=${orderId}&limit=100`);
  const payments = body['data'] as { amount_received: number }[];
  return payments.map(({ amount_received: amount }) => amount).filter((amount) => amount > 0);
}
