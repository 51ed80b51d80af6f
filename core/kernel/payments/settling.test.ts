import { describe, expect, test } from 'vitest';
import { PaymentsRig, intentOf, merchant } from '../../../test/simulation/paymentsRig.ts';
import { NO_FAULTS } from '../../../test/simulation/simulatedPsp.ts';
import type { Uuid } from '../ledger/commands.ts';
import { chart } from './chart.ts';
import type { CreateIntent, Outcome, Verdict } from './commands.ts';
import type { Operation } from './model.ts';

interface Scene {
  r: PaymentsRig;
  shop: Uuid;
  id: Uuid;
  /** The operation of that kind that was asked for last. */
  last: (kind: Operation['kind']) => Operation;
  settle: (operation: Operation, verdict: Verdict) => Promise<unknown>;
}

/** A payment whose provider does other amounts than it is asked for. */
async function scene(more: Partial<CreateIntent> = {}, mismatch = 1): Promise<Scene> {
  const r = await PaymentsRig.start(5);
  const [shop, id] = [r.id(), r.id()];
  r.psps[0].rates = { ...NO_FAULTS, mismatch };
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true, ...more }));
  await r.pass(2_000);
  const last: Scene['last'] = (kind) => r.intent(id).operations.findLast((one) => one.kind === kind)!;
  const settle: Scene['settle'] = async ({ id: operation }, verdict) => {
    const command = {
      op: 'settleOperation',
      id: r.id(),
      intent: id,
      operation,
      verdict,
      note: 'seen',
    } as const;
    const [outcome] = await r.send(command);
    await r.pass(5_000);
    return outcome.done ? 'done' : `${outcome.reason} ${outcome.field}`;
  };
  return { r, shop, id, last, settle };
}

/** What a provider says out of the blue. */
async function tell({ r, id }: Scene, { id: operation }: Operation, outcome: Outcome): Promise<void> {
  await r.send({ op: 'recordOutcome', id: r.id(), intent: id, operation, outcome });
}

const DECLINED = {
  done: 'declined',
  code: 'processing_error',
  providerCode: '',
  providerReference: '',
} as const;

function agreesWithProvider({ r }: Scene): void {
  expect(r.receivable(r.psps[0])).toBe(r.psps[0].owes());
  expect(r.intents.map(({ attention }) => attention)).toEqual(['']);
}

