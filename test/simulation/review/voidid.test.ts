import { expect, test } from 'vitest';
import { started } from './started.ts';

test('a second void of one authorisation is another operation under another key', async () => {
  const { r, id, alpha, begin } = await started({ capture: 'manual' });
  alpha.authorize = () => Promise.resolve({ done: 'unknown', why: 'timeout' });
  const action = { type: 'redirect', url: 'https://a.example' } as const;
  let queries = 0;
  alpha.query = () => {
    if (++queries === 1) return Promise.resolve({ done: 'requires_action', providerReference: 'P', action });
    return Promise.resolve({
      done: 'succeeded',
      amount: 10_000n,
      currency: 'EUR',
      providerReference: 'P',
      cost: null,
      expiresAtMs: null,
    });
  };
  const keys: string[] = [];
  alpha.void = ({ operation }) => {
    keys.push(operation);
    return Promise.resolve(
      keys.length === 1
        ? { done: 'declined', code: 'operation_not_allowed', providerCode: 'x', providerReference: '' }
        : {
            done: 'succeeded',
            amount: 10_000n,
            currency: 'EUR',
            providerReference: 'P',
            cost: null,
            expiresAtMs: null,
          },
    );
  };
  await begin();
  await r.pass(1_000);
  await r.send({ op: 'cancelIntent', id: r.id(), intent: id, reason: 'requested' });
  await r.pass(120_000, 500);
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(2);
});
