import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NOON_US, SECOND_US, create, hold, open, posting, reverse, uuid } from '../../test/support/ledger.ts';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  readModelDatabase,
} from '../../test/support/projecting.ts';
import { ScriptedShard } from '../../test/support/scriptedShard.ts';
import { type EntryRecord, listEntries } from './queries/entries.ts';
import { getBalance } from './queries/balances.ts';
import { checkInvariants } from './queries/invariants.ts';
import { statementPage, type StatementCursor, type StatementLine } from './queries/statements.ts';
import { listTransactions } from './queries/transactions.ts';
import { PAGE_ENTRIES_MAX } from './rows/entryPages.ts';

const [bank, alice, bob] = [uuid(1), uuid(2), uuid(3)];
const shard = new ScriptedShard(3, NOON_US);
const book = { shard: 3, book: 1 };
const account = { ...book, id: alice };
/** The key of alice, the second account of the shard. */
const KEY = '(3::bigint << 32 | 2)';
let db: ReadModelDatabase;

/** Plain entries in runs longer than a page, a hold among them, one of another date, transactions that touch alice twice. */
beforeAll(async () => {
  db = await readModelDatabase();
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: 3 });
  shard.run(open(bank, { code: 'bank', normalSide: 1 }));
  shard.run(open(alice, { code: 'alice' }));
  shard.run(open(bob, { code: 'bob' }));
  for (let n = 0; n < 120; n++) {
    const moves = [posting(bank, alice, BigInt(10 + n))];
    if (n % 10 === 3) moves.push(posting(alice, bob, 3n));
    shard.run(create(uuid(100 + n), moves, n === 70 ? { effectiveDay: 20_000 } : {}));
    if (n === 50) shard.run(reverse(uuid(400), uuid(120)));
    if (n % 7 === 0) shard.seal();
    shard.nowUs += SECOND_US;
  }
  shard.run(hold(uuid(500), [posting(alice, bob, 5n)], {}));
  for (let n = 0; n < 5; n++) shard.run(create(uuid(600 + n), [posting(bank, alice, 1n)]));
  shard.seal();
  const feed = new MemoryFeed();
  feed.add(...shard.blocks);
  await projectAll(db.url, feed, { 3: shard.state.nextSeq - 1 });
}, 30_000);

afterAll(() => db.drop());

async function entries(newestFirst: boolean, limit: number): Promise<EntryRecord[]> {
  const found: EntryRecord[] = [];
  for (let after: bigint | null = null, more = true; more;) {
    const { value } = await listEntries(db.pool, account, { newestFirst, after, limit });
    if (value === null) throw new Error('no such account');
    found.push(...value.rows);
    after = value.rows.at(-1)?.version ?? null;
    more = value.hasMore;
  }
  return found;
}

test('runs of plain entries are pages, all others are rows', async () => {
  const [pages] = await db.rows(
    `SELECT count(*)::integer AS count, max(cardinality(amounts)) AS longest FROM florin.entry_pages WHERE account_key = ${KEY}`,
  );
  expect(pages).toMatchObject({ longest: PAGE_ENTRIES_MAX });
  expect(pages.count).toBeGreaterThanOrEqual(4);
  const rows = await db.rows(`SELECT version FROM florin.entries WHERE account_key = ${KEY}`);
  // The one of another date, and what was booked while something was held.
  expect(rows.length).toBeGreaterThanOrEqual(7);
});

test('a list is the same in pages of any size, in both directions, and its balances are sums', async () => {
  const all = await entries(false, 1_000);
  expect(all).toHaveLength(139);
  let balance = 0n;
  for (const [index, entry] of all.entries()) {
    balance += entry.side === 2 ? entry.amount : -entry.amount;
    expect(entry).toMatchObject({ version: BigInt(index + 1), postedBalance: balance });
  }
  for (const limit of [1, 7, 32, 33]) {
    expect(await entries(false, limit)).toEqual(all);
    expect(await entries(true, limit)).toEqual(all.toReversed());
  }
});

