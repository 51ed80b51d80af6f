import { describe, expect, test } from 'vitest';
import { type PaymentsRig, intentOf } from '../../../test/simulation/paymentsRig.ts';
import { NO_FEES, started } from '../../../test/simulation/review/started.ts';
import { NO_FAULTS } from '../../../test/simulation/simulatedPsp.ts';
import type { Uuid } from '../ledger/commands.ts';
import { chart } from './chart.ts';
import type { EventKind } from './commands.ts';

/** What happens to a payment after it was told to be over, or done. */

async function declined(more: Parameters<typeof started>[0] = {}) {
  const s = await started(more, NO_FEES);
  s.alpha.rates = { ...NO_FAULTS, decline: 1 };
  await s.begin();
  await s.r.pass(2_000);
  s.alpha.rates = NO_FAULTS;
  return s;
}

describe('a success after a decline', () => {
  test('of a sale is nobody’s money, and goes back by itself', async () => {
    const { r, id, alpha, tell } = await declined();
    const [sale] = r.intent(id).operations;
    expect(alpha.changeMind(sale.id)).toBe(true);
    await tell('captured', sale.id);
    await r.pass(10_000, 500);
    expect(r.intent(id)).toMatchObject({
      attention: '',
      counters: { captured: 0n, unapplied: 0n },
      attempts: [{ state: 'returned' }],
    });
    expect(r.receivable(alpha)).toBe(alpha.owes());
    expect(alpha.payments.get(sale.id)).toMatchObject({ captured: 10_000n, refunded: 10_000n });
  });

  test('of an authorisation is let go of, and the payment goes on as if it had not been', async () => {
    const { r, id, alpha, tell } = await declined({ capture: 'manual' });
    const [authorization] = r.intent(id).operations;
    const before = r.intent(id).state;
    expect(alpha.changeMind(authorization.id)).toBe(true);
    await tell('authorized', authorization.id);
    await r.pass(10_000, 500);
    expect(r.intent(id)).toMatchObject({
      state: before,
      attention: '',
      counters: { memo: 0n },
      attempts: [{ state: 'voided' }],
    });
    expect(alpha.payments.get(authorization.id)).toMatchObject({ state: 'voided' });
    // Asked once more, it is let go of once.
    await tell('authorized', authorization.id);
    await r.pass(10_000, 500);
    expect(r.intent(id).operations.filter(({ kind }) => kind === 'void')).toHaveLength(1);
  });

  test('of a capture that still fits is the capture that was asked for', async () => {
    const { r, id, alpha, tell, begin } = await started({ capture: 'manual' }, NO_FEES);
    await begin();
    await r.pass(2_000);
    alpha.rates = { ...NO_FAULTS, decline: 1 };
    await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: 4_000n, final: false });
    await r.pass(2_000);
    alpha.rates = NO_FAULTS;
    const capture = r.intent(id).operations[1];
    expect(r.intent(id).state).toBe('requires_capture');
    alpha.changeMind(capture.id);
    await tell('captured', capture.id);
    await r.pass(5_000);
    expect(r.intent(id)).toMatchObject({
      state: 'partially_captured',
      counters: { captured: 4_000n, memo: 6_000n },
    });
    expect(r.receivable(alpha)).toBe(alpha.owes());
  });

  test('of a refund is the merchant’s refund', async () => {
    const { r, id, alpha, tell, begin } = await started({}, NO_FEES);
    await begin();
    await r.pass(2_000);
    alpha.rates = { ...NO_FAULTS, decline: 1 };
    await r.send({ op: 'refundIntent', id: r.id(), intent: id, amount: 4_000n });
    await r.pass(2_000);
    alpha.rates = NO_FAULTS;
    const refund = r.intent(id).operations[1];
    expect(refund.state).toBe('failed');
    alpha.changeMind(refund.id);
    await tell('refunded', refund.id);
    await r.pass(5_000);
    expect(r.intent(id).counters).toMatchObject({ captured: 10_000n, refunded: 4_000n, refunding: 0n });
    expect(r.receivable(alpha)).toBe(alpha.owes());
  });
});

/** What the merchant has, and owes. */
function merchants(r: PaymentsRig, shop: Uuid) {
  return {
    available: r.balance(chart.available(shop, 'EUR')),
    owed: r.balance(chart.merchantReceivable(shop, 'EUR')),
    held: r.balance(chart.disputeHold(shop, 'EUR')),
    contested: r.balance(chart.disputePending('alpha', 'EUR')),
    paid: r.balance(chart.incomeDispute('EUR')),
  };
}

