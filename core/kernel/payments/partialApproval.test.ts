import { expect, test } from 'vitest';
import { NO_FEES, started } from '../../../test/simulation/review/started.ts';
import { NO_FAULTS } from '../../../test/simulation/simulatedPsp.ts';

async function approvedInPart(more: Parameters<typeof started>[0]) {
  const s = await started(more, NO_FEES);
  for (const psp of s.r.psps) psp.rates = { ...NO_FAULTS, partial: 1 };
  await s.begin();
  await s.r.pass(10_000, 500);
  return s;
}

test('a part that an issuer approves is captured, where that was agreed to', async () => {
  const { r, id, alpha } = await approvedInPart({ acceptsPartial: true });
  expect(r.intent(id)).toMatchObject({
    state: 'succeeded',
    amount: 10_000n,
    attention: '',
    counters: { authorized: 5_000n, captured: 5_000n },
  });
  expect(r.receivable(alpha)).toBe(alpha.owes());
});

test('a part that is authorised is all there is to capture', async () => {
  const { r, id, alpha } = await approvedInPart({ acceptsPartial: true, capture: 'manual' });
  expect(r.intent(id)).toMatchObject({
    state: 'requires_capture',
    counters: { authorized: 5_000n, memo: 5_000n },
  });
  const capture = { op: 'captureIntent', intent: id, final: true } as const;
  expect(await r.send({ ...capture, id: r.id(), amount: 5_001n })).toMatchObject([
    { reason: 'EXCEEDS_AUTHORIZED' },
  ]);
  await r.send({ ...capture, id: r.id(), amount: null });
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({ state: 'succeeded', counters: { captured: 5_000n, memo: 0n } });
  expect(r.receivable(alpha)).toBe(alpha.owes());
});

test('where it was not, a part is as good as a decline: the next route is tried, and the part goes back', async () => {
  for (const capture of ['automatic', 'manual'] as const) {
    const { r, id } = await approvedInPart({ capture });
    const intent = r.intent(id);
    expect(intent).toMatchObject({
      state: 'requires_payment_method',
      attention: '',
      counters: { captured: 0n, memo: 0n, unapplied: 0n },
    });
    // The second provider can only authorise.
    const gone = capture === 'automatic' ? ['returned', 'voided'] : ['voided', 'voided'];
    expect(intent.attempts.map(({ state }) => state)).toEqual(gone);
    for (const psp of r.psps) expect(r.receivable(psp)).toBe(psp.owes());
  }
});
