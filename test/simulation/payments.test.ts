import { expect, test } from 'vitest';
import { chart } from '../../core/kernel/payments/chart.ts';
import { isResting } from '../../core/kernel/payments/due.ts';
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

test('a payment that was declined may be tried again by the same provider, when the caller confirms again', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  const routing = {
    strategy: 'order' as const,
    rules: [{ currency: '', method: '' as const, amountMin: 0n, amountMax: 0n, providers: ['alpha'] }],
    attemptsMax: 3,
  };
  r.psps[0].rates = { ...NO_FAULTS, decline: 1 };
  await r.send(merchant(shop, { routing }), intentOf(id, shop, { confirm: true }));
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({ state: 'requires_payment_method', attempts: [{ state: 'declined' }] });
  r.psps[0].rates = NO_FAULTS;
  const method = { type: 'card', token: 'tok_other' } as const;
  const again = await r.send({ op: 'confirmIntent', id: r.id(), intent: id, method });
  expect(again).toMatchObject([{ done: true, after: { state: 'processing' } }]);
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({
    state: 'succeeded',
    attempts: [{ provider: 'alpha' }, { provider: 'alpha', state: 'captured' }],
  });
});

test('a split whose provider is not reached goes on to the best of those without a share', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  const shares = [{ provider: 'alpha', ppm: 1_000_000 }];
  r.psps[0].rates = { ...NO_FAULTS, notSent: 1 };
  r.psps[1].rates = NO_FAULTS;
  const routing = { strategy: 'split' as const, rules: [], attemptsMax: 3, shares };
  await r.send(merchant(shop, { routing }), intentOf(id, shop, { confirm: true }));
  await r.pass(5_000);
  expect(r.intent(id)).toMatchObject({
    state: 'succeeded',
    attempts: [
      { provider: 'alpha', state: 'not_sent', route: { strategy: 'split' } },
      {
        provider: 'beta',
        route: { strategy: 'only', excluded: [{ provider: 'alpha', why: 'tried already' }] },
      },
    ],
  });
});

test('a cancel during a capture in part lets go of the rest as soon as the capture is known', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true, capture: 'manual' }));
  await r.pass(2_000);
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: 4_000n, final: false });
  const canceled = await r.send({ op: 'cancelIntent', id: r.id(), intent: id, reason: 'requested' });
  expect(canceled).toMatchObject([{ done: true, after: { state: 'processing', canceling: true } }]);
  await r.pass(5_000);
  expect(r.intent(id)).toMatchObject({
    state: 'succeeded',
    canceling: false,
    counters: { captured: 4_000n, memo: 0n },
    operations: [{ kind: 'authorize' }, { kind: 'capture' }, { kind: 'void', state: 'succeeded' }],
  });
});

test('a cancel during a capture that is declined lets go of everything', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true, capture: 'manual' }));
  await r.pass(2_000);
  r.psps[0].rates = { ...NO_FAULTS, decline: 1 };
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: null, final: true });
  await r.send({ op: 'cancelIntent', id: r.id(), intent: id, reason: 'requested' });
  await r.pass(5_000);
  expect(r.intent(id)).toMatchObject({ state: 'canceled', counters: { captured: 0n, memo: 0n } });
});

test('a final capture during a cancel leaves nothing to cancel', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true, capture: 'manual' }));
  await r.pass(2_000);
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: null, final: true });
  await r.send({ op: 'cancelIntent', id: r.id(), intent: id, reason: 'requested' });
  await r.pass(5_000);
  expect(r.intent(id)).toMatchObject({
    state: 'succeeded',
    canceling: false,
    counters: { captured: 10_000n },
  });
});

test('a sale that arrives between the question about it and the void that should close it is booked', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  const [alpha] = r.psps;
  let arrive = (): void => undefined;
  const authorize = alpha.authorize.bind(alpha);
  alpha.authorize = (call) => {
    arrive = () => void authorize(call);
    return Promise.resolve({ done: 'unknown', why: 'timeout' });
  };
  const release = alpha.void.bind(alpha);
  alpha.void = async (call) => {
    arrive();
    await r.pass(500);
    return release(call);
  };
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(120_000, 500);
  expect(r.intent(id)).toMatchObject({
    state: 'succeeded',
    counters: { captured: 10_000n },
    attempts: [{ provider: 'alpha', state: 'captured' }],
  });
  expect(r.receivable(alpha)).toBe(alpha.owes());
});

test('a payment that an operator has to look at waits for no provider', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  const [alpha] = r.psps;
  const authorize = alpha.authorize.bind(alpha);
  alpha.authorize = (call) => authorize({ ...call, amount: call.amount - 1n });
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({ state: 'conflicted', attention: expect.stringContaining('9999 EUR') });
  expect(isResting(r.intent(id))).toBe(true);
});

test('an answer that proves nothing leaves what an operator was told', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  const [alpha] = r.psps;
  const authorize = alpha.authorize.bind(alpha);
  alpha.authorize = (call) => authorize({ ...call, amount: call.amount - 1n });
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(2_000);
  const { attention, operations } = r.intent(id);
  alpha.rates = { ...NO_FAULTS, queryLost: 1 };
  // Its event comes after its answer, and leads to a question that nobody answers.
  const event = {
    op: 'recordEvent',
    id: r.id(),
    intent: id,
    provider: 'alpha',
    kind: 'captured',
    payment: '',
    occurredUs: 0,
    proof: null,
    moved: null,
  } as const;
  await r.send({ ...event, operation: operations[0].id });
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({ state: 'conflicted', attention, attempts: [{ state: 'conflicted' }] });
  alpha.rates = NO_FAULTS;
  await r.pass(60_000, 500);
  expect(r.intent(id)).toMatchObject({ state: 'conflicted', attention });
});

