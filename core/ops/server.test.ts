import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics } from '../metrics.ts';
import { type OpsServer, startOps } from './server.ts';

const metrics = createMetrics();
let why: string | null = 'shard 3 has no writer yet';
let ops: OpsServer;
beforeAll(async () => {
  ops = await startOps({ host: '127.0.0.1', port: 0, unready: () => why, registry: metrics.registry });
});
afterAll(() => ops.stop());

const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${ops.port}${path}`, { method });

test('/healthz says that the process lives, /readyz whether it answers calls', async () => {
  expect((await get('/healthz')).status).toBe(200);
  const unready = await get('/readyz');
  expect([unready.status, await unready.text()]).toEqual([503, 'shard 3 has no writer yet\n']);
  why = null;
  expect((await get('/readyz')).status).toBe(200);
});

test('/metrics tells what was counted, in the text of Prometheus', async () => {
  const meter = metrics.method('florin.ledger.v1.BookService/GetBook');
  meter.began();
  meter.began();
  meter.ended('NOT_FOUND', 0.003);
  metrics.admitted(8_192);
  metrics.turnedAway('OVERLOADED', 5);
  metrics.refused('INSUFFICIENT_FUNDS', 2);
  metrics.committed({ us: 700, events: 300, shards: 2 });
  metrics.watchShards(() => [{ shard: 5, queued: 7, committedSeq: 100, projectedSeq: 60, lagSeconds: 1.5 }]);
  const response = await get('/metrics');
  expect(response.headers.get('content-type')).toContain('version=0.0.4');
  const lines = (await response.text()).split('\n');
  const method = 'method="florin.ledger.v1.BookService/GetBook"';
  expect(lines).toEqual(
    expect.arrayContaining([
      `florin_rpc_calls_total{${method},code="NOT_FOUND"} 1`,
      `florin_rpc_in_flight{${method}} 1`,
      `florin_rpc_seconds_bucket{le="0.005",${method}} 1`,
      'florin_admission_items_total{outcome="accepted"} 8192',
      'florin_admission_items_total{outcome="OVERLOADED"} 5',
      'florin_refusals_total{reason="INSUFFICIENT_FUNDS"} 2',
      'florin_commit_seconds_bucket{le="0.001"} 1',
      'florin_commit_events_sum 300',
      'florin_mailbox_items{shard="5"} 7',
      'florin_projection_lag_events{shard="5"} 40',
      'florin_projection_lag_seconds{shard="5"} 1.5',
    ]),
  );
  expect(lines.some((line) => line.startsWith('process_resident_memory_bytes'))).toBe(true);
  // Counted again, not added up: reading twice changes nothing.
  expect(await (await get('/metrics')).text()).toContain(
    `florin_rpc_calls_total{${method},code="NOT_FOUND"} 1\n`,
  );
});

test('there is nothing else, and nothing to change', async () => {
  expect((await get('/')).status).toBe(404);
  expect((await get('/metrics', 'POST')).status).toBe(405);
});
