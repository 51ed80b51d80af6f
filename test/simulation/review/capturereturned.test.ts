import { expect, test } from 'vitest';
import { NO_FEES, started } from './started.ts';

test('a capture that is taken back after a refund is booked', async () => {
  const { r, id, alpha, tell, begin } = await started({ capture: 'manual' }, NO_FEES);
  await begin();
  await r.pass(2_000);
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: null, final: true });
  await r.pass(2_000);
  await r.send({ op: 'refundIntent', id: r.id(), intent: id, amount: 6_000n });
  await r.pass(2_000);
  const [auth, capture] = r.intent(id).operations;
  expect(r.receivable(alpha)).toBe(alpha.owes());
  alpha.payments.get(auth.id)!.captured = 0n;
  alpha.done.get(capture.id)!.outcome = {
    done: 'declined',
    code: 'processing_error',
    providerCode: 'failed',
    providerReference: '',
  };
  await tell('capture_failed', capture.id);
  await r.pass(10_000, 500);
  expect(r.receivable(alpha)).toBe(alpha.owes());
  expect(r.intent(id).counters.captured).toBe(0n);
});
