import { expect, test } from 'vitest';
import { NO_FAULTS } from '../simulatedPsp.ts';
import { HOUR_MS, started } from './started.ts';

test.fails('what an outage of two hours left unknown is resolved within minutes of its end', async () => {
  const { r, id, alpha, begin } = await started();
  alpha.rates = { ...NO_FAULTS, replyLost: 1, queryLost: 1 };
  await begin();
  await r.pass(2 * HOUR_MS, 60_000);
  alpha.rates = NO_FAULTS;
  await r.pass(300_000, 2_000);
  expect(r.intent(id).state).toBe('succeeded');
});
