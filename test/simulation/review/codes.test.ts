import { expect, test } from 'vitest';
import { chart } from '../../../core/kernel/payments/chart.ts';
import { open } from '../../support/ledger.ts';
import { started } from './started.ts';

test.fails('no codes that a caller takes keep a fact out', async () => {
  const { r, id, alpha, begin } = await started();
  const { code } = chart.pspReceivable('alpha', 'EUR');
  await r.rig.must([
    open(r.id(), { code, asset: 'EUR' }),
    open(r.id(), { code: `florin:${code}`, asset: 'EUR' }),
  ]);
  await begin();
  await r.pass(60_000, 500);
  expect(alpha.owes()).toBe(9_997n);
  expect(r.intent(id).counters.captured).toBe(10_000n);
});
