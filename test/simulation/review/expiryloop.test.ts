import { expect, test } from 'vitest';
import { HOUR_MS, started } from './started.ts';

test('a void on expiry that the provider refuses is not asked for again and again', async () => {
  const { r, id, alpha, begin } = await started({ capture: 'manual' });
  await begin();
  await r.pass(2_000);
  let voids = 0;
  alpha.void = () => {
    voids++;
    return Promise.resolve({
      done: 'declined',
      code: 'not_permitted',
      providerCode: 'x',
      providerReference: '',
    });
  };
  await r.pass(HOUR_MS, 60_000);
  await r.pass(60_000, 250);
  expect(r.intent(id).attention).not.toBe('');
  expect(voids).toBeLessThan(5);
});
