import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { OperationKind, OperationState } from '../../gen/florin/payments/v1/operations_pb.ts';
import { DisputeState, PaymentIntentState as State } from '../../gen/florin/payments/v1/payments_pb.ts';
import { cashier, changed, intentOf, reasonOf } from '../support/payments/cashier.ts';
import { connectPayments, openShop, type PaymentsClient, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { truthOf } from '../support/payments/truth.ts';
import { verifyFindings } from '../support/payments/verified.ts';

let processes: PaymentProcesses;
let client: PaymentsClient;
let shop: Shop;
let other: Shop;
let keeper: Shop;
const { pay, paid, confirm, capture, refund, cancel, standing, comesTo } = cashier(() => ({ client, shop }));

beforeAll(async () => {
  processes = await startPaymentProcesses();
  client = connectPayments({ target: processes.core.target, timeoutMs: 60_000 });
  shop = await openShop(client, 'shop', { attemptsMax: 10 });
  other = await openShop(client, 'other', { feesReturned: true, settlementDays: 0 });
  keeper = await openShop(client, 'keeper', { settlementDays: 0 });
});

afterAll(async () => {
  client?.close();
  try {
    expect(await verifyFindings(processes.core)).toEqual([]);
  } finally {
    await processes?.stop();
  }
});

/** The provider's truth is what the books say, whatever was done before. */
afterEach(async () => {
  const { findings } = await truthOf(processes.core.databaseUrl, processes.simulator);
  expect(findings).toEqual([]);
});

describe('a payment', () => {
  test('of automatic capture is one sale at the provider', async () => {
    const intent = await paid();
    expect(intent).toMatchObject({ state: State.SUCCEEDED, counters: { captured: 10_000n, capturing: 0n } });
    expect(intent.operations).toMatchObject([
      { kind: OperationKind.SALE, state: OperationState.SUCCEEDED, amount: 10_000n },
    ]);
  });

  test('of manual capture is captured in parts, and the rest is released', async () => {
    const { id, state } = await paid({ manual: 'manual' });
    expect(state).toBe(State.REQUIRES_CAPTURE);
    const first = intentOf(changed(await capture(id, { amount: 3_000n, final: false })));
    expect(first).toMatchObject({ state: State.PARTIALLY_CAPTURED, counters: { captured: 3_000n } });
    expect(reasonOf(await capture(id, { amount: 7_001n, final: false }))).toBe('EXCEEDS_AUTHORIZED');
    intentOf(changed(await capture(id, { amount: 2_000n, final: false })));
    const last = intentOf(changed(await capture(id, { amount: 4_000n, final: true })));
    expect(last).toMatchObject({
      state: State.SUCCEEDED,
      counters: { authorized: 10_000n, captured: 9_000n },
    });
    expect(reasonOf(await capture(id))).toBe('PAYMENT_STATE');
  });

  test('that is canceled before its capture is let go of', async () => {
    const { id } = await paid({ manual: 'manual' });
    const intent = intentOf(changed(await cancel(id)));
    expect(intent).toMatchObject({ state: State.CANCELED, counters: { captured: 0n } });
    expect(reasonOf(await capture(id))).toBe('PAYMENT_STATE');
  });

  test('that is canceled after a part of it was captured keeps that part, and lets go of the rest', async () => {
    const { id } = await paid({ manual: 'manual' });
    changed(await capture(id, { amount: 3_000n, final: false }));
    expect(intentOf(changed(await cancel(id)))).toMatchObject({
      state: State.SUCCEEDED,
      counters: { captured: 3_000n },
    });
  });

  test('that asks for a challenge says where to, and can be canceled', async () => {
    const intent = await paid({ token: 'pm_card_authenticationRequired' });
    expect(intent.state).toBe(State.REQUIRES_ACTION);
    expect(intent.nextActionUrl).toContain('/challenge/');
    expect(intentOf(changed(await cancel(intent.id))).state).toBe(State.CANCELED);
  });

  test.each([
    ['complete', State.SUCCEEDED, 10_000n],
    ['fail', State.REQUIRES_PAYMENT_METHOD, 0n],
  ])('whose challenge ends with %s goes on by the word of the provider', async (button, state, captured) => {
    const intent = await paid({ token: 'pm_card_authenticationRequired' });
    expect(intentOf(changed(await confirm(intent.id))).state).toBe(State.REQUIRES_ACTION);
    await fetch(`${intent.nextActionUrl}/${button}`, { method: 'POST', redirect: 'manual' });
    const after = await comesTo(intent.id, state);
    expect(after.counters?.captured).toBe(captured);
  });

  test('whose challenge is passed goes on when it is confirmed again, where the provider says nothing', async () => {
    await processes.simulator.faults({ webhook_lost: 1 });
    try {
      const intent = await paid({ token: 'pm_card_authenticationRequired' });
      await fetch(`${intent.nextActionUrl}/complete`, { method: 'POST', redirect: 'manual' });
      expect(intentOf(changed(await confirm(intent.id))).counters?.captured).toBe(10_000n);
    } finally {
      await processes.simulator.faults({});
    }
  });

  test('is refunded in part and then in full, and no further', async () => {
    // Somebody else's money of which nothing is pending any more pays for the fees, which are kept.
    await paid({ of: keeper });
    const { id } = await paid({ of: keeper });
    const part = intentOf(changed(await refund(id, { of: keeper, amount: 2_500n })));
    expect(part.counters).toMatchObject({ refunded: 2_500n, refunding: 0n });
    expect(reasonOf(await refund(id, { of: keeper, amount: 7_501n }))).toBe('EXCEEDS_CAPTURED');
    const intent = intentOf(changed(await refund(id, { of: keeper })));
    expect(intent.counters).toMatchObject({ captured: 10_000n, refunded: 10_000n, fees: 290n, tax: 58n });
    expect(reasonOf(await refund(id, { of: keeper, amount: 1n }))).toBe('EXCEEDS_CAPTURED');
  });

  test('is refunded by what its merchant has: fees that are kept come out of available money only', async () => {
    const { id } = await paid();
    expect(reasonOf(await refund(id))).toBe('INSUFFICIENT_FUNDS');
    const intent = intentOf(changed(await refund(id, { amount: 10_000n - 348n })));
    expect(intent.counters).toMatchObject({ refunded: 9_652n, pending: 0n });
  });

  test('of a merchant who gets fees back costs nothing once it is refunded', async () => {
    // Somebody else's payment, so that the merchant has the fees of this one to give back.
    await paid({ of: other });
    const { id } = await paid({ of: other });
    changed(await refund(id, { of: other, amount: 3_333n }));
    const intent = intentOf(changed(await refund(id, { of: other })));
    expect(intent.counters).toMatchObject({ captured: 10_000n, refunded: 10_000n, fees: 0n, tax: 0n });
  });
});

describe('a decline', () => {
  test.each([
    ['a soft one', 'pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['a hard one', 'pm_card_chargeDeclinedLostCard', 'lost_card'],
  ])('asks for another method, which may succeed (%s)', async (_, token, code) => {
    const { id, state, lastDeclineCode } = await paid({ token });
    expect({ state, lastDeclineCode }).toEqual({
      state: State.REQUIRES_PAYMENT_METHOD,
      lastDeclineCode: code,
    });
    const intent = intentOf(changed(await confirm(id, 'pm_card_visa')));
    expect(intent).toMatchObject({ state: State.SUCCEEDED, counters: { captured: 10_000n } });
    expect(intent.attempts).toHaveLength(2);
  });

  test('may be followed by another one, until the attempts run out', async () => {
    const { id } = await paid({ token: 'pm_card_chargeDeclined' });
    for (let attempt = 2; attempt <= 10; attempt++)
      expect(intentOf(changed(await confirm(id, 'pm_card_chargeDeclined'))).attempts).toHaveLength(attempt);
    expect(reasonOf(await confirm(id, 'pm_card_visa'))).toBe('ATTEMPTS_EXHAUSTED');
    expect((await standing(id)).counters?.captured).toBe(0n);
  });
});

describe('a provider', () => {
  test('that answers late, twice, early or not at all has charged what the books say', async () => {
    onTestFailed(() => console.log(processes.core.output().slice(-10_000)));
    const began = performance.now();
    const sale = (token: string) => pay({ token: `pm_sim_${token}`, waitMs: 0 });
    const [lost, never, early, twice, slow] = (
      await Promise.all(
        [
          'timeout_then_success',
          'timeout_never_arrived',
          'webhook_before_response',
          'webhook_twice',
          'slow_5s',
        ].map(sale),
      )
    ).map(({ paymentIntentId }) => paymentIntentId);
    for (const id of [early, twice, slow]) await comesTo(id, State.SUCCEEDED);
    // Nobody knows yet, and nobody says anything else.
    for (const id of [lost, never]) expect((await standing(id)).state).toBe(State.PROCESSING);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect((await comesTo(lost, State.SUCCEEDED)).attempts).toHaveLength(1);
    const closed = await comesTo(never, State.REQUIRES_PAYMENT_METHOD);
    expect(closed.counters).toMatchObject({ captured: 0n, capturing: 0n });
    // What was closed stays closed; a new attempt is another one.
    expect(intentOf(changed(await confirm(never, 'pm_card_visa'))).state).toBe(State.SUCCEEDED);
  }, 120_000);

  test('that charges another amount than asked for leaves the payment to an operator, at once', async () => {
    const began = performance.now();
    const intent = await paid({ token: 'pm_sim_amount_mismatch' });
    expect(intent.state).toBe(State.CONFLICTED);
    expect(intent.attention).toContain('9999 EUR');
    // The wait is for a provider, and none is waited for.
    expect(performance.now() - began).toBeLessThan(5_000);
    for (const result of [await confirm(intent.id, 'pm_card_visa'), await cancel(intent.id)])
      expect(reasonOf(result)).toBe('PAYMENT_STATE');
  });

  test('that takes a payment in and charges it after a cancel tells of it, and the money goes back', async () => {
    const intent = await paid({ token: 'pm_sim_success_after_cancel' });
    expect(intent.state).toBe(State.PROCESSING);
    expect(intent.operations).toMatchObject([{ state: OperationState.ACCEPTED }]);
    expect(intent.operations[0].dueAt).toBeDefined();
    expect(intentOf(changed(await cancel(intent.id)))).toMatchObject({
      state: State.PROCESSING,
      canceling: true,
    });
    const { operations, counters } = await comesTo(intent.id, State.CANCELED);
    expect(counters).toMatchObject({ captured: 0n, unapplied: 0n });
    expect(operations).toMatchObject([
      { kind: OperationKind.SALE, state: OperationState.SUCCEEDED },
      { kind: OperationKind.REFUND, state: OperationState.SUCCEEDED, amount: 10_000n },
    ]);
  });

  test('that tells of a dispute holds the money, and gives it back or keeps it by how that ends', async () => {
    const { simulator } = processes;
    for (const end of ['won', 'lost'] as const) {
      const { id, attempts } = await paid({ amount: 7_000n });
      const reference = attempts[0].providerReference;
      expect(await simulator.dispute(reference, 'opened')).toBe(true);
      await expect
        .poll(async () => (await standing(id)).counters?.disputed, { timeout: 15_000 })
        .toBe(7_000n);
      expect(await standing(id)).toMatchObject({
        state: State.SUCCEEDED,
        disputes: [{ amount: 7_000n, state: DisputeState.OPEN }],
      });
      expect(reasonOf(await refund(id, { amount: 1n }))).toBe('CHARGE_DISPUTED');
      expect(await simulator.dispute(reference, end)).toBe(true);
      const state = end === 'won' ? DisputeState.WON : DisputeState.LOST;
      await expect.poll(async () => (await standing(id)).disputes[0].state, { timeout: 15_000 }).toBe(state);
      expect((await standing(id)).counters?.disputed).toBe(end === 'won' ? 0n : 7_000n);
    }
  });

  test('whose word of a dispute comes after that of its end has taken the fee all the same', async () => {
    const { simulator } = processes;
    await simulator.faults({ webhook_late: 1, webhook_late_ms: 3_000 });
    // The dispute comes by itself, two seconds after the charge.
    const { id, attempts } = await paid({ token: 'pm_card_createDispute', amount: 8_000n });
    const reference = `dp_${attempts[0].operationId}`;
    const known = async () => (await simulator.disputes()).some((one) => one.reference === reference);
    await expect.poll(known, { timeout: 10_000 }).toBe(true);
    await simulator.faults({});
    expect(await simulator.dispute(attempts[0].providerReference, 'won')).toBe(true);
    const told = async () => (await standing(id)).disputes.map(({ state }) => state);
    await expect.poll(told, { timeout: 10_000 }).toEqual([DisputeState.WON]);
    const { version } = await standing(id);
    await expect.poll(async () => (await standing(id)).version, { timeout: 10_000 }).toBe(version + 1n);
    expect(await standing(id)).toMatchObject({
      counters: { captured: 8_000n, disputed: 0n },
      disputes: [{ id: reference, amount: 8_000n, state: DisputeState.WON }],
    });
    // What it took is among the costs that are compared after each test.
    const withdrawn = (await simulator.settlement()).filter(({ type }) => type === 'dispute').at(-1);
    expect(withdrawn).toMatchObject({ reference: attempts[0].operationId, debit: 8_000n, fee: 1_500n });
  });

  test('whose payer’s bank calls a debit back takes it from the merchant, with what that costs', async () => {
    for (const how of [{}, { manual: 'manual' }] as const) {
      const { id } = await paid({ token: 'pm_sim_debit_returned', amount: 8_000n, ...how });
      if ('manual' in how) changed(await capture(id));
      await expect
        .poll(async () => (await standing(id)).counters?.returned, { timeout: 15_000 })
        .toBe(8_000n);
      expect(await standing(id)).toMatchObject({
        state: State.SUCCEEDED,
        counters: { captured: 0n },
        attention: expect.stringContaining('back'),
      });
    }
    const back = (await processes.simulator.settlement()).filter(({ type }) => type === 'debit_return');
    expect(back).toMatchObject([
      { debit: 8_000n, fee: 400n },
      { debit: 8_000n, fee: 400n },
    ]);
  });

  test('at whose own pages somebody refunds has refunded it in the books, once', async () => {
    const { simulator } = processes;
    const { id, attempts } = await paid({ amount: 8_000n });
    const payment = attempts[0].providerReference;
    await simulator.faults({ webhook_twice: 1 });
    expect(await simulator.refundByHand(payment, { reference: `re_${id}`, amount: 5_000n })).toBe(true);
    await expect.poll(async () => (await standing(id)).counters?.refunded, { timeout: 15_000 }).toBe(5_000n);
    await expect.poll(() => simulator.untaken(), { timeout: 15_000 }).toBe(0);
    await simulator.faults({});
    const intent = await standing(id);
    expect(intent).toMatchObject({ state: State.SUCCEEDED, attention: '', counters: { refunded: 5_000n } });
    expect(intent.operations.at(-1)).toMatchObject({
      kind: OperationKind.REFUND,
      state: OperationState.SUCCEEDED,
      amount: 5_000n,
      providerReference: `re_${id}`,
    });
    expect(reasonOf(await refund(id, { amount: 3_001n }))).toBe('EXCEEDS_CAPTURED');
    expect(await simulator.refundByHand(payment, { reference: 're_more', amount: 3_001n })).toBe(false);
  });

  test('that takes a refund back gives its money to the merchant again', async () => {
    const { id } = await paid({ token: 'pm_card_refundFail' });
    const sent = intentOf(changed(await refund(id, { amount: 5_000n })));
    expect(sent.counters).toMatchObject({ refunded: 5_000n, refunding: 0n });
    await expect.poll(async () => (await standing(id)).counters?.refunded, { timeout: 15_000 }).toBe(0n);
    expect((await standing(id)).operations.at(-1)).toMatchObject({
      kind: OperationKind.REFUND,
      state: OperationState.FAILED,
    });
  });

  test('that is away has been sent nothing, and gets the payment once it is back', async () => {
    await processes.simulator.kill();
    const { id, state, attempts } = await paid();
    expect(state).toBe(State.REQUIRES_PAYMENT_METHOD);
    expect(attempts).toHaveLength(1);
    await processes.simulator.restart();
    expect(intentOf(changed(await confirm(id, 'pm_card_visa'))).state).toBe(State.SUCCEEDED);
  });

  test('that loses every answer is asked, and charges nothing twice', async () => {
    await processes.simulator.faults({ lost_reply: 1 });
    const asked = await Promise.all(
      [1n, 2n, 3n].map((amount) => pay({ amount: amount * 1_000n, waitMs: 0 })),
    );
    await wait(500);
    await processes.simulator.faults({});
    for (const { paymentIntentId } of asked)
      expect((await comesTo(paymentIntentId, State.SUCCEEDED)).attempts).toHaveLength(1);
  }, 90_000);
});
