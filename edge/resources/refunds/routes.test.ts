import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  OperationKind,
  OperationState,
  RefundReason,
} from '../../../gen/florin/payments/v1/operations_pb.ts';
import { type Refund, RefundSchema } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import { MERCHANT, STRANGER } from '../../testing/standInCore.ts';
import { standInEdge } from '../../testing/standInEdge.ts';

let edge: Awaited<ReturnType<typeof standInEdge>>;
beforeAll(async () => {
  edge = await standInEdge();
  edge.stand.refunds.push(refund(3, OperationState.UNKNOWN), refund(2, OperationState.FAILED), refund(1));
  edge.stand.refunds.push(refund(4, OperationState.SUCCEEDED, STRANGER));
});
afterAll(() => edge.close());

const PI = 'pi_0190a000000070008000000000000001';
const re = (last: number): string => `re_0190a0000000700080000000000000f${last}`;

function refund(
  last: number,
  state: OperationState = OperationState.SUCCEEDED,
  merchantId = MERCHANT,
): Refund {
  const id = `0190a000-0000-7000-8000-0000000000f${last}`;
  return create(RefundSchema, {
    id,
    merchantId,
    paymentIntentId: '0190a000-0000-7000-8000-000000000001',
    amount: { minorUnits: 500n, asset: 'EUR' },
    operation: {
      requestId: id,
      kind: OperationKind.REFUND,
      state,
      amount: 500n,
      askedAt: timestampFromMs(1_795_000_000_000),
      refundReason: RefundReason.DUPLICATE,
      refundReference: 'r 1',
      refundMetadata: { case: '7' },
      version: 4n,
    },
    seq: BigInt(last),
  });
}

test('a refund says how it stands, and nobody else has it', async () => {
  expect(await edge.get(`/v1/refunds/${re(1)}`)).toEqual({
    status: 200,
    body: {
      id: re(1),
      object: 'refund',
      created: 1_795_000_000,
      livemode: false,
      status: 'succeeded',
      version: 4,
      amount: 500,
      currency: 'eur',
      payment_intent: PI,
      reason: 'duplicate',
      reference: 'r 1',
      failure_reason: null,
      metadata: { case: '7' },
    },
  });
  expect(await edge.get(`/v1/refunds/${re(3)}`)).toMatchObject({ body: { status: 'pending' } });
  expect(await edge.get(`/v1/refunds/${re(2)}`)).toMatchObject({
    body: { status: 'failed', failure_reason: 'not_done' },
  });
  for (const id of [re(4), re(9), PI, 're_x'])
    expect(await edge.get(`/v1/refunds/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'resource_missing' },
    });
});

test('refunds are listed newest first, from an id on', async () => {
  const listed = async (query: string) => {
    const { body } = await edge.get(`/v1/refunds?${query}`);
    return [(body['data'] as { id: string }[]).map(({ id }) => id), body['has_more']];
  };
  expect(await listed(`payment_intent=${PI}`)).toEqual([[re(3), re(2), re(1)], false]);
  expect(await listed('limit=2')).toEqual([[re(3), re(2)], true]);
  expect(await listed(`starting_after=${re(2)}`)).toEqual([[re(1)], false]);
  expect(await listed(`limit=1&ending_before=${re(1)}`)).toEqual([[re(2)], true]);
});

test.each([
  ['of a payment that is none', `payment_intent=${re(1)}`, 404, 'resource_missing', 'payment_intent'],
  ['behind an id that is none', `starting_after=${PI}`, 404, 'resource_missing', 'starting_after'],
  ['behind an id of somebody else', `starting_after=${re(4)}`, 404, 'resource_missing', undefined],
  [
    'in two directions',
    `starting_after=${re(1)}&ending_before=${re(2)}`,
    400,
    'parameters_exclusive',
    'ending_before',
  ],
  ['by what is no parameter', 'charge=x', 400, 'parameter_unknown', 'charge'],
])('a list %s is refused', async (_what, query, status, code, param) => {
  const answer = await edge.get(`/v1/refunds?${query}`);
  expect(answer).toMatchObject({ status, body: { code } });
  expect(answer.body['param']).toBe(param);
});
