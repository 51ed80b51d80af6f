import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECOND_US } from '../../../test/support/ledger.ts';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  readModelDatabase,
} from '../../../test/support/projecting.ts';
import { type PaymentStory, paymentStory } from '../../../test/support/paymentStory.ts';
import type { Intent } from '../../kernel/payments/model.ts';
import { type CustomerFilter, getCustomer, listCustomers } from './customers.ts';
import { getMerchant, listMerchants, type MerchantFilter } from './merchants.ts';
import { type PaymentMethodFilter, getPaymentMethod, listPaymentMethods } from './paymentMethods.ts';
import { listTimeline } from './paymentTimeline.ts';
import { type PaymentFilter, getPayment, listAttention, listPayments } from './payments.ts';
import type { Reader } from './reading.ts';

const SHARD = 8;
const book = { shard: SHARD, book: 1 };
const other = { shard: SHARD, book: 2 };
let db: ReadModelDatabase;
let story: PaymentStory;
/** As the kernel left them, newest first. */
let intents: Intent[];

beforeAll(async () => {
  db = await readModelDatabase();
  story = paymentStory(SHARD);
  const feed = new MemoryFeed();
  feed.add(...story.shard.blocks);
  await projectAll(db.url, feed, { [SHARD]: story.shard.lastSeq });
  intents = [...story.shard.state.payments.intents.values()].toSorted((a, b) => b.seq - a.seq);
});
afterAll(() => db.drop());

const ALL: PaymentFilter = {
  states: [],
  merchantId: null,
  customerId: null,
  reference: '',
  currency: '',
  metadata: {},
  attention: 'any',
  createdFromUs: null,
  createdUntilUs: null,
  aboveSeq: null,
  belowSeq: null,
  order: 'newest first',
  limit: 100,
};

const ANYBODY: CustomerFilter = {
  merchantId: null,
  reference: '',
  ids: null,
  aboveSeq: null,
  belowSeq: null,
  order: 'newest first',
  limit: 9,
};

describe('a payment', () => {
  test('is what the kernel made of it, with the seq of the snapshot', async () => {
    for (const intent of intents)
      expect(await getPayment(db.pool, book, intent.id)).toEqual({
        asOfSeq: story.shard.lastSeq,
        value: intent,
      });
  });

  test('is null in another book, and where there is none', async () => {
    expect((await getPayment(db.pool, other, story.sold)).value).toBe(null);
    expect(await getPayment(db.pool, book, story.merchant)).toEqual({
      asOfSeq: story.shard.lastSeq,
      value: null,
    });
  });
});

