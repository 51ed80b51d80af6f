import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { OperatorService, Verdict } from '../../../gen/florin/payments/v1/operators_pb.ts';
import { PaymentIntentState } from '../../../gen/florin/payments/v1/payments_pb.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import {
  FakePayments,
  intentDoc,
  MERCHANT,
  OPERATION,
  operationDoc,
  PAYMENT,
} from '../testing/fakePayments.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { listOperatorQueue, settleOperations } = OperatorService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
});
afterAll(() => serving.close());
beforeEach(() => {
  Object.assign(serving.payments, new FakePayments());
  Object.assign(serving.reads, { seq: 41, intentDocs: [], merchantDocs: [] });
  serving.reads.asked.length = 0;
});

const id = '0190a3a0-0000-7000-8000-000000000009';

test('settlements reach the kernel as commands, and are answered as changes of payments are', async () => {
  const settlement = {
    id,
    paymentIntentId: PAYMENT,
    operationId: OPERATION,
    verdict: Verdict.ACCEPT,
    note: 'n',
  };
  serving.payments.onWait = (intent) => Promise.resolve(intentDoc({ id: intent, state: 'succeeded' }));
  const unsaid = { ...settlement, verdict: Verdict.UNSPECIFIED };
  const request = { book: 'shop', settlements: [settlement, unsaid], waitMs: 10 };
  const { results } = await byGrpc(serving.grpc, settleOperations, request);
  expect(results.map(({ outcome }) => outcome)).toMatchObject([
    { case: 'changed', value: { paymentIntent: { state: PaymentIntentState.SUCCEEDED } } },
    { case: 'refused', value: { reason: 'MISSING_FIELD', field: 'verdict' } },
  ]);
  expect(serving.payments.submitted[0].items[0]).toMatchObject({ op: 'settleOperation', verdict: 'accept' });
});

test('a batch of none is refused by the name of its field', async () => {
  const told = await refusalOf(byGrpc(serving.grpc, settleOperations, { book: 'shop' }));
  expect(told.info).toMatchObject({ reason: 'BATCH_SIZE', metadata: { field: 'settlements' } });
});

test('the queue asks for what has attention, and shows why with what the provider said', async () => {
  const said = { amount: 2_499n, currency: 'EUR', cost: 3n };
  const operations = [operationDoc({ said, attention: 'another amount' })];
  serving.reads.intentDocs = [intentDoc({ attention: 'another amount', operations })];
  const request = { book: 'shop', merchantId: MERCHANT };
  const { paymentIntents } = await byGrpc(serving.grpc, listOperatorQueue, request);
  expect(paymentIntents).toMatchObject([
    {
      attention: 'another amount',
      operations: [{ attention: 'another amount', said: { minorUnits: 2_499n, asset: 'EUR' } }],
    },
  ]);
  expect(serving.reads.asked.at(-1)).toMatchObject({ onlyAttention: true, merchant: MERCHANT });
  const told = await refusalOf(byGrpc(serving.grpc, listOperatorQueue, { book: 'shop', merchantId: 'x' }));
  expect(told.info?.metadata.field).toBe('merchant_id');
});
