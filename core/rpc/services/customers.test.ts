import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CustomerService } from '../../../gen/florin/payments/v1/customers_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { Customer } from '../../kernel/payments/model.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { FakePayments, MERCHANT, refusedOf } from '../testing/fakePayments.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { createCustomers, getCustomer, listCustomers, updateCustomers } = CustomerService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve({ level: 'debug' });
});
afterAll(() => serving.close());
beforeEach(() => {
  Object.assign(serving.payments, new FakePayments());
  Object.assign(serving.reads, { customerDocs: [] });
  serving.reads.asked.length = 0;
});

const id = (last: number): Uuid => `0190a3a0-0000-7000-8000-${String(last).padStart(12, '0')}` as Uuid;
const create = (item: object) =>
  byGrpc(serving.grpc, createCustomers, {
    book: 'shop',
    customers: [{ id: id(1), merchantId: MERCHANT, name: 'Mia Berg', ...item }],
  });
const update = (item: object) =>
  byGrpc(serving.grpc, updateCustomers, {
    book: 'shop',
    updates: [{ id: id(2), customerId: id(1), ...item }],
  });

function doc(seq: number): Customer {
  return {
    id: id(seq),
    seq,
    book: 2,
    merchant: MERCHANT,
    name: 'Mia Berg',
    email: 'mia@example.org',
    description: '',
    reference: 'c 7',
    metadata: { tier: 'gold' },
    createdUs: 1_700_000_000_000_000,
    version: 2,
    lastSeq: seq + 1,
  };
}

test('a customer is created, and answered with its id', async () => {
  const { results } = await create({ email: 'mia@example.org', metadata: { tier: 'gold' } });
  expect(results).toMatchObject([{ outcome: { case: 'done', value: { customerId: id(1), seq: 41n } } }]);
  expect(serving.payments.submitted.at(-1)?.items).toEqual([
    {
      op: 'createCustomer',
      id: id(1),
      merchant: MERCHANT,
      name: 'Mia Berg',
      email: 'mia@example.org',
      description: '',
      reference: '',
      metadata: { tier: 'gold' },
    },
  ]);
});

test('a change leaves what it does not name, and empties what it names as empty', async () => {
  await update({ email: '' });
  expect(serving.payments.submitted.at(-1)?.items).toEqual([
    {
      op: 'updateCustomer',
      id: id(2),
      customer: id(1),
      name: null,
      email: '',
      description: null,
      reference: null,
      metadata: null,
    },
  ]);
});

test.each<[string, () => Promise<{ results: { outcome: object }[] }>, string, string]>([
  ['no merchant', () => create({ merchantId: '' }), 'MISSING_FIELD', 'merchant_id'],
  ['a name of 201 characters', () => create({ name: 'x'.repeat(201) }), 'TOO_LONG', 'name'],
  ['an address without an @', () => create({ email: 'mia' }), 'INVALID_VALUE', 'email'],
  ['an address with a space', () => create({ email: 'a b@c' }), 'INVALID_VALUE', 'email'],
  ['an address of 321 characters', () => create({ email: `a@${'b'.repeat(319)}` }), 'TOO_LONG', 'email'],
  ['U+0000', () => create({ description: '\0' }), 'INVALID_TEXT', 'description'],
  ['a card number', () => create({ name: 'Mia 4242 4242 4242 4242' }), 'CARD_NUMBER_REFUSED', 'name'],
  ['a card number', () => update({ reference: '4242424242424242' }), 'CARD_NUMBER_REFUSED', 'reference'],
  ['nothing to change', () => update({}), 'NOTHING_TO_CHANGE', ''],
  ['no customer', () => update({ customerId: 'x', name: '' }), 'INVALID_UUID', 'customer_id'],
])('%s is refused as malformed', async (_, call, reason, field) => {
  const { results } = await call();
  expect(results[0].outcome).toMatchObject({ case: 'refused', value: { reason, field, remembered: false } });
});

test('customers are read by id, and listed newest first under their filters', async () => {
  serving.reads.customerDocs = [doc(9), doc(8), doc(7)];
  const { customer } = await byGrpc(serving.grpc, getCustomer, { book: 'shop', customerId: id(8) });
  expect(customer).toMatchObject({ id: id(8), book: 'shop', merchantId: MERCHANT, version: 2n, lastSeq: 9n });
  const told = await refusalOf(byGrpc(serving.grpc, getCustomer, { book: 'shop', customerId: id(1) }));
  expect(told.code).toBe(status.NOT_FOUND);

  const request = { book: 'shop', merchantId: MERCHANT, reference: 'c 7', pageSize: 2 };
  const first = await byGrpc(serving.grpc, listCustomers, request);
  expect(first.customers.map(({ seq }) => seq)).toEqual([9n, 8n]);
  const pageToken = first.nextPageToken;
  const second = await byGrpc(serving.grpc, listCustomers, { ...request, pageToken });
  expect(second.customers.map(({ seq }) => seq)).toEqual([7n]);
  const filter = {
    merchant: MERCHANT,
    reference: 'c 7',
    ids: null,
    aboveSeq: null,
    order: 'newest first',
    limit: 3,
  };
  expect(serving.reads.asked).toEqual([
    { ...filter, belowSeq: null },
    { ...filter, belowSeq: 8 },
  ]);
  const bounds = { aboveSeq: 3n, belowSeq: 9n, oldestFirst: true };
  await byGrpc(serving.grpc, listCustomers, { book: 'shop', ...bounds });
  expect(serving.reads.asked.at(-1)).toMatchObject({ aboveSeq: 3, belowSeq: 9, order: 'oldest first' });
  await byGrpc(serving.grpc, listCustomers, { book: 'shop', customerIds: [id(8).toUpperCase()] });
  expect(serving.reads.asked.at(-1)).toMatchObject({ ids: [id(8)] });
  const wrong = [[id(8), 'x'], Array.from({ length: 1_001 }, () => id(8))];
  const fields = await Promise.all(
    wrong.map((customerIds) => refusalOf(byGrpc(serving.grpc, listCustomers, { book: 'shop', customerIds }))),
  );
  expect(fields.map(({ info }) => info?.metadata.field)).toEqual(['customer_ids[1]', 'customer_ids']);
});

test('personal data stands in no line of the log, whatever becomes of the call', async () => {
  serving.payments.onItem = () => refusedOf('ID_REUSED', 'email');
  await create({ email: 'secret@example.org' });
  serving.payments.onItem = () => {
    throw new Error('a defect');
  };
  await refusalOf(create({ email: 'secret@example.org' }));
  expect(serving.lines.length).toBeGreaterThan(0);
  expect(JSON.stringify(serving.lines)).not.toMatch(/secret@|Mia Berg/);
});