describe('money that is taken back', () => {
  test('comes from what is pending, then from what is available, and the rest the merchant owes', async () => {
    const { r, shop, id, alpha, tell, begin } = await started({}, { ...NO_FEES, settlementDays: 0 });
    await begin();
    const other = r.id();
    await r.send(intentOf(other, shop, { amount: 3_000n, confirm: true }));
    await r.pass(5_000);
    await r.send({ op: 'refundIntent', id: r.id(), intent: id, amount: 6_000n });
    await r.pass(2_000);
    expect(merchants(r, shop)).toMatchObject({ available: 7_000n, owed: 0n });
    const [sale] = r.intent(id).operations;
    alpha.takeBack(sale.id, sale.id);
    await tell('capture_failed', sale.id);
    await r.pass(5_000);
    expect(merchants(r, shop)).toMatchObject({ available: 0n, owed: 3_000n });
    expect(r.intent(id)).toMatchObject({
      state: 'succeeded',
      counters: { captured: 0n, returned: 10_000n, refunded: 6_000n },
      attempts: [{ state: 'returned' }],
    });
    expect(r.intent(id).attention).toContain('took a sale back');
    expect(r.receivable(alpha)).toBe(alpha.owes());
  });

  test('a debit that a bank returned is taken from the merchant at once, with what it costs', async () => {
    const { r, id, tell, begin } = await started({}, NO_FEES);
    await begin();
    await r.pass(2_000);
    const [sale] = r.intent(id).operations;
    const moved = { reference: 'AC04', amount: 10_000n, currency: 'EUR', cost: 400n };
    await tell('debit_returned', sale.id, { moved });
    expect(r.intent(id)).toMatchObject({ state: 'succeeded', counters: { captured: 0n, returned: 10_000n } });
    expect(r.balance(chart.pspReceivable('alpha', 'EUR'))).toBe(-403n);
    // Told again it is done already.
    const { version } = r.intent(id);
    await tell('debit_returned', sale.id, { moved });
    expect(r.intent(id).version).toBe(version);
  });
});

describe('a dispute', () => {
  async function contested() {
    const s = await started({}, { ...NO_FEES, settlementDays: 0 });
    await s.begin();
    await s.r.pass(5_000);
    const [sale] = s.r.intent(s.id).operations;
    const moved = { reference: 'dp_1', amount: 10_000n, currency: 'EUR', cost: 1_500n };
    const move = (kind: EventKind, occurredUs: number) =>
      s.tell(kind, sale.id, {
        occurredUs,
        moved: { ...moved, cost: kind === 'dispute_opened' ? 1_500n : 0n },
      });
    return { ...s, move };
  }

  test('takes the money while it is open, and gives it back when it is won', async () => {
    const { r, shop, id, move } = await contested();
    await move('dispute_opened', 1);
    // What the provider takes for it, the merchant owes by now.
    expect(merchants(r, shop)).toEqual({
      available: 0n,
      owed: 1_500n,
      held: 10_000n,
      contested: 10_000n,
      paid: 1_500n,
    });
    expect(r.intent(id)).toMatchObject({
      state: 'succeeded',
      counters: { disputed: 10_000n },
      disputes: [{ id: 'dp_1', amount: 10_000n, state: 'open' }],
    });
    expect(r.balance(chart.pspReceivable('alpha', 'EUR'))).toBe(-1_503n);
    await move('dispute_won', 2);
    expect(merchants(r, shop)).toMatchObject({ available: 10_000n, held: 0n, contested: 0n, paid: 1_500n });
    expect(r.intent(id)).toMatchObject({ counters: { disputed: 0n }, disputes: [{ state: 'won' }] });
    expect(r.balance(chart.pspReceivable('alpha', 'EUR'))).toBe(8_497n);
  });

  test('takes it for good when it is lost, and may be won after that', async () => {
    const { r, shop, id, move } = await contested();
    await move('dispute_lost', 1);
    expect(merchants(r, shop)).toMatchObject({ available: 0n, owed: 0n, held: 0n, contested: 0n });
    expect(r.intent(id)).toMatchObject({ counters: { disputed: 10_000n }, disputes: [{ state: 'lost' }] });
    await move('dispute_won', 2);
    expect(merchants(r, shop)).toMatchObject({ available: 10_000n, owed: 0n, held: 0n, contested: 0n });
    expect(r.intent(id).counters.disputed).toBe(0n);
  });

  test('that is told twice, or out of order, moves nothing but the fee of its opening, once', async () => {
    const { r, shop, id, move } = await contested();
    await move('dispute_won', 2);
    expect(merchants(r, shop)).toMatchObject({ available: 10_000n, held: 0n, paid: 0n });
    // It was opened before, and that comes late.
    await move('dispute_opened', 1);
    expect(merchants(r, shop)).toMatchObject({ available: 8_500n, held: 0n, contested: 0n, paid: 1_500n });
    expect(r.intent(id).disputes).toMatchObject([{ state: 'won', openedUs: 1, changedUs: 2 }]);
    const { version } = r.intent(id);
    await move('dispute_won', 2);
    await move('dispute_opened', 1);
    expect(r.intent(id).version).toBe(version);
  });

  test('that ended is not opened again by an event of the same moment', async () => {
    const { r, id, move } = await contested();
    await move('dispute_opened', 1);
    await move('dispute_lost', 2);
    const { version } = r.intent(id);
    await move('dispute_opened', 2);
    expect(r.intent(id)).toMatchObject({ version, disputes: [{ state: 'lost' }] });
    await move('dispute_opened', 3);
    expect(r.intent(id).disputes).toMatchObject([{ state: 'open' }]);
  });
});