test('the views show what lists show, with the id of the transaction', async () => {
  const all = await entries(false, 1_000);
  const shown = await db.rows(
    "SELECT version, transaction_id, posting, amount, posted_balance FROM books.entries WHERE code = 'alice' ORDER BY version",
  );
  expect(
    shown.map((row) => [row.version, row.transaction_id, row.posting, row.amount, row.posted_balance]),
  ).toEqual(
    all.map((entry) => [
      String(entry.version),
      entry.transactionId,
      entry.posting,
      String(entry.amount),
      String(entry.postedBalance),
    ]),
  );
});

test('the balance at the moment of each entry is the one after the last entry of that moment', async () => {
  const all = await entries(false, 1_000);
  for (const entry of all) {
    const last = all.findLast((other) => other.bookedUs === entry.bookedUs);
    const { value } = await getBalance(db.pool, account, { at: 'booked', us: entry.bookedUs });
    expect(value).toMatchObject({ version: last?.version, postedBalance: last?.postedBalance });
  }
  const before = await getBalance(db.pool, account, { at: 'booked', us: all[0].bookedUs - 1 });
  expect(before.value).toMatchObject({ version: 0n, postedBalance: 0n });
});

test.each(['booked', 'effective'] as const)('a statement by %s goes on from page to page', async (axis) => {
  const lines: StatementLine[] = [];
  for (let after: StatementCursor | null = null, more = true; more;) {
    const { value } = await statementPage(db.pool, account, {
      range: { axis, fromDate: null, toDate: null },
      after,
      limit: 10,
    });
    if (value === null) throw new Error('no such account');
    lines.push(...value.lines.rows);
    after = value.next;
    more = after !== null;
  }
  // All but the hold.
  expect(lines).toHaveLength(138);
  expect(lines.at(-1)?.balance).toBe((await entries(true, 1))[0].postedBalance);
  if (axis === 'effective') expect(lines[0].effectiveDate).toBe('2024-10-04');
});

test('the transactions of an account come newest first, each once', async () => {
  const seqs: number[] = [];
  for (let beforeSeq: number | null = null, more = true; more;) {
    const { value } = await listTransactions(db.pool, book, {
      accountId: alice,
      kind: 0,
      state: 0,
      reference: '',
      bookedFromUs: null,
      bookedUntilUs: null,
      beforeSeq,
      limit: 9,
    });
    if (value === null) throw new Error('no such account');
    seqs.push(...value.rows.map((row) => row.seq));
    beforeSeq = value.rows.at(-1)?.seq ?? null;
    more = value.hasMore;
  }
  expect(seqs).toEqual(seqs.toSorted((a, b) => b - a));
  expect(new Set(seqs).size).toBe(seqs.length);
  expect(seqs).toHaveLength(127);
});

async function violated(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, violations } of checkInvariants(db.pool, { violationsMax: 1 }))
    // This test keeps its journal in memory.
    if (violations.length > 0 && name !== 'i14_events_projected') names.push(name);
  return names;
}

test('all invariants hold on pages', async () => {
  expect(await violated()).toEqual([]);
});

/** The account's first page. */
const FIRST_PAGE = `(account_key, first_version) = (SELECT account_key, first_version FROM florin.entry_pages WHERE account_key = ${KEY} ORDER BY first_version LIMIT 1)`;

/** Runs it on pages that were edited, and puts them back. */
async function withPages<T>(edit: string, then: () => Promise<T>): Promise<T> {
  await db.rows('CREATE TABLE florin.kept AS TABLE florin.entry_pages');
  try {
    await db.rows(edit);
    return await then();
  } finally {
    await db.rows('TRUNCATE florin.entry_pages');
    await db.rows('INSERT INTO florin.entry_pages TABLE florin.kept');
    await db.rows('DROP TABLE florin.kept');
  }
}

test.each([
  ['an amount', 'amounts[2] = amounts[2] + 1', ['i02_transactions_balance', 'i03_counters_fold']],
  ['a counter', 'credits_posted[3] = credits_posted[3] + 1', ['i03_counters_fold']],
  [
    'a side',
    'sides = set_bit(sides, 1, 1 - get_bit(sides, 1))',
    ['i02_transactions_balance', 'i03_counters_fold'],
  ],
  ['a version', 'first_version = first_version + 1000', ['i03_counters_fold', 'i04_versions_gapless']],
  [
    'a negative amount',
    'amounts[1] = -9223372036854775808',
    ['i02_transactions_balance', 'i03_counters_fold', 'i13_amounts_inside'],
  ],
])('notices %s that was edited in a page', async (_what, set, broken) => {
  expect(await withPages(`UPDATE florin.entry_pages SET ${set} WHERE ${FIRST_PAGE}`, violated)).toEqual(
    broken,
  );
});