describe('a list of payments', () => {
  const listed = async (filter: Partial<PaymentFilter>): Promise<Intent[]> =>
    (await listPayments(db.pool, book, { ...ALL, ...filter })).value.rows;

  test('is newest first, page by page', async () => {
    expect(await listed({})).toEqual(intents);
    const pages: Intent[] = [];
    for (
      let belowSeq: number | null = null, hasMore = true;
      hasMore;
      belowSeq = pages[pages.length - 1].seq
    ) {
      const { value } = await listPayments(db.pool, book, { ...ALL, belowSeq, limit: 3 });
      pages.push(...value.rows);
      hasMore = value.hasMore;
    }
    expect(pages).toEqual(intents);
    expect((await listPayments(db.pool, other, ALL)).value.rows).toEqual([]);
  });

  test('goes on from a seq in either direction, and the other way round', async () => {
    const [, second, third] = intents;
    expect(await listed({ belowSeq: second.seq, limit: 1 })).toEqual([third]);
    expect(await listed({ aboveSeq: third.seq, order: 'oldest first', limit: 1 })).toEqual([second]);
    expect(await listed({ order: 'oldest first' })).toEqual(intents.toReversed());
    expect(await listed({ aboveSeq: third.seq })).toEqual(intents.slice(0, 2));
  });

  test.each<[string, Partial<PaymentFilter>, (intent: Intent) => boolean]>([
    ['succeeded', { states: ['succeeded'] }, (intent) => intent.state === 'succeeded'],
    ['canceled', { states: ['canceled'] }, (intent) => intent.state === 'canceled'],
    ['of a state that none has', { states: ['requires_action'] }, () => false],
    [
      'in one of several states',
      { states: ['canceled', 'succeeded'] },
      (intent) => intent.state === 'canceled' || intent.state === 'succeeded',
    ],
    ['in a currency', { currency: 'EUR' }, () => true],
    ['in a currency that none has', { currency: 'USD' }, () => false],
    ['with metadata', { metadata: { shop: 'north' } }, ({ id }) => id === story.sold],
    ['with all of it', { metadata: { shop: 'north', 'quote"\\': 'line\nü' } }, ({ id }) => id === story.sold],
    ['with a part of a value', { metadata: { shop: 'nor' } }, () => false],
    ['with an entry too much', { metadata: { shop: 'north', page: '1' } }, () => false],
    ['with metadata that was changed', { metadata: { cart: '9' } }, ({ id }) => id === story.changed],
    [
      'with metadata, of a merchant, in a state',
      {
        metadata: { shop: 'north' },
        merchantId: '00000000-0000-4000-8000-000000000001',
        states: ['succeeded'],
      },
      () => false,
    ],
    ['with a reference', { reference: 'order 2' }, (intent) => intent.reference === 'order 2'],
    ['that need an operator', { attention: 'needed' }, (intent) => intent.attention !== ''],
    [
      'that need an operator though they succeeded',
      { attention: 'needed', states: ['succeeded'] },
      () => false,
    ],
  ])('holds those %s', async (_, filter, holds) => {
    expect(await listed(filter)).toEqual(intents.filter(holds));
  });

  test('holds those of a merchant, and of a time: from inclusive, until exclusive', async () => {
    expect(await listed({ merchantId: story.merchant, states: ['succeeded'] })).toEqual(
      intents.filter(({ state }) => state === 'succeeded'),
    );
    expect(await listed({ merchantId: story.sold })).toEqual([]);
    const moments = [...new Set(intents.map(({ createdUs }) => createdUs))];
    expect(moments.length).toBeGreaterThan(3);
    for (const us of [...moments, moments[0] + SECOND_US]) {
      expect(await listed({ createdFromUs: us })).toEqual(intents.filter(({ createdUs }) => createdUs >= us));
      expect(await listed({ createdUntilUs: us })).toEqual(intents.filter(({ createdUs }) => createdUs < us));
    }
    const [last, first] = [moments[0], moments[moments.length - 1]];
    expect(await listed({ createdFromUs: first + 1, createdUntilUs: last, states: ['succeeded'] })).toEqual(
      intents.filter(
        ({ createdUs, state }) => createdUs > first && createdUs < last && state === 'succeeded',
      ),
    );
  });

  test.each<[string, Partial<PaymentFilter>, RegExp]>([
    ['nothing', {}, /payment_intents_pkey/],
    ['a state', { states: ['canceled'] }, /payment_states_state/],
    ['attention', { attention: 'needed' }, /payment_states_attention/],
    ['a reference', { reference: 'order 1' }, /payment_intents_reference/],
    ['a merchant', { merchantId: '00000000-0000-4000-8000-000000000001' }, /payment_intents_merchant/],
  ])('by %s walks an index, whatever the size of the table', async (_, filter, index) => {
    const client = await db.pool.connect();
    await client.query(
      'BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off',
    );
    const plan: string[] = [];
    const explaining = {
      query: async (sql: string, values: unknown[]) => {
        const found = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS off) ${sql}`, values);
        plan.push(...found.rows.map((row) => row['QUERY PLAN']));
        return { rows: [] };
      },
    } as unknown as typeof client;
    await listPayments(explaining, book, { ...ALL, ...filter });
    await client.query('ROLLBACK');
    client.release();
    expect(plan.join('\n')).toMatch(index);
    expect(plan.join('\n')).not.toMatch(/Seq Scan on payment/);
  });
});

test('payments are found by metadata without reading all of a merchant', async () => {
  const client = await db.pool.connect();
  await client.query(`
    BEGIN;
    INSERT INTO florin.payment_intents (seq, id, merchant_id, created_at, amount, book_no, shard, currency, capture, terms_number, metadata)
    SELECT 1000000 + n, gen_random_uuid(), '${story.merchant}', now(), 1, 1, ${SHARD}, 'EUR', 'automatic', 1,
           jsonb_build_object('order', n::text, 'shop', 'north')
    FROM generate_series(1, 5000) AS n;
    ANALYZE florin.payment_intents`);
  const plan: string[] = [];
  const explaining = {
    query: async (sql: string, values: unknown[]) => {
      const found = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS off) ${sql}`, values);
      plan.push(found.rows.map((row) => row['QUERY PLAN']).join('\n'));
      return { rows: [] };
    },
  } as unknown as Reader;
  const of = { ...ALL, merchantId: story.merchant, limit: 10 };
  await listPayments(explaining, book, { ...of, metadata: { order: '4711' } });
  await listPayments(explaining, book, { ...of, metadata: { shop: 'north' } });
  await client.query('ROLLBACK');
  client.release();
  expect(plan[0]).toMatch(/Bitmap Index Scan on payment_intents_metadata/);
  // What nearly all have is met by walking: ten are read, not five thousand.
  expect(plan[1]).toMatch(/Index Scan Backward using payment_intents_/);
});

