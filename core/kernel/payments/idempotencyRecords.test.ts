import { expect, test } from 'vitest';
import { intentOf, merchant, PaymentsRig } from '../../../test/simulation/paymentsRig.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { SaveIdempotencyRecord } from './commands.ts';

const save = (id: Uuid, body: string, fingerprint = 'a'): SaveIdempotencyRecord => ({
  op: 'saveIdempotencyRecord',
  id,
  record: { fingerprint: fingerprint.repeat(64), status: 200, body },
});

test('the first record under an id is the record, whatever is saved there later', async () => {
  const r = await PaymentsRig.start(1);
  const id = r.id();
  const first = save(id, 'first');
  expect(await r.send(first)).toMatchObject([
    { done: true, replayed: false, subject: id, record: first.record },
  ]);
  const later = [save(id, 'second'), save(id, 'third', 'b'), first];
  for (const outcome of await r.send(...later))
    expect(outcome).toMatchObject({ done: true, replayed: true, subject: id, record: first.record });
});

test('of savers at once one is first, and all are told the same', async () => {
  const r = await PaymentsRig.start(2);
  const id = r.id();
  const outcomes = await r.send(...Array.from({ length: 50 }, (_, index) => save(id, `answer ${index}`)));
  const records = outcomes.map((outcome) => (outcome.done ? outcome.record : undefined));
  expect(new Set(records.map((record) => JSON.stringify(record)))).toEqual(
    new Set([JSON.stringify(save(id, 'answer 0').record)]),
  );
  expect(outcomes.filter((outcome) => outcome.done && !outcome.replayed)).toHaveLength(1);
});

test('an id is that of a record or of something else, and acts as no payment', async () => {
  const r = await PaymentsRig.start(3);
  const [shop, intent, record] = [r.id(), r.id(), r.id()];
  await r.send(merchant(shop), intentOf(intent, shop), save(record, 'x'));
  expect(await r.send(save(intent, 'x'), intentOf(record, shop))).toMatchObject([
    { done: false, reason: 'ID_REUSED', field: 'id', remembered: false },
    { done: false, reason: 'ID_REUSED', field: 'id', remembered: false },
  ]);
  expect(await r.send({ op: 'cancelIntent', id: r.id(), intent: record, reason: 'requested' })).toMatchObject(
    [{ done: false, reason: 'PAYMENT_NOT_FOUND' }],
  );
});
