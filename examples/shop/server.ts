import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Cashier, Outcome } from './cashier.ts';
import { centsIn, linesOf } from './catalogue.ts';
import type { Order, Orders } from './orders.ts';
import { adminOrderPage, cataloguePage, messagePage, orderPage, ordersPage } from './pages.ts';
import type { Webhooks } from './webhooks.ts';

/** Far above any event or form. */
const BODY_BYTES_MAX = 262_144;
const ORDERS_SHOWN = 100;

const ASSETS: ReadonlyMap<string, { readonly type: string; readonly text: Buffer }> = new Map(
  (
    [
      ['/shop.css', 'text/css; charset=utf-8'],
      ['/shop.js', 'text/javascript; charset=utf-8'],
      ['/icon.svg', 'image/svg+xml'],
    ] as const
  ).map(([path, type]) => [path, { type, text: readFileSync(new URL(`public${path}`, import.meta.url)) }]),
);

export interface ShopServerOptions {
  readonly orders: Orders;
  readonly cashier: Cashier;
  readonly webhooks: Webhooks;
  readonly cardField: string;
  readonly adminPassword: string;
}

/** An answer in place of a page: where to, or why not. */
class Answer extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, title: string, headers: Readonly<Record<string, string>> = {}) {
    super(title);
    this.status = status;
    this.headers = headers;
  }
}

const missing = (): Answer => new Answer(404, 'There is no such page');

/** What browsers and Florin reach. It holds no order itself: any number may run, or none for a while. */
export class ShopServer {
  readonly #options: ShopServerOptions;
  readonly #policy: string;

  constructor(options: ShopServerOptions) {
    this.#options = options;
    this.#policy = [
      "default-src 'none'",
      "style-src 'self'",
      "script-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      `frame-src ${new URL(options.cardField).origin}`,
      // Also after a form's redirect: so the way to the bank is a link, and never the answer to a form.
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; ');
  }

