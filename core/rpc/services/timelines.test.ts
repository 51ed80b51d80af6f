import { status } from '@grpc/grpc-js';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  NextStepKind,
  TimelineCause,
  TimelineEventKind,
  TimelineService,
} from '../../../gen/florin/payments/v1/timelines_pb.ts';
import { PaymentIntentState } from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { After, IntentMoved } from '../../kernel/payments/change.ts';
import { NO_COUNTERS } from '../../kernel/payments/evolve.ts';
import type { TimelineRow } from '../reads.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import {
  attemptDoc,
  intentDoc,
  MERCHANT,
  OPERATION,
  operationDoc,
  PAYMENT,
} from '../testing/fakePayments.ts';
import { transactionRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';
import { PURPOSES } from './timelines.ts';

const { explain, getTimeline, listPaymentTransactions } = TimelineService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
});
afterAll(() => serving.close());
beforeEach(() => {
  Object.assign(serving.reads, { intentDocs: [intentDoc()], timelineRows: [], transactionRows: [] });
});

const after = (change: Partial<After> = {}): After => ({
  state: 'processing',
  version: 1,
  cancelReason: '',
  canceling: false,
  attention: '',
  availableAtUs: Infinity,
  later: [],
  owing: '',
  reserves: [],
  dueUs: Infinity,
  counters: { ...NO_COUNTERS },
  ...change,
});

const moved = (name: IntentMoved['name'], change: Partial<IntentMoved> = {}): IntentMoved => ({
  name,
  by: 'provider',
  request: [],
  attempts: [],
  operations: [],
  after: after(),
  ...change,
});

const row = (seq: number, change: TimelineRow['change']): TimelineRow => ({
  seq,
  bookedUs: 1_700_000_000_000_000 + seq,
  change,
  commandId: OPERATION,
});

const { metadata: _metadata, ...fields } = intentDoc();
const created = row(40, {
  name: 'intent_created',
  by: 'caller',
  request: [],
  intent: { ...fields, merchant: MERCHANT, metadata: [] },
  attempts: [[0, attemptDoc()]],
  operations: [operationDoc()],
  after: after({ dueUs: 5_000_000 }),
});

const about = { book: 'shop', paymentIntentId: PAYMENT };

describe('a timeline', () => {
  test('tells every event in order: what, by whom, what stood after it', async () => {
    serving.reads.timelineRows = [
      created,
      row(
        43,
        moved('operation_changed', {
          operations: [operationDoc({ state: 'unknown', detail: 'read timed out' })],
          after: after({ version: 2 }),
        }),
      ),
      row(47, moved('money_available', { by: 'timer', after: after({ state: 'succeeded', version: 3 }) })),
    ];
    const { events, nextPageToken } = await byGrpc(serving.grpc, getTimeline, about);
    expect(events).toMatchObject([
      {
        seq: 40n,
        kind: TimelineEventKind.INTENT_CREATED,
        cause: TimelineCause.CALLER,
        commandId: OPERATION,
        text: 'Created for 2500 EUR in minor units, and confirmed: sale of 2500 by simulator pending.',
        attempts: [{ index: 0, attempt: { provider: 'simulator' } }],
        dueAt: { seconds: 5n },
      },
      { seq: 43n, text: 'The provider: sale of 2500 unknown (read timed out).', version: 2n },
      { seq: 47n, cause: TimelineCause.TIMER, state: PaymentIntentState.SUCCEEDED },
    ]);
    expect(events[1].dueAt).toBeUndefined();
    expect(nextPageToken).toBe('');
  });

  test('comes in pages, oldest first', async () => {
    serving.reads.timelineRows = [41, 42, 43].map((seq) => row(seq, moved('attempt_started')));
    const first = await byGrpc(serving.grpc, getTimeline, { ...about, pageSize: 2 });
    expect(first.events.map(({ seq }) => seq)).toEqual([41n, 42n]);
    const pageToken = first.nextPageToken;
    const second = await byGrpc(serving.grpc, getTimeline, { ...about, pageSize: 2, pageToken });
    expect(second.events.map(({ seq }) => seq)).toEqual([43n]);
  });

  test.each([
    [moved('attempt_started', { attempts: [[1, attemptDoc()]] }), 'Confirmed, attempt 2.'],
    [moved('operation_started', { by: 'timer' }), 'Its time ran out.'],
    [
      moved('operation_started', { operations: [operationDoc({ kind: 'capture', amount: 7n })] }),
      'Asked for: capture of 7 pending.',
    ],
    [
      moved('operation_started', { after: after({ canceling: true }) }),
      'Canceling began, once what is under way is known.',
    ],
    [moved('intent_canceled', { after: after({ cancelReason: 'abandoned' }) }), 'Canceled (abandoned).'],
    [moved('intent_expired'), 'Expired.'],
    [moved('money_available'), 'What was pending is available to the merchant.'],
    [
      moved('attention_raised', { after: after({ attention: 'two proofs' }) }),
      'An operator has to look at it (two proofs).',
    ],
    [
      moved('operation_changed', {
        operations: [operationDoc({ state: 'failed', decline: 'lost_card', detail: '41' })],
      }),
      'The provider: sale of 2500 failed (lost_card, 41).',
    ],
  ])('says %o in one sentence', async (change, text) => {
    serving.reads.timelineRows = [row(41, change)];
    const { events } = await byGrpc(serving.grpc, getTimeline, about);
    expect(events[0].text).toBe(text);
  });
});

