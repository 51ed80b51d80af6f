import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Posted } from './post.ts';

export interface DelivererMetrics {
  readonly registry: Registry;
  attempted(posted: Posted, tookMs: number): void;
  reportsLost(count: number): void;
  /** Looked at whenever somebody reads the metrics. */
  watch(underWay: () => number): void;
}

/** What is in the way of a delivery is a receiver's time: up to its limit. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];

/** What a deliverer counts, under names that dashboards may rest on. */
export function delivererMetrics(): DelivererMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const attempts = new Counter({
    name: 'florin_webhook_attempts_total',
    help: 'Attempts to tell webhook endpoints something, by outcome: taken, gone, refused, no_answer.',
    labelNames: ['outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'florin_webhook_seconds',
    help: "Time from an attempt's beginning until the receiver's answer, or until there was none.",
    buckets: SECONDS,
    registers,
  });
  const lost = new Counter({
    name: 'florin_webhook_reports_lost_total',
    help: 'Attempts of which the core could not be told: each is made again.',
    registers,
  });
  return {
    registry,
    attempted: (posted, tookMs) => {
      attempts.inc({ outcome: outcomeOf(posted) });
      seconds.observe(tookMs / 1_000);
    },
    reportsLost: (count) => lost.inc(count),
    watch: (underWay) => {
      registry.registerMetric(
        new Gauge({
          name: 'florin_webhook_in_flight',
          help: 'Attempts under way.',
          registers: [],
          collect() {
            this.set(underWay());
          },
        }),
      );
    },
  };
}

function outcomeOf({ status }: Posted): 'taken' | 'gone' | 'refused' | 'no_answer' {
  if (status === 0) return 'no_answer';
  if (status >= 200 && status < 300) return 'taken';
  return status === 410 ? 'gone' : 'refused';
}