describe('another amount than was asked', () => {
  test('of a sale is kept as the provider said it, and accepted it is a capture of that amount, by way of nobody', async () => {
    const s = await scene();
    const { amount } = [...s.r.psps[0].payments.values()].map(({ captured }) => ({ amount: captured }))[0];
    expect(amount).not.toBe(10_000n);
    expect(s.last('sale')).toMatchObject({ state: 'pending', said: { amount, currency: 'EUR', cost: 3n } });
    expect(s.r.intent(s.id)).toMatchObject({ state: 'conflicted', attention: s.last('sale').attention });
    expect(await s.settle(s.last('sale'), 'accept')).toBe('done');
    expect(s.r.intent(s.id)).toMatchObject({
      state: 'succeeded',
      counters: { authorized: amount, captured: amount, capturing: 0n, unapplied: 0n },
      attempts: [{ state: 'captured' }],
    });
    expect(s.r.balance(chart.unappliedFunds('EUR'))).toBe(0n);
    expect(
      s.r.balance(chart.pending(s.shop, 'EUR')) +
        s.r.balance(chart.incomeFees('EUR')) +
        s.r.balance(chart.tax('DE', 'EUR')),
    ).toBe(amount);
    agreesWithProvider(s);
  });

  test('of a sale is sent back whole, and the payment is canceled', async () => {
    const s = await scene();
    s.r.psps[0].rates = NO_FAULTS;
    expect(await s.settle(s.last('sale'), 'send_back')).toBe('done');
    expect(s.r.intent(s.id)).toMatchObject({
      state: 'canceled',
      counters: { captured: 0n, unapplied: 0n },
      operations: [
        { kind: 'sale', state: 'succeeded' },
        { kind: 'refund', source: 'unapplied', state: 'succeeded' },
      ],
    });
    expect(s.r.balance(chart.refundsInFlight('EUR'))).toBe(0n);
    expect(s.r.psps[0].owes()).toBe(-6n);
    agreesWithProvider(s);
  });

  test('of an authorisation is accepted and captured as it is, or let go of', async () => {
    for (const verdict of ['accept', 'send_back'] as const) {
      const s = await scene({ capture: 'manual' });
      s.r.psps[0].rates = NO_FAULTS;
      const { amount } = s.last('authorize').said!;
      expect(await s.settle(s.last('authorize'), verdict)).toBe('done');
      expect(s.r.intent(s.id)).toMatchObject(
        verdict === 'accept'
          ? { state: 'requires_capture', counters: { authorized: amount, memo: amount } }
          : { state: 'canceled', counters: { memo: 0n }, attempts: [{ state: 'voided' }] },
      );
      agreesWithProvider(s);
    }
  });

  test('of a refund is accepted: the merchant gets the rest back, and a refund is not sent back', async () => {
    const s = await scene({}, 0);
    s.r.psps[0].rates = { ...NO_FAULTS, mismatch: 1 };
    await s.r.send({ op: 'refundIntent', id: s.r.id(), intent: s.id, amount: 5_000n });
    await s.r.pass(2_000);
    const { amount } = s.last('refund').said!;
    expect(await s.settle(s.last('refund'), 'send_back')).toBe('PAYMENT_STATE verdict');
    expect(await s.settle(s.last('refund'), 'accept')).toBe('done');
    expect(s.r.intent(s.id)).toMatchObject({
      state: 'succeeded',
      counters: { refunded: amount, refunding: 0n },
    });
    agreesWithProvider(s);
  });

  test('in another currency cannot be accepted, and goes back in that currency', async () => {
    const s = await scene({}, 0);
    // A payment of which the provider says only later that it was none of euros.
    const other = s.r.id();
    s.r.psps[0].authorize = () => Promise.resolve({ done: 'unknown', why: 'timeout' });
    await s.r.send(intentOf(other, s.shop, { confirm: true }));
    await s.r.pass(1_000);
    const [operation] = s.r.intent(other).operations;
    const refunds: unknown[] = [];
    s.r.psps[0].refund = ({ operation: reference, amount, currency }) => {
      refunds.push({ amount, currency });
      return Promise.resolve({
        done: 'succeeded',
        amount,
        currency,
        providerReference: reference,
        cost: 0n,
        expiresAtMs: null,
      });
    };
    const said = { amount: 70n, currency: 'USD', cost: 2n, providerReference: 'x', expiresAtUs: Infinity };
    const about = { ...s, id: other };
    await tell(about, operation, { done: 'succeeded', ...said });
    const verdict = async (one: Verdict) => {
      const command = {
        op: 'settleOperation',
        id: s.r.id(),
        intent: other,
        operation: operation.id,
      } as const;
      return (await s.r.send({ ...command, verdict: one, note: '' }))[0];
    };
    expect(await verdict('accept')).toMatchObject({ done: false, reason: 'NOT_SUPPORTED', field: 'verdict' });
    expect(await verdict('send_back')).toMatchObject({
      done: true,
      after: { state: 'processing', attention: '' },
    });
    await s.r.pass(2_000);
    expect(refunds).toEqual([{ amount: 70n, currency: 'USD' }]);
    expect(s.r.intent(other)).toMatchObject({ state: 'canceled', counters: { unapplied: 0n } });
    expect(s.r.receivable(s.r.psps[0], 'USD')).toBe(-2n);
  });
});

