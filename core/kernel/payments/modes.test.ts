import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  apiKeyOf,
  intentOf,
  merchant,
  paymentLinkOf,
  PaymentsRig,
  webhookEndpointOf,
} from '../../../test/simulation/paymentsRig.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { PaymentCommand, UpdateMerchant } from './commands.ts';
import { type Mode, NO_RESERVE } from './model.ts';

const MODE = fc.constantFrom('test' as const, 'live' as const);
const KINDS: readonly ((id: Uuid, merchant: Uuid, more: { mode: Mode }) => PaymentCommand)[] = [
  apiKeyOf,
  paymentLinkOf,
  webhookEndpointOf,
];

test('what belongs to a merchant is of its mode, whatever is asked for in which order', async () => {
  const asked = fc.record({ of: fc.nat(5), kind: fc.constantFrom(...KINDS), mode: MODE });
  const stories = fc.record({
    modes: fc.array(MODE, { minLength: 1, maxLength: 4 }),
    asked: fc.array(asked),
  });
  await fc.assert(
    fc.asyncProperty(stories, async ({ modes, asked }) => {
      const r = await PaymentsRig.start(3);
      const shops = modes.map((mode) => ({ id: r.id(), mode }));
      await r.send(...shops.map(({ id, mode }) => merchant(id, { mode })));
      for (const { of, kind, mode } of asked) {
        const shop = shops[of % shops.length];
        const [outcome] = await r.send(kind(r.id(), shop.id, { mode }));
        expect(outcome).toMatchObject(
          mode === shop.mode ? { done: true } : { done: false, reason: 'MODE_MISMATCH', field: 'mode' },
        );
      }
    }),
    { numRuns: 60 },
  );
});

test('a payment is asked for at providers of its merchant’s mode alone, whichever they are', async () => {
  const stories = fc.record({
    merchant: MODE,
    alpha: MODE,
    beta: MODE,
    seed: fc.nat(1_000),
    decline: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(stories, async ({ merchant: mode, seed, decline, ...providers }) => {
      const r = await PaymentsRig.start(seed);
      for (const psp of r.psps) {
        Object.assign(psp.capabilities, { live: providers[psp.name as 'alpha' | 'beta'] === 'live' });
        if (decline) psp.rates = { ...psp.rates, decline: 1 };
      }
      const [shop, id] = [r.id(), r.id()];
      const [, outcome] = await r.send(merchant(shop, { mode }), intentOf(id, shop, { confirm: true }));
      await r.pass(10_000, 500);
      const fitting = r.psps.filter(({ capabilities }) => capabilities.live === (mode === 'live'));
      for (const psp of r.psps) expect(fitting.includes(psp) || psp.calls === 0).toBe(true);
      if (fitting.length === 0) expect(outcome).toMatchObject({ done: false, reason: 'NO_ROUTE' });
      else expect(fitting.map(({ name }) => name)).toContain(r.intent(id).attempts[0].provider);
    }),
    { numRuns: 60 },
  );
});

test('a merchant stays of its mode when all else of it changes', async () => {
  const r = await PaymentsRig.start(3);
  const shop = r.id();
  await r.send(merchant(shop, { mode: 'live' }));
  const change: UpdateMerchant = {
    op: 'updateMerchant',
    id: r.id(),
    merchant: shop,
    name: 'Tables',
    fees: [],
    tax: { taxPpm: 0, taxJurisdiction: '' },
    feesReturned: true,
    settlementDays: 5,
    reserve: NO_RESERVE,
    routing: { strategy: 'order', rules: [], attemptsMax: 1 },
  };
  const key = { mode: 'live' } as const;
  expect(await r.send(change, apiKeyOf(r.id(), shop, key))).toMatchObject([{ done: true }, { done: true }]);
});
