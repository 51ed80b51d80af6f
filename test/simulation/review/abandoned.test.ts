import { expect, test } from 'vitest';
import type { PspOutcome } from '../../../core/processes/psp.ts';
import { DAY_MS, HOUR_MS, started } from './started.ts';

const ACTION = { type: 'redirect', url: 'https://a.example' } as const;
const ASKED = { done: 'requires_action', providerReference: 'P', action: ACTION } as const;

/** A payment whose payer was asked for something, and never does it. */
async function challenged(letGo: () => Promise<PspOutcome>) {
  const s = await started();
  const { alpha, r } = s;
  const voids: string[] = [];
  alpha.authorize = alpha.continue = () => Promise.resolve(ASKED);
  alpha.query = ({ kind }) =>
    Promise.resolve(kind === 'void' ? { done: 'accepted', providerReference: 'V' } : ASKED);
  alpha.void = ({ operation }) => {
    voids.push(operation);
    return letGo();
  };
  await s.begin();
  await r.pass(2_000);
  expect(r.intent(s.id).state).toBe('requires_action');
  return { ...s, voids };
}

const RELEASED: PspOutcome = {
  done: 'succeeded',
  amount: 10_000n,
  currency: 'EUR',
  providerReference: 'P',
  cost: null,
  expiresAtMs: null,
};

test('a payment whose payer never does what was asked of him expires, once its provider has let go of it', async () => {
  const { r, id, voids } = await challenged(() => Promise.resolve(RELEASED));
  await r.pass(HOUR_MS - 10_000, 5_000);
  expect(r.intent(id).state).toBe('requires_action');
  await r.pass(60_000, 1_000);
  expect(r.intent(id)).toMatchObject({
    state: 'expired',
    cancelReason: 'expired',
    attempts: [{ state: 'failed' }],
  });
  expect(voids).toHaveLength(1);
});

test('while a void of a challenge is under way no other one is begun', async () => {
  const { r, id, voids } = await challenged(() =>
    Promise.resolve({ done: 'accepted', providerReference: 'V' }),
  );
  await r.send({ op: 'cancelIntent', id: r.id(), intent: id, reason: 'requested' });
  await r.pass(DAY_MS, HOUR_MS / 4);
  expect(voids).toHaveLength(1);
  expect(r.intent(id)).toMatchObject({ state: 'processing', canceling: true });
});

test('a void of a challenge that is refused is tried again less and less often, and then an operator has it', async () => {
  const { r, id, voids } = await challenged(() =>
    Promise.resolve({ done: 'declined', code: 'not_permitted', providerCode: 'x', providerReference: '' }),
  );
  await r.send({ op: 'cancelIntent', id: r.id(), intent: id, reason: 'requested' });
  await r.pass(600_000, 1_000);
  await r.pass(10 * DAY_MS, HOUR_MS / 4);
  expect(voids).toHaveLength(11);
  expect(r.intent(id).attention).toContain('refuses to void');
});
