import { expect, test } from 'vitest';
import type { PspOutcome } from '../../../core/processes/psp.ts';
import { DAY_MS, HOUR_MS, started } from './started.ts';

const LOST: PspOutcome = { done: 'unknown', why: 'timeout' };
const NOT_SENT: PspOutcome = { done: 'not_sent', why: 'connection refused' };

/** An authorisation whose captures and increments meet what is said, while questions are answered. */
async function authorized(said: PspOutcome) {
  const s = await started({ capture: 'manual', expiresAfterSeconds: 30 * 86_400 });
  await s.begin();
  await s.r.pass(2_000);
  const { alpha, r } = s;
  const sent: number[] = [];
  const lose = (): Promise<PspOutcome> => {
    sent.push(r.rig.ledgerTime.nowUs() / 1e6);
    return Promise.resolve(said);
  };
  alpha.capture = alpha.increment = lose;
  return { ...s, sent, last: () => r.intent(s.id).operations.at(-1)! };
}

test.each([
  ['lost', LOST],
  ['not sent', NOT_SENT],
])('what is %s again and again is sent less and less often, and then an operator has it', async (_, said) => {
  const { r, id, sent, last } = await authorized(said);
  await r.send({ op: 'captureIntent', id: r.id(), intent: id, amount: null, final: true });
  await r.pass(HOUR_MS, 1_000);
  const gaps = sent.slice(1).map((at, index) => at - sent[index]);
  expect(sent.length).toBeGreaterThan(3);
  expect(sent.length).toBeLessThan(8);
  expect(gaps).toEqual(gaps.toSorted((a, b) => a - b));
  await r.pass(2 * DAY_MS, HOUR_MS / 2);
  expect(sent.length).toBeLessThan(10);
  expect(last()).toMatchObject({
    kind: 'capture',
    state: 'unknown',
    attention: expect.stringContaining('key'),
  });
});

test('an increment that was sent before is not proven undone by a try that was not sent', async () => {
  const { r, id, alpha, last } = await authorized(LOST);
  await r.send({ op: 'incrementIntent', id: r.id(), intent: id, amount: 500n });
  await r.pass(2_000);
  alpha.increment = () => Promise.resolve(NOT_SENT);
  // The provider does not know it, so it is sent again; the first try arrives only then.
  await r.pass(40_000, 1_000);
  expect(last()).toMatchObject({ kind: 'increment', state: 'unknown' });
  alpha.query = ({ operation }) =>
    Promise.resolve({
      done: 'succeeded',
      amount: 500n,
      currency: 'EUR',
      providerReference: operation,
      cost: null,
      expiresAtMs: null,
    });
  await r.pass(HOUR_MS, 5_000);
  expect(r.intent(id)).toMatchObject({ counters: { authorized: 10_500n, memo: 10_500n } });
  expect(last()).toMatchObject({ kind: 'increment', state: 'succeeded' });
});

test('control: an increment whose only try was not sent is not done', async () => {
  const { r, id, last } = await authorized(NOT_SENT);
  await r.send({ op: 'incrementIntent', id: r.id(), intent: id, amount: 500n });
  await r.pass(2_000);
  expect(last()).toMatchObject({ kind: 'increment', state: 'not_sent' });
});
