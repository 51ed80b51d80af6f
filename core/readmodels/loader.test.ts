import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  DAY_US,
  NOON_US,
  change,
  create,
  hold,
  open,
  post,
  posting,
  reverse,
  uuid,
} from '../../test/support/ledger.ts';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  projectorOf,
  readModelDatabase,
} from '../../test/support/projecting.ts';
import { ScriptedShard } from '../../test/support/scriptedShard.ts';
import { TamperedRow } from '../shard/ports.ts';
import { Sealer } from './sealing/seals.ts';

const cash = uuid(1),
  alice = uuid(2),
  bob = uuid(3);
const shard = new ScriptedShard(7, NOON_US);
const feed = new MemoryFeed();
let db: ReadModelDatabase;
let lastSeq = 0;

beforeAll(async () => {
  db = await readModelDatabase();
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: 7 });
  shard.adopt({ type: 'asset', seq: 2, code: 'POINTS', scale: 0, name: 'Points ü' });
  shard.run(open(cash, { code: 'cash', normalSide: 1 }));
  shard.run(open(alice, { code: 'alice', limits: [0n, null, 0n, null] }));
  shard.run(open(bob, { code: 'bob' }));
  shard.seal();
  shard.run(create(uuid(10), [posting(cash, alice, 500n), posting(cash, bob, 70n)]));
  shard.run(hold(uuid(11), [posting(alice, bob, 100n), posting(cash, bob, 5n)], { expiresAfterSeconds: 60 }));
  shard.run(post(uuid(12), uuid(11), { amounts: [{ posting: 0, amount: 30n }], keepOpen: true }));
  shard.run(reverse(uuid(13), uuid(10), { amounts: [{ posting: 1, amount: 20n }] }));
  shard.run(hold(uuid(14), [posting(alice, bob, 1n)], { expiresAfterSeconds: 3600 }));
  shard.run(create(uuid(15), [posting(alice, bob, 100_000n)]));
  shard.run(change(uuid(16), bob, { limits: [null, 900n, null, null] }));
  shard.seal();
  feed.add(...shard.blocks);
  lastSeq = shard.state.nextSeq - 1;
  await projectAll(db.url, feed, { 7: lastSeq });
});
afterAll(() => db.drop());

const loadedAlice = {
  number: 2,
  book: 1,
  id: alice,
  code: 'alice',
  asset: 'EUR',
  normalSide: 2,
  closed: false,
  version: 4,
  debitsPosted: 30n,
  creditsPosted: 500n,
  debitsPending: 71n,
  creditsPending: 0n,
  limits: [0n, null, 0n, null],
};

test('accounts load by id, by code and by number alike, absent ones stay absent, each with the watermark', async () => {
  const expected = { watermarkSeq: lastSeq, rows: [loadedAlice] };
  expect(await db.loader.accountsById(7, 1, [alice, uuid(99)])).toEqual(expected);
  expect(await db.loader.accountsByCode(7, 1, ['alice', 'nobody'])).toEqual(expected);
  expect(await db.loader.accountsByNumber(7, Uint32Array.of(2, 99))).toEqual(expected);
  expect(await db.loader.accountsById(7, 2, [alice])).toEqual({ watermarkSeq: lastSeq, rows: [] });
  expect(
    (await db.loader.accountsByNumber(7, Uint32Array.of(3, 1, 2))).rows.map((row) => row.code).sort(),
  ).toEqual(['alice', 'bob', 'cash']);
});

test('limits are those of the last change', async () => {
  expect((await db.loader.accountsByCode(7, 1, ['bob'])).rows[0].limits).toEqual([null, 900n, null, null]);
});

test('spent ids are those of transactions, accounts, changes and refusals', async () => {
  const asked = [uuid(10), cash, uuid(15), uuid(16), uuid(77)];
  const { watermarkSeq, rows } = await db.loader.spentIds(7, 1, asked);
  expect(watermarkSeq).toBe(lastSeq);
  expect(rows.map((row) => row.id).sort()).toEqual([cash, uuid(10), uuid(15), uuid(16)].sort());
  expect((await db.loader.spentIds(7, 2, asked)).rows).toEqual([]);
});

test('progress tells what was posted and reversed, and plain untouched ones are absent', async () => {
  const seqOf = new Map(
    (await db.loader.spentIds(7, 1, [uuid(10), uuid(11), uuid(12)])).rows.map((row) => [row.id, row.seq]),
  );
  const { rows } = await db.loader.progress(7, [...seqOf.values()]);
  expect(rows.sort((a, b) => a.seq - b.seq)).toEqual([
    { seq: seqOf.get(uuid(10)), book: 1, state: 2, posted: [], reversed: [0n, 20n] },
    { seq: seqOf.get(uuid(11)), book: 1, state: 1, posted: [30n, 0n], reversed: [] },
  ]);
});

test('due holds come oldest first, and only when their time has come', async () => {
  expect(await db.loader.dueHolds(7, NOON_US + 59_999_999, 10)).toEqual([]);
  expect((await db.loader.dueHolds(7, NOON_US + 60_000_000, 10)).map((row) => row.id)).toEqual([uuid(11)]);
  expect((await db.loader.dueHolds(7, NOON_US + DAY_US, 1)).map((row) => row.id)).toEqual([uuid(11)]);
  expect((await db.loader.dueHolds(7, NOON_US + DAY_US, 10)).map((row) => row.id)).toEqual([
    uuid(11),
    uuid(14),
  ]);
});

