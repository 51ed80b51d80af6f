import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DisputeState } from '../../gen/florin/payments/v1/payments_pb.ts';
import { startTestEdge, type TestEdge } from '../support/edge.ts';
import { cashier, reasonOf } from '../support/payments/cashier.ts';
import { connectPayments, openShop, type PaymentsClient, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { truthOf } from '../support/payments/truth.ts';

const ARRIVES = { timeout: 30_000 };

let processes: PaymentProcesses;
let edge: TestEdge;
let client: PaymentsClient;
let shop: Shop;
const { paid, refund, standing } = cashier(() => ({ client, shop }));

beforeAll(async () => {
  // By webhook alone: nothing is asked for besides.
  const env = { FLORIN_PROVIDER_WEBHOOKS: '0', FLORIN_PROVIDER_EVENTS_POLL_SECONDS: '0' };
  processes = await startPaymentProcesses({ env });
  const { port } = new URL(processes.webhookUrl);
  edge = await startTestEdge(processes.core.target, undefined, { FLORIN_PROVIDER_WEBHOOK_PORT: port });
  client = connectPayments({ target: processes.core.target, timeoutMs: 60_000 });
  shop = await openShop(client, 'shop');
});
afterAll(async () => {
  client?.close();
  await edge?.stop();
  await processes?.stop();
});
afterEach(async () => {
  const { findings } = await truthOf(processes.core.databaseUrl, processes.simulator);
  expect(findings).toEqual([]);
});

const send = (provider: string, body: string): Promise<Response> =>
  fetch(`${processes.webhookUrl}/${provider}`, { method: 'POST', body });
const disputesOf = async (id: string): Promise<DisputeState[]> =>
  (await standing(id)).disputes.map(({ state }) => state);

describe('what a provider sends to an edge', () => {
  test('is in the books, and a dispute that only it tells of, too', async () => {
    const { id, attempts } = await paid({ amount: 8_000n });
    const { providerReference } = attempts[0];
    expect(await processes.simulator.dispute(providerReference, 'opened')).toBe(true);
    await expect.poll(() => disputesOf(id), ARRIVES).toEqual([DisputeState.OPEN]);
    expect(await processes.simulator.dispute(providerReference, 'lost')).toBe(true);
    await expect.poll(() => disputesOf(id), ARRIVES).toEqual([DisputeState.LOST]);
  });

  test('is not lost though it comes before the answer that it contradicts: a refund fails while its call is on its way', async () => {
    const { id } = await paid({ amount: 7_000n, token: 'pm_card_refundFail' });
    // It fails two seconds after it was done, and the answer takes four.
    await processes.simulator.faults({ latency_ms: { p50: 4_000, p95: 4_000 } });
    expect(reasonOf(await refund(id, { amount: 1_000n }))).toBe('changed');
    await processes.simulator.faults({});
    await expect.poll(async () => (await standing(id)).counters?.refunded, ARRIVES).toBe(0n);
  });

  test('is turned away by the core where it is not theirs, and where nobody is of that name', async () => {
    expect((await send('simulator', '{}')).status).toBe(401);
    expect((await send('nobody', '{}')).status).toBe(404);
  });

  test('comes again where the core or the edge was away, and is in the books then', async () => {
    const { id, attempts } = await paid({ amount: 9_000n });
    const { providerReference } = attempts[0];
    await processes.core.kill();
    const answer = await send('simulator', '{}');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await processes.simulator.dispute(providerReference, 'opened')).toBe(true);
    await processes.core.restart();
    await expect.poll(() => disputesOf(id), ARRIVES).toEqual([DisputeState.OPEN]);
    await edge.kill();
    expect(await processes.simulator.dispute(providerReference, 'won')).toBe(true);
    await edge.restart();
    await expect.poll(() => disputesOf(id), ARRIVES).toEqual([DisputeState.WON]);
  }, 90_000);
});
