import { expect, test } from 'vitest';
import {
  PaymentsRig,
  webhookEndpointOf,
  apiKeyOf,
  paymentLinkOf,
  strangers,
  customerOf,
  intentOf,
  merchant,
  paymentMethodOf,
} from '../../../test/simulation/paymentsRig.ts';
import { NO_FAULTS } from '../../../test/simulation/simulatedPsp.ts';
import type { Uuid } from '../ledger/commands.ts';
import { REFUSALS, type Reason } from '../ledger/refusals.ts';
import { CARD_TRIES_MAX } from './cardTries.ts';
import type { CreateIntent, UpdateMerchant } from './commands.ts';
import type { RoutingRule } from './model.ts';
import { OPERATIONS_MAX } from './decideRequest.ts';
import { REFUND_WAYS, type Way, type Scene } from '../../../test/simulation/refundWays.ts';
import { TERMS_MAX } from './terms.ts';
import { WEBHOOK_ENDPOINTS_MAX } from './decideWebhook.ts';

const nobody = '018f0000-0000-7000-8000-000000000001' as Uuid;

/** The payer contests all of a payment. */
async function contest(r: PaymentsRig, intent: Uuid): Promise<void> {
  const [operation] = r.intent(intent).operations;
  const moved = { reference: 'dp_1', amount: operation.amount, currency: 'EUR', cost: 0n };
  const about = { intent, operation: operation.id, payment: '', provider: 'alpha' } as const;
  const event = { op: 'recordEvent', ...about, kind: 'dispute_opened', occurredUs: 1, proof: null } as const;
  await r.send({ ...event, id: r.id(), moved });
}
const SAME: Omit<UpdateMerchant, 'id' | 'merchant'> = {
  op: 'updateMerchant',
  name: null,
  fees: null,
  tax: null,
  feesReturned: null,
  settlementDays: null,
  reserve: null,
  routing: null,
};

/** A payment that no provider takes as it is, and one that some take. */
const confirmedWith = ({ r, shop }: Scene, more: Partial<CreateIntent>): Way => ({
  refused: intentOf(r.id(), shop, { confirm: true, ...more }),
  control: intentOf(r.id(), shop, { confirm: true }),
});

