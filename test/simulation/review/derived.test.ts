import { expect, test } from 'vitest';
import { eachEvent, isTransaction, viewOf } from '../../../core/kernel/ledger/body.ts';
import { TX } from '../../../core/kernel/ledger/layout.ts';
import { uuidAt } from '../../../core/kernel/ledger/uuid.ts';
import { derivedId } from '../../../core/kernel/payments/chart.ts';
import { create, open, posting } from '../../support/ledger.ts';
import { started } from './started.ts';

test.fails('no id is spent twice where a caller took one that a payment derives', async () => {
  const { r, id, begin } = await started();
  await begin();
  await r.pass(2_000);
  const [a, b, refund] = [r.id(), r.id(), r.id()];
  await r.rig.must([open(a, { code: 'a', asset: 'EUR' }), open(b, { code: 'b', asset: 'EUR' })]);
  await r.rig.must([create(derivedId(refund, 'refund asked'), [posting(a, b, 1n)])]);
  await r.send({ op: 'refundIntent', id: refund, intent: id, amount: 100n });
  await r.pass(2_000);
  const ids: string[] = [];
  for (const block of r.rig.store.blocks(0)) {
    const view = viewOf(block.body);
    eachEvent(view, (_, at) => void (isTransaction(view, at) && ids.push(uuidAt(view, at + TX.id))));
  }
  expect(new Set(ids).size).toBe(ids.length);
});
