import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Reason } from './kernel/ledger/refusals.ts';
import type { MethodMeter, RpcMetrics } from './rpc/index.ts';

/** Everything that the core counts, under names that dashboards may rest on. */
export interface CoreMetrics extends RpcMetrics {
  readonly registry: Registry;
  /** Items that a writer took in. */
  admitted(items: number): void;
  /** Items, or a whole call, that were turned away before a writer saw them. */
  turnedAway(reason: Reason, items: number): void;
  /** One commit: its time, and what it made durable. */
  committed(took: { us: number; events: number; shards: number }): void;
  /** Looked at whenever somebody reads the metrics. */
  watchShards(source: () => readonly ShardSample[]): void;
}

/** How one shard stands. */
export interface ShardSample {
  shard: number;
  /** Items in the writer's mailbox. */
  queued: number;
  /** The last committed seq, and the last that the read models hold. */
  committedSeq: number;
  projectedSeq: number;
  /** Age of the oldest block that the read models do not hold, seconds; 0 if there is none. */
  lagSeconds: number;
}

const LATENCY_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const BLOCK_EVENTS = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536];

export function createMetrics(): CoreMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const admission = new Counter({
    name: 'florin_admission_items_total',
    help: 'Items of mutations that a writer took in, or that were turned away, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  const refusals = new Counter({
    name: 'florin_refusals_total',
    help: 'Items and calls that were refused, by reason of docs/errors.md.',
    labelNames: ['reason'],
    registers,
  });
  const accepted = admission.labels('accepted');
  const commit = commitMetrics(registers);
  return {
    registry,
    method: methodMeters(registry),
    refused: (reason, items) => refusals.inc({ reason }, items),
    admitted: (items) => accepted.inc(items),
    turnedAway: (reason, items) => admission.inc({ outcome: reason }, items),
    committed: commit,
    watchShards: (source) => shardGauges(registry, source),
  };
}

function commitMetrics(registers: Registry[]): CoreMetrics['committed'] {
  const seconds = new Histogram({
    name: 'florin_commit_seconds',
    help: 'Time from handing blocks to Postgres until they are durable.',
    buckets: LATENCY_SECONDS,
    registers,
  });
  const events = new Histogram({
    name: 'florin_commit_events',
    help: 'Events that one commit made durable, over all of its shards: the batch size of group commit.',
    buckets: BLOCK_EVENTS,
    registers,
  });
  const shards = new Histogram({
    name: 'florin_commit_shards',
    help: 'Shards whose blocks went in one statement.',
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers,
  });
  return (took) => {
    seconds.observe(took.us / 1e6);
    events.observe(took.events);
    shards.observe(took.shards);
  };
}

/** Counts and times a method's calls. Labels are bound once a method; counting a code is an addition. */
function methodMeters(registry: Registry): RpcMetrics['method'] {
  const meters = new Map<string, CountingMeter>();
  const seconds = new Histogram({
    name: 'florin_rpc_seconds',
    help: 'Time from a call, its request read, until its answer is ready, by method.',
    labelNames: ['method'],
    buckets: LATENCY_SECONDS,
    registers: [registry],
  });
  const calls = new Counter({
    name: 'florin_rpc_calls_total',
    help: 'Calls that ended, by method and canonical code.',
    labelNames: ['method', 'code'],
    registers: [],
    collect() {
      this.reset();
      for (const [method, { codes }] of meters)
        for (const [code, count] of codes) this.inc({ method, code }, count);
    },
  });
  const inFlight = new Gauge({
    name: 'florin_rpc_in_flight',
    help: 'Calls under way, by method.',
    labelNames: ['method'],
    registers: [],
    collect() {
      for (const [method, meter] of meters) this.set({ method }, meter.inFlight);
    },
  });
  registry.registerMetric(calls);
  registry.registerMetric(inFlight);
  return (name) => {
    const labelled = seconds.labels(name);
    const meter = meters.get(name) ?? new CountingMeter((took) => labelled.observe(took));
    meters.set(name, meter);
    return meter;
  };
}

class CountingMeter implements MethodMeter {
  inFlight = 0;
  readonly codes = new Map<string, number>();
  readonly #observe: (seconds: number) => void;

  constructor(observe: (seconds: number) => void) {
    this.#observe = observe;
  }

  began(): void {
    this.inFlight++;
  }

  ended(code: string, seconds: number): void {
    this.inFlight--;
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    this.#observe(seconds);
  }
}

function shardGauges(registry: Registry, source: () => readonly ShardSample[]): void {
  const gauge = (name: string, help: string, value: (sample: ShardSample) => number): void => {
    const shards = new Gauge({
      name,
      help,
      labelNames: ['shard'],
      registers: [],
      collect() {
        this.reset();
        for (const sample of source()) this.set({ shard: String(sample.shard) }, value(sample));
      },
    });
    registry.registerMetric(shards);
  };
  gauge('florin_mailbox_items', "Items waiting in the writer's mailbox, by shard.", ({ queued }) => queued);
  gauge(
    'florin_committed_seq',
    'The last committed sequence number, by shard.',
    ({ committedSeq }) => committedSeq,
  );
  gauge(
    'florin_projection_lag_events',
    'Committed events that the read models do not hold yet, by shard.',
    (sample) => Math.max(0, sample.committedSeq - sample.projectedSeq),
  );
  gauge(
    'florin_projection_lag_seconds',
    'Age of the oldest block that the read models do not hold yet, by shard.',
    ({ lagSeconds }) => lagSeconds,
  );
}
