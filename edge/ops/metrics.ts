import type { FastifyInstance, FastifyRequest } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Core } from '../core.ts';
import { CoreTime, type Waited } from './coreTime.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** How long it has waited for the core. */
    waited: Waited;
  }
}

/** Of whoever has hung up there is no status, but the word for it among web servers. */
const GONE = 499;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10];
const ADDED_SECONDS = [0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.5];

/** What an edge counts, under names that dashboards may rest on. */
export class EdgeMetrics {
  readonly registry = new Registry();
  readonly #time: CoreTime;
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #added: Histogram;
  readonly #logged: Counter;
  readonly #open = new Set<FastifyRequest>();

  constructor(nowMs: () => number) {
    this.#time = new CoreTime(nowMs);
    collectDefaultMetrics({ register: this.registry });
    const registers = [this.registry];
    this.#requests = new Counter({
      name: 'florin_edge_requests_total',
      help: 'Requests, by method, route ("unknown": none) and the status of their answer; 499: the caller hung up before.',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'florin_edge_seconds',
      help: 'Time from when the head of a request was there until its answer was written.',
      labelNames: ['method', 'route'],
      buckets: SECONDS,
      registers,
    });
    this.#added = new Histogram({
      name: 'florin_edge_added_seconds',
      help: 'Of that the time in which nothing was asked of the core: what the edge adds.',
      buckets: ADDED_SECONDS,
      registers,
    });
    this.#logged = new Counter({
      name: 'florin_edge_request_logs_total',
      help: 'Requests for the log, by what became of them: written, or dropped since the core was away, slow or did not want them.',
      labelNames: ['outcome'],
      registers,
    });
    const underWay = (): number => this.#open.size;
    registers[0].registerMetric(
      new Gauge({
        name: 'florin_edge_in_flight',
        help: 'Requests under way.',
        registers: [],
        collect() {
          this.set(underWay());
        },
      }),
    );
  }

  /** The core, with its calls counted for whoever makes them. */
  counted<Counted extends Core>(core: Counted): Counted {
    return this.#time.counted(core);
  }

  logged(outcome: 'written' | 'dropped', requests: number): void {
    this.#logged.inc({ outcome }, requests);
  }

  /** Counts the requests of a server. Before any other hook: what runs in those is of the request, too. */
  watch(app: FastifyInstance): void {
    app.addHook('onRequest', (request, _, done) => {
      this.#open.add(request);
      request.waited = this.#time.waited();
      this.#time.within(request.waited, done);
    });
    // A body is read for the connection, not for the request.
    app.addHook('preValidation', (request, _, done) => this.#time.within(request.waited, done));
    app.addHook('onResponse', (request, reply, done) => {
      this.#answered(request, reply.statusCode, reply.elapsedTime);
      done();
    });
    app.addHook('onRequestAbort', (request, done) => {
      if (this.#open.delete(request)) this.#requests.inc({ ...labelsOf(request), status: GONE });
      done();
    });
  }

  #answered(request: FastifyRequest, status: number, tookMs: number): void {
    // Somebody may go while the answer is written.
    if (!this.#open.delete(request)) return;
    const labels = labelsOf(request);
    this.#requests.inc({ ...labels, status });
    this.#seconds.observe(labels, tookMs / 1_000);
    this.#added.observe(Math.max(0, tookMs - request.waited.ms) / 1_000);
  }
}

/** The route, and never the path: that may be anything. */
function labelsOf({ method, routeOptions }: FastifyRequest): { method: string; route: string } {
  return { method, route: routeOptions.url ?? 'unknown' };
}
