import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  DAY_US,
  NOON_US,
  bytes,
  change,
  close,
  create,
  hold,
  metadata,
  open,
  post,
  posting,
  reverse,
  uuid,
  uuid7,
  voiding,
} from '../../test/support/ledger.ts';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  projectorOf,
  readModelDatabase,
} from '../../test/support/projecting.ts';
import { ScriptedShard } from '../../test/support/scriptedShard.ts';

const cash = uuid(1),
  alice = uuid(2),
  bob = uuid(3),
  gone = uuid(4);
const [sale, split, held, kept, lapsed, refund] = [
  uuid7(1_768_478_400_123, 1),
  uuid(11),
  uuid(12),
  uuid(13),
  uuid(14),
  uuid(15),
];
const DAY = Math.floor(NOON_US / DAY_US);

let db: ReadModelDatabase;
const feed = new MemoryFeed();
const shard = new ScriptedShard(3, NOON_US);

/** A book's life in a few blocks: every kind of event, a backdated posting, limits, a refusal, a closure. */
function script(): void {
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: 3 });
  shard.run(open(cash, { code: 'cash', normalSide: 1 }));
  shard.run(
    open(alice, { code: 'alice', limits: [0n, null, 0n, 5_000n], metadata: metadata('quote"\\', 'line\nü') }),
  );
  shard.run(open(bob, { code: 'bob' }));
  shard.run(open(gone, { code: 'gone' }));
  shard.seal();
  shard.nowUs += 1_000_000;
  shard.run(
    create(sale, [posting(cash, alice, 1_000n)], {
      reference: bytes('order 7'),
      metadata: metadata('shop', 'north'),
    }),
  );
  shard.run(create(split, [posting(alice, bob, 300n), posting(cash, bob, 50n)], { effectiveDay: DAY - 3 }));
  shard.run(create(uuid(90), [posting(alice, bob, 9_999n)]));
  shard.seal();
  shard.nowUs += DAY_US;
  shard.run(hold(held, [posting(alice, bob, 200n), posting(cash, bob, 10n)]));
  shard.run(post(uuid(21), held, { amounts: [{ posting: 0, amount: 150n }], keepOpen: true }));
  shard.run(hold(kept, [posting(alice, bob, 40n)]));
  shard.run(voiding(uuid(22), kept));
  shard.run(hold(lapsed, [posting(alice, bob, 30n)], { expiresAfterSeconds: 60 }));
  shard.seal();
  shard.nowUs += 120_000_000;
  shard.run({ op: 'expire', target: lapsed });
  shard.run(reverse(refund, split, { amounts: [{ posting: 1, amount: 20n }] }));
  shard.run(
    change(uuid(31), bob, { limits: [null, 10_000n, null, null], metadata: metadata('tier', 'gold') }),
  );
  shard.run(close(uuid(32), gone));
  shard.seal();
}

beforeAll(async () => {
  db = await readModelDatabase();
  script();
  feed.add(...shard.blocks);
  await projectAll(db.url, feed, { 3: shard.state.nextSeq - 1 });
});
afterAll(() => db.drop());

