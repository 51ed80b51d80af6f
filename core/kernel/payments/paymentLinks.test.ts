import { expect, test } from 'vitest';
import { merchant, paymentLinkOf, PaymentsRig } from '../../../test/simulation/paymentsRig.ts';
import type { UpdatePaymentLink } from './commands.ts';

async function rig(seed: number) {
  const r = await PaymentsRig.start(seed);
  const [shop, id] = [r.id(), r.id()];
  await r.send(merchant(shop));
  const stands = () => [...r.rig.writer.state.payments.paymentLinks.values()].find((link) => link.id === id);
  const update = (change: Partial<UpdatePaymentLink>) =>
    r.send({
      op: 'updatePaymentLink',
      id: r.id(),
      paymentLink: id,
      state: null,
      metadata: null,
      ...change,
    });
  return { r, shop, id, stands, update };
}

test('a link is what it was created as, the same body replays and another is told its field', async () => {
  const { r, shop, id, stands } = await rig(1);
  const link = paymentLinkOf(id, shop, { amount: 2n ** 53n + 1n, metadata: { kiln: 'b' } });
  expect(await r.send(link, link)).toMatchObject([
    { done: true, replayed: false, subject: id },
    { done: true, replayed: true, subject: id },
  ]);
  const { op: _op, id: _id, ...fields } = link;
  expect(stands()).toMatchObject({ ...fields, state: 'active', version: 1 });
  for (const [change, field] of [
    [{ mode: 'live' }, 'mode'],
    [{ amount: 1n }, 'amount'],
    [{ currency: 'USD' }, 'currency'],
    [{ description: '' }, 'description'],
    [{ metadata: {} }, 'metadata'],
  ] as const)
    expect(await r.send({ ...link, ...change })).toMatchObject([{ done: false, reason: 'ID_REUSED', field }]);
});

test('a link of no merchant, or in a currency that is none, is refused', async () => {
  const { r, shop, id } = await rig(2);
  expect(await r.send(paymentLinkOf(id, r.id()))).toMatchObject([{ reason: 'MERCHANT_NOT_FOUND' }]);
  expect(await r.send(paymentLinkOf(r.id(), shop, { currency: 'QQQ' }))).toMatchObject([
    { reason: 'ASSET_NOT_FOUND', field: 'currency' },
  ]);
});

test('a link is of the mode of its merchant', async () => {
  const { r, shop, id } = await rig(4);
  expect(await r.send(paymentLinkOf(r.id(), shop, { mode: 'live' }))).toMatchObject([
    { reason: 'MODE_MISMATCH', field: 'mode' },
  ]);
  expect(await r.send(paymentLinkOf(id, shop, { mode: 'test' }))).toMatchObject([{ done: true }]);
});

test('a change leaves what it does not name', async () => {
  const { r, shop, id, stands, update } = await rig(3);
  await r.send(paymentLinkOf(id, shop, { metadata: { kiln: 'b' } }));
  await update({ state: 'inactive' });
  expect(stands()).toMatchObject({ state: 'inactive', metadata: { kiln: 'b' }, amount: 1_000n, version: 2 });
  await update({ metadata: {} });
  expect(stands()).toMatchObject({ state: 'inactive', metadata: {}, version: 3 });
  await update({ state: 'active' });
  expect(stands()).toMatchObject({ state: 'active', version: 4 });
});