test('an increment adds what the provider has raised, and one that is declined changes nothing', async () => {
  const r = await PaymentsRig.start(1);
  const [shop, id] = [r.id(), r.id()];
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true, capture: 'manual' }));
  await r.pass(2_000);
  await r.send({ op: 'incrementIntent', id: r.id(), intent: id, amount: 500n });
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({
    state: 'requires_capture',
    counters: { authorized: 10_500n, memo: 10_500n },
    operations: [{ kind: 'authorize' }, { kind: 'increment', state: 'succeeded', amount: 500n }],
  });
  r.psps[0].rates = { ...NO_FAULTS, decline: 1 };
  await r.send({ op: 'incrementIntent', id: r.id(), intent: id, amount: 700n });
  await r.pass(2_000);
  r.psps[0].rates = NO_FAULTS;
  expect(r.intent(id)).toMatchObject({ state: 'requires_capture', counters: { authorized: 10_500n } });
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: null, final: true });
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({ state: 'succeeded', counters: { captured: 10_500n, memo: 0n } });
  expect(r.receivable(r.psps[0])).toBe(r.psps[0].owes());
});

test('a cancel during an increment waits for it, and lets go of all that is authorised then', async () => {
  const r = await PaymentsRig.start(1);
  const [shop, id] = [r.id(), r.id()];
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true, capture: 'manual' }));
  await r.pass(2_000);
  await r.send({ op: 'incrementIntent', id: r.id(), intent: id, amount: 500n });
  await r.send({ op: 'cancelIntent', id: r.id(), intent: id, reason: 'requested' });
  expect(r.intent(id)).toMatchObject({ state: 'processing', canceling: true });
  await r.pass(5_000);
  expect(r.intent(id)).toMatchObject({
    state: 'canceled',
    counters: { memo: 0n },
    operations: [
      { kind: 'authorize' },
      { kind: 'increment', state: 'succeeded' },
      { kind: 'void', amount: 10_500n },
    ],
  });
});

test('an update changes what is said of a payment, and a provider is asked for the new amount', async () => {
  const r = await PaymentsRig.start(1);
  const [shop, id] = [r.id(), r.id()];
  await r.send(merchant(shop), intentOf(id, shop, { method: null, description: 'two chairs' }));
  const update = { op: 'updateIntent', id: r.id(), intent: id, amount: 7_000n, description: null } as const;
  const more = {
    method: { type: 'card', token: 'tok' },
    reference: 'order 8',
    metadata: { cart: '9' },
  } as const;
  expect(await r.send({ ...update, ...more })).toMatchObject([
    { done: true, after: { state: 'requires_confirmation', version: 2 } },
  ]);
  expect(r.intent(id)).toMatchObject({ amount: 7_000n, description: 'two chairs', ...more });
  expect(await r.send({ ...update, ...more, description: '' })).toMatchObject([
    { done: false, reason: 'ID_REUSED', field: 'description' },
  ]);
  await r.send({ op: 'confirmIntent', id: r.id(), intent: id, method: null });
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({ state: 'succeeded', counters: { captured: 7_000n } });
});

test('what the payer’s browser brought back goes to the provider that waits for it, and is not kept', async () => {
  const r = await PaymentsRig.start(1);
  const [shop, id] = [r.id(), r.id()];
  const [alpha] = r.psps;
  const brought: string[] = [];
  const authorize = alpha.authorize.bind(alpha);
  alpha.authorize = () =>
    Promise.resolve({
      done: 'requires_action',
      providerReference: 'P',
      action: { type: 'redirect', url: 'https://bank.example/challenge' },
    });
  alpha.continue = ({ operation, returned }) => {
    brought.push(returned);
    const { amount, currency } = r.intent(id);
    if (returned === '')
      return Promise.resolve({
        done: 'requires_action',
        providerReference: '',
        action: { type: 'redirect', url: '' },
      });
    const { method } = r.intent(id).attempts[0];
    const texts = { returnUrl: '', statementDescriptor: '', payment: id };
    return authorize({
      operation,
      amount,
      currency,
      token: method.token,
      method: method.type,
      capture: true,
      ...texts,
    });
  };
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(1_000);
  // The payer takes a while: nothing was brought, and the payer is still awaited at the same page.
  await r.pass(16 * 60_000, 10_000);
  expect(r.intent(id)).toMatchObject({
    state: 'requires_action',
    attempts: [{ actionUrl: 'https://bank.example/challenge' }],
  });
  await r.send({
    op: 'confirmIntent',
    id: r.id(),
    intent: id,
    method: null,
    redirectResult: 'redirectResult=x',
  });
  await r.pass(2_000);
  expect(r.intent(id).state).toBe('succeeded');
  expect(r.intent(id).operations[0]).not.toHaveProperty('redirectResult');
  expect(brought).toEqual(['', 'redirectResult=x']);
});