describe('proofs that contradict each other', () => {
  test('a capture that is done after all, in another amount, is accepted, or sent back', async () => {
    for (const verdict of ['accept', 'send_back'] as const) {
      const s = await scene({ capture: 'manual' }, 0);
      s.r.psps[0].rates = { ...NO_FAULTS, decline: 1 };
      await s.r.send({ op: 'captureIntent', id: s.r.id(), intent: s.id, amount: 6_000n, final: true });
      await s.r.pass(2_000);
      s.r.psps[0].rates = NO_FAULTS;
      const { id, currency } = s.last('capture');
      expect(s.r.intent(s.id).state).toBe('requires_capture');
      const rest = { providerReference: id, cost: 3n, expiresAtUs: Infinity };
      // What the provider's own truth is by then.
      const payment = s.r.psps[0].payments.get(s.r.intent(s.id).attempts[0].operation)!;
      Object.assign(payment, { captured: 5_999n, authorized: 5_999n });
      s.r.psps[0].costs += 3n;
      await tell(s, s.last('capture'), { done: 'succeeded', amount: 5_999n, currency, ...rest });
      expect(s.r.intent(s.id)).toMatchObject({ state: 'conflicted', counters: { unapplied: 5_999n } });
      expect(s.r.receivable(s.r.psps[0])).toBe(s.r.psps[0].owes());
      expect(await s.settle(s.last('capture'), verdict)).toBe('done');
      expect(s.r.intent(s.id)).toMatchObject(
        verdict === 'accept'
          ? { state: 'succeeded', counters: { captured: 5_999n, memo: 0n, unapplied: 0n } }
          : { state: 'canceled', counters: { captured: 0n, memo: 0n, unapplied: 0n } },
      );
      agreesWithProvider(s);
    }
  });

  test('are settled by the provider itself where it comes back to what was proven first', async () => {
    const s = await scene({ capture: 'manual' }, 0);
    await s.r.send({ op: 'cancelIntent', id: s.r.id(), intent: s.id, reason: 'requested' });
    await s.r.pass(2_000);
    const rest = { providerReference: '', cost: 0n, expiresAtUs: Infinity };
    await s.r.send({
      op: 'recordOutcome',
      id: s.r.id(),
      intent: s.id,
      operation: s.last('authorize').id,
      outcome: DECLINED,
    });
    expect(s.r.intent(s.id)).toMatchObject({ state: 'canceled' });
    expect(s.last('authorize').attention).not.toBe('');
    await tell(s, s.last('authorize'), { done: 'succeeded', amount: 10_000n, currency: 'EUR', ...rest });
    expect(s.r.intent(s.id)).toMatchObject({ state: 'canceled', attention: '' });
  });
});

describe('an outcome that stays unknown', () => {
  async function exhausted(): Promise<Scene> {
    const s = await scene({ confirm: false }, 0);
    s.r.psps[0].rates = { ...NO_FAULTS, lost: 1, queryLost: 1 };
    await s.r.send({ op: 'confirmIntent', id: s.r.id(), intent: s.id, method: null });
    await s.r.pass(600_000, 5_000);
    await s.r.pass(6 * 86_400_000, 3_600_000);
    s.r.psps[0].rates = NO_FAULTS;
    expect(s.r.intent(s.id)).toMatchObject({ attention: expect.stringContaining('stays unknown') });
    return s;
  }

  test('is proven by hand either way, as a provider would have', async () => {
    const done = await exhausted();
    expect(await done.settle(done.last('sale'), 'done')).toBe('done');
    expect(done.r.intent(done.id)).toMatchObject({
      state: 'succeeded',
      attention: '',
      counters: { captured: 10_000n },
    });
    const not = await exhausted();
    // There is nothing that could be accepted or sent back.
    expect(await not.settle(not.last('sale'), 'accept')).toBe('PAYMENT_STATE verdict');
    expect(await not.settle(not.last('sale'), 'send_back')).toBe('PAYMENT_STATE verdict');
    expect(await not.settle(not.last('sale'), 'not_done')).toBe('done');
    expect(not.r.intent(not.id)).toMatchObject({
      state: 'expired',
      attention: '',
      counters: { capturing: 0n },
      attempts: [{ state: 'declined' }],
    });
  });

  test('is asked about again, and a proof of the provider’s leaves nothing to decide', async () => {
    const s = await exhausted();
    expect(await s.settle(s.last('sale'), 'ask_again')).toBe('done');
    await s.r.pass(60_000, 1_000);
    // Never seen, so a void has closed it; the payment had expired meanwhile.
    expect(s.last('sale')).toMatchObject({ state: 'failed', attention: '' });
    expect(s.r.intent(s.id)).toMatchObject({ attention: '', counters: { capturing: 0n } });
    agreesWithProvider(s);
  });
});

test('a verdict that does not fit how the operation stands is refused, and nothing changes', async () => {
  const s = await scene({}, 0);
  const before = s.r.intents;
  for (const verdict of ['ask_again', 'done', 'not_done', 'accept', 'send_back'] as const)
    expect(await s.settle(s.last('sale'), verdict)).toBe('PAYMENT_STATE verdict');
  expect(await s.settle({ ...s.last('sale'), id: s.id }, 'accept')).toBe('PAYMENT_STATE operation_id');
  expect(s.r.intents).toEqual(before);
});