describe('what a book went through stands in the views', () => {
  test('accounts carry balances, limits, metadata and state', async () => {
    const rows =
      await db.rows(`SELECT code, normal_side, state, posted_balance, available_balance, debits_pending, credits_pending, version,
      posted_floor, posted_ceiling, available_ceiling, metadata FROM books.accounts WHERE book = 'acme' ORDER BY code`);
    expect(rows).toEqual([
      {
        code: 'alice',
        normal_side: 'CREDIT',
        state: 'OPEN',
        posted_balance: '550',
        available_balance: '500',
        debits_pending: '50',
        credits_pending: '0',
        version: '8',
        posted_floor: '0',
        posted_ceiling: null,
        available_ceiling: '5000',
        metadata: { 'quote"\\': 'line\nü' },
      },
      {
        code: 'bob',
        normal_side: 'CREDIT',
        state: 'OPEN',
        posted_balance: '480',
        available_balance: '480',
        debits_pending: '0',
        credits_pending: '60',
        version: '10',
        posted_floor: null,
        posted_ceiling: '10000',
        available_ceiling: null,
        metadata: { tier: 'gold' },
      },
      {
        code: 'cash',
        normal_side: 'DEBIT',
        state: 'OPEN',
        posted_balance: '1030',
        available_balance: '1030',
        debits_pending: '10',
        credits_pending: '0',
        version: '4',
        posted_floor: null,
        posted_ceiling: null,
        available_ceiling: null,
        metadata: {},
      },
      {
        code: 'gone',
        normal_side: 'CREDIT',
        state: 'CLOSED',
        posted_balance: '0',
        available_balance: '0',
        debits_pending: '0',
        credits_pending: '0',
        version: '0',
        posted_floor: null,
        posted_ceiling: null,
        available_ceiling: null,
        metadata: {},
      },
    ]);
  });

  test('transactions carry kind, state, dates, reference and target', async () => {
    const rows =
      await db.rows(`SELECT id, kind, state, effective_date::text, reference, metadata, target_id, posting_count, expires_at IS NOT NULL AS expires
      FROM books.transactions WHERE book = 'acme' ORDER BY seq`);
    const plain = {
      state: 'POSTED',
      effective_date: '2026-01-16',
      reference: '',
      metadata: {},
      target_id: null,
      posting_count: 1,
      expires: false,
    };
    expect(rows).toEqual([
      {
        ...plain,
        id: sale,
        kind: 'DIRECT',
        effective_date: '2026-01-15',
        reference: 'order 7',
        metadata: { shop: 'north' },
      },
      { ...plain, id: split, kind: 'DIRECT', effective_date: '2026-01-12', posting_count: 2 },
      { ...plain, id: held, kind: 'PENDING', state: 'PENDING', posting_count: 2 },
      { ...plain, id: uuid(21), kind: 'POST', target_id: held },
      { ...plain, id: kept, kind: 'PENDING', state: 'VOIDED' },
      { ...plain, id: uuid(22), kind: 'VOID', target_id: kept },
      { ...plain, id: lapsed, kind: 'PENDING', state: 'EXPIRED', expires: true },
      { ...plain, id: null, kind: 'EXPIRY', target_id: lapsed },
      { ...plain, id: refund, kind: 'REVERSAL', target_id: split },
    ]);
  });

  test('postings say what was posted, released and reversed', async () => {
    const rows =
      await db.rows(`SELECT transaction_id AS id, posting, debit_code || '>' || credit_code AS move, amount, posted_amount AS posted, reversed_amount AS reversed, released_amount AS released, target_posting AS target
      FROM books.postings ORDER BY seq, posting`);
    const plain = { posting: 0, posted: '0', reversed: '0', released: null, target: null };
    expect(rows).toEqual([
      { ...plain, id: sale, move: 'cash>alice', amount: '1000' },
      { ...plain, id: split, move: 'alice>bob', amount: '300' },
      { ...plain, id: split, posting: 1, move: 'cash>bob', amount: '50', reversed: '20' },
      { ...plain, id: held, move: 'alice>bob', amount: '200', posted: '150' },
      { ...plain, id: held, posting: 1, move: 'cash>bob', amount: '10' },
      { ...plain, id: uuid(21), move: 'alice>bob', amount: '150', released: '150', target: 0 },
      { ...plain, id: kept, move: 'alice>bob', amount: '40' },
      { ...plain, id: uuid(22), move: 'alice>bob', amount: '0', released: '40', target: 0 },
      { ...plain, id: lapsed, move: 'alice>bob', amount: '30' },
      { ...plain, id: null, move: 'alice>bob', amount: '0', released: '30', target: 0 },
      { ...plain, id: refund, move: 'bob>cash', amount: '20', released: '0', target: 1 },
    ]);
  });

  test('entries carry kind, change and the balances after it', async () => {
    const rows =
      await db.rows(`SELECT version, side, kind, amount, pending_change, posted_balance, available_balance, effective_date::text
      FROM books.entries WHERE code = 'alice' ORDER BY version`);
    expect(rows.map((row) => Object.values(row).join(' '))).toEqual([
      '1 CREDIT POSTED 1000 0 1000 1000 2026-01-15',
      '2 DEBIT POSTED 300 0 700 700 2026-01-12',
      '3 DEBIT HELD 0 200 700 500 2026-01-16',
      '4 DEBIT POSTED_FROM_HOLD 150 -150 550 500 2026-01-16',
      '5 DEBIT HELD 0 40 550 460 2026-01-16',
      '6 DEBIT RELEASED 0 -40 550 500 2026-01-16',
      '7 DEBIT HELD 0 30 550 470 2026-01-16',
      '8 DEBIT RELEASED 0 -30 550 500 2026-01-16',
    ]);
  });

  test('limits history, refusals and assets stand there', async () => {
    expect(
      await db.rows(
        'SELECT code, change_id, posted_floor, posted_ceiling FROM books.limits_history ORDER BY seq',
      ),
    ).toEqual([
      { code: 'alice', change_id: alice, posted_floor: '0', posted_ceiling: null },
      { code: 'bob', change_id: uuid(31), posted_floor: null, posted_ceiling: '10000' },
    ]);
    expect(await db.rows('SELECT id, reason, command, posting, account_id FROM books.refusals')).toEqual([
      { id: uuid(90), reason: 'INSUFFICIENT_FUNDS', command: 'CREATE', posting: 0, account_id: alice },
    ]);
    expect(await db.rows('SELECT code FROM books.assets ORDER BY code')).toEqual([
      { code: 'EUR' },
      { code: 'USD' },
    ]);
  });

  test('a balance can be asked for by booking time and by effective date', async () => {
    const at = async (moment: string) =>
      (await db.rows('SELECT posted_balance FROM books.balance_at($1, $2, $3)', ['acme', 'alice', moment]))[0]
        .posted_balance;
    const on = async (date: string) =>
      (await db.rows('SELECT posted_balance FROM books.balance_on($1, $2, $3)', ['acme', alice, date]))[0]
        .posted_balance;
    expect([
      await at('2026-01-15T11:59:59Z'),
      await at('2026-01-15T12:00:01Z'),
      await at('2026-01-17T00:00:00Z'),
    ]).toEqual(['0', '700', '550']);
    expect([
      await on('2026-01-11'),
      await on('2026-01-12'),
      await on('2026-01-15'),
      await on('2026-01-16'),
    ]).toEqual(['0', '-300', '700', '550']);
  });

  test('every column of every view is commented', async () => {
    expect(
      await db.rows(`SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      WHERE c.relnamespace = 'books'::regnamespace AND c.relkind = 'v' AND col_description(c.oid, a.attnum) IS NULL`),
    ).toEqual([]);
  });
});

