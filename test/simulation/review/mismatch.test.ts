import { expect, test } from 'vitest';
import { started } from './started.ts';

test('money that a provider took in another amount stands in the books', async () => {
  const { r, alpha, begin } = await started();
  const authorize = alpha.authorize.bind(alpha);
  alpha.authorize = (call) => authorize({ ...call, amount: call.amount - 1n });
  await begin();
  await r.pass(2_000);
  expect(alpha.owes()).toBe(9_996n);
  expect(r.receivable(alpha)).toBe(alpha.owes());
});
