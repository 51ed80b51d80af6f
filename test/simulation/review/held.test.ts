import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, started } from './started.ts';

test('timers are not lost where an append becomes unknown while due payments are read', async () => {
  const { r, id, begin } = await started();
  await begin();
  await r.pass(2_000);
  const { loader, writer } = r.rig;
  writer.state.payments.storedDueUs = 0;
  const dueUs = r.intent(id).availableAtUs;
  const due = loader.duePayments.bind(loader);
  let holds = 0;
  loader.duePayments = async (shard, nowUs, limit) => {
    const found = await due(shard, nowUs, limit);
    if (nowUs >= dueUs && holds++ === 0) writer.hold();
    return found;
  };
  loader.nextPaymentDue = () => Promise.resolve(0);
  await r.pass(5 * DAY_MS, HOUR_MS);
  expect([holds, writer.phase]).toEqual([1, 'held']);
  writer.release();
  await r.pass(DAY_MS, HOUR_MS);
  expect(r.intent(id).counters.pending).toBe(0n);
});
