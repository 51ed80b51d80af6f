import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { uuidv7 } from '../../client/index.ts';
import {
  CaptureMethod,
  type PaymentChanged,
  type PaymentIntent,
  PaymentIntentState as State,
  type PaymentResult,
} from '../../gen/florin/payments/v1/payments_pb.ts';
import { OperationKind, OperationState } from '../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import { connectPayments, openShop, type PaymentsClient, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { truthOf } from '../support/payments/truth.ts';
import { roundsOfRun } from '../support/load/draw.ts';

/** An answer of the provider that nobody waits for any more, and the first question about it. */
const UNKNOWN_MS_MAX = 60_000;
const REFUND_ROUNDS = roundsOfRun(100);
const CONFIRM_ROUNDS = Math.ceil(REFUND_ROUNDS / 10);
const CONFIRMERS = 50;

let processes: PaymentProcesses;
let client: PaymentsClient;
let shop: Shop;
let other: Shop;
let keeper: Shop;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  client = connectPayments({ target: processes.core.target, timeoutMs: 60_000 });
  // On one shard: nothing but the book keeps them apart.
  shop = await openShop(client, 'shop', { shard: 7, attemptsMax: 10 });
  other = await openShop(client, 'other', { shard: 7, feesReturned: true, settlementDays: 0 });
  keeper = await openShop(client, 'keeper', { settlementDays: 0 });
});

afterAll(async () => {
  client?.close();
  await processes?.stop();
});

/** The provider's truth is what the books say, whatever was done before. */
afterEach(async () => {
  const { findings } = await truthOf(processes.core.databaseUrl, processes.simulator);
  expect(findings).toEqual([]);
});

const card = (token: string) => ({ type: PaymentMethodType.CARD, token });

interface Asked {
  readonly id?: string;
  readonly amount?: bigint;
  readonly token?: string;
  readonly manual?: 'manual';
  readonly of?: Shop;
  readonly waitMs?: number;
}

/** Creates a payment and confirms it. */
async function pay(asked: Asked = {}): Promise<PaymentChanged> {
  const {
    id = uuidv7(),
    amount = 10_000n,
    token = 'pm_card_visa',
    manual,
    of = shop,
    waitMs = 30_000,
  } = asked;
  const { results } = await client.intents.createPaymentIntents({
    book: of.book,
    paymentIntents: [
      {
        id,
        merchantId: of.merchant,
        amount: { minorUnits: amount, asset: 'EUR' },
        captureMethod: manual === undefined ? CaptureMethod.AUTOMATIC : CaptureMethod.MANUAL,
        paymentMethod: card(token),
        confirm: true,
      },
    ],
    waitMs,
  });
  return changed(results[0]);
}

async function paid(asked: Asked = {}): Promise<PaymentIntent> {
  return intentOf(await pay(asked));
}

function changed({ outcome }: PaymentResult): PaymentChanged {
  if (outcome.case !== 'changed')
    throw new Error(`refused: ${outcome.value?.reason} ${outcome.value?.field}`);
  return outcome.value;
}

function intentOf({ paymentIntent }: PaymentChanged): PaymentIntent {
  if (paymentIntent === undefined) throw new Error('the answer came without the payment intent');
  return paymentIntent;
}

function reasonOf({ outcome }: PaymentResult): string {
  return outcome.case === 'refused' ? outcome.value.reason : 'changed';
}

async function confirm(id: string, token: string, own = uuidv7()): Promise<PaymentResult> {
  const confirmations = [{ id: own, paymentIntentId: id, paymentMethod: card(token) }];
  const answer = await client.intents.confirmPaymentIntents({
    book: shop.book,
    confirmations,
    waitMs: 30_000,
  });
  return answer.results[0];
}

async function capture(
  id: string,
  more: { id?: string; amount?: bigint; final?: boolean; of?: Shop } = {},
): Promise<PaymentResult> {
  const { of = shop, ...item } = more;
  const captures = [{ id: uuidv7(), paymentIntentId: id, ...item }];
  const answer = await client.intents.capturePaymentIntents({ book: of.book, captures, waitMs: 30_000 });
  return answer.results[0];
}

async function refund(
  id: string,
  more: { id?: string; amount?: bigint; of?: Shop; through?: PaymentsClient } = {},
): Promise<PaymentResult> {
  const { of = shop, through = client, ...item } = more;
  const refunds = [{ id: uuidv7(), paymentIntentId: id, ...item }];
  const answer = await through.refunds.createRefunds({ book: of.book, refunds, waitMs: 30_000 });
  return answer.results[0];
}

