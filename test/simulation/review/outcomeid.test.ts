import { expect, test } from 'vitest';
import { NO_FAULTS } from '../simulatedPsp.ts';
import { started } from './started.ts';

test('two contradictions in a row are asked about once each', async () => {
  const { r, id, alpha, tell, begin } = await started();
  alpha.rates = { ...NO_FAULTS, decline: 1 };
  await begin();
  await r.pass(5_000);
  alpha.rates = NO_FAULTS;
  const [{ operation }] = r.intent(id).attempts;
  let queries = 0;
  alpha.query = () => {
    queries++;
    return Promise.resolve({
      done: 'succeeded',
      amount: 10_000n,
      currency: 'EUR',
      providerReference: 'P',
      cost: null,
      expiresAtMs: null,
    });
  };
  await tell('captured', operation);
  await r.pass(5_000);
  await tell('captured', operation);
  await r.pass(30_000, 250);
  expect(queries).toBeLessThan(5);
});
