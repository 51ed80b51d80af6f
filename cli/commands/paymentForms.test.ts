import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { AttemptState } from '../../gen/florin/payments/v1/attempts_pb.ts';
import { OperationKind, OperationState } from '../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  CancelReason,
  CaptureMethod,
  PaymentIntentSchema,
  PaymentIntentState,
} from '../../gen/florin/payments/v1/payments_pb.ts';
import {
  ExplainResponseSchema,
  NextStepKind,
  TimelineCause,
  TimelineEventKind,
  TimelineEventSchema,
} from '../../gen/florin/payments/v1/timelines_pb.ts';
import {
  explanationJson,
  operationLines,
  paymentJson,
  paymentLines,
  paymentsLines,
  timelineJson,
  timelineLines,
} from './paymentForms.ts';

const WIDE = { width: undefined, isColoured: false };
const AT = timestampFromMs(Date.UTC(2026, 0, 31, 12));

const payment = create(PaymentIntentSchema, {
  id: '0190a000-0000-7000-8000-000000000012',
  merchantId: '0190a000-0000-7000-8000-000000000011',
  amount: { minorUnits: 2_500n, asset: 'EUR' },
  state: PaymentIntentState.PROCESSING,
  captureMethod: CaptureMethod.MANUAL,
  paymentMethod: { type: PaymentMethodType.CARD, token: 'pm_card_visa' },
  counters: { authorized: 2_500n, capturing: 1_000n },
  attempts: [{ provider: 'simulator', state: AttemptState.AUTHORIZED }],
  operations: [
    { id: 'a', kind: OperationKind.AUTHORIZE, state: OperationState.SUCCEEDED, amount: 2_500n, askedAt: AT },
    {
      id: 'c',
      kind: OperationKind.CAPTURE,
      state: OperationState.UNKNOWN,
      amount: 1_000n,
      askedAt: AT,
      said: { minorUnits: 999n, asset: 'EUR' },
      attention: 'the outcome of capture c stays unknown',
    },
  ],
  reference: 'order \u001B[2J7',
  attention: 'the outcome of capture c stays unknown',
  createdAt: AT,
  expiresAt: AT,
  version: 3n,
});
const explained = create(ExplainResponseSchema, {
  whyState: 'Under way.',
  attempts: [{ provider: 'simulator', text: 'Attempt 1: by score.' }],
  next: [{ kind: NextStepKind.QUERY, at: AT, text: 'asked again' }],
  text: 'Attempt 1: by score.\nUnder way.',
});
const event = create(TimelineEventSchema, {
  seq: 43n,
  bookedAt: AT,
  kind: TimelineEventKind.OPERATION_CHANGED,
  cause: TimelineCause.PROVIDER,
  text: 'The provider: capture of 1000 unknown.',
  state: PaymentIntentState.PROCESSING,
});

describe('a payment', () => {
  test('is told at a glance, sums that are zero left out, and nothing can repaint the screen', () => {
    expect(paymentLines(payment, explained, 2)).toEqual([
      'amount        25.00 EUR',
      'state         processing',
      'sums          authorised 25.00, being captured 10.00',
      'method        card pm_card_visa, captured manual',
      'merchant      0190a000-0000-7000-8000-000000000011',
      'reference     order \uFFFD[2J7',
      'created       2026-01-31 12:00:00',
      'expires       2026-01-31 12:00:00',
      'attention     the outcome of capture c stays unknown',
      '',
      'Attempt 1: by score.',
      'Under way.',
    ]);
  });

  test('that is being canceled says so, and why', () => {
    const canceled = { ...payment, canceling: true, cancelReason: CancelReason.ABANDONED };
    const text = paymentLines(canceled, explained, 2).join('\n');
    expect(text).toContain('state         processing, being canceled');
    expect(text).toContain('cancel reason abandoned');
  });

  test('as JSON has its amounts in minor units and null for what there is not', () => {
    expect(paymentJson(payment)).toMatchObject({
      amount: 2_500,
      currency: 'EUR',
      state: 'processing',
      counters: { authorized: 2_500, capturing: 1_000, captured: 0 },
      operations: [
        { state: 'succeeded', said: null, attention: null },
        {
          kind: 'capture',
          state: 'unknown',
          decline_code: null,
          due_at: null,
          said: { amount: 999, currency: 'EUR' },
        },
      ],
      cancel_reason: null,
      available_at: null,
    });
    expect(explanationJson(explained)).toMatchObject({ next: [{ kind: 'query' }] });
    expect(timelineJson(event)).toMatchObject({ seq: 43, cause: 'provider', command_id: null });
  });
});

test('a timeline is a table, a line an event', () => {
  expect(timelineLines([event], WIDE)).toEqual([
    'BOOKED (UTC)             BY        WHAT                                    STATE',
    '2026-01-31 12:00:00.000  provider  The provider: capture of 1000 unknown.  processing',
  ]);
});

test('payments are listed with what an operator has to look at, where there is something', () => {
  const scales = new Map([['EUR', 2]]);
  const [title, line] = paymentsLines([payment], scales, WIDE);
  expect(title).toMatch(/ATTENTION$/);
  expect(line).toMatch(/processing +25\.00 EUR +simulator .* stays unknown$/);
  expect(paymentsLines([{ ...payment, attention: '' }], scales, WIDE)[0]).not.toContain('ATTENTION');
});

test('the queue of an operator has a line an operation that is to be settled, and one for a payment without', () => {
  const lines = operationLines([payment, { ...payment, id: 'other', operations: [] }], WIDE);
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/ c +capture, unknown +simulator +2026-01-31 12:00:00 +the outcome/);
  expect(lines[2]).toMatch(/^other +processing +simulator/);
});
