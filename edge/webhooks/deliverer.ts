import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import type { Event } from '../../gen/florin/events/v1/events_pb.ts';
import type { Delivery } from '../../gen/florin/events/v1/webhook_deliveries_pb.ts';
import type { WebhookEndpoint } from '../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import type { Core } from '../core.ts';
import { PREFIX, prefixed } from '../ids/prefixed.ts';
import { renderEvent } from '../resources/events/render.ts';
import type { Posted, Poster } from './post.ts';
import { Reports } from './reports.ts';
import type { WebhookSecrets } from './secrets.ts';
import { signatureOf } from './signature.ts';

/** As many as one call hands out. */
const LEASE_MAX = 500;
const LEASE_WAIT_MS = 20_000;
const ASKERS = 2;
/** More cannot be told; a clock that is set while a try is under way counts for no more. */
const MILLISECONDS_MAX = 2 ** 31 - 1;
/** Before the core is asked again that did not answer. */
const RETRY_MS = 500;

export interface DelivererOptions {
  core: Pick<Core, 'webhookDeliveries'>;
  poster: Pick<Poster, 'post'>;
  secrets: WebhookSecrets;
  /** Where payers reach the edge. */
  publicUrl: string;
  /** Deliveries under way at once. */
  concurrency: number;
  nowMs: () => number;
  wait: (ms: number) => Promise<void>;
  log: (level: 'info' | 'warn', event: string, details: Record<string, unknown>) => void;
  /** Told of each attempt. */
  onAttempt?: (posted: Posted, tookMs: number) => void;
  /** Told of attempts of which the core could not be told. */
  onReportsLost?: (count: number) => void;
}

/** Tells webhook endpoints what the core hands out, and the core what came of it. It keeps nothing. */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #reports: Reports;
  readonly #stopping = new AbortController();
  readonly #cutting = new AbortController();
  #underWay = 0;
  #unready: string | null = null;
  /** What askers are waiting for. */
  #askedFor = 0;
  #room = Promise.withResolvers<void>();

  constructor(options: DelivererOptions) {
    this.#options = options;
    const { core, wait, log } = options;
    this.#reports = new Reports({
      core,
      wait,
      onFailed: (book, count, error) => {
        options.onReportsLost?.(count);
        log('warn', 'webhooks.reports.lost', { book, count, error: error.message });
      },
    });
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** null while the core answers. */
  get unready(): string | null {
    return this.#isStopping ? 'stopping' : this.#unready;
  }

  /** Until `stop`. While one answer is on its way the next one is asked for. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: ASKERS }, () => this.#ask()));
  }

  async #ask(): Promise<void> {
    const { concurrency, wait, log } = this.#options;
    while (!this.#isStopping) {
      const free = concurrency - this.#underWay - this.#askedFor;
      if (free <= 0) {
        await this.#room.promise;
        continue;
      }
      const limit = Math.min(free, LEASE_MAX);
      this.#askedFor += limit;
      try {
        await this.#deliverSome(limit);
        this.#unready = null;
      } catch (error) {
        if (this.#isStopping) return;
        this.#unready = 'the core is away';
        log('warn', 'webhooks.core.away', { error: (error as Error).message });
        await wait(RETRY_MS);
      } finally {
        this.#askedFor -= limit;
        this.#makeRoom();
      }
    }
  }

  #makeRoom(): void {
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }

  /** Begins nothing new; what is not answered by then is cut off and tried again by somebody. */
  async stop(limitMs: number): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#idle(), this.#options.wait(limitMs)]);
    this.#cutting.abort();
    await this.#reports.told();
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #idle(): Promise<void> {
    while (this.#underWay > 0) await this.#room.promise;
  }

  async #deliverSome(limit: number): Promise<void> {
    const { webhookDeliveries } = this.#options.core;
    const { deliveries } = await webhookDeliveries.leaseDeliveries(
      { limit, waitMs: LEASE_WAIT_MS },
      { timeoutMs: 2 * LEASE_WAIT_MS, signal: this.#stopping.signal },
    );
    for (const delivery of deliveries) {
      const { event, webhookEndpoint } = delivery;
      if (event === undefined || webhookEndpoint === undefined) continue;
      this.#underWay++;
      void this.#deliver(event, webhookEndpoint, delivery).finally(() => {
        this.#underWay--;
        this.#makeRoom();
      });
    }
  }

  async #deliver(event: Event, endpoint: WebhookEndpoint, { try: tried, askedSeq }: Delivery): Promise<void> {
    const { nowMs, onAttempt } = this.#options;
    const startedMs = nowMs();
    const posted = await this.#post(event, endpoint, startedMs);
    // Cut off by us: it says nothing of the receiver.
    if (posted.status === 0 && this.#cutting.signal.aborted) return;
    const tookMs = Math.min(MILLISECONDS_MAX, Math.max(0, Math.round(nowMs() - startedMs)));
    onAttempt?.(posted, tookMs);
    this.#reports.add(event.book, {
      eventId: event.id,
      merchantId: event.merchantId,
      endpointNumber: endpoint.number,
      endpointVersion: endpoint.version,
      askedSeq,
      try: tried,
      startedAt: timestampFromMs(startedMs),
      tookMs,
      status: posted.status,
      error: posted.error,
      excerpt: posted.excerpt,
      retryAfterMs: BigInt(Math.min(Math.round(posted.retryAfterMs), MILLISECONDS_MAX)),
    });
  }

  async #post(event: Event, endpoint: WebhookEndpoint, startedMs: number): Promise<Posted> {
    const { poster, log, publicUrl } = this.#options;
    const { url, apiVersion, mode } = endpoint;
    try {
      const body = JSON.stringify(renderEvent(event, { isLive: mode === Mode.LIVE, apiVersion, publicUrl }));
      const headers = this.#headersOf(event, endpoint, { body, startedMs });
      return await poster.post(url, headers, body, this.#cutting.signal);
    } catch (error) {
      // A defect of ours, or an event that only a later version knows: it is tried again, and keeps back nothing else.
      log('warn', 'webhooks.event.unsendable', { event: event.id, error: (error as Error).message });
      return { status: 0, error: 'not_sent', excerpt: '', retryAfterMs: 0 };
    }
  }

  #headersOf(
    event: Event,
    endpoint: WebhookEndpoint,
    { body, startedMs }: { body: string; startedMs: number },
  ): Record<string, string> {
    const id = prefixed(PREFIX.event, event.id);
    const timestamp = Math.floor(startedMs / 1_000);
    const secrets = this.#options.secrets.signing(endpoint, timestamp);
    return {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Florin-Webhooks/1',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf({ id, timestamp, body }, secrets),
    };
  }
}