describe('the watermark', () => {
  test('tells height, seq, hash, stamps and what was adopted', async () => {
    const point = (await db.loader.recoveryPoints([3])).get(3)!;
    expect({ ...point, hash: Buffer.from(point.hash).toString('hex') }).toMatchObject({
      height: 4,
      seq: shard.state.nextSeq - 1,
      hash: Buffer.from(shard.tip.hash).toString('hex'),
      highStampMs: 1_768_478_400_123,
      lastAccount: 4,
      controlSeq: 1,
      books: [{ number: 1, name: 'acme', shard: 3 }],
      refusalsToday: [],
    });
  });

  test('a stop between two batches and a new start lose and double nothing', async () => {
    const other = await readModelDatabase();
    const part = new MemoryFeed();
    part.add(...shard.blocks.slice(0, 2));
    await projectAll(other.url, part, { 3: shard.blocks[2].firstSeq - 1 });
    part.add(...shard.blocks.slice(2));
    await projectAll(other.url, part, { 3: shard.state.nextSeq - 1 });
    expect(await tables(other)).toEqual(await tables(db));
    await other.drop();
  });

  test('never passes what the writer has proven', async () => {
    const other = await readModelDatabase();
    const bounded = new MemoryFeed();
    bounded.provenMax = 2;
    bounded.add(...shard.blocks);
    const projector = projectorOf({ url: other.url, feed: bounded, shards: [3] });
    await projector.start();
    expect(await projector.waitForSeq(3, shard.blocks[2].firstSeq, 200)).toBe(false);
    expect(projector.watermark(3).height).toBe(2);
    await projector.stop();
    await other.drop();
  });

  test('two projectors at once leave the same rows as one', async () => {
    const other = await readModelDatabase();
    const shared = new MemoryFeed();
    const moved: string[] = [];
    const both = [0, 1].map(() =>
      projectorOf({ url: other.url, feed: shared, shards: [3], onEvent: (event) => moved.push(event.event) }),
    );
    for (const projector of both) await projector.start();
    for (const block of shard.blocks) {
      shared.add(block);
      await both[0].waitForSeq(3, block.firstSeq + block.eventCount - 1, 5_000);
    }
    for (const projector of both)
      expect(await projector.waitForSeq(3, shard.state.nextSeq - 1, 15_000)).toBe(true);
    for (const projector of both) await projector.stop();
    expect(await tables(other)).toEqual(await tables(db));
    // The control: they did meet.
    expect(moved).toContain('projection.moved');
    await other.drop();
  });

  test('a paused projector stands still, and goes on from there', async () => {
    const other = await readModelDatabase();
    const later = new MemoryFeed();
    const projector = projectorOf({ url: other.url, feed: later, shards: [3] });
    await projector.start();
    await projector.pause();
    later.add(...shard.blocks);
    expect(await projector.waitForSeq(3, 1, 100)).toBe(false);
    projector.resume();
    expect(await projector.waitForSeq(3, shard.state.nextSeq - 1, 5_000)).toBe(true);
    await projector.stop();
    await other.drop();
  });
});

const TABLES = [
  'accounts',
  'account_balances',
  'account_changes',
  'transactions',
  'postings',
  'transaction_progress',
  'entries',
  'displaced_days',
  'refusals',
  'refusal_days',
  'adopted_books',
  'projection',
];

/** Every read model of a database as text that compares. */
async function tables(of: ReadModelDatabase): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const table of TABLES)
    found[table] = await of.rows(`SELECT to_jsonb(t)::text AS row FROM florin.${table} AS t ORDER BY 1`);
  return found;
}
