import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type BalanceTransaction,
  BalanceTransactionSchema,
  BalanceTransactionStatus,
  BalanceTransactionType,
} from '../../../gen/florin/payments/v1/balance_transactions_pb.ts';
import { intentOf, MERCHANT, STRANGER } from '../../testing/standInCore.ts';
import { standInEdge } from '../../testing/standInEdge.ts';

const PAYMENT = '0190a000-0000-7000-8000-000000000001';
const PI = 'pi_0190a000000070008000000000000001';
let edge: Awaited<ReturnType<typeof standInEdge>>;
beforeAll(async () => {
  edge = await standInEdge();
  edge.stand.keep(intentOf({ id: PAYMENT }));
  edge.stand.balanceTransactions.push(row(3), row(2, 'USD'), row(2), row(1), row(4, 'EUR', STRANGER));
});
afterAll(() => edge.close());

function row(last: number, currency = 'EUR', merchantId = MERCHANT): BalanceTransaction {
  return create(BalanceTransactionSchema, {
    id: `0190a000-0000-7000-8000-0000000000f${last}`,
    merchantId,
    currency,
    type: BalanceTransactionType.CHARGE,
    status: BalanceTransactionStatus.PENDING,
    amount: 2_500n,
    fee: 100n,
    tax: 19n,
    net: 2_381n,
    paymentIntentId: last === 1 ? '' : PAYMENT,
    createdAt: timestampFromMs(1_795_000_000_000),
    availableAt: timestampFromMs(1_795_086_400_000),
    seq: BigInt(last),
  });
}
const txn = (last: number, currency = 'eur') => `txn_0190a0000000700080000000000000f${last}_${currency}`;

test('a balance transaction says what it did, in each currency that it moved', async () => {
  expect(await edge.get(`/v1/balance_transactions/${txn(2)}`)).toEqual({
    status: 200,
    body: {
      id: txn(2),
      object: 'balance_transaction',
      created: 1_795_000_000,
      livemode: false,
      type: 'charge',
      status: 'pending',
      amount: 2_500,
      fee: 100,
      tax: 19,
      net: 2_381,
      currency: 'eur',
      available_on: 1_795_086_400,
      payment_intent: PI,
    },
  });
  expect(await edge.get(`/v1/balance_transactions/${txn(2, 'usd')}`)).toMatchObject({
    body: { id: txn(2, 'usd'), currency: 'usd' },
  });
  const none = [txn(2, 'gbp'), txn(4), txn(2).replace('_eur', ''), txn(2, 'EUR'), PI, 'txn_x_eur'];
  for (const id of none)
    expect(await edge.get(`/v1/balance_transactions/${id}`), id).toMatchObject({
      status: 404,
      body: { code: 'resource_missing' },
    });
});

test('they are listed newest first, from one on in either direction, of all payments or of one', async () => {
  const listed = async (query: string) => {
    const { body } = await edge.get(`/v1/balance_transactions?${query}`);
    return [(body['data'] as { id: string }[]).map(({ id }) => id), body['has_more']];
  };
  const all = [txn(3), txn(2, 'usd'), txn(2), txn(1)];
  expect(await listed('')).toEqual([all, false]);
  expect(await listed(`limit=1&starting_after=${txn(2, 'usd')}`)).toEqual([[txn(2)], true]);
  expect(await listed(`limit=2&ending_before=${txn(1)}`)).toEqual([[txn(2, 'usd'), txn(2)], true]);
  expect(await listed(`payment_intent=${PI}`)).toEqual([all.slice(0, 3), false]);
});

test.each([
  ['behind one of somebody else', `starting_after=${txn(4)}`, undefined],
  ['behind what is none', 'ending_before=txn_1', 'ending_before'],
  ['of a payment that is none', `payment_intent=${PI.replace('1', '7')}`, undefined],
  ['of no payment', 'payment_intent=x', 'payment_intent'],
])('a list %s is refused', async (_what, query, param) => {
  const answer = await edge.get(`/v1/balance_transactions?${query}`);
  expect(answer).toMatchObject({ status: 404, body: { code: 'resource_missing' } });
  expect(answer.body['param']).toBe(param);
});
