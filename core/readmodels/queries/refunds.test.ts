import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  readModelDatabase,
} from '../../../test/support/projecting.ts';
import { NOON_US } from '../../../test/support/ledger.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import { getRefund, listRefunds, type RefundFilter } from './refunds.ts';

const SHARD = 8;
const book = { shard: SHARD, book: 1 };
const other = { shard: SHARD, book: 2 };
let db: ReadModelDatabase;
let shard: ScriptedPayments;
let merchant: Uuid;
let stranger: Uuid;
let payments: { first: Uuid; second: Uuid };
/** Oldest first: two of the first payment, one of the second between them. */
let refunds: { id: Uuid; of: Uuid; amount: bigint }[];

beforeAll(async () => {
  db = await readModelDatabase();
  shard = new ScriptedPayments(SHARD, NOON_US);
  const ours = shard.merchant();
  const theirs = shard.merchant();
  [merchant, stranger] = [ours.id, theirs.id];
  const paid = (of: typeof ours) => {
    const intent = shard.create(of);
    shard.succeed(intent);
    return intent;
  };
  const [first, second, foreign] = [paid(ours), paid(ours), paid(theirs)];
  payments = { first: first.id, second: second.id };
  const refund = (intent: typeof first, amount: bigint) => {
    const id = shard.id();
    shard.run({ op: 'refundIntent', id, intent: intent.id, amount });
    return { id, of: intent.id, amount };
  };
  const [one, two] = [refund(first, 100n), refund(second, 200n)];
  shard.succeed(first);
  const three = refund(first, 300n);
  refund(foreign, 400n);
  shard.seal();
  refunds = [one, two, three];
  const feed = new MemoryFeed();
  feed.add(...shard.blocks);
  await projectAll(db.url, feed, { [SHARD]: shard.lastSeq });
});
afterAll(() => db.drop());

const ALL: Omit<RefundFilter, 'merchantId'> = {
  paymentIntentId: null,
  aboveSeq: null,
  belowSeq: null,
  order: 'newest first',
  limit: 100,
};
const listed = async (filter: Partial<RefundFilter>, of = book) =>
  (await listRefunds(db.pool, of, { merchantId: merchant, ...ALL, ...filter })).value;
const idsOf = async (filter: Partial<RefundFilter>, of = book) =>
  (await listed(filter, of)).rows.map(({ operation }) => operation.request);

test('a refund is found by its id, as the kernel left it, with its payment', async () => {
  for (const { id, of, amount } of refunds) {
    const { asOfSeq, value } = await getRefund(db.pool, book, id);
    const intent = [...shard.state.payments.intents.values()].find((one) => one.id === of);
    expect(asOfSeq).toBe(shard.lastSeq);
    expect(value?.intent).toEqual(intent);
    expect(value?.operation).toEqual(intent?.operations.find(({ request }) => request === id));
    expect(value?.operation.amount).toBe(amount);
  }
  const states = await Promise.all(refunds.map(({ id }) => getRefund(db.pool, book, id)));
  expect(states.map(({ value }) => value?.operation.state)).toEqual(['succeeded', 'pending', 'pending']);
});

test('whatever else has that id is no refund, nor is one of another book', async () => {
  for (const id of [payments.first, merchant]) expect((await getRefund(db.pool, book, id)).value).toBe(null);
  expect((await getRefund(db.pool, other, refunds[0].id)).value).toBe(null);
});

test('a merchant has a list of its refunds, from a seq on and in either direction', async () => {
  const ids = refunds.map(({ id }) => id);
  expect(await idsOf({})).toEqual(ids.toReversed());
  expect(await idsOf({ order: 'oldest first' })).toEqual(ids);
  const { rows, hasMore } = await listed({ limit: 2 });
  expect(hasMore).toBe(true);
  expect(await idsOf({ belowSeq: rows[1].seq })).toEqual([ids[0]]);
  expect(await idsOf({ aboveSeq: rows[1].seq, order: 'oldest first' })).toEqual([ids[2]]);
  expect(await idsOf({}, other)).toEqual([]);
});

test('a payment has those of its own, and only for its merchant', async () => {
  const [one, two, three] = refunds.map(({ id }) => id);
  expect(await idsOf({ paymentIntentId: payments.first })).toEqual([three, one]);
  expect(await idsOf({ paymentIntentId: payments.second })).toEqual([two]);
  expect(await idsOf({ paymentIntentId: payments.first, merchantId: stranger })).toEqual([]);
});

test('the list walks an index, whatever the size of the table', async () => {
  const client = await db.pool.connect();
  await client.query(
    'BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off',
  );
  const filter = { merchantId: merchant, ...ALL, belowSeq: 9 };
  const plans: string[] = [];
  const explaining = {
    query: async (text: string, values: unknown[]) => {
      const found = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS off) ${text}`, values);
      plans.push(found.rows.map((row) => row['QUERY PLAN']).join('\n'));
      return { rows: [] };
    },
  } as unknown as Parameters<typeof listRefunds>[0];
  await listRefunds(explaining, book, filter);
  await getRefund(explaining, book, merchant);
  await client.query('ROLLBACK');
  client.release();
  expect(plans[0]).toMatch(/told_events_refunds/);
  expect(plans[1]).toMatch(/payment_events_id/);
  for (const plan of plans) expect(plan).not.toMatch(/Seq Scan/);
});