describe('what makes a page malformed is shown', () => {
  const arrays = ['seqs_later', 'us_later', 'amounts', 'debits_posted', 'credits_posted', 'postings'];

  test.each([
    ...arrays.flatMap((array) => [
      [`${array} with a NULL`, `${array}[2] = NULL`],
      [`${array} that was shortened`, `${array} = ${array}[1:cardinality(${array}) - 1]`],
      [`${array} that was lengthened`, `${array} = ${array} || 0::smallint`],
      [`${array} that is empty`, `${array} = '{}'`],
      [`${array} that counts from 0`, `${array}[0] = 0`],
    ]),
    ['sides that were shortened', 'sides = substring(sides FROM 2)'],
    ['sides that are empty', "sides = ''"],
    ['sides that were lengthened', "sides = sides || B'1'"],
    [
      'fewer entries than a page is written for',
      `sides = substring(sides FOR 3), ${arrays.map((array) => `${array} = ${array}[1:3]`).join(', ')}`,
    ],
  ])('%s', async (_what, set) => {
    expect(await withPages(`UPDATE florin.entry_pages SET ${set} WHERE ${FIRST_PAGE}`, violated)).toContain(
      'i13_amounts_inside',
    );
  });

  test('more entries than lists look back for, though each of them is right', async () => {
    const merge = `
      WITH two AS (
        SELECT array_agg(first_version) AS versions FROM (
          SELECT first_version FROM florin.entry_pages WHERE account_key = ${KEY} ORDER BY first_version LIMIT 2
        ) AS first
      ), second AS (
        DELETE FROM florin.entry_pages USING two WHERE account_key = ${KEY} AND first_version = versions[2] RETURNING entry_pages.*
      )
      UPDATE florin.entry_pages AS p SET
        seqs_later = p.seqs_later || ARRAY(SELECT (second.first_seq - p.first_seq + later)::integer FROM unnest(second.seqs_later) AS later),
        us_later = p.us_later || ARRAY(
          SELECT (extract(epoch FROM second.booked_at - p.booked_at) * 1000000 + later)::integer FROM unnest(second.us_later) AS later),
        amounts = p.amounts || second.amounts, debits_posted = p.debits_posted || second.debits_posted,
        credits_posted = p.credits_posted || second.credits_posted, sides = p.sides || second.sides,
        postings = p.postings || second.postings
      FROM second, two WHERE p.account_key = ${KEY} AND p.first_version = versions[1]`;
    const before = await entries(false, 1_000);
    const [found, counted] = await withPages(merge, async () => [
      await violated(),
      await entries(false, 1_000),
    ]);
    expect(counted).toEqual(before);
    expect(found).toEqual(['i13_amounts_inside']);
  });
});

test.each([
  ['the first page', 0],
  ['a later page', 1],
])('where %s was deleted, a search for what was in it ends with an error', async (_what, index) => {
  const page = `account_key = ${KEY} AND first_version = ${index * PAGE_ENTRIES_MAX + 1}`;
  const inside = (await entries(false, 1_000))[index * PAGE_ENTRIES_MAX + 10];
  const client = await db.pool.connect();
  try {
    // So that a search that goes on for ever fails here.
    await client.query("SET statement_timeout = '2s'");
    await withPages(`DELETE FROM florin.entry_pages WHERE ${page}`, async () => {
      for (const [search, value] of [
        [`version_booked_at(${KEY}, to_timestamp($1::float8))`, inside.bookedUs / 1e6],
        [`version_at_seq(${KEY}, $1)`, inside.seq],
      ] as const)
        await expect(client.query(`SELECT florin.${search}`, [value])).rejects.toThrow(
          /^account_key 12884901890 has no entry of version \d+, neither a row nor in a page$/,
        );
    });
  } finally {
    await client.query('RESET statement_timeout');
    client.release();
  }
  expect(await violated()).toEqual([]);
});
