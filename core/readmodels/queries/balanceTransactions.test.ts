import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  readModelDatabase,
} from '../../../test/support/projecting.ts';
import { type PaymentStory, paymentStory } from '../../../test/support/paymentStory.ts';
import { randomPayments } from '../../../test/support/randomPayments.ts';
import type { Reader } from './reading.ts';
import {
  type BalanceCursor,
  type BalanceTransaction,
  getBalanceTransaction,
  getMerchantBalance,
  listBalanceTransactions,
} from './balanceTransactions.ts';

const SHARD = 9;
const book = { shard: SHARD, book: 1 };
let db: ReadModelDatabase;
let story: PaymentStory;

beforeAll(async () => {
  db = await readModelDatabase();
  story = paymentStory(SHARD);
  const feed = new MemoryFeed();
  feed.add(...story.shard.blocks);
  await projectAll(db.url, feed, { [SHARD]: story.shard.lastSeq });
});
afterAll(() => db.drop());

const ALL = { after: null, order: 'newest first', limit: 1_000 } as const;

const listed = async (
  of: { merchantId: string } | { paymentIntentId: string },
): Promise<BalanceTransaction[]> => (await listBalanceTransactions(db.pool, book, { of, ...ALL })).value.rows;

describe('the balance transactions', () => {
  test('of a payment say what each step did to the merchant', async () => {
    const rows = await listed({ paymentIntentId: story.sold });
    expect(
      rows.map((row) => [
        row.type,
        row.purpose,
        row.amount,
        row.fee,
        row.tax,
        row.net,
        row.pendingChange,
        row.availableChange,
        row.status,
      ]),
    ).toEqual([
      ['available', 'available', 0n, 0n, 0n, 0n, -5_619n, 5_619n, 'available'],
      ['refund', 'refund asked', -4_000n, 0n, 0n, -4_000n, -4_000n, 0n, 'available'],
      ['charge', 'captured', 10_000n, 320n, 61n, 9_619n, 9_619n, 0n, 'available'],
    ]);
    // What was pending became available when that was booked.
    const [available, , charge] = rows;
    expect(charge.availableUs).toBe(available.createdUs);
    const refund = story.shard.state.payments.intents
      .values()
      .flatMap(({ operations }) => operations)
      .find(({ kind, amount }) => kind === 'refund' && amount === 4_000n);
    expect(rows.map(({ operationId }) => operationId)).toEqual([null, refund?.id, expect.any(String)]);
  });

  test('wait for the moment that the payment waits for', async () => {
    const intent = [...story.shard.state.payments.intents.values()].find(({ id }) => id === story.captured);
    const rows = await listed({ paymentIntentId: story.captured });
    expect(rows.map(({ type, status, availableUs }) => [type, status, availableUs])).toEqual([
      ['charge', 'pending', intent?.availableAtUs],
      ['charge', 'pending', intent?.availableAtUs],
    ]);
  });

  test('of a merchant are those of its payments, newest first, page by page', async () => {
    const all = await listed({ merchantId: story.merchant });
    const bySeq = all.map(({ seq }) => seq);
    expect(bySeq).toEqual(bySeq.toSorted((a, b) => b - a));
    const ofPayments: BalanceTransaction[] = [];
    for (const { id } of story.shard.state.payments.intents.values())
      ofPayments.push(...(await listed({ paymentIntentId: id })));
    expect(all).toEqual(ofPayments.toSorted((a, b) => b.seq - a.seq));
    expect(all.length).toBeGreaterThan(6);

    const pages: BalanceTransaction[] = [];
    let after: BalanceCursor | null = null;
    for (let hasMore = true; hasMore; after = pages[pages.length - 1]) {
      const of = { merchantId: story.merchant };
      const { value } = await listBalanceTransactions(db.pool, book, { of, ...ALL, after, limit: 2 });
      expect(value.rows.length).toBeLessThanOrEqual(2);
      pages.push(...value.rows);
      hasMore = value.hasMore;
    }
    expect(pages).toEqual(all);
  });

  test.each(['merchant', 'payment'] as const)(
    'of a %s come oldest first page by page, or from a place on',
    async (whose) => {
      const of = whose === 'merchant' ? { merchantId: story.merchant } : { paymentIntentId: story.sold };
      const all = (await listed(of)).toReversed();
      const ask = async (after: BalanceCursor | null, limit: number) =>
        (await listBalanceTransactions(db.pool, book, { of, after, order: 'oldest first', limit })).value;
      const pages: BalanceTransaction[] = [];
      for (let hasMore = true; hasMore;) {
        const page = await ask(pages.at(-1) ?? null, 2);
        pages.push(...page.rows);
        hasMore = page.hasMore;
      }
      expect(pages).toEqual(all);
      expect((await ask(all[0], 1)).rows).toEqual([all[1]]);
      // What has that seq in a currency behind is still to come.
      expect((await ask({ ...all[1], currency: '' }, 1)).rows).toEqual([all[1]]);
    },
  );

  test.each(['newest first', 'oldest first'] as const)(
    'without moves within the balance are the others, page by page, and add up to the same (%s)',
    async (order) => {
      for (const whose of [{ merchantId: story.merchant }, { paymentIntentId: story.sold }]) {
        const asked = { of: whose, order, changesOnly: true };
        const whole = (await listBalanceTransactions(db.pool, book, { ...ALL, of: whose, order })).value.rows;
        const changes = whole.filter(({ type }) => type !== 'available');
        expect(changes.length).toBeLessThan(whole.length);
        const pages: BalanceTransaction[] = [];
        for (let hasMore = true; hasMore;) {
          const after = pages.at(-1) ?? null;
          const { value } = await listBalanceTransactions(db.pool, book, { ...asked, after, limit: 1 });
          pages.push(...value.rows);
          hasMore = value.hasMore;
        }
        expect(pages).toEqual(changes);
        const net = (rows: BalanceTransaction[]) => rows.reduce((sum, row) => sum + row.net, 0n);
        expect(net(changes)).toBe(net(whole));
      }
    },
  );

  test('add up to the balance of the merchant', async () => {
    const all = await listed({ merchantId: story.merchant });
    const sum = (of: (row: BalanceTransaction) => bigint): bigint => all.reduce((s, row) => s + of(row), 0n);
    const { value } = await getMerchantBalance(db.pool, book, story.merchant);
    expect(value).toEqual([
      {
        currency: 'EUR',
        pending: sum(({ pendingChange }) => pendingChange),
        available: sum(({ availableChange }) => availableChange),
        reserve: sum(({ reserveChange }) => reserveChange),
        owed: sum(({ owedChange }) => owedChange),
      },
    ]);
    const pending = [...story.shard.state.payments.intents.values()].map(({ counters }) => counters.pending);
    expect(value?.[0].pending).toBe(pending.reduce((a, b) => a + b));
  });

  test('are found by id and merchant, and by no other merchant', async () => {
    const [newest] = await listed({ merchantId: story.merchant });
    const found = { id: newest.id, merchantId: story.merchant };
    expect((await getBalanceTransaction(db.pool, book, { ...found, currency: '' })).value).toEqual(newest);
    expect((await getBalanceTransaction(db.pool, book, { ...found, currency: 'EUR' })).value).toEqual(newest);
    expect((await getBalanceTransaction(db.pool, book, { ...found, currency: 'USD' })).value).toBe(null);
    expect(
      (await getBalanceTransaction(db.pool, book, { ...found, merchantId: story.sold, currency: '' })).value,
    ).toBe(null);
  });

  test('stand in the view of the books as they are listed', async () => {
    const rows = await db.rows(
      'SELECT id, type, net, status, payment_intent_id FROM books.balance_transactions WHERE merchant_id = $1 ORDER BY seq DESC',
      [story.merchant],
    );
    expect(rows).toEqual(
      (await listed({ merchantId: story.merchant })).map((row) => ({
        id: row.id,
        type: row.type,
        net: String(row.net),
        status: row.status,
        payment_intent_id: row.paymentIntentId,
      })),
    );
  });

  test.each([
    ['of a merchant', { merchantId: '00000000-0000-4000-8000-000000000001' }, 'newest first'],
    ['of a merchant', { merchantId: '00000000-0000-4000-8000-000000000001' }, 'oldest first'],
    ['of a payment', { paymentIntentId: '00000000-0000-4000-8000-000000000001' }, 'newest first'],
  ] as const)(
    '%s are found by keys alone, whatever the size of the tables (%j, %s)',
    async (_, of, order) => {
      const plans: string[] = [];
      const client = await db.pool.connect();
      // Where a table can only be read from end to end, the plan still says so.
      await client.query('BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
      const explaining = {
        query: async (text: string, values: unknown[]) => {
          const plan = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS off) ${text}`, values);
          plans.push(...plan.rows.map((row) => row['QUERY PLAN']));
          return { rows: [] };
        },
      };
      for (const changesOnly of [false, true])
        await listBalanceTransactions(explaining as unknown as Reader, book, {
          of,
          ...ALL,
          order,
          changesOnly,
        });
      await client.query('ROLLBACK');
      client.release();
      expect(plans.join('\n')).toMatch(/Index.* using transactions_pkey/);
      expect(plans.join('\n')).not.toMatch(
        /Seq Scan on (payment|merchants|transactions|postings|accounts|entr)/,
      );
    },
  );

  test('have no balance of a merchant that is not there', async () => {
    expect((await getMerchantBalance(db.pool, book, story.sold)).value).toBe(null);
  });
});

test('every merchant has what its balance transactions add up to, whatever its payments went through (seeds 2000 to 2029, one a shard)', async () => {
  const random = await readModelDatabase();
  const feed = new MemoryFeed();
  const tips: Record<number, number> = {};
  for (let shard = 0; shard < 30; shard++) {
    const made = randomPayments(shard, 2_000 + shard).shard;
    feed.add(...made.blocks);
    tips[shard] = made.lastSeq;
  }
  await projectAll(random.url, feed, tips);
  const balances = await random.rows(
    'SELECT book, merchant_id, currency, pending, available, reserve, owed FROM books.merchant_balances ORDER BY 1, 2, 3',
  );
  const sums = await random.rows(`
    SELECT book, merchant_id, currency, sum(pending_change)::text AS pending, sum(available_change)::text AS available,
           sum(reserve_change)::text AS reserve, sum(owed_change)::text AS owed
    FROM books.balance_transactions GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`);
  expect(sums).toEqual(balances);
  expect(balances.length).toBeGreaterThan(15);
  // Nothing that a payment led to is called an adjustment.
  const strange = await random.rows(
    "SELECT purpose, count(*) FROM books.balance_transactions WHERE type = 'adjustment' OR net <> amount - fee - tax GROUP BY 1",
  );
  expect(strange).toEqual([]);
  await random.drop();
});
