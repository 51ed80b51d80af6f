import { expect, test } from 'vitest';
import { intentOf, merchant, PaymentsRig } from '../../../test/simulation/paymentsRig.ts';
import type { CreateIntent } from './commands.ts';
import type { RoutingRule } from './model.ts';

test('while every provider is away a confirmation is refused for the moment, and its id stays free', async () => {
  const r = await PaymentsRig.start(3);
  const shop = r.id();
  const id = r.id();
  const create = intentOf(r.id(), shop, { confirm: true });
  await r.send(merchant(shop), intentOf(id, shop, { confirm: false }));
  for (const { name } of r.psps) r.away.add(name);
  const confirm = { op: 'confirmIntent', id: r.id(), intent: id, method: null } as const;
  const before = structuredClone(r.intents);
  const refused = { done: false, reason: 'PROVIDERS_AWAY', remembered: false, seq: 0 };
  expect(await r.send(confirm, create)).toMatchObject([refused, refused]);
  expect(r.intents).toEqual(before);
  r.away.delete('beta');
  expect(await r.send(confirm, create)).toMatchObject([
    { done: true, replayed: false },
    { done: true, replayed: false },
  ]);
  expect(r.intent(id).attempts.map(({ provider }) => provider)).toEqual(['beta']);
});

test('where one is away and no other takes the payment at all, it may be a matter of the moment; else it is not', async () => {
  const r = await PaymentsRig.start(3);
  const shop = r.id();
  await r.send(
    merchant(shop, { routing: { strategy: 'order', rules: [onlyAlpha('card')], attemptsMax: 3 } }),
  );
  r.away.add('alpha');
  const [byCard, byWallet] = [
    intentOf(r.id(), shop, { confirm: true }),
    intentOf(r.id(), shop, { confirm: true, method: { type: 'wallet', token: 'tok' } }),
  ];
  expect(await r.send(byCard, byWallet)).toMatchObject([
    { reason: 'PROVIDERS_AWAY', remembered: false },
    { reason: 'NO_ROUTE', remembered: true },
  ]);
});

test('a payment that no provider takes says what keeps it from the nearest one, and which field', async () => {
  const r = await PaymentsRig.start(4);
  const shop = r.id();
  await r.send(merchant(shop));
  const fieldOf = async (more: Partial<CreateIntent>) => {
    const [answer] = await r.send(intentOf(r.id(), shop, { confirm: true, ...more }));
    return 'reason' in answer ? [answer.reason, answer.field] : answer;
  };
  expect(await fieldOf({ method: { type: 'voucher', token: 'v' } })).toEqual([
    'METHOD_NOT_TAKEN',
    'payment_method',
  ]);
  expect(await fieldOf({ currency: 'XAU' })).toEqual(['CURRENCY_NOT_TAKEN', 'amount.asset']);
  expect(await fieldOf({ amount: 9_000_000_000_000_000n })).toEqual([
    'AMOUNT_TOO_LARGE',
    'amount.minor_units',
  ]);
});

function onlyAlpha(method: 'card'): RoutingRule {
  return { currency: '', method, amountMin: 0n, amountMax: 0n, providers: ['alpha'] };
}
