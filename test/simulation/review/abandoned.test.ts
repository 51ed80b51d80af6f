import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, started } from './started.ts';

test('a payment whose payer never does what was asked of him expires', async () => {
  const { r, id, alpha, begin } = await started();
  const action = { type: 'redirect', url: 'https://a.example' } as const;
  const asked = { done: 'requires_action', providerReference: 'P', action } as const;
  alpha.authorize = () => Promise.resolve(asked);
  alpha.query = () => Promise.resolve(asked);
  alpha.void = ({ amount, currency }) =>
    Promise.resolve({
      done: 'succeeded',
      amount,
      currency,
      providerReference: 'P',
      cost: null,
      expiresAtMs: null,
    });
  await begin();
  await r.pass(DAY_MS, HOUR_MS / 4);
  expect(r.intent(id).state).toBe('expired');
});
