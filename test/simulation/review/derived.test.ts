import { expect, test } from 'vitest';
import { derivedId } from '../../../core/kernel/payments/chart.ts';
import { create, open, posting } from '../../support/ledger.ts';
import { quiet } from '../../support/shard.ts';
import { started } from './started.ts';

test('no caller takes an id that a payment will derive', async () => {
  const { r, id, begin } = await started();
  await begin();
  await r.pass(2_000);
  const [a, b, refund] = [r.id(), r.id(), r.id()];
  await r.rig.must([open(a, { code: 'a', asset: 'EUR' }), open(b, { code: 'b', asset: 'EUR' })]);
  for (const parent of [refund, refund.replace('-7', '-4') as typeof refund]) {
    const sent = r.rig.send([create(derivedId(parent, 'refund asked'), [posting(a, b, 1n)])]);
    await quiet();
    expect(sent.answer?.outcomes).toMatchObject([{ reason: 'RESERVED_ID', field: 'id' }]);
  }
  await r.send({ op: 'refundIntent', id: refund, intent: id, amount: 100n });
  await r.pass(2_000);
  expect(r.intent(id).counters.refunded).toBe(100n);
});