  listen({ host, port }: { host: string; port: number }): Promise<Server> {
    const server = createServer((request, response) => void this.#serve(request, response));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve(server));
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('content-security-policy', this.#policy);
    response.setHeader('x-content-type-options', 'nosniff');
    // The address of an order is its secret. Forms still say where they come from.
    response.setHeader('referrer-policy', 'same-origin');
    response.setHeader('cache-control', 'no-store');
    try {
      await this.#route(request, response, new URL(request.url ?? '/', 'http://shop'));
    } catch (error) {
      const answer = error instanceof Answer ? error : new Answer(500, 'Something went wrong');
      if (answer.status === 500) console.error(error);
      if (response.headersSent) return void response.destroy();
      response.writeHead(answer.status, { 'content-type': 'text/html; charset=utf-8', ...answer.headers });
      response.end(messagePage(answer.message, ''));
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { orders, webhooks } = this.#options;
    const [, first, second, third, ...more] = url.pathname.split('/');
    const isPost = request.method === 'POST';
    if (!isPost && request.method !== 'GET' && request.method !== 'HEAD') throw new Answer(405, 'Not here');
    if (isPost && url.pathname === '/webhooks') {
      const status = await webhooks.take(request.headers, await bodyOf(request));
      response.writeHead(status).end();
      return;
    }
    if (isPost) fromHere(request);
    const asset = ASSETS.get(url.pathname);
    if (asset !== undefined) {
      response.writeHead(200, { 'content-type': asset.type, 'cache-control': 'max-age=60' }).end(asset.text);
      return;
    }
    if (first === 'admin') return this.#admin(request, response, [second, third, ...more]);
    if (url.pathname === '/' && !isPost) return show(response, cataloguePage());
    if (first !== 'orders' || more.length > 0) throw missing();
    if (second === undefined && isPost) return this.#order(request, response);
    const order = orders.find(second ?? '');
    if (order === undefined) throw missing();
    if (isPost) return third === 'pay' ? this.#pay(request, response, order) : Promise.reject(missing());
    return this.#showOrder(response, order, third, url);
  }

  async #order(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const lines = linesOf(await formOf(request));
    if (lines.length === 0)
      return show(response, cataloguePage('Say how many you want of at least one thing.'), 422);
    const id = randomUUID();
    this.#options.orders.take(id, lines);
    redirect(response, `/orders/${id}`);
  }

  async #showOrder(
    response: ServerResponse,
    order: Order,
    what: string | undefined,
    url: URL,
  ): Promise<void> {
    const { cashier, cardField } = this.#options;
    if (what === undefined) return show(response, orderPage(order, { cardField }));
    if (what === 'state') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ state: order.state, isOpen: order.isTryOpen }));
      return;
    }
    if (what !== 'return') throw missing();
    await cashier.cameBack(order, url.search.slice(1));
    redirect(response, `/orders/${order.id}`);
  }

  async #pay(request: IncomingMessage, response: ServerResponse, order: Order): Promise<void> {
    const form = await formOf(request);
    const token = (form.get('with') === 'typed' ? form.get('card') : form.get('token')) ?? '';
    const n = Number(form.get('try'));
    const { cashier, cardField } = this.#options;
    // Of a try that is under way the token is known.
    if (!order.isTryOpen && !/^[!-~]{1,255}$/.test(token))
      return show(response, orderPage(order, { cardField, problem: 'Choose a card.' }), 422);
    await cashier.pay(order.id, n, token);
    // Whatever came of it is in the order: a reload shows it and pays nothing.
    redirect(response, `/orders/${order.id}`);
  }

  async #admin(
    request: IncomingMessage,
    response: ServerResponse,
    [first, id, what]: readonly (string | undefined)[],
  ): Promise<void> {
    const { orders, cashier, adminPassword } = this.#options;
    if (!isPassword(request.headers.authorization, adminPassword))
      throw new Answer(401, 'For the merchant', {
        'www-authenticate': 'Basic realm="shop", charset="UTF-8"',
      });
    if (first === undefined) return show(response, ordersPage(orders.newest(ORDERS_SHOWN)));
    const order = first === 'orders' ? orders.find(id ?? '') : undefined;
    if (order === undefined) throw missing();
    if (request.method !== 'POST') return show(response, adminOrderPage(order, { key: randomUUID() }));
    if (what !== 'refund') throw missing();
    const form = await formOf(request);
    const cents = centsIn(form.get('amount') ?? '');
    const key = form.get('key') ?? '';
    const outcome: Outcome =
      cents === undefined || !/^[0-9a-f-]{36}$/.test(key)
        ? { problem: 'Write the amount as 12.34.' }
        : await cashier.refund(order.id, key, cents);
    const problem = problemOf(outcome);
    if (problem === '') return redirect(response, `/admin/orders/${order.id}`);
    const fresh = orders.find(order.id) ?? order;
    show(response, adminOrderPage(fresh, { key: randomUUID(), problem }), 422);
  }
}

function problemOf(outcome: Outcome): string {
  if (outcome === 'done') return '';
  if (outcome === 'not_now') return 'That is more than there is to refund.';
  if (outcome === 'open')
    return 'Nobody has told us yet what became of it. It is sent again by itself, and refunded once.';
  return `Not refunded: ${outcome.problem}`;
}

/** A page of somebody else must not order, pay or refund with this browser. Browsers say where a form comes from. */
function fromHere({ headers }: IncomingMessage): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const isElsewhere = origin !== undefined && URL.parse(origin)?.host !== host;
  if (isElsewhere || (site !== undefined && site !== 'same-origin' && site !== 'none'))
    throw new Answer(403, 'This form is of another site');
}

function isPassword(header: string | undefined, password: string): boolean {
  const given = Buffer.from(/^Basic (.+)$/.exec(header ?? '')?.[1] ?? '', 'base64').toString();
  const hashed = (text: string): Buffer => createHash('sha256').update(text).digest();
  // Whatever user is named: there is one.
  return (
    timingSafeEqual(hashed(given.slice(given.indexOf(':') + 1)), hashed(password)) && given.includes(':')
  );
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams(await bodyOf(request));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Answer(413, 'That is too much', { connection: 'close' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function show(response: ServerResponse, page: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { location: to }).end();
}
