import { expect, test } from 'vitest';
import { started } from './started.ts';

test('a provider that tells outcomes by webhook alone gets its captures booked', async () => {
  const { r, id, alpha, tell, begin } = await started({ capture: 'manual' });
  await begin();
  await r.pass(2_000);
  const capture = alpha.capture.bind(alpha);
  // As the adapter of Adyen does: a capture is "received", and its query knows nothing more.
  alpha.capture = async (call) => {
    await capture(call);
    return { done: 'accepted', providerReference: 'REF' };
  };
  alpha.query = () => Promise.resolve({ done: 'unknown', why: 'by webhook alone' });
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: null, final: true });
  await r.pass(2_000);
  const proof = {
    done: 'succeeded',
    amount: 10_000n,
    currency: 'EUR',
    cost: 3n,
    expiresAtUs: Infinity,
  } as const;
  await tell('captured', r.intent(id).operations[1].id, { proof: { ...proof, providerReference: 'REF' } });
  await r.pass(10_000, 500);
  expect(alpha.owes()).toBe(9_997n);
  expect(r.intent(id).counters.captured).toBe(10_000n);
});
