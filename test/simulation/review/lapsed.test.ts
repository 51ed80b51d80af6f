import { expect, test } from 'vitest';
import type { PspOutcome } from '../../../core/processes/psp.ts';
import { DAY_MS, HOUR_MS, NO_FEES, started } from './started.ts';

const YEAR_S = 365 * 86_400;

/** An authorisation that stands for seven days, of a payment that would wait for a year. */
async function authorized() {
  const s = await started({ capture: 'manual', expiresAfterSeconds: YEAR_S }, NO_FEES);
  await s.begin();
  await s.r.pass(2_000);
  expect(s.r.intent(s.id)).toMatchObject({ state: 'requires_capture' });
  return s;
}

const REFUSED: PspOutcome = {
  done: 'declined',
  code: 'operation_not_allowed',
  providerCode: 'authorization_expired',
  providerReference: '',
};

test('a payment whose authorisation lapses expires, once its provider has let go of it', async () => {
  const { r, id, alpha } = await authorized();
  await r.pass(7 * DAY_MS - HOUR_MS, HOUR_MS);
  expect(r.intent(id).state).toBe('requires_capture');
  await r.pass(2 * HOUR_MS, 60_000);
  expect(r.intent(id)).toMatchObject({
    state: 'expired',
    cancelReason: 'expired',
    counters: { memo: 0n },
    attempts: [{ state: 'voided' }],
  });
  expect([...alpha.payments.values()]).toMatchObject([{ state: 'voided' }]);
});

test('a payment whose authorisation has lapsed at its provider, too, expires, and nobody has to look at it', async () => {
  const { r, id, alpha } = await authorized();
  let voids = 0;
  alpha.void = () => {
    voids++;
    return Promise.resolve(REFUSED);
  };
  await r.pass(8 * DAY_MS, HOUR_MS / 2);
  expect(r.intent(id)).toMatchObject({
    state: 'expired',
    attention: '',
    counters: { memo: 0n },
    attempts: [{ state: 'expired' }],
  });
  expect(voids).toBe(1);
});

test('the rest of an authorisation lapses, and what was captured stays', async () => {
  const { r, id, alpha } = await authorized();
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: 4_000n, final: false });
  await r.pass(2_000);
  alpha.void = () => Promise.resolve(REFUSED);
  await r.pass(8 * DAY_MS, HOUR_MS / 2);
  expect(r.intent(id)).toMatchObject({
    state: 'succeeded',
    attention: '',
    cancelReason: '',
    canceling: false,
    counters: { captured: 4_000n, memo: 0n },
  });
  expect(r.receivable(alpha)).toBe(alpha.owes());
});

test('control: a void that is refused before the authorisation lapses is an operator’s', async () => {
  const { r, id, alpha } = await authorized();
  alpha.void = () => Promise.resolve(REFUSED);
  await r.send({ op: 'cancelIntent', id: r.id(), intent: id, reason: 'requested' });
  await r.pass(2_000);
  expect(r.intent(id)).toMatchObject({
    state: 'requires_capture',
    attention: expect.stringContaining('refused'),
  });
});

test('a capture that is proven after the authorisation has lapsed is booked', async () => {
  const { r, id, alpha } = await authorized();
  const capture = alpha.capture.bind(alpha);
  const query = alpha.query.bind(alpha);
  alpha.capture = async (call) => {
    await capture(call);
    return { done: 'unknown', why: 'timeout' };
  };
  alpha.query = () => Promise.resolve({ done: 'unknown', why: 'timeout' });
  await r.pass(6 * DAY_MS, HOUR_MS);
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: 4_000n, final: false });
  await r.pass(2 * DAY_MS, HOUR_MS);
  expect(r.intent(id)).toMatchObject({ state: 'processing' });
  alpha.query = query;
  await r.pass(3 * DAY_MS, HOUR_MS / 2);
  expect(r.intent(id)).toMatchObject({ state: 'succeeded', counters: { captured: 4_000n, memo: 0n } });
  expect(r.receivable(alpha)).toBe(alpha.owes());
});

test('an authorisation that an operator has proven lapses as long after it was asked for as its provider holds one', async () => {
  const { r, id, alpha, begin } = await started({ capture: 'manual', expiresAfterSeconds: YEAR_S }, NO_FEES);
  const authorize = alpha.authorize.bind(alpha);
  alpha.authorize = async (call) => {
    await authorize(call);
    return { done: 'unknown', why: 'timeout' };
  };
  alpha.query = () => Promise.resolve({ done: 'unknown', why: 'timeout' });
  await begin();
  await r.pass(7 * DAY_MS - HOUR_MS, HOUR_MS / 2);
  const [{ id: operation, attention }] = r.intent(id).operations;
  expect(attention).toContain('stays unknown');
  const settled = { op: 'settleOperation', intent: id, operation, verdict: 'done', note: 'seen' } as const;
  expect(await r.send({ ...settled, id: r.id() })).toMatchObject([{ done: true }]);
  expect(r.intent(id)).toMatchObject({ state: 'requires_capture' });
  await r.pass(2 * HOUR_MS, 60_000);
  expect(r.intent(id)).toMatchObject({ state: 'expired', counters: { memo: 0n } });
});