const WAYS: Partial<Record<Reason, (scene: Scene) => Promise<Way>>> = {
  MERCHANT_NOT_FOUND: async ({ r, shop }) => ({
    refused: intentOf(r.id(), nobody),
    control: intentOf(r.id(), shop),
  }),
  API_KEY_NOT_FOUND: (scene) => {
    const apiKey = scene.r.id();
    const asked = { op: 'revokeApiKey', apiKey, afterSeconds: 0 } as const;
    return strangers(scene, apiKeyOf(apiKey, scene.shop), asked);
  },
  PAYMENT_LINK_NOT_FOUND: (scene) => {
    const paymentLink = scene.r.id();
    const asked = { op: 'updatePaymentLink', paymentLink, state: 'inactive', metadata: null } as const;
    return strangers(scene, paymentLinkOf(paymentLink, scene.shop), asked);
  },
  WEBHOOK_ENDPOINT_NOT_FOUND: (scene) => {
    const endpoint = scene.r.id();
    const asked = { op: 'testWebhookEndpoint', endpoint } as const;
    return strangers(scene, webhookEndpointOf(endpoint, scene.shop), asked);
  },
  WEBHOOK_ENDPOINT_DISABLED: async ({ r, shop }) => {
    const [off, on] = [r.id(), r.id()];
    await r.send(webhookEndpointOf(off, shop), webhookEndpointOf(on, shop));
    const disabled = { op: 'disableWebhookEndpoint', reason: 'gone', version: 1 } as const;
    await r.send({ ...disabled, id: r.id(), merchant: shop, endpoint: off });
    const test = { op: 'testWebhookEndpoint', merchant: shop } as const;
    return {
      refused: { ...test, id: r.id(), endpoint: off },
      control: { ...test, id: r.id(), endpoint: on },
    };
  },
  MODE_MISMATCH: async ({ r, shop }) => {
    const live = r.id();
    await r.send(merchant(live, { mode: 'live' }));
    await r.send(webhookEndpointOf(r.id(), live, { mode: 'live' }), apiKeyOf(r.id(), shop, { mode: 'test' }));
    return {
      refused: apiKeyOf(r.id(), live, { mode: 'test' }),
      control: apiKeyOf(r.id(), live, { mode: 'live' }),
    };
  },
  WEBHOOK_ENDPOINTS_EXHAUSTED: async ({ r, shop }) => {
    const other = r.id();
    await r.send(merchant(other));
    for (let count = 0; count < WEBHOOK_ENDPOINTS_MAX; count++) await r.send(webhookEndpointOf(r.id(), shop));
    return { refused: webhookEndpointOf(r.id(), shop), control: webhookEndpointOf(r.id(), other) };
  },
  CUSTOMER_NOT_FOUND: async ({ r, shop }) => {
    const [other, own, strangers] = [r.id(), r.id(), r.id()];
    await r.send(merchant(other), customerOf(own, shop), customerOf(strangers, other));
    return {
      refused: intentOf(r.id(), shop, { customer: strangers }),
      control: intentOf(r.id(), shop, { customer: own }),
    };
  },
  PAYMENT_METHOD_NOT_FOUND: async ({ r, shop }) => {
    const [other, own, strangers] = [r.id(), r.id(), r.id()];
    await r.send(merchant(other), paymentMethodOf(own, shop), paymentMethodOf(strangers, other));
    return {
      refused: intentOf(r.id(), shop, { method: null, paymentMethod: strangers }),
      control: intentOf(r.id(), shop, { method: null, paymentMethod: own }),
    };
  },
  PAYMENT_METHOD_DETACHED: async ({ r, shop }) => {
    const [gone, kept] = [r.id(), r.id()];
    await r.send(paymentMethodOf(gone, shop), paymentMethodOf(kept, shop));
    await r.send({ op: 'detachPaymentMethod', id: r.id(), paymentMethod: gone });
    return {
      refused: intentOf(r.id(), shop, { method: null, paymentMethod: gone }),
      control: intentOf(r.id(), shop, { method: null, paymentMethod: kept }),
    };
  },
  PAYMENT_METHOD_ATTACHED: async ({ r, shop }) => {
    const [customer, paymentMethod] = [r.id(), r.id()];
    await r.send(customerOf(customer, shop), paymentMethodOf(paymentMethod, shop, { customer }));
    return {
      refused: intentOf(r.id(), shop, { method: null, paymentMethod }),
      control: intentOf(r.id(), shop, { method: null, paymentMethod, customer }),
    };
  },
  PAYMENT_NOT_FOUND: async ({ r, make }) => ({
    refused: { op: 'confirmIntent', id: r.id(), intent: nobody, method: null },
    control: { op: 'confirmIntent', id: r.id(), intent: await make(), method: null },
  }),
  PAYMENT_EXPIRED: async ({ r, make }) => {
    const [late, early] = [
      await make({ expiresAfterSeconds: 60 }),
      await make({ expiresAfterSeconds: 3_600 }),
    ];
    await r.pass(61_000, 1_000);
    return {
      refused: { op: 'confirmIntent', id: r.id(), intent: late, method: null },
      control: { op: 'confirmIntent', id: r.id(), intent: early, method: null },
    };
  },
  PAYMENT_STATE: async ({ r, make }) => ({
    refused: { op: 'captureIntent', id: r.id(), intent: await make(), amount: null, final: true },
    control: {
      op: 'captureIntent',
      id: r.id(),
      intent: await make({ capture: 'manual', confirm: true }),
      amount: null,
      final: true,
    },
  }),
  CARD_TRIES_EXHAUSTED: async ({ r, make }) => {
    for (const psp of r.psps) psp.rates = { ...NO_FAULTS, decline: 1 };
    for (let n = 0; n < CARD_TRIES_MAX; n++) await make({ confirm: true });
    const intent = await make();
    return {
      refused: { op: 'confirmIntent', id: r.id(), intent, method: null },
      control: { op: 'confirmIntent', id: r.id(), intent, method: { type: 'card', token: 'another' } },
    };
  },
  TERMS_EXHAUSTED: async ({ r, shop }) => {
    const flat = (fixed: bigint) => [{ method: '', currency: 'EUR', ppm: 0, fixed, cap: null } as const];
    const update = (change: Partial<UpdateMerchant>): UpdateMerchant => ({
      ...SAME,
      ...change,
      id: r.id(),
      merchant: shop,
    });
    await r.send(...Array.from({ length: TERMS_MAX - 1 }, (_, n) => update({ fees: [...flat(BigInt(n))] })));
    return { refused: update({ fees: [...flat(0n)] }), control: update({ name: 'A shop of another name' }) };
  },
  OPERATIONS_EXHAUSTED: async ({ r, make }) => {
    const [full, fresh] = [await make({ confirm: true }), await make({ confirm: true })];
    const refund = (intent: Uuid) => ({ op: 'refundIntent', id: r.id(), intent, amount: 1n }) as const;
    await r.send(...Array.from({ length: OPERATIONS_MAX - 1 }, () => refund(full)));
    return { refused: refund(full), control: refund(fresh) };
  },
  METHOD_REQUIRED: async ({ r, make }) => {
    const intent = await make({ method: null });
    return {
      refused: { op: 'confirmIntent', id: r.id(), intent, method: null },
      control: { op: 'confirmIntent', id: r.id(), intent, method: { type: 'card', token: 'tok' } },
    };
  },
  ATTEMPTS_EXHAUSTED: async ({ r }) => {
    const strict = r.id();
    await r.send(merchant(strict, { routing: { strategy: 'order', rules: [], attemptsMax: 1 } }));
    const [tried, fresh] = [r.id(), r.id()];
    r.psps[0].rates = { ...NO_FAULTS, notSent: 1 };
    await r.send(intentOf(tried, strict, { confirm: true }), intentOf(fresh, strict));
    await r.pass(2_000);
    return {
      refused: { op: 'confirmIntent', id: r.id(), intent: tried, method: null },
      control: { op: 'confirmIntent', id: r.id(), intent: fresh, method: null },
    };
  },
  NO_ROUTE: async ({ r, shop }) => {
    const rules: RoutingRule[] = [
      { currency: 'USD', method: '', amountMin: 0n, amountMax: 0n, providers: ['alpha'] },
    ];
    const other = r.id();
    await r.send(merchant(other, { routing: { strategy: 'order', rules, attemptsMax: 3 } }));
    return {
      refused: intentOf(r.id(), other, { confirm: true }),
      control: intentOf(r.id(), shop, { confirm: true }),
    };
  },
  METHOD_NOT_TAKEN: async ({ r, make }) => ({
    refused: {
      op: 'confirmIntent',
      id: r.id(),
      intent: await make({ method: { type: 'voucher', token: 'v' } }),
      method: null,
    },
    control: { op: 'confirmIntent', id: r.id(), intent: await make(), method: null },
  }),
  CURRENCY_NOT_TAKEN: async (scene) => confirmedWith(scene, { currency: 'XAU' }),
  AMOUNT_TOO_LARGE: async (scene) => confirmedWith(scene, { amount: 9_000_000_000_000_000n }),
  AMOUNT_TOO_SMALL: async (scene) => confirmedWith(scene, { amount: 1n, currency: 'USD' }),
  EXCEEDS_AUTHORIZED: async ({ r, make }) => {
    const intent = await make({ capture: 'manual', confirm: true });
    const capture = { op: 'captureIntent', intent, final: true } as const;
    return {
      refused: { ...capture, id: r.id(), amount: 10_001n },
      control: { ...capture, id: r.id(), amount: 10_000n },
    };
  },
  EXCEEDS_CAPTURED: async ({ r, make }) => {
    const intent = await make({ confirm: true });
    const refund = { op: 'refundIntent', intent } as const;
    // What the fees took is lent by another payment of the merchant's, once it is available.
    await make({ confirm: true });
    await r.pass(5 * 86_400_000, 3_600_000);
    return {
      refused: { ...refund, id: r.id(), amount: 10_001n },
      control: { ...refund, id: r.id(), amount: 10_000n },
    };
  },
  ...REFUND_WAYS,
  NOT_SUPPORTED: async ({ r, make }) => {
    const intent = await make({ capture: 'manual', confirm: true });
    Object.assign(r.psps[0].capabilities, { partialCapture: false });
    const capture = { op: 'captureIntent', intent, final: true } as const;
    return {
      refused: { ...capture, id: r.id(), amount: 9_999n },
      control: { ...capture, id: r.id(), amount: 10_000n },
    };
  },
};

