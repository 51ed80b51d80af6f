import { Gauge, type Registry } from 'prom-client';
import type { Backlog } from './readmodels/queries/webhookDeliveries.ts';

/** What endpoints that are enabled are to be told by now, looked at whenever somebody reads the metrics. */
export function watchDeliveries(
  registry: Registry,
  { backlog, nowUs }: { backlog: () => Promise<Backlog>; nowUs: () => number },
): void {
  let asked: Promise<Backlog> | undefined;
  // Both are read at once, and are of one look. A server that is away takes no other metric with it.
  const look = (): Promise<Backlog> =>
    (asked ??= backlog()
      .catch(() => ({ due: Number.NaN, oldestUs: Number.NaN }))
      .finally(() => (asked = undefined)));
  registry.registerMetric(
    new Gauge({
      name: 'florin_webhook_due',
      help: 'Deliveries to webhook endpoints that are due.',
      registers: [],
      async collect() {
        this.set((await look()).due);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'florin_webhook_due_oldest_seconds',
      help: 'For how long the oldest of them has been due; 0 for none.',
      registers: [],
      async collect() {
        const { oldestUs } = await look();
        this.set(oldestUs === null ? 0 : Math.max(0, nowUs() - oldestUs) / 1e6);
      },
    }),
  );
}
