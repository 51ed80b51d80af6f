import { expect, test } from 'vitest';
import { NO_FAULTS } from '../simulatedPsp.ts';
import { DAY_MS, HOUR_MS, started } from './started.ts';

test('a reported failure of a capture that the provider never explains goes to an operator', async () => {
  const { r, id, alpha, tell, begin } = await started({ capture: 'manual' });
  await begin();
  await r.pass(2_000);
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: null, final: true });
  await r.pass(2_000);
  alpha.rates = { ...NO_FAULTS, queryLost: 1 };
  await tell('capture_failed', r.intent(id).operations[1].id);
  await r.pass(12 * DAY_MS, HOUR_MS);
  expect(r.intent(id).attention).not.toBe('');
});
