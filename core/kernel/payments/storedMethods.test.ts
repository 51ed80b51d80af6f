import { expect, test } from 'vitest';
import {
  PaymentsRig,
  customerOf,
  intentOf,
  merchant,
  paymentMethodOf,
} from '../../../test/simulation/paymentsRig.ts';
import { verified } from '../../../test/simulation/verified.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { StoredMethod } from './model.ts';

async function scene() {
  const r = await PaymentsRig.start(13);
  const [shop, customer, stored] = [r.id(), r.id(), r.id()];
  await r.send(merchant(shop), customerOf(customer, shop), paymentMethodOf(stored, shop, { customer }));
  const resident = (): StoredMethod | undefined =>
    [...r.rig.writer.state.payments.paymentMethods.values()].find(({ id }) => id === stored);
  return { r, shop, customer, stored, resident };
}

/** The read models have all of it, and memory nothing but payments. */
function forgetProfiles({ rig }: PaymentsRig): void {
  rig.loader.project(rig.store.blocks(0));
  const { state } = rig.writer;
  state.payments.customers.clear();
  state.payments.paymentMethods.clear();
  state.progressEvictions++;
}

const TAKEN = (id: Uuid) => ({ type: 'card', token: 'tok_stored', id });

test('the attempt keeps the method as it is, with the id of the stored one, whatever becomes of that', async () => {
  const { r, shop, customer, stored } = await scene();
  const id = r.id();
  const payment = intentOf(id, shop, { method: null, paymentMethod: stored, customer, confirm: true });
  expect(await r.send(payment)).toMatchObject([{ done: true }]);
  await r.send({ op: 'detachPaymentMethod', id: r.id(), paymentMethod: stored });
  await r.pass(2_000);
  const { state, method, attempts } = r.intent(id);
  expect(state).toBe('succeeded');
  expect(method).toEqual(TAKEN(stored));
  expect(attempts.map((one) => one.method)).toEqual([TAKEN(stored)]);
  expect(verified(r.rig.store.blocks(0))).toEqual([]);
});

test('a confirmation and an update name it in place of a method', async () => {
  const { r, shop, customer, stored } = await scene();
  const [confirmed, updated] = [r.id(), r.id()];
  await r.send(
    intentOf(confirmed, shop, { method: null, customer }),
    intentOf(updated, shop, { method: null, customer }),
    { op: 'confirmIntent', id: r.id(), intent: confirmed, method: null, paymentMethod: stored },
    {
      op: 'updateIntent',
      id: r.id(),
      intent: updated,
      paymentMethod: stored,
      amount: null,
      method: null,
      reference: null,
      description: null,
      metadata: null,
    },
  );
  expect(r.intent(confirmed).attempts[0].method).toEqual(TAKEN(stored));
  expect(r.intent(updated)).toMatchObject({ state: 'requires_confirmation', method: TAKEN(stored) });
});

test('one that was detached stands in the way of confirming, not of changing something else or of another method', async () => {
  const { r, shop, customer, stored } = await scene();
  const id = r.id();
  await r.send(intentOf(id, shop, { method: null, paymentMethod: stored, customer }));
  await r.send({ op: 'detachPaymentMethod', id: r.id(), paymentMethod: stored });
  const unchanged = { amount: null, method: null, description: null, metadata: null };
  expect(
    await r.send({ op: 'updateIntent', id: r.id(), intent: id, reference: 'order 9', ...unchanged }),
  ).toMatchObject([{ done: true }]);
  expect(await r.send({ op: 'confirmIntent', id: r.id(), intent: id, method: null })).toMatchObject([
    { done: false, reason: 'PAYMENT_METHOD_DETACHED', field: 'payment_method_id' },
  ]);
  const method = { type: 'card', token: 'tok_other' } as const;
  expect(await r.send({ op: 'confirmIntent', id: r.id(), intent: id, method })).toMatchObject([
    { done: true },
  ]);
});

test('a payment method replays under its id, and another token is refused with the field', async () => {
  const { r, shop, customer, stored } = await scene();
  const same = paymentMethodOf(stored, shop, { customer });
  expect(await r.send(same)).toMatchObject([{ done: true, replayed: true, subject: stored }]);
  expect(await r.send({ ...same, token: 'tok_2' })).toMatchObject([
    { done: false, reason: 'ID_REUSED', field: 'token' },
  ]);
});

test('what memory has let go of is brought in by the payment that names it, and by the one that has it', async () => {
  const { r, shop, customer, stored, resident } = await scene();
  const id = r.id();
  forgetProfiles(r);
  await r.send(intentOf(id, shop, { method: null, paymentMethod: stored, customer }));
  expect(r.intent(id).method).toEqual(TAKEN(stored));
  forgetProfiles(r);
  expect(await r.send({ op: 'confirmIntent', id: r.id(), intent: id, method: null })).toMatchObject([
    { done: true },
  ]);
  forgetProfiles(r);
  await r.send({ op: 'detachPaymentMethod', id: r.id(), paymentMethod: stored });
  expect(resident()).toMatchObject({ state: 'detached', customer, version: 2 });
  await r.restart();
  forgetProfiles(r);
  expect(await r.send({ op: 'detachPaymentMethod', id: r.id(), paymentMethod: stored })).toMatchObject([
    { done: false, reason: 'PAYMENT_METHOD_DETACHED' },
  ]);
});
