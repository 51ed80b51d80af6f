import { expect, test } from 'vitest';
import { chart } from '../../../core/kernel/payments/chart.ts';
import { change } from '../../support/ledger.ts';
import { intentOf } from '../paymentsRig.ts';
import { started } from './started.ts';

test('no limit that a caller sets on an account of the chart keeps a fact out', async () => {
  const { r, id, shop, alpha, begin } = await started();
  await begin();
  await r.pass(2_000);
  const account = chart.pspReceivable('alpha', 'EUR').id;
  r.rig.send([change(r.id(), account, { limits: [null, 10_000n, null, null] })]);
  const second = r.id();
  await r.send(intentOf(second, shop, { confirm: true }));
  await r.pass(60_000, 500);
  expect(r.intent(id).state).toBe('succeeded');
  expect(alpha.owes()).toBe(2n * 9_997n);
  expect(r.receivable(alpha)).toBe(alpha.owes());
  expect(r.rig.poisoned).toEqual([]);
});