test('an explanation is of the payment intent as the read models hold it', async () => {
  const answer = await byGrpc(serving.grpc, explain, about);
  expect(answer).toMatchObject({
    state: PaymentIntentState.REQUIRES_CONFIRMATION,
    whyState: 'It has a method and is not confirmed.',
    next: [{ kind: NextStepKind.EXPIRE }, { kind: NextStepKind.CALLER }],
    asOfSeq: 41n,
  });
});

describe('the transactions of a payment', () => {
  test('are those of every purpose, newest first, in pages', async () => {
    const of = (purpose: string) => ({ reference: `payment ${PAYMENT} ${purpose}` });
    serving.reads.transactionRows = [
      transactionRow(9, of('available')),
      transactionRow(8, { reference: 'invoice 7' }),
      transactionRow(7, of('captured')),
      transactionRow(5, of('captured')),
      transactionRow(4, of('authorized')),
    ];
    const first = await byGrpc(serving.grpc, listPaymentTransactions, { ...about, pageSize: 3 });
    expect(first.transactions.map(({ seq }) => seq)).toEqual([9n, 7n, 5n]);
    const pageToken = first.nextPageToken;
    const second = await byGrpc(serving.grpc, listPaymentTransactions, { ...about, pageSize: 3, pageToken });
    expect(second.transactions.map(({ seq }) => seq)).toEqual([4n]);
    expect(second.nextPageToken).toBe('');
  });

  test('are looked for under every purpose that the kernel books', () => {
    const folder = join(import.meta.dirname, '../../kernel/payments');
    const source = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n');
    const booked = [...source.matchAll(/(?:flow|this)\.book\(\s*'([^']+)'/g)].map(([, purpose]) => purpose);
    expect(booked.length).toBeGreaterThan(8);
    expect([...new Set(booked)].toSorted()).toEqual([...PURPOSES].toSorted());
  });
});

test.each([
  ['GetTimeline', getTimeline],
  ['Explain', explain],
] as const)('%s of a payment that is not there is NOT_FOUND', async (_name, method) => {
  serving.reads.intentDocs = [];
  const told = await refusalOf(
    byGrpc<typeof method.input, typeof method.output>(serving.grpc, method, about),
  );
  expect(told).toMatchObject({ code: status.NOT_FOUND, info: { metadata: { field: 'payment_intent_id' } } });
});
