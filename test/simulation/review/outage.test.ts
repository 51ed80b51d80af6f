import { expect, test } from 'vitest';
import { NO_FAULTS } from '../simulatedPsp.ts';
import { HOUR_MS, started } from './started.ts';

test('what an outage of two hours left unknown is resolved within minutes of its end', async () => {
  const { r, id, alpha, begin } = await started();
  alpha.rates = { ...NO_FAULTS, replyLost: 1, queryLost: 1 };
  await begin();
  await r.pass(2 * HOUR_MS, 60_000);
  r.project();
  alpha.rates = NO_FAULTS;
  await r.pass(300_000, 2_000);
  expect(r.intent(id).state).toBe('succeeded');
});

test('while a provider is away it is tried by one question each half minute, and held to no count', async () => {
  const { r, id, alpha, begin } = await started();
  alpha.rates = { ...NO_FAULTS, replyLost: 1, queryLost: 1 };
  await begin();
  await r.pass(10_000, 500);
  r.project();
  const before = alpha.calls;
  await r.pass(HOUR_MS / 2, 1_000);
  // Sixty probes, and what the schedule has of its own.
  expect(alpha.calls - before).toBeGreaterThan(50);
  expect(alpha.calls - before).toBeLessThan(70);
  expect(r.intent(id).operations[0]).toMatchObject({ state: 'unknown', silent: 5 });
});
