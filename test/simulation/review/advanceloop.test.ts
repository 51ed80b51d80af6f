import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, NO_FEES, started } from './started.ts';

test('a payment whose pending money was all refunded asks for nothing on the day it would become available', async () => {
  const { r, id, begin } = await started({}, NO_FEES);
  await begin();
  await r.pass(2_000);
  await r.send({ op: 'refundIntent', id: r.id(), intent: id, amount: null });
  await r.pass(5_000);
  expect(r.intent(id)).toMatchObject({ counters: { pending: 0n, refunded: 10_000n } });
  await r.pass(5 * DAY_MS, HOUR_MS);
  const told: string[] = [];
  r.sabotage.tell = (command) => {
    told.push(command.op);
    return command;
  };
  await r.pass(10_000, 250);
  expect(told).toEqual([]);
});
