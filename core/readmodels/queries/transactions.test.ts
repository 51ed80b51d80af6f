import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  NOON_US,
  SECOND_US,
  bytes,
  create,
  hold,
  metadata,
  open,
  post,
  posting,
  reverse,
  uuid,
  voiding,
} from '../../../test/support/ledger.ts';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  readModelDatabase,
} from '../../../test/support/projecting.ts';
import { ScriptedShard } from '../../../test/support/scriptedShard.ts';
import { getAccount, listAccounts } from './accounts.ts';
import { getAsset, listAssets } from './assets.ts';
import { getBook, listBooks } from './books.ts';
import { listEntries } from './entries.ts';
import { type TransactionFilter, getTransaction, listTransactions } from './transactions.ts';

const [cash, alice, bob, other] = [uuid(1), uuid(2), uuid(3), uuid(4)];
const shard = new ScriptedShard(9, NOON_US);
const control = new ScriptedShard(64, NOON_US);
const book = { shard: 9, book: 1 };
let db: ReadModelDatabase;

beforeAll(async () => {
  db = await readModelDatabase();
  control.control({ op: 'createBook', name: 'acme', description: 'Acme ü', shard: 9 });
  control.control({ op: 'createBook', name: 'beta', description: '', shard: null });
  control.control({ op: 'createAsset', code: 'POINTS', scale: 0, name: 'Points' });
  control.seal();
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: 9 });
  shard.adopt({ type: 'book', seq: 2, number: 2, name: 'beta', shard: 9 });
  shard.run(open(cash, { code: 'cash', normalSide: 1 }));
  shard.run(open(alice, { code: 'm:alice', limits: [0n, null, null, 9n ** 18n] }));
  shard.run(open(bob, { code: 'm:bob', metadata: metadata('tier', 'gold') }));
  shard.book = 2;
  shard.run(open(other, { code: 'cash', normalSide: 1 }));
  shard.run(open(uuid(5), { code: 'z' }));
  shard.seal();
  for (let n = 0; n < 12; n++) {
    shard.nowUs += SECOND_US;
    shard.book = 1;
    shard.run(
      create(uuid(100 + n), [posting(cash, n % 2 === 0 ? alice : bob, 10n)], {
        reference: bytes(`r${n % 3}`),
      }),
    );
    shard.book = 2;
    shard.run(create(uuid(100 + n), [posting(other, uuid(5), 1n)]));
    shard.seal();
  }
  shard.book = 1;
  shard.nowUs += SECOND_US;
  shard.run(hold(uuid(200), [posting(alice, bob, 5n), posting(alice, bob, 3n)]));
  shard.run(
    hold(uuid(201), [posting(alice, bob, 2n)], {
      metadata: metadata('why', 'deposit'),
      expiresAfterSeconds: 60,
    }),
  );
  shard.run(voiding(uuid(202), uuid(201)));
  shard.run(post(uuid(203), uuid(200), { amounts: [{ posting: 1, amount: 2n }], keepOpen: true }));
  shard.run(reverse(uuid(204), uuid(203)));
  shard.seal();
  const feed = new MemoryFeed();
  feed.add(...control.blocks, ...shard.blocks);
  await projectAll(db.url, feed, { 9: shard.state.nextSeq - 1, 64: control.state.nextSeq - 1 });
});
afterAll(() => db.drop());

const everything: TransactionFilter = {
  accountId: null,
  kind: 0,
  state: 0,
  reference: '',
  bookedFromUs: null,
  bookedUntilUs: null,
  beforeSeq: null,
  limit: 100,
};

async function ids(filter: Partial<TransactionFilter>, of = book): Promise<(string | null)[] | null> {
  const { value } = await listTransactions(db.pool, of, { ...everything, ...filter });
  return value && value.rows.map((row) => row.id);
}

const plain = (from: number, to: number): string[] =>
  Array.from({ length: from - to + 1 }, (_, i) => uuid(100 + from - i));
const rest = [204, 203, 202, 201, 200].map((n) => uuid(n));