async function cancel(id: string): Promise<PaymentResult> {
  const cancellations = [{ id: uuidv7(), paymentIntentId: id }];
  const answer = await client.intents.cancelPaymentIntents({
    book: shop.book,
    cancellations,
    waitMs: 30_000,
  });
  return answer.results[0];
}

async function standing(id: string, { waitMs = 0, of = shop } = {}): Promise<PaymentIntent> {
  const stream = client.intents.awaitPaymentIntents({ book: of.book, paymentIntentIds: [id], waitMs });
  for await (const { paymentIntents } of stream) if (paymentIntents.length > 0) return paymentIntents[0];
  throw new Error(`no payment intent ${id}`);
}

/** Waits until it is in that state, past the time that one call may wait. */
async function comesTo(id: string, state: State): Promise<PaymentIntent> {
  const until = performance.now() + UNKNOWN_MS_MAX;
  for (;;) {
    const intent = await standing(id, { waitMs: 5_000 });
    if (intent.state === state || performance.now() > until) {
      expect(intent.state).toBe(state);
      return intent;
    }
    await wait(100);
  }
}

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
      const clients = Array.from({ length: 10 }, () => connectPayments({ target: processes.core.target }));
      const confirmed: string[] = [];
      await inLanes(2, CONFIRM_ROUNDS, async () => {
        const id = uuidv7();
        const amount = { minorUnits: 4_321n, asset: 'EUR' };
        await client.intents.createPaymentIntents({
          book: shop.book,
          paymentIntents: [{ id, merchantId: shop.merchant, amount }],
        });
        const confirmation = { id: uuidv7(), paymentIntentId: id, paymentMethod: card('pm_card_visa') };
        const answers = await Promise.all(
          Array.from({ length: CONFIRMERS }, async (_, i) => {
            const { intents } = clients[i % clients.length];
            const request = { book: shop.book, confirmations: [confirmation], waitMs: 5_000 };
            return changed((await intents.confirmPaymentIntents(request)).results[0]);
          }),
        );
        expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
        expect(new Set(answers.map(({ seq }) => seq)).size).toBe(1);
        for (const answer of answers) expect(intentOf(answer).state).toBe(State.SUCCEEDED);
        const { attempts } = await standing(id);
        expect(attempts).toHaveLength(1);
        confirmed.push(attempts[0].operationId);
      });
      for (const one of clients) one.close();
      const report = await processes.simulator.report();
      const charges = report.filter(({ status, amount }) => status === 'succeeded' && amount === 4_321n);
      expect(charges.map(({ reference }) => reference).toSorted()).toEqual(confirmed.toSorted());
    },
    60_000 + CONFIRM_ROUNDS * 1_000,
  );

  test(
    `of two refunds of 60 on 100 at once let exactly one pass (${REFUND_ROUNDS} rounds)`,
    async () => {
      const clients = [0, 1].map(() => connectPayments({ target: processes.core.target }));
      await inLanes(20, REFUND_ROUNDS, async () => {
        const { id } = await paid({ amount: 100n, of: other });
        const answers = await Promise.all(
          clients.map((through) => refund(id, { amount: 60n, of: other, through })),
        );
        expect(answers.map(reasonOf).toSorted()).toEqual(['EXCEEDS_CAPTURED', 'changed']);
        expect((await standing(id, { of: other })).counters).toMatchObject({ refunded: 60n, refunding: 0n });
      });
      for (const one of clients) one.close();
    },
    60_000 + REFUND_ROUNDS * 100,
  );
});

/** Does something so many times, so many at once. */
async function inLanes(lanes: number, times: number, once: () => Promise<void>): Promise<void> {
  let left = times;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
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
    for (const of of [shop, other]) {
      const { id } = await paid({ of, manual: 'manual' });
      changed(await capture(id, { of, id: captureId, amount: 2_000n }));
      const { counters, operations } = intentOf(
        changed(await refund(id, { of, id: refundId, amount: 700n })),
      );
      expect(counters).toMatchObject({ captured: 2_000n, refunded: 700n });
      expect(operations.map(({ state }) => state)).toEqual(Array(3).fill(OperationState.SUCCEEDED));
    }
  });
});
