import { expect, test } from 'vitest';
import { NO_FAULTS } from '../simulatedPsp.ts';
import { started } from './started.ts';

test('a sale that succeeds after it was declined is booked, and sent back', async () => {
  const { r, id, alpha, tell, begin } = await started();
  alpha.rates = { ...NO_FAULTS, decline: 1 };
  await begin();
  await r.pass(5_000);
  const [{ operation }] = r.intent(id).attempts;
  expect(r.intent(id).attempts[0].state).toBe('declined');
  // The provider changes its mind: the money has moved.
  alpha.rates = NO_FAULTS;
  alpha.done.delete(operation);
  void alpha.authorize({
    operation,
    amount: 10_000n,
    currency: 'EUR',
    token: 't',
    method: 'card',
    capture: true,
    returnUrl: '',
    statementDescriptor: '',
    payment: id,
  });
  await r.pass(1_000);
  expect(alpha.owes()).toBe(9_997n);
  await tell('captured', operation);
  await r.pass(60_000, 500);
  expect(r.receivable(alpha)).toBe(alpha.owes());
});