describe('transactions are listed newest first', () => {
  test('of one book only, all of it', async () => {
    expect(await ids({})).toEqual([...rest, ...plain(11, 0)]);
    expect(await ids({}, { shard: 9, book: 2 })).toEqual(plain(11, 0));
  });

  test('in pages that meet without gap or overlap, with each filter', async () => {
    for (const filter of [{}, { accountId: alice }, { reference: 'r1' }, { kind: 1 }, { state: 2 }]) {
      const paged: (string | null)[] = [];
      for (let beforeSeq: number | null = null; ;) {
        const { value, asOfSeq } = await listTransactions(db.pool, book, {
          ...everything,
          ...filter,
          beforeSeq,
          limit: 2,
        });
        expect(asOfSeq).toBe(shard.state.nextSeq - 1);
        if (value === null) throw new Error('no such account');
        paged.push(...value.rows.map((row) => row.id));
        if (!value.hasMore) break;
        beforeSeq = value.rows[1].seq;
      }
      expect(paged).toEqual(await ids(filter));
      expect(paged.length).toBeGreaterThan(3);
    }
  });

  test('by account, each once, however many of its postings touch it', async () => {
    expect(await ids({ accountId: alice })).toEqual([...rest, ...plain(10, 0).filter((_, i) => i % 2 === 0)]);
    expect(await ids({ accountId: cash, kind: 2 })).toEqual([]);
    expect(await ids({ accountId: alice, beforeSeq: 1 })).toEqual([]);
  });

  test('of an account that the book does not have is null, and as of the same seq', async () => {
    expect(await ids({ accountId: other })).toBe(null);
    expect(await ids({ accountId: uuid(999) })).toBe(null);
    expect(await ids({ accountId: other }, { shard: 9, book: 2 })).toHaveLength(12);
    const { asOfSeq } = await listTransactions(db.pool, book, { ...everything, accountId: uuid(999) });
    expect(asOfSeq).toBe(shard.state.nextSeq - 1);
  });

  test('by kind, state and reference', async () => {
    expect(await ids({ kind: 4 })).toEqual([uuid(202)]);
    expect(await ids({ state: 1 })).toEqual([uuid(200)]);
    expect(await ids({ state: 3 })).toEqual([uuid(201)]);
    expect(await ids({ state: 4 })).toEqual([]);
    expect(await ids({ reference: 'r2' })).toEqual([11, 8, 5, 2].map((n) => uuid(100 + n)));
  });

  test('by booking time, from inclusive, until exclusive', async () => {
    const at = (second: number): number => NOON_US + second * SECOND_US;
    for (const accountId of [null, cash]) {
      expect(await ids({ accountId, bookedFromUs: at(3), bookedUntilUs: at(6) })).toEqual(plain(4, 2));
      expect(await ids({ accountId, bookedFromUs: at(3) + 1, bookedUntilUs: at(6) + 1 })).toEqual(
        plain(5, 3),
      );
      expect(await ids({ accountId, bookedUntilUs: at(1) })).toEqual([]);
    }
  });
});

test('a transaction has its postings with what was posted and reversed, its target and its metadata', async () => {
  const of = async (n: number) => (await getTransaction(db.pool, book, uuid(n))).value;
  const move = {
    debitAccount: alice,
    creditAccount: bob,
    asset: 'EUR',
    postedAmount: 0n,
    reversedAmount: 0n,
    releasedAmount: null,
  };
  expect(await of(200)).toMatchObject({
    kind: 2,
    state: 1,
    postings: [
      { ...move, amount: 5n },
      { ...move, amount: 3n, postedAmount: 2n },
    ],
  });
  expect(await of(201)).toMatchObject({
    kind: 2,
    state: 3,
    metadata: { why: 'deposit' },
    expiresUs: shard.nowUs + 60 * SECOND_US,
    bookedUs: shard.nowUs,
    effectiveDate: '2026-01-15',
  });
  expect(await of(202)).toMatchObject({
    kind: 4,
    state: 2,
    targetId: uuid(201),
    postings: [{ amount: 0n, releasedAmount: 2n }],
  });
  expect(await of(203)).toMatchObject({ kind: 3, targetId: uuid(200) });
  expect(await of(204)).toMatchObject({
    kind: 6,
    targetId: uuid(203),
    postings: [{ debitAccount: bob, creditAccount: alice, amount: 2n }],
  });
  expect(await of(999)).toBe(null);
});

