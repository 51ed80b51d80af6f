import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, started } from './started.ts';

test('one question that goes unanswered after ten hours of "accepted" does not end the asking', async () => {
  const { r, id, alpha, begin } = await started();
  const authorize = alpha.authorize.bind(alpha);
  alpha.authorize = async (call) => {
    await authorize(call);
    return { done: 'accepted', providerReference: 'P' };
  };
  const query = alpha.query.bind(alpha);
  let queries = 0;
  alpha.query = (call) => {
    if (++queries <= 12) return Promise.resolve({ done: 'accepted', providerReference: 'P' });
    return queries === 13 ? Promise.resolve({ done: 'unknown', why: 'timeout' }) : query(call);
  };
  await begin();
  await r.pass(3 * DAY_MS, HOUR_MS / 4);
  expect(queries).toBeGreaterThan(12);
  expect(r.intent(id).state).toBe('succeeded');
});
