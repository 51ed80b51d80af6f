import { expect, test } from 'vitest';
import { intentOf, merchant, PaymentsRig } from '../../test/simulation/paymentsRig.ts';
import { NO_FAULTS, type SimulatedPsp } from '../../test/simulation/simulatedPsp.ts';

const DAY_MS = 86_400_000;

/** Somebody gives the provider the keys of its other mode: what it was asked before, that account knows nothing of. */
function reconfigure(psp: SimulatedPsp): void {
  Object.assign(psp.capabilities, { live: !psp.capabilities.live });
  psp.done.clear();
  psp.payments.clear();
}

test.each(['test', 'live'] as const)(
  'a provider that is of the other mode by now is not asked to capture what it holds for a merchant of mode %s',
  async (mode) => {
    const r = await PaymentsRig.start(3);
    const [shop, id, capture] = [r.id(), r.id(), r.id()];
    for (const psp of r.psps) Object.assign(psp.capabilities, { live: mode === 'live' });
    await r.send(merchant(shop, { mode }), intentOf(id, shop, { confirm: true, capture: 'manual' }));
    await r.pass(2_000);
    expect(r.intent(id).state).toBe('requires_capture');
    // In which mode the provider was chosen outlasts the process.
    await r.restart();
    const psp = r.psps.find(({ name }) => name === r.intent(id).attempts[0].provider)!;
    const { calls } = psp;
    reconfigure(psp);
    await r.send({ op: 'captureIntent', id: capture, intent: id, amount: 10_000n, final: true });
    await r.pass(2_000);
    expect(psp.calls).toBe(calls);
    expect(r.intent(id).operations.at(-1)).toMatchObject({ kind: 'capture', state: 'unknown' });
    // With its own keys it is asked again, by the schedule.
    Object.assign(psp.capabilities, { live: mode === 'live' });
    await r.pass(60_000, 1_000);
    expect(psp.calls).toBeGreaterThan(calls);
  },
);

test('that a provider of the other mode does not know a payment proves nothing of it: an operator has it in the end', async () => {
  const r = await PaymentsRig.start(3);
  const [shop, id] = [r.id(), r.id()];
  for (const psp of r.psps) psp.rates = { ...NO_FAULTS, replyLost: 1, queryLost: 1 };
  await r.send(merchant(shop), intentOf(id, shop, { confirm: true }));
  await r.pass(20_000);
  expect(r.intent(id).operations).toMatchObject([{ state: 'unknown' }]);
  const { provider } = r.intent(id).attempts[0];
  const psp = r.psps.find(({ name }) => name === provider)!;
  psp.rates = NO_FAULTS;
  const { calls } = psp;
  reconfigure(psp);
  await r.pass(8 * DAY_MS, 600_000);
  expect(psp.calls).toBe(calls);
  const { attempts, attention } = r.intent(id);
  expect(attempts).toHaveLength(1);
  expect(attention).not.toBe('');
});

test('what a provider of the other mode cannot be asked holds up nothing of what it owes', async () => {
  const r = await PaymentsRig.start(3);
  const [play, real] = [r.id(), r.id()];
  const [old, young] = [r.id(), r.id()];
  r.away.add('beta');
  const [alpha] = r.psps;
  alpha.rates = { ...NO_FAULTS, replyLost: 1, queryLost: 1 };
  await r.send(merchant(play), merchant(real, { mode: 'live' }), intentOf(old, play, { confirm: true }));
  await r.pass(20_000);
  expect(r.intent(old).operations).toMatchObject([{ state: 'unknown' }]);
  reconfigure(alpha);
  await r.send(intentOf(young, real, { confirm: true }));
  await r.pass(20_000);
  expect(r.intent(young).operations).toMatchObject([{ state: 'unknown' }]);
  // By then the schedule asks again in an hour only.
  await r.pass(600_000, 1_000);
  expect(r.intent(young).operations).toMatchObject([{ state: 'unknown' }]);
  alpha.rates = NO_FAULTS;
  await r.pass(120_000, 1_000);
  expect(r.intent(young).state).toBe('succeeded');
  expect(r.intent(old).operations).toMatchObject([{ state: 'unknown' }]);
});