test("the operators' queue of a server goes from book to book", async () => {
  const { rows, hasMore } = await listAttention(db.pool, { after: null, limit: 10 });
  expect(rows).toMatchObject([
    {
      shard: SHARD,
      bookNumber: 1,
      book: 'book 1',
      id: story.conflicted,
      state: 'conflicted',
      amount: 10_000n,
      currency: 'EUR',
      provider: 'alpha',
    },
  ]);
  expect(hasMore).toBe(false);
  expect((await listAttention(db.pool, { after: rows[0], limit: 10 })).rows).toEqual([]);
});

test('merchants are read one by one, and listed in the order that is asked for', async () => {
  const [merchant] = story.shard.state.payments.merchants.values();
  expect((await getMerchant(db.pool, book, story.merchant)).value).toEqual(merchant);
  expect((await getMerchant(db.pool, book, story.sold)).value).toBe(null);
  const all = [...story.shard.state.payments.merchants.values()].filter((one) => one.book === book.book);
  const range = { aboveSeq: null, belowSeq: null, order: 'newest first', limit: 10 } as const;
  const listed = async (more: Partial<MerchantFilter>, of = book) =>
    (await listMerchants(db.pool, of, { ...range, ...more })).value;
  expect(await listed({})).toEqual({ rows: all.toReversed(), hasMore: false });
  expect(await listed({ order: 'oldest first' })).toEqual({ rows: all, hasMore: false });
  expect((await listed({ aboveSeq: all.at(-1)!.seq })).rows).toEqual([]);
  expect((await listed({ belowSeq: merchant.seq })).rows).toEqual([]);
  expect((await listed({}, other)).rows).toEqual([]);
});

test('customers and payment methods are as the kernel left them; what was detached is no customer’s any more', async () => {
  const { customers, paymentMethods } = story.shard.state.payments;
  const [customer] = customers.values();
  const [paymentMethod] = paymentMethods.values();
  expect((await getCustomer(db.pool, book, customer.id)).value).toEqual(customer);
  expect((await getCustomer(db.pool, other, customer.id)).value).toBe(null);
  const listed = async (filter: Partial<CustomerFilter>) =>
    (await listCustomers(db.pool, book, { ...ANYBODY, ...filter })).value.rows;
  expect(await listed({})).toEqual([customer]);
  expect(await listed({ merchantId: story.merchant })).toEqual([customer]);
  expect(await listed({ merchantId: story.sold })).toEqual([]);
  // The reference that it had before it was changed.
  expect(await listed({ reference: 'c 1' })).toEqual([]);
  expect(await listed({ belowSeq: customer.seq })).toEqual([]);
  expect(await listed({ aboveSeq: customer.seq, order: 'oldest first' })).toEqual([]);
  const around = { aboveSeq: customer.seq - 1, belowSeq: customer.seq + 1 };
  expect(await listed({ ...around, order: 'oldest first' })).toEqual([customer]);

  expect((await getPaymentMethod(db.pool, book, paymentMethod.id)).value).toEqual(paymentMethod);
  const of = async (whose: PaymentMethodFilter['of'], beforeSeq: number | null = null) =>
    (await listPaymentMethods(db.pool, book, { of: whose, ids: null, beforeSeq, limit: 9 })).value.rows;
  expect(await of({ merchantId: story.merchant })).toEqual([paymentMethod]);
  expect(await of({ merchantId: story.merchant }, paymentMethod.seq)).toEqual([]);
  expect(await of({ customerId: story.customer })).toEqual([]);
  const named = async (ids: string[]) => [
    await listed({ merchantId: story.merchant, ids }),
    (
      await listPaymentMethods(db.pool, book, {
        of: { merchantId: story.merchant },
        ids,
        beforeSeq: null,
        limit: 9,
      })
    ).value.rows,
  ];
  expect(await named([customer.id, paymentMethod.id])).toEqual([[customer], [paymentMethod]]);
  expect(await named([story.sold])).toEqual([[], []]);
  expect((await listPayments(db.pool, book, { ...ALL, customerId: story.customer })).value.rows).toEqual(
    intents.filter(({ id }) => id === story.captured),
  );
});

