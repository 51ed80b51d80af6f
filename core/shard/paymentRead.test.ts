import { expect, test } from 'vitest';
import { PaymentsRig, intentOf, merchant } from '../../test/simulation/paymentsRig.ts';
import { quiet } from '../../test/support/shard.ts';
import type { Uuid } from '../kernel/ledger/commands.ts';
import type { PaymentCommand } from '../kernel/payments/commands.ts';

/** Two payments, and a journal whose next append is on its way until `commit`. */
async function rig() {
  const r = await PaymentsRig.start(1);
  const [shop, settled, changing] = [r.id(), r.id(), r.id()];
  await r.send(merchant(shop), intentOf(settled, shop), intentOf(changing, shop));
  const commit = r.rig.store.pause();
  const canceled: PaymentCommand = { op: 'cancelIntent', id: r.id(), intent: changing, reason: 'requested' };
  await expect(r.send(canceled)).rejects.toThrow('no answer');
  /** The states that reads have told so far. */
  const told: string[] = [];
  const read = (intent: Uuid): void => {
    void r.payments.read(r.rig.writer, 1, intent, Infinity).then(
      (found) => told.push(found?.state ?? 'none'),
      () => told.push('failed'),
    );
  };
  return { r, settled, changing, commit, told, read };
}

test('a read waits for no block that says nothing of its payment', async () => {
  const { settled, told, read } = await rig();
  read(settled);
  await quiet();
  expect(told).toEqual(['requires_confirmation']);
});

test('what is decided and not durable yet is not told', async () => {
  const { changing, commit, told, read, r } = await rig();
  read(changing);
  read(r.id());
  await quiet();
  expect(told).toEqual([]);
  commit();
  await quiet();
  expect(told).toEqual(['canceled', 'none']);
});

test('nothing is told while nobody knows what became of an append', async () => {
  const { settled, told, read, r } = await rig();
  r.rig.writer.hold();
  read(settled);
  await quiet();
  expect(told).toEqual([]);
});