test('the next expiry is that of the first open hold behind the moment', async () => {
  expect(await db.loader.nextExpiry(7, NOON_US)).toBe(NOON_US + 60_000_000);
  expect(await db.loader.nextExpiry(7, NOON_US + 60_000_000)).toBe(NOON_US + 3_600_000_000);
  expect(await db.loader.nextExpiry(7, NOON_US + DAY_US)).toBe(Infinity);
  expect(await db.loader.nextExpiry(8, NOON_US)).toBe(Infinity);
});

test('the recovery point has books, assets and the refusals of the day', async () => {
  expect((await db.loader.recoveryPoints([7])).get(7)).toMatchObject({
    height: 2,
    seq: lastSeq,
    controlSeq: 2,
    lastAccount: 3,
    books: [{ number: 1, name: 'acme' }],
    assets: [{ code: 'POINTS', scale: 0, name: 'Points ü' }],
    refusalsToday: [{ book: 1, count: 1 }],
  });
  expect((await db.loader.recoveryPoints([8])).get(8)).toMatchObject({ height: 0, seq: 0, books: [] });
});

describe('an edited row', () => {
  const undo: string[] = [];
  afterEach(async () => {
    for (const sql of undo.splice(0)) await db.rows(sql);
  });

  test.each([
    ['accounts', "code = 'alicf'", "code = 'alice'"],
    ['accounts', 'posted_floor = -1', 'posted_floor = 0'],
    ['accounts', 'posted_ceiling = 1', 'posted_ceiling = NULL'],
    ['accounts', 'normal_side = 1', 'normal_side = 2'],
    ['accounts', 'closed_at = now()', 'closed_at = NULL'],
    ['account_balances', 'credits_posted = credits_posted + 1', 'credits_posted = credits_posted - 1'],
    ['account_balances', 'debits_pending = 0', 'debits_pending = 71'],
    ['account_balances', 'version = version + 1', 'version = version - 1'],
  ])('of %s with %s is refused, however it is loaded', async (table, edit, back) => {
    const where = `WHERE account_key = ${7 * 2 ** 32 + 2}`;
    undo.push(`UPDATE florin.${table} SET ${back} ${where}`);
    await db.rows(`UPDATE florin.${table} SET ${edit} ${where}`);
    await expect(db.loader.accountsById(7, 1, [alice])).rejects.toThrow(TamperedRow);
    await expect(db.loader.accountsByNumber(7, Uint32Array.of(2))).rejects.toThrow(TamperedRow);
  });

  test('of transaction_progress is refused', async () => {
    const [row] = await db.rows(
      'SELECT seq, posted FROM florin.transaction_progress WHERE state = 1 ORDER BY seq LIMIT 1',
    );
    undo.push(`UPDATE florin.transaction_progress SET posted = '{30,0}' WHERE seq = ${row.seq}`);
    await db.rows(`UPDATE florin.transaction_progress SET posted = '{29,0}' WHERE seq = ${row.seq}`);
    await expect(db.loader.progress(7, [Number(row.seq)])).rejects.toThrow(TamperedRow);
  });

  test('that is missing is refused too', async () => {
    const where = `WHERE account_key = ${7 * 2 ** 32 + 2}`;
    const [row] = await db.rows(`DELETE FROM florin.account_balances ${where} RETURNING *`);
    undo.push(
      `INSERT INTO florin.account_balances SELECT * FROM jsonb_populate_record(NULL::florin.account_balances, '${JSON.stringify(row)}')`,
    );
    await expect(db.loader.accountsById(7, 1, [alice])).rejects.toThrow(TamperedRow);
    await expect(db.loader.accountsByNumber(7, Uint32Array.of(2))).rejects.toThrow(TamperedRow);
  });

  test('is not sealed anew by the projector: it stops there, says so, and goes on once the row is right again', async () => {
    const where = `WHERE account_key = ${7 * 2 ** 32 + 3}`;
    await db.rows(`UPDATE florin.accounts SET posted_ceiling = 901 ${where}`);
    shard.run(change(uuid(17), bob, { metadata: new Uint8Array(0) as never }));
    shard.seal();
    const tip = shard.state.nextSeq - 1;
    const failures: unknown[] = [];
    const projector = projectorOf({
      url: db.url,
      feed,
      shards: [7],
      onEvent: (event) => failures.push('error' in event ? event.error : event.event),
    });
    await projector.start();
    feed.add(shard.blocks[2]);
    expect(await projector.waitForSeq(7, tip, 300)).toBe(false);
    expect(failures[0]).toBeInstanceOf(TamperedRow);
    await db.rows(`UPDATE florin.accounts SET posted_ceiling = 900 ${where}`);
    expect(await projector.waitForSeq(7, tip, 10_000)).toBe(true);
    await projector.stop();
  });
});

test('another key refuses every row', () => {
  const row = {
    accountKey: 1n,
    version: 1n,
    debitsPosted: 1n,
    creditsPosted: 2n,
    debitsPending: 3n,
    creditsPending: 4n,
    lastSeq: 5n,
  };
  const one = new Sealer(new Uint8Array(16)).balanceSeal(row);
  expect(new Sealer(new Uint8Array(16).fill(1)).balanceSeal(row)).not.toBe(one);
  expect(new Sealer(new Uint8Array(16)).balanceSeal({ ...row, lastSeq: 6n })).not.toBe(one);
});
