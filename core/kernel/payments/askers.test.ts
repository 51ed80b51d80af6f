import { expect, test } from 'vitest';
import { intentOf, merchant, PaymentsRig } from '../../../test/simulation/paymentsRig.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { PaymentRequest } from './commands.ts';

test.each<[string, (ids: { id: Uuid; intent: Uuid }) => PaymentRequest]>([
  ['confirmed', (ids) => ({ op: 'confirmIntent', ...ids, method: { type: 'card', token: 'pm_card_visa' } })],
  ['changed', (ids) => ({ op: 'updateIntent', ...ids, ...UNCHANGED, description: 'x' })],
  ['canceled', (ids) => ({ op: 'cancelIntent', ...ids, reason: 'requested' })],
])("a payment intent is %s by its own merchant, and is none to another's", async (_how, command) => {
  const r = await PaymentsRig.start(1);
  const [own, other, intent] = [r.id(), r.id(), r.id()];
  await r.send(merchant(own), merchant(other), intentOf(intent, own));
  const [foreign] = await r.send({ ...command({ id: r.id(), intent }), merchant: other } as PaymentRequest);
  expect(foreign).toMatchObject({ done: false, reason: 'PAYMENT_NOT_FOUND', field: 'payment_intent_id' });
  const [done] = await r.send({ ...command({ id: r.id(), intent }), merchant: own } as PaymentRequest);
  expect(done).toMatchObject({ done: true });
});

const UNCHANGED = {
  amount: null,
  method: null,
  reference: null,
  description: null,
  metadata: null,
} as const;
