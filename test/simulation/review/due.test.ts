import { expect, test } from 'vitest';
import { eachEvent, viewOf } from '../../../core/kernel/ledger/body.ts';
import { EventType } from '../../../core/kernel/ledger/layout.ts';
import { changeAt } from '../../../core/kernel/payments/change.ts';
import { dueOf } from '../../../core/kernel/payments/due.ts';
import { PaymentsRig, intentOf, merchant } from '../paymentsRig.ts';

/** When the payment is due by the last event of the journal. */
function lastDueUs(r: PaymentsRig): number {
  let dueUs = NaN;
  for (const { body } of r.rig.store.blocks(0)) {
    const view = viewOf(body);
    eachEvent(view, (type, at) => {
      const change = type === EventType.payment ? changeAt(view, at) : undefined;
      if (change !== undefined && 'after' in change) dueUs = change.after.dueUs;
    });
  }
  return dueUs;
}

test('an event that asks for attention tells the moment at which its payment is due with it', async () => {
  const r = await PaymentsRig.start(1);
  const [shop, id] = [r.id(), r.id()];
  const [alpha] = r.psps;
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true, capture: 'manual' }));
  await r.pass(2_000);
  alpha.void = () =>
    Promise.resolve({
      done: 'declined',
      code: 'not_permitted',
      providerCode: 'no',
      providerReference: '',
    });
  const told = (): number => lastDueUs(r);
  await r.send({ op: 'cancelIntent', id: r.id(), intent: id, reason: 'requested' });
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({ state: 'requires_capture', attention: expect.stringMatching('void') });
  expect(told()).toBe(dueOf(r.intent(id)));
});

test('an event of one provider says nothing of what was asked of another', async () => {
  const r = await PaymentsRig.start(1);
  const [shop, id] = [r.id(), r.id()];
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(2_000);
  const operation = r.intent(id).operations[0].id;
  const event = {
    op: 'recordEvent',
    intent: id,
    operation,
    kind: 'dispute_opened',
    payment: '',
    occurredUs: 0,
    proof: null,
    moved: null,
  } as const;
  await r.send({ ...event, id: r.id(), provider: 'beta' });
  expect(r.intent(id)).toMatchObject({ attention: '', version: 2 });
  await r.send({ ...event, id: r.id(), provider: 'alpha' });
  expect(r.intent(id).attention).toContain('dispute_opened');
});