test.each<[string, (reader: Reader) => Promise<unknown>, RegExp]>([
  [
    'customers of a book',
    (reader) => listCustomers(reader, book, { ...ANYBODY, belowSeq: 9 }),
    /customers_seq/,
  ],
  [
    'customers of a merchant',
    (reader) => listCustomers(reader, book, { ...ANYBODY, merchantId: story.merchant }),
    /customers_merchant/,
  ],
  [
    'customers by reference',
    (reader) => listCustomers(reader, book, { ...ANYBODY, reference: 'c' }),
    /customers_reference/,
  ],
  [
    'payment methods of a merchant',
    (reader) =>
      listPaymentMethods(reader, book, {
        of: { merchantId: story.merchant },
        ids: null,
        beforeSeq: null,
        limit: 9,
      }),
    /payment_methods_merchant/,
  ],
  [
    'payment methods of a customer',
    (reader) =>
      listPaymentMethods(reader, book, {
        of: { customerId: story.customer },
        ids: null,
        beforeSeq: null,
        limit: 9,
      }),
    /payment_methods_customer/,
  ],
  [
    'payments of a customer',
    (reader) => listPayments(reader, book, { ...ALL, customerId: story.customer }),
    /payment_intents_customer/,
  ],
])('%s are found by an index, whatever the size of the table', async (_, list, index) => {
  const client = await db.pool.connect();
  await client.query(
    'BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off',
  );
  let plan = '';
  const explaining = {
    query: async (text: string, values: unknown[]) => {
      const found = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS off) ${text}`, values);
      plan = found.rows.map((row) => row['QUERY PLAN']).join('\n');
      return { rows: [] };
    },
  };
  await list(explaining as unknown as Reader);
  await client.query('ROLLBACK');
  client.release();
  expect(plan).toMatch(index);
  expect(plan).not.toMatch(/Seq Scan/);
});

describe('the timeline of a payment', () => {
  test('has every event with its cause, its command, and what it booked', async () => {
    const { asOfSeq, value } = await listTimeline(db.pool, book, { id: story.sold, afterSeq: 0, limit: 10 });
    expect(asOfSeq).toBe(story.shard.lastSeq);
    expect(
      value.rows.map(({ change, transactions }) => [
        change.name,
        change.by,
        change.after.version,
        transactions.map(({ reference }) => reference.replace(`payment ${story.sold} `, '')),
      ]),
    ).toEqual([
      ['intent_created', 'caller', 1, []],
      ['operation_changed', 'provider', 2, ['captured']],
      ['operation_started', 'caller', 3, ['refund asked']],
      ['operation_changed', 'provider', 4, ['refunded']],
      ['refund_updated', 'caller', 5, []],
      ['money_available', 'timer', 6, ['available']],
    ]);
    expect(value.rows[0].commandId).toBe(story.sold);
    expect(value.rows[1].change.after.counters.captured).toBe(10_000n);
  });

  test('comes page by page, and is empty where there is no such payment', async () => {
    const { value } = await listTimeline(db.pool, book, { id: story.sold, afterSeq: 0, limit: 2 });
    expect(value.hasMore).toBe(true);
    const rest = await listTimeline(db.pool, book, {
      id: story.sold,
      afterSeq: value.rows[1].seq,
      limit: 10,
    });
    expect(rest.value.rows.map(({ change }) => change.after.version)).toEqual([3, 4, 5, 6]);
    expect(
      (await listTimeline(db.pool, other, { id: story.sold, afterSeq: 0, limit: 10 })).value.rows,
    ).toEqual([]);
  });
});
