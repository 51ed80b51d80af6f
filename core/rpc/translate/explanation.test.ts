import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExplainResponseSchema, NextStepKind } from '../../../gen/florin/payments/v1/timelines_pb.ts';
import { DECLINES, type DeclineCode } from '../../kernel/payments/declines.ts';
import { dueOf } from '../../kernel/payments/due.ts';
import { NO_COUNTERS } from '../../kernel/payments/evolve.ts';
import type { Intent, OperationState } from '../../kernel/payments/model.ts';
import { isOpen, OPERATION_TRANSITIONS } from '../../kernel/payments/transitions.ts';
import { attemptDoc, intentDoc, OPERATION, operationDoc } from '../testing/fakePayments.ts';
import { explanation } from './explanation.ts';
import { ATTEMPT_STATES, INTENT_STATES } from './paymentNames.ts';

const explained = (change: Partial<Intent>) => create(ExplainResponseSchema, explanation(intentDoc(change)));
const NOON_US = Date.UTC(2026, 0, 31, 12) * 1000;

describe('an explanation', () => {
  test('says why this provider, with what was left out', () => {
    const { attempts } = explained({ attempts: [attemptDoc()], operations: [operationDoc()] });
    expect(attempts[0].text).toBe(
      'Attempt 1: simulator had the best score (simulator 0.8240, stripe 0.7900). Left out: adyen (does not take EUR). It is being asked.',
    );
    expect(attempts[0].route?.candidates).toMatchObject([{ provider: 'simulator' }, { provider: 'stripe' }]);
  });

  test('of a hard decline says that no other provider was asked', () => {
    const answer = explained({
      state: 'requires_payment_method',
      attempts: [attemptDoc({ state: 'declined' })],
      operations: [operationDoc({ state: 'failed', decline: 'lost_card', detail: '41' })],
    });
    expect(answer.attempts[0]).toMatchObject({ declineCode: 'lost_card', hardDecline: true });
    expect(answer.attempts[0].text).toContain('It was declined (lost_card, 41).');
    expect(answer.whyState).toContain('declined for good by simulator (lost_card)');
    expect(answer.next.map(({ kind }) => kind)).toEqual([NextStepKind.EXPIRE, NextStepKind.CALLER]);
  });

  test('of an unknown outcome says when it is asked about again, and that nobody else is asked', () => {
    const answer = explained({
      state: 'processing',
      attempts: [attemptDoc({ state: 'unknown' })],
      operations: [operationDoc({ state: 'unknown', tries: 2, detail: 'read timed out', dueUs: NOON_US })],
    });
    expect(answer.text).toContain('no other provider is asked before that is proven');
    expect(answer.whyState).toBe('Under way: nobody knows whether simulator did the sale (read timed out).');
    expect(answer.next).toMatchObject([
      { kind: NextStepKind.QUERY, operationId: OPERATION, at: { seconds: BigInt(NOON_US / 1e6) } },
    ]);
    expect(answer.text).toContain(
      'Next, at 2026-01-31T12:00:00.000Z: simulator is asked what became of the sale.',
    );
  });

  test('of a call that is not made yet says when it is', () => {
    const operations = [operationDoc({ dueUs: NOON_US })];
    const { next } = explained({ state: 'processing', attempts: [attemptDoc()], operations });
    expect(next).toMatchObject([{ kind: NextStepKind.CALL, text: 'simulator is called for the sale.' }]);
  });

  test('names the payer, the operator and the money that will be available', () => {
    const attempts = [attemptDoc({ state: 'requires_action', actionUrl: 'https://acs.example/1' })];
    expect(explained({ state: 'requires_action', attempts }).next).toMatchObject([
      { kind: NextStepKind.EXPIRE, text: expect.stringContaining('expires') },
      { kind: NextStepKind.PAYER, text: 'The payer goes to https://acs.example/1' },
    ]);
    const money = { ...NO_COUNTERS, authorized: 9n, captured: 9n, pending: 9n };
    const done = explained({
      state: 'succeeded',
      counters: money,
      availableAtUs: NOON_US,
      attention: 'look',
    });
    expect(done.next.map(({ kind }) => kind)).toEqual([NextStepKind.AVAILABLE, NextStepKind.OPERATOR]);
  });

  test('of a payment that is over says that nothing more will happen', () => {
    const answer = explained({ state: 'canceled', cancelReason: 'abandoned' });
    expect(answer.next).toEqual([]);
    expect(answer.text).toBe('It was canceled (abandoned).\nNothing more will happen by itself.');
  });

  test('exists for every state of an intent and of an attempt, as whole sentences', () => {
    for (const state of Object.keys(INTENT_STATES) as Intent['state'][]) {
      for (const attempt of Object.keys(ATTEMPT_STATES) as (keyof typeof ATTEMPT_STATES)[]) {
        const attempts = [attemptDoc({ state: attempt })];
        const { text } = explained({ state, attempts, operations: [operationDoc()] });
        expect(text).not.toMatch(/undefined|\(\)| {2}|\.\.|: \./);
        for (const line of text.split('\n')) expect(line).toMatch(/^[A-Z0-9].*\.$|The payer goes to /);
      }
    }
  });
});

test('the first moment that an explanation tells is the one at which the kernel wakes for the payment', () => {
  const us = fc.integer({ min: NOON_US, max: NOON_US + 86_400e6 });
  const sometimes = fc.option(us, { nil: Infinity });
  const states = Object.keys(OPERATION_TRANSITIONS) as OperationState[];
  const operation = fc
    .record({
      state: fc.constantFrom(...states),
      dueUs: sometimes,
      tries: fc.nat(3),
      decline: fc.constantFrom('', ...(Object.keys(DECLINES) as DeclineCode[])),
    })
    // Nothing is to be done about what is proven.
    .map((one) => operationDoc({ ...one, dueUs: isOpen(one.state) ? one.dueUs : Infinity }));
  const intent = fc
    .record({
      state: fc.constantFrom(...(Object.keys(INTENT_STATES) as Intent['state'][])),
      operations: fc.array(operation, { maxLength: 3 }),
      availableAtUs: sometimes,
      expiresAtUs: us,
      attention: fc.constantFrom('', 'look'),
    })
    .map((one) => {
      const pending = one.availableAtUs === Infinity ? 0n : 5n;
      return intentDoc({ ...one, attempts: [attemptDoc()], counters: { ...NO_COUNTERS, pending } });
    });
  fc.assert(
    fc.property(intent, (one) => {
      const { next } = create(ExplainResponseSchema, explanation(one));
      const moments = next.map(({ at }) =>
        at === undefined ? Infinity : Number(at.seconds) * 1e6 + at.nanos / 1000,
      );
      expect(Math.min(Infinity, ...moments)).toBe(dueOf(one));
      expect(moments).toEqual(moments.toSorted((a, b) => (a === b ? 0 : a - b)));
    }),
    { numRuns: 1_000 },
  );
});