test('what was posted in part and reversed shows on the post, at its own posting', async () => {
  const { value } = await getTransaction(db.pool, book, uuid(203));
  expect(value?.postings.map((one) => one.reversedAmount)).toEqual([2n]);
  expect(
    await db.rows('SELECT reversed_amount FROM books.postings WHERE transaction_id = $1', [uuid(203)]),
  ).toEqual([{ reversed_amount: '2' }]);
});

describe('accounts', () => {
  test('are found by id and by code, in their book only', async () => {
    const byId = await getAccount(db.pool, { ...book, id: bob });
    expect(byId.value).toMatchObject({
      code: 'm:bob',
      metadata: { tier: 'gold' },
      openedUs: NOON_US,
      closedUs: null,
      normalSide: 2,
    });
    expect(await getAccount(db.pool, { ...book, code: 'm:bob' })).toEqual(byId);
    expect((await getAccount(db.pool, { shard: 9, book: 2, code: 'm:bob' })).value).toBe(null);
  });

  test('are listed by code behind a prefix, in pages', async () => {
    const list = async (filter: object) =>
      (
        await listAccounts(db.pool, book, {
          codePrefix: '',
          asset: '',
          state: 'any',
          after: '',
          limit: 10,
          ...filter,
        })
      ).value;
    expect((await list({})).rows.map((row) => row.code)).toEqual(['cash', 'm:alice', 'm:bob']);
    expect((await list({ codePrefix: 'm:' })).rows.map((row) => row.code)).toEqual(['m:alice', 'm:bob']);
    expect(await list({ limit: 1, after: 'cash' })).toMatchObject({
      rows: [{ code: 'm:alice', limits: [0n, null, null, 9n ** 18n] }],
      hasMore: true,
    });
    expect((await list({ asset: 'USD' })).rows).toEqual([]);
    expect((await list({ state: 'closed' })).rows).toEqual([]);
    expect((await list({ state: 'open' })).rows).toHaveLength(3);
  });
});

test('entries are listed in either direction, in pages, and an unknown account is told from an empty one', async () => {
  const page = async (filter: object) =>
    listEntries(
      db.pool,
      { ...book, code: 'm:alice' },
      { newestFirst: false, after: null, limit: 4, ...filter },
    );
  const first = await page({});
  expect(first.value?.rows.map((row) => Number(row.version))).toEqual([1, 2, 3, 4]);
  expect(first.value?.hasMore).toBe(true);
  expect((await page({ after: 4n })).value?.rows[0].version).toBe(5n);
  expect(
    (await page({ newestFirst: true, after: 3n })).value?.rows.map((row) => Number(row.version)),
  ).toEqual([2, 1]);
  expect(
    (await listEntries(db.pool, { ...book, code: 'nobody' }, { newestFirst: false, after: null, limit: 1 }))
      .value,
  ).toBe(null);
});

test('books and assets come from the control shard', async () => {
  expect(await getBook(db.pool, 'acme')).toEqual({
    number: 1,
    name: 'acme',
    shard: 9,
    description: 'Acme ü',
    createdUs: NOON_US,
  });
  expect(await listBooks(db.pool, { after: '', limit: 1 })).toMatchObject({
    rows: [{ name: 'acme' }],
    hasMore: true,
  });
  expect(await getAsset(db.pool, 'POINTS')).toEqual({
    code: 'POINTS',
    scale: 0,
    name: 'Points',
    iso4217: false,
  });
  expect(
    (await listAssets(db.pool, { after: '', limit: 9, customOnly: true })).rows.map((row) => row.code),
  ).toEqual(['POINTS']);
  expect(
    (await listAssets(db.pool, { after: 'EUR', limit: 9, customOnly: false })).rows.map((row) => row.code),
  ).toEqual(['POINTS', 'USD']);
});
