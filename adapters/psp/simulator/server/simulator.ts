import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { Api, answerOfError } from './api.ts';
import { Books } from './books.ts';
import { type ClockMs, monotonicMs, systemClockMs } from './clock.ts';
import { Control } from './control.ts';
import { openDatabase } from './database.ts';
import { DELAYS, type Delays } from './desk.ts';
import { FaultPlan, type Faults, NO_FAULTS } from './faults.ts';
import { Outbox } from './outbox.ts';
import { Pages, isPagesPath, pageOfError } from './pages.ts';
import { Provider } from './provider.ts';
import { errorAnswer, json, reply } from './replies.ts';
import { Traffic } from './traffic.ts';
import { Turns } from './turns.ts';

const HOST = '127.0.0.1';
/** An unanswered request holds its connection for at most so long. */
const HANG_MS = 65_000;
/** Longer than callers keep an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 30_000;
const CONNECTIONS_MAX = 4_096;
const GRACE_MS = 1_000;
const REOPEN_MS = 200;
const SLEEP_MS_MAX = 60_000;

/** Stable names of what is worth a line, with ids and figures only. */
export type SimulatorLog = (
  level: 'info' | 'warn' | 'error',
  event: 'simulator.ready' | 'simulator.webhook.failed' | 'simulator.failed' | 'simulator.stopped',
  details: Readonly<Record<string, unknown>>,
) => void;

export interface SimulatorOptions {
  /** On 127.0.0.1; 0: any free one. */
  readonly port: number;
  /** The provider's own SQLite database, made where there is none; ':memory:' for one that is gone at the stop. */
  readonly file: string;
  /** Where webhooks go; absent: nowhere, they are only kept. */
  readonly webhookUrl?: string | undefined;
  /** Signs webhooks. */
  readonly secret: string;
  readonly log?: SimulatorLog;
  /** What goes wrong from the start; standard: nothing. */
  readonly faults?: Faults;
  readonly delays?: Delays;
  readonly clock?: ClockMs;
}

export interface Simulator {
  readonly port: number;
  /** "http://127.0.0.1:7430". */
  readonly url: string;
  /** Answers what has begun, takes nothing new, and closes the database. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a payment provider, and returns when it answers. Rejects where the port or the file cannot be had. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { file, secret, webhookUrl, log = () => undefined, delays = DELAYS } = options;
  const clock = options.clock ?? systemClockMs;
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = openDatabase(file);
  const books = new Books(database);
  const turns = new Turns(database);
  const plan = new FaultPlan();
  const traffic = new Traffic(monotonicMs);
  plan.replace(options.faults ?? NO_FAULTS);
  let port = options.port;
  const outbox =
    webhookUrl === undefined
      ? null
      : new Outbox({
          books,
          turns,
          clock,
          url: webhookUrl,
          secret,
          onFailure: (id, why) => log('warn', 'simulator.webhook.failed', { id, why }),
        });
  const provider = new Provider({
    books,
    turns,
    clock,
    delays,
    deliveryOf: (id, behaviour) => plan.ofWebhook(id, behaviour),
    isHeard: outbox !== null,
    origin: () => `http://${HOST}:${port}`,
  });
  const alarm = new Alarm({
    nextMs: () => books.nextLaterMs(),
    clock,
    ring: async () => {
      await provider.letHappen();
      outbox?.wake();
    },
    onError: (error) => log('error', 'simulator.failed', { message: messageOf(error) }),
  });
  const onChanged = (): void => {
    outbox?.wake();
    alarm.set();
  };
  const door = new Door((request, response) => void serve(request, response));
  const api = new Api({ provider, books, plan, outbox, traffic, clock, onChanged });
  const pages = new Pages({
    provider,
    newToken: () => `pm_${randomBytes(18).toString('base64url')}`,
    onChanged,
  });
  const control = new Control({
    provider,
    books,
    plan,
    traffic,
    onChanged,
    outage: (forMs) => door.shutFor(forMs, port),
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '', 'http://simulator');
    const path = url?.pathname ?? '';
    try {
      if (url !== null && path.startsWith('/v1/')) await api.serve(request, response, url);
      else if (url !== null && path.startsWith('/control/')) await control.serve(request, response, url);
      else if (url !== null && isPagesPath(path)) await pages.serve(request, response, url);
      else if (path === '/healthz') reply(response, json(200, { status: 'ok' }));
      else reply(response, errorAnswer(404, 'not_found', 'there is nothing here'));
    } catch (error) {
      const answer = answerOfError(error);
      if (answer.status === 500 && !request.destroyed)
        log('error', 'simulator.failed', { message: messageOf(error) });
      if (response.headersSent || response.destroyed) response.destroy();
      else if (isPagesPath(path)) pageOfError(response, error);
      else reply(response, answer);
    }
  }

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    alarm.stop();
    await door.close();
    // What is on its way may still be noted; then nothing is.
    await outbox?.stop();
    turns.close();
    database.close();
    log('info', 'simulator.stopped', { port });
  };
  try {
    port = await door.open(port);
  } catch (error) {
    database.close();
    throw error;
  }
  onChanged();
  log('info', 'simulator.ready', { port });
  return { port, url: `http://${HOST}:${port}`, stop: () => (stopping ??= stop()) };
}

/** The listening side, which can be shut for a while as if nobody were there. */
class Door {
  readonly #listener: (request: IncomingMessage, response: ServerResponse) => void;
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(listener: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#listener = listener;
  }

  open(port: number): Promise<number> {
    const server = createServer(
      { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 10_000, requestTimeout: 30_000 },
      this.#listener,
    );
    server.maxConnections = CONNECTIONS_MAX;
    server.setTimeout(HANG_MS);
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: HOST, port, backlog: 1_024 }, () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  /** Connections are refused for so long, and those that are open are cut. */
  shutFor(forMs: number, port: number): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Somebody else has taken the port meanwhile: it goes on as an outage.
      this.open(port).catch(() => this.shutFor(REOPEN_MS, port));
    }, forMs);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    await closed;
    clearTimeout(timer);
  }
}

interface AlarmOptions {
  readonly nextMs: () => number | null;
  readonly clock: ClockMs;
  readonly ring: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Rings when the next thing is due that happens by itself. */
class Alarm {
  readonly #options: AlarmOptions;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: AlarmOptions) {
    this.#options = options;
  }

  set(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    const { nextMs, clock } = this.#options;
    const next = nextMs();
    if (next === null) return;
    const waitMs = Math.min(Math.max(next - clock(), 0), SLEEP_MS_MAX);
    this.#timer = setTimeout(() => void this.#ring(), waitMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #ring(): Promise<void> {
    try {
      await this.#options.ring();
    } catch (error) {
      this.#options.onError(error);
    }
    this.set();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error;
}
