import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DisputeState, PaymentIntentState as State } from '../../gen/florin/payments/v1/payments_pb.ts';
import { cashier } from '../support/payments/cashier.ts';
import { connectPayments, openShop, type PaymentsClient, type Shop } from '../support/payments/client.ts';
import { listRead, metric } from '../support/payments/lists.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { truthOf } from '../support/payments/truth.ts';
import { verifyFindings } from '../support/payments/verified.ts';

const ARRIVES = { timeout: 30_000 };
const ALL_LOST = { webhook_lost: 1 };

let processes: PaymentProcesses;
let client: PaymentsClient;
let shop: Shop;
const { paid, standing } = cashier(() => ({ client, shop }));

beforeAll(async () => {
  processes = await startPaymentProcesses({ env: { FLORIN_PROVIDER_EVENTS_POLL_SECONDS: '1' } });
  client = connectPayments({ target: processes.core.target, timeoutMs: 60_000 });
  shop = await openShop(client, 'shop', { settlementDays: 0 });
  await processes.simulator.faults(ALL_LOST);
});
afterAll(async () => {
  client?.close();
  try {
    expect(await verifyFindings(processes.core)).toEqual([]);
  } finally {
    await processes?.stop();
  }
});
afterEach(async () => {
  const { findings } = await truthOf(processes.core.databaseUrl, processes.simulator);
  expect(findings).toEqual([]);
});

const disputesOf = async (id: string): Promise<DisputeState[]> =>
  (await standing(id)).disputes.map(({ state }) => state);
const refundedOf = async (id: string): Promise<bigint | undefined> => (await standing(id)).counters?.refunded;

describe('a provider whose webhooks are all lost', () => {
  test('is asked, and a dispute is in the books with its end', async () => {
    const { id, attempts } = await paid({ amount: 8_000n });
    const { providerReference } = attempts[0];
    expect(await processes.simulator.dispute(providerReference, 'opened')).toBe(true);
    await expect.poll(() => disputesOf(id), ARRIVES).toEqual([DisputeState.OPEN]);
    expect((await standing(id)).counters?.disputed).toBe(8_000n);
    expect(await processes.simulator.dispute(providerReference, 'won')).toBe(true);
    await expect.poll(() => disputesOf(id), ARRIVES).toEqual([DisputeState.WON]);
  });

  test('is asked, and a refund that somebody made by hand is in the books, once', async () => {
    const { id, attempts } = await paid({ amount: 9_000n });
    const { providerReference } = attempts[0];
    const { simulator } = processes;
    const refund = { reference: `re_${id}`, amount: 5_000n };
    expect(await simulator.refundByHand(providerReference, refund)).toBe(true);
    await expect.poll(() => refundedOf(id), ARRIVES).toBe(5_000n);
    // Read again for a while, since others may be listed late.
    await listRead(processes.core.opsUrl, 2);
    expect(await refundedOf(id)).toBe(5_000n);
  });

  test('is asked, and a refund that fails later is the merchant’s again', async () => {
    const { id } = await paid({ amount: 7_000n, token: 'pm_card_refundFail' });
    const refunds = [{ id: crypto.randomUUID(), paymentIntentId: id, amount: 7_000n }];
    await client.refunds.createRefunds({ book: shop.book, refunds, waitMs: 30_000 });
    expect(await refundedOf(id)).toBe(7_000n);
    await expect.poll(() => refundedOf(id), ARRIVES).toBe(0n);
  });

  test('is asked, and a debit that a bank has called back is in the books', async () => {
    const { id } = await paid({ amount: 6_000n, token: 'pm_sim_debit_returned' });
    await expect.poll(async () => (await standing(id)).counters?.returned, ARRIVES).toBe(6_000n);
    expect((await standing(id)).state).toBe(State.SUCCEEDED);
  });

  test('is asked after the core was away for what happened meanwhile', async () => {
    const { id, attempts } = await paid({ amount: 8_500n });
    const { core, simulator } = processes;
    await listRead(core.opsUrl);
    await core.kill();
    expect(await simulator.dispute(attempts[0].providerReference, 'opened')).toBe(true);
    await core.restart();
    await expect.poll(() => disputesOf(id), ARRIVES).toEqual([DisputeState.OPEN]);
  });

  test('and whose list shows half of the events late is asked for those as well', async () => {
    const { simulator } = processes;
    await simulator.faults({ ...ALL_LOST, listed_late: 0.5, listed_late_ms: 4_000 });
    const payments = await Promise.all(Array.from({ length: 8 }, () => paid({ amount: 4_000n })));
    for (const { attempts } of payments)
      expect(await simulator.dispute(attempts[0].providerReference, 'opened')).toBe(true);
    for (const { id } of payments)
      await expect.poll(() => disputesOf(id), ARRIVES).toEqual([DisputeState.OPEN]);
    await simulator.faults(ALL_LOST);
  });

  test('and whose list does not answer is asked again, and the books hear of it then', async () => {
    const { simulator, core } = processes;
    const { id, attempts } = await paid({ amount: 3_000n });
    await simulator.faults({ ...ALL_LOST, error_before: 0.5, rate_limited: 0.3 });
    expect(await simulator.dispute(attempts[0].providerReference, 'opened')).toBe(true);
    await expect.poll(() => core.output().includes('"provider.events.failed"'), ARRIVES).toBe(true);
    await simulator.faults(ALL_LOST);
    await expect.poll(() => disputesOf(id), ARRIVES).toEqual([DisputeState.OPEN]);
  });
});

test('control: without asking nobody hears of it, and whoever begins to ask hears of all that was lost', async () => {
  const { simulator, core } = processes;
  const lost = await paid({ amount: 1_500n });
  const heard = await paid({ amount: 1_600n });
  await core.endBy('SIGTERM');
  await core.restart({ FLORIN_PROVIDER_EVENTS_POLL_SECONDS: '0' });
  expect(await simulator.dispute(lost.attempts[0].providerReference, 'opened')).toBe(true);
  await simulator.faults({});
  expect(await simulator.dispute(heard.attempts[0].providerReference, 'opened')).toBe(true);
  await expect.poll(() => disputesOf(heard.id), ARRIVES).toEqual([DisputeState.OPEN]);
  expect(await disputesOf(lost.id)).toEqual([]);
  await core.endBy('SIGTERM');
  await core.restart();
  await expect.poll(() => disputesOf(lost.id), ARRIVES).toEqual([DisputeState.OPEN]);
  await simulator.faults(ALL_LOST);
});

test('what a webhook has told as well is in the books once, and the metrics tell how much only the list did', async () => {
  const { simulator, core } = processes;
  await listRead(core.opsUrl);
  await simulator.faults({});
  const foundBefore = await metric(core.opsUrl, 'florin_provider_events_total', 'outcome="new"');
  expect(foundBefore).toBeGreaterThan(0);
  const { id, attempts } = await paid({ amount: 2_000n });
  const refund = { reference: `re_${id}`, amount: 500n };
  expect(await simulator.refundByHand(attempts[0].providerReference, refund)).toBe(true);
  await expect.poll(() => refundedOf(id), ARRIVES).toBe(500n);
  await listRead(core.opsUrl, 2);
  expect(await refundedOf(id)).toBe(500n);
  expect(await metric(core.opsUrl, 'florin_provider_events_total', 'outcome="known"')).toBeGreaterThan(0);
  expect(await metric(core.opsUrl, 'florin_provider_events_waiting', 'provider="simulator"')).toBe(0);
  expect(
    await metric(core.opsUrl, 'florin_provider_events_lag_seconds', 'provider="simulator"'),
  ).toBeLessThan(30);
});
