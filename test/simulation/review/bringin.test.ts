import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, started } from './started.ts';

test('a timer is not lost where something is evicted while its payment is read', async () => {
  const { r, id, begin } = await started();
  await begin();
  await r.pass(2_000);
  const { loader, writer } = r.rig;
  loader.project(r.rig.store.blocks(0));
  const { state } = writer;
  for (const [seq, intent] of state.payments.intents) {
    state.payments.letGo(seq, intent.availableAtUs);
    state.progressEvictions++;
  }
  const payments = loader.payments.bind(loader);
  let reads = 0;
  loader.payments = async (shard, seqs) => {
    const rows = await payments(shard, seqs);
    // Any other account, id or payment that goes meanwhile.
    if (reads++ === 0) state.progressEvictions++;
    return rows;
  };
  await r.pass(10 * DAY_MS, HOUR_MS);
  expect(reads).toBeGreaterThan(0);
  expect(r.intent(id).counters.pending).toBe(0n);
});
