import { expect, test } from 'vitest';
import { PaymentsRig, intentOf, merchant } from '../../../test/simulation/paymentsRig.ts';
import { NO_FAULTS } from '../../../test/simulation/simulatedPsp.ts';
import type { Uuid } from '../ledger/commands.ts';
import { CARD_TRIES_MAX } from './cardTries.ts';

const DAY_MS = 86_400_000;
const REFUSED = { done: false, reason: 'CARD_TRIES_EXHAUSTED', field: 'payment_method', remembered: true };

/** A shop whose card was declined so often; every provider declines. */
async function declined(times: number): Promise<{ r: PaymentsRig; shop: Uuid }> {
  const r = await PaymentsRig.start(11);
  const shop = r.id();
  await r.send(merchant(shop, { routing: { strategy: 'order', rules: [], attemptsMax: 1 } }));
  for (const psp of r.psps) psp.rates = { ...NO_FAULTS, decline: 1 };
  for (let n = 0; n < times; n++) {
    await r.send(intentOf(r.id(), shop, { confirm: true }));
    await r.pass(2_000, 500);
  }
  return { r, shop };
}

test('a card that was declined too often is refused for every payment of the merchant, and no other card is', async () => {
  const { r, shop } = await declined(CARD_TRIES_MAX);
  const another = r.id();
  const waiting = r.id();
  await r.send(merchant(another), intentOf(waiting, shop, { confirm: false }));
  expect(
    await r.send(
      intentOf(r.id(), shop, { confirm: true }),
      { op: 'confirmIntent', id: r.id(), intent: waiting, method: null },
      intentOf(r.id(), shop, { confirm: true, method: { type: 'card', token: 'another' } }),
      intentOf(r.id(), another, { confirm: true }),
      intentOf(r.id(), shop, { confirm: true, method: { type: 'wallet', token: 'tok_visa' } }),
    ),
  ).toMatchObject([REFUSED, REFUSED, { done: true }, { done: true }, { done: true }]);
});

test('one decline less, and the card may be tried', async () => {
  const { r, shop } = await declined(CARD_TRIES_MAX - 1);
  expect(await r.send(intentOf(r.id(), shop, { confirm: true }))).toMatchObject([{ done: true }]);
});

test('tries that are authorised do not count', async () => {
  const { r, shop } = await declined(CARD_TRIES_MAX - 1);
  for (const psp of r.psps) psp.rates = NO_FAULTS;
  for (let n = 0; n < 3; n++) {
    expect(await r.send(intentOf(r.id(), shop, { confirm: true }))).toMatchObject([{ done: true }]);
    await r.pass(1_000, 500);
  }
});

test('a payment that goes on by itself stops at the last try that is allowed', async () => {
  const { r } = await declined(CARD_TRIES_MAX - 1);
  const shop = r.intents[0].merchant;
  const routing = { strategy: 'order', rules: [], attemptsMax: 3 } as const;
  const same = { name: null, fees: null, tax: null, feesReturned: null, settlementDays: null, reserve: null };
  await r.send({
    op: 'updateMerchant',
    id: r.id(),
    merchant: shop,
    ...same,
    routing: { ...routing, rules: [] },
  });
  const id = r.id();
  await r.send(intentOf(id, shop, { confirm: true }));
  await r.pass(2_000, 500);
  expect(r.intent(id).attempts.map(({ state }) => state)).toEqual(['declined']);
  expect(r.intent(id).state).toBe('requires_payment_method');
});

test('after thirty days a card may be tried again', async () => {
  const { r, shop } = await declined(CARD_TRIES_MAX);
  await r.pass(30 * DAY_MS, DAY_MS / 4);
  expect(await r.send(intentOf(r.id(), shop, { confirm: true }))).toMatchObject([{ done: true }]);
});

test('the tries of before outlast a restart, and being let go of', async () => {
  const { r, shop } = await declined(CARD_TRIES_MAX);
  r.rig.loader.project(r.rig.store.blocks(0));
  await r.restart();
  expect(await r.send(intentOf(r.id(), shop, { confirm: true }))).toMatchObject([REFUSED]);
  const { state } = r.rig.writer;
  state.progressEvictions += state.payments.cardTries.letGo(r.rig.loader.watermarkSeq, 10);
  expect(state.payments.cardTries.size).toBe(0);
  const asked = r.rig.loader.calls.length;
  expect(await r.send(intentOf(r.id(), shop, { confirm: true }))).toMatchObject([REFUSED]);
  const lookUps = () => r.rig.loader.calls.slice(asked).filter((name) => name.startsWith('card'));
  expect(lookUps()).toEqual(['cardDeclines']);
  // Known again: nothing is asked for the next one.
  await r.send(intentOf(r.id(), shop, { confirm: true }));
  expect(lookUps()).toEqual(['cardDeclines']);
});

test('where too many cards were declined to know them all, those that are tried are looked up', async () => {
  const { r, shop } = await declined(CARD_TRIES_MAX);
  const { loader } = r.rig;
  loader.project(r.rig.store.blocks(0));
  const [one] = (await loader.cardDeclines(0, 1)).rows;
  loader.cardDeclines = (_, limit) =>
    Promise.resolve({ watermarkSeq: loader.watermarkSeq, rows: Array.from({ length: limit }, () => one) });
  await r.restart();
  const other = { confirm: true, method: { type: 'card', token: 'another' } } as const;
  expect(
    await r.send(intentOf(r.id(), shop, { confirm: true }), intentOf(r.id(), shop, other)),
  ).toMatchObject([REFUSED, { done: true }]);
  expect(loader.calls.filter((name) => name === 'cardDeclinesOf')).toHaveLength(1);
});
