import { expect, test } from 'vitest';
import { NO_FEES, started } from './started.ts';

test('a sale that the provider takes back is taken back in the books', async () => {
  const { r, id, alpha, tell, begin } = await started({}, NO_FEES);
  await begin();
  await r.pass(2_000);
  const [{ operation }] = r.intent(id).attempts;
  alpha.payments.get(operation)!.captured = 0n;
  alpha.done.get(operation)!.outcome = {
    done: 'declined',
    code: 'processing_error',
    providerCode: 'returned',
    providerReference: '',
  };
  await tell('capture_failed', operation);
  await r.pass(10_000, 500);
  expect(r.receivable(alpha)).toBe(alpha.owes());
});
