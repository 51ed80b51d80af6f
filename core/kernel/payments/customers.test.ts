import { expect, test } from 'vitest';
import { PaymentsRig, customerOf, intentOf, merchant } from '../../../test/simulation/paymentsRig.ts';
import { Eviction } from '../../shard/eviction.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { UpdateCustomer } from './commands.ts';
import type { Customer } from './model.ts';

const UNCHANGED = { name: null, email: null, description: null, reference: null, metadata: null };

const residents = ({ rig }: PaymentsRig): ReadonlyMap<number, Customer> =>
  rig.writer.state.payments.customers;
const resident = (r: PaymentsRig, id: Uuid): Customer | undefined =>
  [...residents(r).values()].find((one) => one.id === id);

/** The read models have all of it, and memory nothing. */
function forgetAll({ rig }: PaymentsRig): void {
  rig.loader.project(rig.store.blocks(0));
  const { state } = rig.writer;
  state.payments.customers.clear();
  state.progressEvictions++;
}

async function scene() {
  const r = await PaymentsRig.start(11);
  const [shop, id] = [r.id(), r.id()];
  await r.send(merchant(shop), customerOf(id, shop, { metadata: { tier: 'gold' } }));
  const update = (more: Partial<UpdateCustomer>): UpdateCustomer => ({
    op: 'updateCustomer',
    id: r.id(),
    customer: id,
    ...UNCHANGED,
    ...more,
  });
  return { r, shop, id, update };
}

test('a change of a customer leaves what it does not name, and an empty text empties', async () => {
  const { r, shop, id, update } = await scene();
  await r.send(update({ email: '', reference: 'c 7' }));
  expect(resident(r, id)).toMatchObject({
    merchant: shop,
    name: 'Mia Berg',
    email: '',
    reference: 'c 7',
    metadata: { tier: 'gold' },
    version: 2,
  });
});

test('a customer replays under its id, and another body is refused with the field', async () => {
  const { r, shop, id, update } = await scene();
  const same = customerOf(id, shop, { metadata: { tier: 'gold' } });
  expect(await r.send(same)).toMatchObject([{ done: true, replayed: true, subject: id, after: null }]);
  expect(await r.send({ ...same, email: 'max@example.org' })).toMatchObject([
    { done: false, reason: 'ID_REUSED', field: 'email' },
  ]);
  const change = update({ name: 'Mia' });
  expect(await r.send(change, change)).toMatchObject([{ replayed: false }, { replayed: true }]);
  expect(await r.send({ ...change, name: null, email: 'a@b' })).toMatchObject([
    { reason: 'ID_REUSED', field: 'name' },
  ]);
  expect(resident(r, id)).toMatchObject({ name: 'Mia', version: 2 });
});

test('a customer that memory has let go of is brought in whole by whoever names it', async () => {
  const { r, shop, id, update } = await scene();
  await r.send(update({ name: 'Mia B.' }));
  const before = resident(r, id);
  for (let round = 0; round < 5; round++) {
    forgetAll(r);
    expect(residents(r).size).toBe(0);
    const payment = r.id();
    expect(await r.send(intentOf(payment, shop, { customer: id }))).toMatchObject([{ done: true }]);
    expect(r.intent(payment).customer).toBe(id);
    expect(resident(r, id)).toEqual(before);
  }
  forgetAll(r);
  await r.send(update({ metadata: {} }));
  expect(resident(r, id)).toMatchObject({ name: 'Mia B.', metadata: {}, version: 3 });
});

test('a customer is the same after a restart, whatever the read models had by then', async () => {
  const { r, id, update } = await scene();
  for (let round = 0; round < 6; round++) {
    await r.send(update({ name: `Mia ${round}` }));
    await r.restart();
    await r.send(update({ email: `mia${round}@example.org` }));
    expect(resident(r, id)).toMatchObject({
      name: `Mia ${round}`,
      email: `mia${round}@example.org`,
      version: 3 + 2 * round,
    });
  }
});

test('more customers than memory has room for are let go of, and none that the read models do not hold', async () => {
  const { r, shop } = await scene();
  for (let n = 0; n < 30; n++) await r.send(customerOf(r.id(), shop));
  const bounds = { idsMax: 1e6, accountsMax: 1e6, progressMax: 1e6, intentsMax: 1e6, profilesMax: 20 };
  const eviction = new Eviction(r.rig.writer, bounds);
  const generation = r.rig.writer.generation();
  eviction.passed(0);
  expect(residents(r).size).toBe(31);
  for (let sweeps = 0; sweeps < 6; sweeps++) eviction.passed(r.rig.writer.state.nextSeq - 1);
  expect(residents(r).size).toBeLessThanOrEqual(20);
  expect(r.rig.writer.generation()).toBeGreaterThan(generation);
});
