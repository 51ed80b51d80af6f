import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Intent, IntentState } from './kernel/payments/model.ts';

/** What is counted about payments, under names that dashboards may rest on. */
export interface PaymentMetrics {
  /** A call to a provider, or a question, has come back. */
  called(call: { provider: string; kind: string; outcome: string }, tookMs: number): void;
  /** So many events of a provider's list came to that. */
  listed(what: { provider: string; outcome: string }, events: number): void;
  /** An event of a payment became durable. */
  changed(state: IntentState): void;
  /** Looked at whenever somebody reads the metrics. */
  watch(source: PaymentSource): void;
}

export interface PaymentSource {
  /** Payments in memory, which are all that are under way. */
  intents: () => Iterable<Intent>;
  nowUs: () => number;
  breakers: () => readonly { provider: string; kind: string; state: string }[];
  lists: () => readonly { provider: string; lagSeconds: number; waiting: number }[];
}

const CALL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function paymentMetrics(registry: Registry): PaymentMetrics {
  const registers = [registry];
  const seconds = new Histogram({
    name: 'florin_provider_seconds',
    help: 'Time from a call to a payment provider until its answer, by provider and kind.',
    labelNames: ['provider', 'kind'],
    buckets: CALL_SECONDS,
    registers,
  });
  const calls = new Counter({
    name: 'florin_provider_calls_total',
    help: 'Calls to payment providers that came back, by provider, kind and outcome.',
    labelNames: ['provider', 'kind', 'outcome'],
    registers,
  });
  const changes = new Counter({
    name: 'florin_payment_changes_total',
    help: 'Durable events of payment intents, by the state after them.',
    labelNames: ['state'],
    registers,
  });
  const listed = new Counter({
    name: 'florin_provider_events_total',
    help: 'Events that lists of providers had, by provider and outcome: new, known, waiting, given_up.',
    labelNames: ['provider', 'outcome'],
    registers,
  });
  return {
    called: ({ provider, kind, outcome }, tookMs) => {
      seconds.observe({ provider, kind }, tookMs / 1_000);
      calls.inc({ provider, kind, outcome });
    },
    listed: (what, events) => listed.inc(what, events),
    changed: (state) => changes.inc({ state }),
    watch: (source) => watch(registry, source),
  };
}

function watch(registry: Registry, { intents, nowUs, breakers, lists }: PaymentSource): void {
  watchLists(registry, lists);
  registry.registerMetric(
    new Gauge({
      name: 'florin_payment_unknown',
      help: 'Operations whose outcome nobody knows, of payments in memory.',
      registers: [],
      collect() {
        let count = 0;
        for (const _ of unknowns(intents())) count++;
        this.set(count);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'florin_payment_unknown_oldest_seconds',
      help: 'Age of the oldest operation whose outcome nobody knows, of payments in memory; 0 for none.',
      registers: [],
      collect() {
        let oldestUs = Infinity;
        for (const askedUs of unknowns(intents())) oldestUs = Math.min(oldestUs, askedUs);
        this.set(oldestUs === Infinity ? 0 : Math.max(0, nowUs() - oldestUs) / 1e6);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'florin_provider_breaker',
      help: 'Circuit breakers: 0 closed, 1 half open, 2 open, by provider and kind of call.',
      labelNames: ['provider', 'kind'],
      registers: [],
      collect() {
        this.reset();
        for (const { provider, kind, state } of breakers())
          this.set({ provider, kind }, state === 'closed' ? 0 : state === 'half_open' ? 1 : 2);
      },
    }),
  );
}

function watchLists(registry: Registry, lists: PaymentSource['lists']): void {
  const gauges = [
    {
      name: 'florin_provider_events_lag_seconds',
      help: 'Since the last reading of the list of events began that came to its end, or since the start, by provider.',
      of: ({ lagSeconds }: ReturnType<typeof lists>[number]) => lagSeconds,
    },
    {
      name: 'florin_provider_events_waiting',
      help: 'Events of the list that match nothing yet, by provider.',
      of: ({ waiting }: ReturnType<typeof lists>[number]) => waiting,
    },
  ];
  for (const { name, help, of } of gauges)
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: ['provider'],
        registers: [],
        collect() {
          this.reset();
          for (const list of lists()) this.set({ provider: list.provider }, of(list));
        },
      }),
    );
}

/** When each of them was asked for, microseconds. */
function* unknowns(intents: Iterable<Intent>): Generator<number> {
  for (const { operations } of intents)
    for (const { state, askedUs } of operations) if (state === 'unknown') yield askedUs;
}