/** Reasons that more than one command meets. */
const OTHER_WAYS: Partial<Record<string, (scene: Scene) => Promise<Way>>> = {
  'PAYMENT_STATE by an increment of what is captured': async ({ r, make }) => ({
    refused: { op: 'incrementIntent', id: r.id(), intent: await make({ confirm: true }), amount: 1n },
    control: {
      op: 'incrementIntent',
      id: r.id(),
      intent: await make({ capture: 'manual', confirm: true }),
      amount: 1n,
    },
  }),
  'PAYMENT_STATE by an update after a provider was asked': async ({ r, make }) => {
    const update = { op: 'updateIntent', amount: 9n, method: null, reference: null } as const;
    const rest = { description: null, metadata: null } as const;
    r.psps[0].rates = { ...NO_FAULTS, decline: 1 };
    r.psps[1].rates = { ...NO_FAULTS, decline: 1 };
    return {
      refused: { ...update, ...rest, id: r.id(), intent: await make({ confirm: true }) },
      control: { ...update, ...rest, id: r.id(), intent: await make() },
    };
  },
  'PAYMENT_EXPIRED by an update': async ({ r, make }) => {
    const [late, early] = [await make({ expiresAfterSeconds: 60 }), await make()];
    await r.pass(61_000, 1_000);
    const update = { op: 'updateIntent', amount: 9n, method: null, reference: null } as const;
    const rest = { description: null, metadata: null } as const;
    return {
      refused: { ...update, ...rest, id: r.id(), intent: late },
      control: { ...update, ...rest, id: r.id(), intent: early },
    };
  },
  'MERCHANT_NOT_FOUND by a customer of nobody': ({ r, shop }) =>
    Promise.resolve({ refused: customerOf(r.id(), nobody), control: customerOf(r.id(), shop) }),
  'CUSTOMER_NOT_FOUND by a change of one that is a payment': async ({ r, shop, make }) => {
    const customer = r.id();
    await r.send(customerOf(customer, shop));
    const unchanged = { email: null, description: null, reference: null, metadata: null };
    const update = { op: 'updateCustomer', name: 'Mia', ...unchanged } as const;
    return {
      refused: { ...update, id: r.id(), customer: await make() },
      control: { ...update, id: r.id(), customer },
    };
  },
  'CUSTOMER_NOT_FOUND by an update of a payment': async ({ r, shop, make }) => {
    const [other, own, strangers] = [r.id(), r.id(), r.id()];
    await r.send(merchant(other), customerOf(own, shop), customerOf(strangers, other));
    const intent = await make();
    const unchanged = { amount: null, method: null, reference: null, description: null, metadata: null };
    const update = { op: 'updateIntent', intent, ...unchanged } as const;
    return {
      refused: { ...update, id: r.id(), customer: strangers },
      control: { ...update, id: r.id(), customer: own },
    };
  },
  'PAYMENT_METHOD_DETACHED by a confirmation of what it was to pay': async ({ r, shop, make }) => {
    const [gone, kept] = [r.id(), r.id()];
    await r.send(paymentMethodOf(gone, shop), paymentMethodOf(kept, shop));
    const intent = await make({ method: null, paymentMethod: gone });
    await r.send({ op: 'detachPaymentMethod', id: r.id(), paymentMethod: gone });
    return {
      refused: { op: 'confirmIntent', id: r.id(), intent, method: null },
      control: { op: 'confirmIntent', id: r.id(), intent, method: null, paymentMethod: kept },
    };
  },
  'PAYMENT_METHOD_DETACHED by attaching it again': async ({ r, shop }) => {
    const [customer, gone, kept] = [r.id(), r.id(), r.id()];
    await r.send(customerOf(customer, shop), paymentMethodOf(gone, shop), paymentMethodOf(kept, shop));
    await r.send({ op: 'detachPaymentMethod', id: r.id(), paymentMethod: gone });
    return {
      refused: { op: 'attachPaymentMethod', id: r.id(), paymentMethod: gone, customer },
      control: { op: 'attachPaymentMethod', id: r.id(), paymentMethod: kept, customer },
    };
  },
  'PAYMENT_METHOD_ATTACHED by attaching it to another customer': async ({ r, shop }) => {
    const [one, two, taken, free] = [r.id(), r.id(), r.id(), r.id()];
    await r.send(customerOf(one, shop), customerOf(two, shop));
    await r.send(paymentMethodOf(taken, shop, { customer: one }), paymentMethodOf(free, shop));
    return {
      refused: { op: 'attachPaymentMethod', id: r.id(), paymentMethod: taken, customer: two },
      control: { op: 'attachPaymentMethod', id: r.id(), paymentMethod: free, customer: two },
    };
  },
  'PAYMENT_METHOD_ATTACHED by a payment that goes to another customer': async ({ r, shop, make }) => {
    const [one, two, attached, free] = [r.id(), r.id(), r.id(), r.id()];
    await r.send(customerOf(one, shop), customerOf(two, shop));
    await r.send(paymentMethodOf(attached, shop, { customer: one }), paymentMethodOf(free, shop));
    const unchanged = { amount: null, method: null, reference: null, description: null, metadata: null };
    const update = {
      op: 'updateIntent',
      intent: await make({ method: null, paymentMethod: attached, customer: one }),
      customer: two,
      ...unchanged,
    } as const;
    return {
      refused: { ...update, id: r.id() },
      control: { ...update, id: r.id(), paymentMethod: free },
    };
  },
  'CUSTOMER_NOT_FOUND by attaching to a stranger': async ({ r, shop }) => {
    const [other, own, strangers, paymentMethod] = [r.id(), r.id(), r.id(), r.id()];
    await r.send(merchant(other), customerOf(own, shop), customerOf(strangers, other));
    await r.send(paymentMethodOf(paymentMethod, shop));
    return {
      refused: { op: 'attachPaymentMethod', id: r.id(), paymentMethod, customer: strangers },
      control: { op: 'attachPaymentMethod', id: r.id(), paymentMethod, customer: own },
    };
  },
  'PAYMENT_STATE by a second increment before the first is known': async ({ r, make }) => {
    const [busy, free] = [
      await make({ capture: 'manual', confirm: true }),
      await make({ capture: 'manual', confirm: true }),
    ];
    await r.send({ op: 'incrementIntent', id: r.id(), intent: busy, amount: 1n });
    return {
      refused: { op: 'incrementIntent', id: r.id(), intent: busy, amount: 1n },
      control: { op: 'incrementIntent', id: r.id(), intent: free, amount: 1n },
    };
  },
  'PAYMENT_STATE by a capture before an increment is known': async ({ r, make }) => {
    const [busy, free] = [
      await make({ capture: 'manual', confirm: true }),
      await make({ capture: 'manual', confirm: true }),
    ];
    await r.send({ op: 'incrementIntent', id: r.id(), intent: busy, amount: 1n });
    const capture = { op: 'captureIntent', amount: null, final: true } as const;
    return {
      refused: { ...capture, id: r.id(), intent: busy },
      control: { ...capture, id: r.id(), intent: free },
    };
  },
  'NOT_SUPPORTED by an increment where the provider cannot': async ({ r, make }) => {
    const intent = await make({ capture: 'manual', confirm: true });
    Object.assign(r.psps[0].capabilities, { increment: false });
    return {
      refused: { op: 'incrementIntent', id: r.id(), intent, amount: 1n },
      control: { op: 'captureIntent', id: r.id(), intent, amount: null, final: true },
    };
  },
  'MERCHANT_NOT_FOUND by a change': async ({ r, shop }) => ({
    refused: { ...SAME, id: r.id(), merchant: nobody, name: 'Nobody' },
    control: { ...SAME, id: r.id(), merchant: shop, name: 'Somebody' },
  }),
  'PAYMENT_STATE by a verdict on what nobody has to decide': async ({ r, make }) => {
    const settled = await make({ confirm: true });
    r.psps[0].rates = { ...NO_FAULTS, mismatch: 1 };
    const conflicted = await make({ confirm: true });
    const verdict = { op: 'settleOperation', verdict: 'accept', note: '' } as const;
    const sale = (intent: Uuid) => ({ intent, operation: r.intent(intent).operations[0].id });
    return {
      refused: { ...verdict, ...sale(settled), id: r.id() },
      control: { ...verdict, ...sale(conflicted), id: r.id() },
    };
  },
  CHARGE_DISPUTED: async ({ r, make }) => {
    const [contested, settled] = [await make({ confirm: true }), await make({ confirm: true })];
    await contest(r, contested);
    return {
      refused: { op: 'refundIntent', id: r.id(), intent: contested, amount: 1n },
      control: { op: 'refundIntent', id: r.id(), intent: settled, amount: 1n },
    };
  },
  'PAYMENT_NOT_FOUND by a verdict': async ({ r, make }) => {
    r.psps[0].rates = { ...NO_FAULTS, mismatch: 1 };
    const intent = await make({ confirm: true });
    const operation = r.intent(intent).operations[0].id;
    const verdict = { op: 'settleOperation', operation, verdict: 'send_back', note: '' } as const;
    return {
      refused: { ...verdict, id: r.id(), intent: nobody },
      control: { ...verdict, id: r.id(), intent },
    };
  },
};

