import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CustomerSchema } from '../../../gen/florin/payments/v1/customers_pb.ts';
import { MERCHANT, STRANGER } from '../../testing/standInCore.ts';
import { standInEdge } from '../../testing/standInEdge.ts';

let edge: Awaited<ReturnType<typeof standInEdge>>;
beforeAll(async () => {
  edge = await standInEdge();
  for (const [seq, merchantId] of [MERCHANT, MERCHANT, STRANGER, MERCHANT].entries()) {
    const id = `0190a000-0000-7000-8000-0000000000c${seq}`;
    const customer = create(CustomerSchema, { id, merchantId, name: `n${seq}`, seq: BigInt(seq + 1) });
    edge.stand.customers.set(id, customer);
  }
});
afterAll(() => edge.close());

const cus = (last: number): string => `cus_0190a0000000700080000000000000c${last}`;
const listed = async (query: string) => {
  const { body } = await edge.get(`/v1/customers?${query}`);
  return [(body['data'] as { id: string }[]).map(({ id }) => id), body['has_more']];
};

test('customers of the merchant are listed newest first, from one on in either direction', async () => {
  expect(await listed('')).toEqual([[cus(3), cus(1), cus(0)], false]);
  expect(await listed('limit=1')).toEqual([[cus(3)], true]);
  expect(await listed(`starting_after=${cus(3)}`)).toEqual([[cus(1), cus(0)], false]);
  expect(await listed(`limit=1&ending_before=${cus(0)}`)).toEqual([[cus(1)], true]);
});

test.each([
  [cus(2), undefined],
  ['cus_x', 'starting_after'],
])('a list behind %s, who is none of the merchant, is refused', async (id, param) => {
  const answer = await edge.get(`/v1/customers?starting_after=${id}`);
  expect(answer).toMatchObject({ status: 404, body: { code: 'resource_missing' } });
  expect(answer.body['param']).toBe(param);
});
