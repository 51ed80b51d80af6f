import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { uuidv7 } from '../../client/index.ts';
import { OperationState } from '../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentIntentState as State } from '../../gen/florin/payments/v1/payments_pb.ts';
import { cashier, changed, intentOf, reasonOf } from '../support/payments/cashier.ts';
import { connectPayments, openShop, type PaymentsClient, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { type RaceCourse, raceConfirms, raceRefunds } from '../support/payments/races.ts';
import { truthOf } from '../support/payments/truth.ts';
import { verifyFindings } from '../support/payments/verified.ts';
import { roundsOfRun } from '../support/load/draw.ts';

const REFUND_ROUNDS = roundsOfRun(100);
const CONFIRM_ROUNDS = Math.ceil(REFUND_ROUNDS / 10);
const CONFIRMERS = 50;

let processes: PaymentProcesses;
let client: PaymentsClient;
let shop: Shop;
let other: Shop;
const { pay, paid, confirm, capture, refund, cancel, standing, comesTo } = cashier(() => ({ client, shop }));

beforeAll(async () => {
  processes = await startPaymentProcesses();
  client = connectPayments({ target: processes.core.target, timeoutMs: 60_000 });
  // On one shard: nothing but the book keeps them apart.
  shop = await openShop(client, 'shop', { shard: 7, attemptsMax: 10 });
  other = await openShop(client, 'other', { shard: 7, feesReturned: true, settlementDays: 0 });
});

afterAll(
  async () => {
    client?.close();
    try {
      expect(await verifyFindings(processes.core)).toEqual([]);
    } finally {
      await processes?.stop();
    }
  },
  60_000 + REFUND_ROUNDS * 60,
);

/** The provider's truth is what the books say, whatever was done before. */
afterEach(
  async () => {
    const { findings } = await truthOf(processes.core.databaseUrl, processes.simulator);
    expect(findings).toEqual([]);
    // All invariants of as many payments as there were rounds.
  },
  60_000 + REFUND_ROUNDS * 60,
);

describe('ids', () => {
  test('give the same answer again, and refuse another body', async () => {
    const id = uuidv7();
    const first = await pay({ id, manual: 'manual' });
    const again = await pay({ id, manual: 'manual', waitMs: 0 });
    expect(again).toMatchObject({
      replayed: true,
      seq: first.seq,
      version: first.version,
      state: first.state,
    });
    await expect(pay({ id, manual: 'manual', amount: 10_001n })).rejects.toThrow('ID_REUSED');
    const captureId = uuidv7();
    const captured = [
      await capture(id, { id: captureId, amount: 6_000n }),
      await capture(id, { id: captureId, amount: 6_000n }),
    ].map(changed);
    expect(captured[1]).toMatchObject({ replayed: true, seq: captured[0].seq });
    expect(reasonOf(await capture(id, { id: captureId, amount: 6_001n }))).toBe('ID_REUSED');
    const refundId = uuidv7();
    const refunded = [
      await refund(id, { id: refundId, amount: 1_000n }),
      await refund(id, { id: refundId, amount: 1_000n }),
    ].map(changed);
    expect(refunded[1]).toMatchObject({ replayed: true, seq: refunded[0].seq });
    expect(intentOf(refunded[1]).counters).toMatchObject({ captured: 6_000n, refunded: 1_000n });
    // A refusal is an answer as well.
    const refusedId = uuidv7();
    const tooMuch = { id: refusedId, amount: 9_000n };
    expect(reasonOf(await refund(id, tooMuch))).toBe('EXCEEDS_CAPTURED');
    expect(reasonOf(await refund(id, tooMuch))).toBe('EXCEEDS_CAPTURED');
  });

  test(
    `of ${CONFIRMERS} identical confirms at once lead to one charge and one answer (${CONFIRM_ROUNDS} payments)`,
    async () => {
      const race = { keys: CONFIRM_ROUNDS, callers: CONFIRMERS };
      expect(await raceConfirms(course(shop), race)).toEqual([]);
    },
    60_000 + CONFIRM_ROUNDS * 1_000,
  );

  test(
    `of two refunds of 60 on 100 at once let exactly one pass (${REFUND_ROUNDS} rounds)`,
    async () => {
      expect(await raceRefunds(course(other), { rounds: REFUND_ROUNDS })).toEqual([]);
    },
    60_000 + REFUND_ROUNDS * 100,
  );

  test('of confirms that lead to no charge are found: the race can be lost', async () => {
    await processes.simulator.faults({ unavailable: 1 });
    const found = await raceConfirms(course(shop), { keys: 1, callers: 5 });
    await processes.simulator.faults({});
    expect(found.join()).toContain('it is in state');
    expect(found.join()).toContain('the provider has done 0 operations, not 1');
  });
});

function course(of: Shop): RaceCourse {
  const { core, simulator } = processes;
  return { target: core.target, shop: of, simulator, tell: () => undefined };
}

describe('a core', () => {
  test('that is killed with calls on their way asks what became of them, and goes on', async () => {
    const { core, simulator } = processes;
    const { id: captured } = await paid({ manual: 'manual' });
    const { id: refunded } = await paid();
    // Everything is done and nothing is answered: whoever asks again under another key would charge twice.
    await simulator.faults({ hang_after: 1 });
    const sales = await Promise.all([1_000n, 2_000n, 3_000n].map((amount) => pay({ amount, waitMs: 0 })));
    const authorization = await pay({ manual: 'manual', waitMs: 0 });
    const book = shop.book;
    const captures = [{ id: uuidv7(), paymentIntentId: captured, amount: 4_000n }];
    await client.intents.capturePaymentIntents({ book, captures });
    await client.refunds.createRefunds({
      book,
      refunds: [{ id: uuidv7(), paymentIntentId: refunded, amount: 4_000n }],
    });
    await expect.poll(async () => (await simulator.report()).length, { timeout: 5_000 }).toBeGreaterThan(6);
    await core.kill();
    await simulator.faults({});
    await core.restart();
    for (const { paymentIntentId } of sales) {
      const intent = await comesTo(paymentIntentId, State.SUCCEEDED);
      expect(intent.operations).toHaveLength(1);
    }
    await comesTo(authorization.paymentIntentId, State.REQUIRES_CAPTURE);
    expect((await comesTo(captured, State.SUCCEEDED)).counters?.captured).toBe(4_000n);
    expect((await standing(refunded, { waitMs: 30_000 })).counters).toMatchObject({
      refunded: 4_000n,
      refunding: 0n,
    });
  }, 120_000);

  test('that is killed before anything has reached the provider sends it, once', async () => {
    const { core, simulator } = processes;
    await simulator.faults({ hang_before: 1 });
    const sales = await Promise.all([1_000n, 2_000n, 3_000n].map((amount) => pay({ amount, waitMs: 0 })));
    await core.kill();
    await simulator.faults({});
    await core.restart();
    for (const { paymentIntentId } of sales) {
      const intent = await comesTo(paymentIntentId, State.REQUIRES_PAYMENT_METHOD);
      expect(intent.counters).toMatchObject({ captured: 0n, capturing: 0n });
      expect(intentOf(changed(await confirm(paymentIntentId, 'pm_card_visa'))).state).toBe(State.SUCCEEDED);
    }
  }, 120_000);
});

describe('another book', () => {
  test('does not find the payment or the merchant, whatever it asks for', async () => {
    const { id } = await paid({ of: other, manual: 'manual' });
    const reasons = [
      reasonOf(await confirm(id, 'pm_card_visa')),
      reasonOf(await capture(id)),
      reasonOf(await cancel(id)),
      reasonOf(await refund(id)),
    ];
    expect(new Set(reasons)).toEqual(new Set(['PAYMENT_NOT_FOUND']));
    const stream = client.intents.awaitPaymentIntents({ book: shop.book, paymentIntentIds: [id] });
    const found = await Array.fromAsync(stream);
    expect(found).toMatchObject([{ paymentIntents: [], notFoundIds: [id] }]);
    await expect(pay({ of: { book: shop.book, merchant: other.merchant } })).rejects.toThrow(
      'MERCHANT_NOT_FOUND',
    );
    expect((await standing(id, { of: other })).state).toBe(State.REQUIRES_CAPTURE);
  });

  test('may use the same id for a payment of its own', async () => {
    const id = uuidv7();
    const [here, there] = [await paid({ id, amount: 1_100n }), await paid({ id, amount: 1_200n, of: other })];
    expect([here.book, there.book]).toEqual(['shop', 'other']);
    expect([here.state, there.state]).toEqual([State.SUCCEEDED, State.SUCCEEDED]);
    expect([here.counters?.captured, there.counters?.captured]).toEqual([1_100n, 1_200n]);
  });

  test('may use the same id for a capture and for a refund of its own, and each is done', async () => {
    const [captureId, refundId] = [uuidv7(), uuidv7()];
    for (const one of [shop, other]) {
      const { id } = await paid({ of: one, manual: 'manual' });
      changed(await capture(id, { of: one, id: captureId, amount: 2_000n }));
      const { counters, operations } = intentOf(
        changed(await refund(id, { of: one, id: refundId, amount: 700n })),
      );
      expect(counters).toMatchObject({ captured: 2_000n, refunded: 700n });
      expect(operations.map(({ state }) => state)).toEqual(Array(3).fill(OperationState.SUCCEEDED));
    }
  });
});
