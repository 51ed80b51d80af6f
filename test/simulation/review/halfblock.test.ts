import { expect, test } from 'vitest';
import { intentOf } from '../paymentsRig.ts';
import { NO_FEES, started } from './started.ts';

test('what a fact that does not fit has written by then is taken back out of the block', async () => {
  const { r, id, alpha, tell, begin } = await started({ capture: 'manual' }, NO_FEES);
  await begin();
  await r.pass(2_000);
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: null, final: true });
  await r.pass(2_000);
  await r.send({ op: 'refundIntent', id: r.id(), intent: id, amount: 6_000n });
  await r.pass(2_000);
  const capture = r.intent(id).operations[1];
  const declined = {
    done: 'declined',
    code: 'processing_error',
    providerCode: 'x',
    providerReference: '',
  } as const;
  alpha.done.get(capture.id)!.outcome = declined;
  await tell('capture_failed', capture.id);
  await r.pass(10_000, 500);
  const { writer, store } = r.rig;
  const last = store.blocks(0).at(-1)!;
  // Memory has applied what the journal holds, event for event.
  expect(writer.state.nextSeq).toBe(last.firstSeq + last.eventCount);
  await r.send(intentOf(r.id(), r.intent(id).merchant));
  await r.restart();
});
