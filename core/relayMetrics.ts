import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Lag } from './relay/relay.ts';
import type { StreamName } from './relay/streams.ts';

export interface RelayMetrics {
  readonly registry: Registry;
  stored(stream: StreamName, delaySeconds: number): void;
  failed(): void;
  /** Looked at whenever somebody reads the metrics. */
  watch(lag: () => Promise<Lag>): void;
}

const DELAY_SECONDS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 60,
  600, 3_600,
];

/** What the relay counts, under names that dashboards may rest on. */
export function relayMetrics(): RelayMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const published = new Counter({
    name: 'florin_relay_published_total',
    help: 'Events that the bus has acknowledged, by stream; what it had already counts too.',
    labelNames: ['stream'],
    registers,
  });
  const delays = new Histogram({
    name: 'florin_relay_delay_seconds',
    help: "Age of events, by their blocks' time, when the bus acknowledged them.",
    buckets: DELAY_SECONDS,
    registers,
  });
  const errors = new Counter({
    name: 'florin_relay_errors_total',
    help: 'Sessions with the bus that ended with a fault; each is followed by another one.',
    registers,
  });
  const byStream = {
    SETTLEMENT: published.labels('SETTLEMENT'),
    NOTIFICATION: published.labels('NOTIFICATION'),
  };
  return {
    registry,
    stored: (stream, delaySeconds) => {
      byStream[stream].inc();
      delays.observe(delaySeconds);
    },
    failed: () => errors.inc(),
    watch: (lag) => {
      let asked: Promise<Lag> | undefined;
      // Both are read at once, and are of one look.
      const look = (): Promise<Lag> => (asked ??= lag().finally(() => (asked = undefined)));
      const seconds = new Gauge({
        name: 'florin_relay_lag_seconds',
        help: 'Age of the oldest event that is not on the bus.',
        registers: [],
        async collect() {
          this.set((await look()).seconds);
        },
      });
      const events = new Gauge({
        name: 'florin_relay_lag_events',
        help: 'Events of the journal that are not on the bus, those that stay within Florin included.',
        registers: [],
        async collect() {
          this.set((await look()).events);
        },
      });
      registry.registerMetric(seconds);
      registry.registerMetric(events);
    },
  };
}
