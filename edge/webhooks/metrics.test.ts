import { afterEach, beforeEach, expect, test } from 'vitest';
import { delivererMetrics, type DelivererMetrics } from './metrics.ts';
import { type Operations, startOperations } from '../ops/operations.ts';

let metrics: DelivererMetrics;
let operations: Operations;

beforeEach(async () => {
  metrics = delivererMetrics();
  operations = await startOperations({
    host: '127.0.0.1',
    port: 0,
    unready: () => null,
    registry: metrics.registry,
  });
});
afterEach(() => operations.stop());

async function page(path: string): Promise<[number, string]> {
  const answer = await fetch(`http://127.0.0.1:${operations.port}${path}`);
  return [answer.status, await answer.text()];
}

test('counts attempts by what came of them, and how long they took', async () => {
  const none = { error: '', excerpt: '', retryAfterMs: 0 };
  for (const status of [200, 204, 410, 500, 301, 0]) metrics.attempted({ ...none, status }, 300);
  metrics.reportsLost(7);
  metrics.watch(() => 5);
  const [, text] = await page('/metrics');
  for (const line of [
    'florin_webhook_attempts_total{outcome="taken"} 2',
    'florin_webhook_attempts_total{outcome="gone"} 1',
    'florin_webhook_attempts_total{outcome="refused"} 2',
    'florin_webhook_attempts_total{outcome="no_answer"} 1',
    'florin_webhook_seconds_bucket{le="0.25"} 0',
    'florin_webhook_seconds_bucket{le="0.5"} 6',
    'florin_webhook_reports_lost_total 7',
    'florin_webhook_in_flight 5',
    'process_cpu_seconds_total',
  ])
    expect(text).toContain(line);
});
