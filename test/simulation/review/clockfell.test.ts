import { expect, test } from 'vitest';
import { PaymentsRig, intentOf, merchant } from '../paymentsRig.ts';

test('a payment is called as soon as it is durable, though the clock has fallen behind its block', async () => {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  await r.send(merchant(shop));
  let calls = 0;
  const [alpha] = r.psps;
  alpha.authorize = () => {
    calls++;
    return Promise.resolve({ done: 'unknown', why: 'nobody listens' });
  };
  await r.send(intentOf(r.id(), shop, { confirm: true }));
  expect(calls).toBe(1);
  r.rig.store.timeUs -= 60_000_000;
  await r.rig.ledgerTime.read();
  await r.send(intentOf(r.id(), shop, { confirm: true }));
  expect(calls).toBe(2);
});
