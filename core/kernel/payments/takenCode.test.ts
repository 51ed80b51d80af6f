import { expect, test } from 'vitest';
import { intentOf, merchant, PaymentsRig } from '../../../test/simulation/paymentsRig.ts';
import { chart } from './chart.ts';

test('a caller’s own account under a code of the chart stands in nobody’s way', async () => {
  const r = await PaymentsRig.start(3);
  const taken = 'income:fees:EUR';
  const own = { op: 'openAccount', id: r.id(), code: taken, asset: 'EUR', normalSide: 1 } as const;
  await r.rig.must([{ ...own, limits: [null, null, null, null], metadata: new Uint8Array(0) as never }]);
  const shop = r.id();
  const id = r.id();
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(2_000);
  expect(r.intent(id).state).toBe('succeeded');
  expect(r.balance(chart.incomeFees('EUR'))).toBe(290n);
});
