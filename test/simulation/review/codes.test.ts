import { expect, test } from 'vitest';
import { chart } from '../../../core/kernel/payments/chart.ts';
import { open } from '../../support/ledger.ts';
import { quiet } from '../../support/shard.ts';
import { started } from './started.ts';

test('no codes that a caller takes keep a fact out', async () => {
  const { r, id, alpha, begin } = await started();
  const { code } = chart.pspReceivable('alpha', 'EUR');
  await r.rig.must([open(r.id(), { code, asset: 'EUR' })]);
  const sent = r.rig.send([open(r.id(), { code: `florin:${code}`, asset: 'EUR' })]);
  await quiet();
  expect(sent.answer?.outcomes).toMatchObject([{ reason: 'RESERVED_CODE', field: 'code' }]);
  await begin();
  await r.pass(2_000);
  expect(alpha.owes()).toBe(9_997n);
  expect(r.intent(id).counters.captured).toBe(10_000n);
});
