import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CustomerSchema } from '../../../gen/florin/payments/v1/customers_pb.ts';
import { OperationKind } from '../../../gen/florin/payments/v1/operations_pb.ts';
import { RefundSchema } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import { StoredPaymentMethodSchema } from '../../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import { intentOf, MERCHANT, STRANGER } from '../../testing/standInCore.ts';
import { standInEdge } from '../../testing/standInEdge.ts';

const uuid = (last: string): string => `0190a000-0000-7000-8000-0000000000${last}`;
const idOf = (prefix: string, last: string): string => `${prefix}_0190a0000000700080000000000000${last}`;

let edge: Awaited<ReturnType<typeof standInEdge>>;
beforeAll(async () => {
  edge = await standInEdge();
  const { stand } = edge;
  for (const [last, merchantId] of [
    ['c1', MERCHANT],
    ['c2', STRANGER],
  ])
    stand.customers.set(
      uuid(last),
      create(CustomerSchema, { id: uuid(last), merchantId, name: last, seq: 1n }),
    );
  const method = { id: uuid('d1'), merchantId: MERCHANT, customerId: uuid('c1'), token: 'pm_card_visa' };
  stand.methods.set(method.id, create(StoredPaymentMethodSchema, method));
  const stored = { customerId: uuid('c1'), paymentMethod: { id: uuid('d1'), token: 'pm_card_visa' } };
  stand.keep(intentOf({ id: uuid('01'), ...stored }));
  stand.keep(intentOf({ id: uuid('02'), ...stored }));
  stand.keep(intentOf({ id: uuid('03'), paymentMethod: { token: 'pm_card_visa' } }));
  stand.keep(intentOf({ id: uuid('04'), customerId: uuid('c2') }));
  const operation = { requestId: uuid('f1'), kind: OperationKind.REFUND, amount: 1n };
  stand.refunds.push(
    create(RefundSchema, { id: uuid('f1'), merchantId: MERCHANT, paymentIntentId: uuid('01'), operation }),
  );
});
afterAll(() => edge.close());
beforeEach(() => void (edge.stand.reads.length = 0));

const PI = `/v1/payment_intents/${idOf('pi', '01')}`;

test('an id becomes the object that it names, and what is not asked for stays an id', async () => {
  const { body } = await edge.get(`${PI}?expand[]=customer`);
  expect(body).toMatchObject({
    customer: { id: idOf('cus', 'c1'), object: 'customer', name: 'c1' },
    payment_method: idOf('pm', 'd1'),
  });
  expect((await edge.get(PI)).body).toMatchObject({ customer: idOf('cus', 'c1') });
});

test('what is not there stays null', async () => {
  const { body } = await edge.get(`${PI}?expand[]=latest_attempt`);
  expect(body['latest_attempt']).toBeNull();
});

test('objects in objects are expanded too', async () => {
  const paths = ['payment_intent.payment_method.customer', 'payment_intent.customer'];
  const { body } = await edge.get(
    `/v1/refunds/${idOf('re', 'f1')}?${paths.map((path) => `expand[]=${path}`).join('&')}`,
  );
  const customer = { object: 'customer', name: 'c1' };
  expect(body).toMatchObject({
    object: 'refund',
    payment_intent: {
      object: 'payment_intent',
      customer,
      payment_method: { object: 'payment_method', customer },
    },
  });
});

test('a list asks once for all of a kind, each only once', async () => {
  const { body } = await edge.get('/v1/payment_intents?expand[]=data.customer&expand[]=data.payment_method');
  const data = body['data'] as { customer: unknown; payment_method: unknown }[];
  expect(data.map(({ customer }) => customer)).toMatchObject([
    { name: 'c1' },
    { name: 'c1' },
    null,
    // Nobody that the merchant has.
    idOf('cus', 'c2'),
  ]);
  expect(data.map(({ payment_method }) => payment_method)).toMatchObject([
    { object: 'payment_method' },
    { object: 'payment_method' },
    // A token names nothing that is stored.
    'pm_card_visa',
    null,
  ]);
  expect(edge.stand.reads.toSorted()).toEqual(['customers 2', 'payment methods 1']);
});

test.each([
  ['a field that holds no id', `${PI}?expand[]=amount`],
  ['what every object has', `${PI}?expand[]=constructor`],
  ['nothing', `${PI}?expand[]=`],
  ['a field of a customer', `${PI}?expand[]=customer.email`],
  ['the data of what is no list', `${PI}?expand[]=data.customer`],
  ['a list without its data', '/v1/payment_intents?expand[]=customer'],
  ['the data themselves', '/v1/payment_intents?expand[]=data'],
  ['one of several', `${PI}?expand[]=customer&expand[]=charge`],
  ['far too much', `${PI}?${Array.from({ length: 11 }, () => 'expand[]=customer').join('&')}`],
])('whoever wants %s expanded is refused', async (_what, url) => {
  expect(await edge.get(url)).toMatchObject({
    status: 400,
    body: { code: 'parameter_invalid', param: 'expand[]' },
  });
  expect(edge.stand.reads).toEqual([]);
});

test('a restricted key sees no more than without', async () => {
  const secret = `sk_test_${'r'.repeat(32)}`;
  edge.stand.addKey(secret, { scopes: ['payment_intents:read', 'customers:read'] });
  expect(await edge.get(`${PI}?expand[]=customer`, secret)).toMatchObject({ status: 200 });
  for (const path of ['payment_method', 'payment_method.customer'])
    expect(await edge.get(`${PI}?expand[]=${path}`, secret)).toMatchObject({
      status: 403,
      body: { code: 'scope_missing', param: 'expand[]' },
    });
});
