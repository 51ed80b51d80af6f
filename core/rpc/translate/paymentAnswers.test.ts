import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AttemptState } from '../../../gen/florin/payments/v1/attempts_pb.ts';
import { OperationKind, OperationState } from '../../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  CancelReason,
  CaptureMethod,
  PaymentIntentSchema,
  PaymentIntentState,
} from '../../../gen/florin/payments/v1/payments_pb.ts';
import { TimelineCause, TimelineEventKind } from '../../../gen/florin/payments/v1/timelines_pb.ts';
import { NO_COUNTERS } from '../../kernel/payments/evolve.ts';
import type { Intent } from '../../kernel/payments/model.ts';
import { attemptDoc, intentDoc, OPERATION, operationDoc } from '../testing/fakePayments.ts';
import { paymentIntent, paymentResult } from './paymentAnswers.ts';
import * as names from './paymentNames.ts';

const told = (change: Partial<Intent>) =>
  create(PaymentIntentSchema, paymentIntent(intentDoc(change), 'shop'));

test('a payment intent is told with its amount, sums, attempts and operations', () => {
  const answer = told({
    counters: { ...NO_COUNTERS, authorized: 2_500n, captured: 2_500n, fees: 5n, pending: 2_495n, memo: 1n },
    attempts: [attemptDoc({ state: 'captured', expiresAtUs: 5_000_000 })],
    operations: [operationDoc({ state: 'unknown', tries: 2, dueUs: 7_000_000 })],
    availableAtUs: 8_000_000,
    state: 'succeeded',
  });
  expect(answer).toMatchObject({
    book: 'shop',
    amount: { minorUnits: 2_500n, asset: 'EUR' },
    state: PaymentIntentState.SUCCEEDED,
    captureMethod: CaptureMethod.AUTOMATIC,
    paymentMethod: { type: PaymentMethodType.CARD, token: 'pm_card_visa' },
    counters: { authorized: 2_500n, captured: 2_500n, fees: 5n, pending: 2_495n },
    attempts: [
      {
        state: AttemptState.CAPTURED,
        operationId: OPERATION,
        expiresAt: { seconds: 5n },
        route: {
          strategy: 'score',
          candidates: [{ provider: 'simulator', score: 0.824, authRate: 0.9 }, { provider: 'stripe' }],
          excluded: [{ provider: 'adyen', why: 'does not take EUR' }],
        },
      },
    ],
    operations: [
      {
        kind: OperationKind.SALE,
        state: OperationState.UNKNOWN,
        // Only of a capture does it say something.
        final: false,
        tries: 2,
        dueAt: { seconds: 7n },
      },
    ],
    availableAt: { seconds: 8n },
    cancelReason: CancelReason.UNSPECIFIED,
  });
});

test('a moment that never comes is absent', () => {
  const answer = told({ attempts: [attemptDoc()], operations: [operationDoc()], method: null });
  expect(answer.availableAt).toBeUndefined();
  expect(answer.attempts[0].expiresAt).toBeUndefined();
  expect(answer.operations[0].dueAt).toBeUndefined();
  expect(answer.paymentMethod).toBeUndefined();
});

test('the payer is sent somewhere only while something is to be done there', () => {
  const attempts = [attemptDoc({ actionUrl: 'https://acs.example/1' })];
  expect(told({ attempts, state: 'requires_action' }).nextActionUrl).toBe('https://acs.example/1');
  expect(told({ attempts, state: 'succeeded' }).nextActionUrl).toBe('');
});

test('the last decline is told, whichever call came after it', () => {
  const operations = [
    operationDoc({ decline: 'insufficient_funds', state: 'failed' }),
    operationDoc({ decline: 'lost_card', state: 'failed' }),
    operationDoc({ state: 'succeeded' }),
  ];
  expect(told({ operations }).lastDeclineCode).toBe('lost_card');
  expect(told({}).lastDeclineCode).toBe('');
});

test('a void that was refused is no decline: so a provider tells that it never had the payment', () => {
  const never = operationDoc({ kind: 'sale', state: 'failed' });
  const barred = operationDoc({ kind: 'void', state: 'failed', decline: 'operation_not_allowed' });
  expect(told({ operations: [never, barred] }).lastDeclineCode).toBe('');
  const declined = operationDoc({ decline: 'insufficient_funds', state: 'failed' });
  expect(told({ operations: [declined, never, barred] }).lastDeclineCode).toBe('insufficient_funds');
});

test.each(['requested', 'abandoned', 'duplicate', 'fraudulent', 'expired'])(
  'a payment intent that was canceled says why: %s',
  (cancelReason) => {
    const name = cancelReason.toUpperCase() as keyof typeof CancelReason;
    expect(told({ cancelReason }).cancelReason).toBe(CancelReason[name]);
  },
);

test('every word of the kernel has a number of the contract, and every number a word', () => {
  const pairs: [words: Readonly<Record<string, number>>, numbers: Readonly<Record<string, number>>][] = [
    [names.METHOD_TYPES, PaymentMethodType],
    [names.CAPTURE_METHODS, CaptureMethod],
    [names.INTENT_STATES, PaymentIntentState],
    [names.ATTEMPT_STATES, AttemptState],
    [names.OPERATION_KINDS, OperationKind],
    [names.OPERATION_STATES, OperationState],
    [names.CANCEL_REASONS, CancelReason],
    [names.CAUSES, TimelineCause],
    [names.EVENT_KINDS, TimelineEventKind],
  ];
  for (const [words, numbers] of pairs) {
    const known = Object.entries(numbers).filter(([, number]) => number !== 0);
    const wanted = Object.fromEntries(known.map(([name, number]) => [name.toLowerCase(), number]));
    expect(words).toEqual(wanted);
    for (const [word, number] of Object.entries(words)) expect(names.wordOf(words, number)).toBe(word);
    expect(names.wordOf(words, 0)).toBeUndefined();
  }
});

test('a change of a payment intent without its state is a defect', () => {
  const outcome = { done: true, seq: 1, replayed: false, subject: OPERATION, after: null } as const;
  expect(() => paymentResult(outcome)).toThrow(/is none/);
});