const REASONS = (Object.keys(REFUSALS) as Reason[]).filter(
  (reason) => REFUSALS[reason].origin === 'kernel' && REFUSALS[reason].number >= 130,
);

test.for([...REASONS, ...Object.keys(OTHER_WAYS)])(
  'payments are refused with %s, and nothing changes',
  async (name) => {
    const [reason] = name.split(' ') as [Reason];
    const way = OTHER_WAYS[name] ?? WAYS[reason];
    expect(way, 'a reason without a test').toBeDefined();
    const r = await PaymentsRig.start(7);
    const shop = r.id();
    await r.send(merchant(shop));
    const make = async (more: Partial<CreateIntent> = {}) => {
      const id = r.id();
      await r.send(intentOf(id, shop, more));
      await r.pass(2_000);
      return id;
    };
    const { refused, control } = await way!({ r, shop, make });
    const before = structuredClone(r.intents);
    expect(await r.send(refused)).toMatchObject([{ done: false, reason, remembered: true, replayed: false }]);
    expect(r.intents).toEqual(before);
    // A refused id never flips, whatever happens meanwhile.
    expect(await r.send(refused)).toMatchObject([{ done: false, reason, replayed: true }]);
    expect(await r.send(control)).toMatchObject([{ done: true }]);
  },
);

