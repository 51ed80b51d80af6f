import { expect, test } from 'vitest';
import { chart } from '../../core/kernel/payments/chart.ts';
import { PaymentsRig, intentOf, merchant } from './paymentsRig.ts';
import { NO_FAULTS } from './simulatedPsp.ts';

test('a sale is one call, and books what the merchant, the provider and we are owed', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  const outcomes = await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  expect(outcomes).toMatchObject([{ done: true }, { done: true, after: { state: 'processing' } }]);
  await r.pass(2_000);
  const intent = r.intent(id);
  expect(r.log).toEqual([]);
  expect(intent).toMatchObject({ state: 'succeeded', counters: { captured: 10_000n, capturing: 0n } });
  expect(intent.attempts).toMatchObject([{ provider: 'alpha', state: 'captured' }]);
  // 2.5 % and 40, 20 % tax on it, and what the provider takes.
  expect(r.balance(chart.incomeFees('EUR'))).toBe(290n);
  expect(r.balance(chart.tax('DE', 'EUR'))).toBe(58n);
  expect(r.balance(chart.pending(shop, 'EUR'))).toBe(10_000n - 348n);
  expect(r.receivable(r.psps[0])).toBe(10_000n - 3n);
  expect(r.psps[0].calls).toBe(1);
});

test('what is pending becomes available after the merchant’s business days', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  await r.send(merchant(shop), intentOf(r.id(), shop, { confirm: true }));
  await r.pass(2_000);
  await r.pass(5 * 86_400_000, 3_600_000);
  expect(r.balance(chart.pending(shop, 'EUR'))).toBe(0n);
  expect(r.balance(chart.available(shop, 'EUR'))).toBe(10_000n - 348n);
});

test('a confirm of a payment that a retryable decline met goes to the next route in the same block', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  r.psps[0].rates = { ...NO_FAULTS, notSent: 1 };
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(3_000);
  expect(r.intent(id).attempts).toMatchObject([
    { provider: 'alpha', state: 'not_sent' },
    { provider: 'beta', state: 'captured' },
  ]);
  expect(r.intent(id).state).toBe('succeeded');
});

test('nothing fails over from an unknown outcome: it is asked about until it is known', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  r.psps[0].rates = { ...NO_FAULTS, replyLost: 1, queryLost: 1 };
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(60_000, 500);
  expect(r.intent(id)).toMatchObject({ state: 'processing', attempts: [{ state: 'unknown' }] });
  expect(r.psps[1].calls).toBe(0);
  r.psps[0].rates = NO_FAULTS;
  await r.pass(600_000, 1_000);
  expect(r.intent(id)).toMatchObject({ state: 'succeeded', attempts: [{ state: 'captured' }] });
});

test('an authorisation that never arrived is closed at the provider before the next route is tried', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  r.psps[0].rates = { ...NO_FAULTS, lost: 1 };
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(1_000);
  r.psps[0].rates = NO_FAULTS;
  await r.pass(120_000, 500);
  expect(r.intent(id)).toMatchObject({
    state: 'succeeded',
    attempts: [
      { provider: 'alpha', state: 'failed' },
      { provider: 'beta', state: 'captured' },
    ],
  });
  expect(r.psps[0].closed.size).toBe(1);
});