test('of two refunds of 60 on 100 at once exactly one passes', async () => {
  const r = await PaymentsRig.start(3);
  const shop = r.id();
  const id = r.id();
  await r.send(merchant(shop, { fees: [] }), intentOf(id, shop, { confirm: true, amount: 100n }));
  await r.pass(2_000);
  const refund = () => ({ op: 'refundIntent', id: r.id(), intent: id, amount: 60n }) as const;
  const outcomes = await r.send(refund(), refund());
  expect(outcomes).toMatchObject([{ done: true }, { done: false, reason: 'EXCEEDS_CAPTURED' }]);
  await r.pass(2_000);
  expect(r.intent(id).counters).toMatchObject({ refunded: 60n, refunding: 0n });
});

test('the same id with another body is refused with the field, and with the same body answers as before', async () => {
  const r = await PaymentsRig.start(3);
  const shop = r.id();
  const id = r.id();
  await r.send(merchant(shop));
  const first = await r.send(intentOf(id, shop, { confirm: true }));
  await r.pass(2_000);
  expect(await r.send(intentOf(id, shop, { confirm: true }))).toEqual([{ ...first[0], replayed: true }]);
  expect(await r.send(intentOf(id, shop, { confirm: true, amount: 1n }))).toMatchObject([
    { done: false, reason: 'ID_REUSED', field: 'amount', remembered: false },
  ]);
  expect(await r.send(merchant(shop, { name: 'Another' }))).toMatchObject([
    { done: false, reason: 'ID_REUSED', field: 'name' },
  ]);
});
