import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrated } from '../../test/support/fabricatedBooks.ts';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import type { Block } from './block.ts';
import { hashBlock, ZERO_HASH } from './hash.ts';
import { PgStore } from './pgStore.ts';

let database: FreshDatabase;
let store: PgStore;

beforeAll(async () => {
  database = await freshDatabase();
  await migrated(database.url);
  store = new PgStore({ url: database.url });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

/** The next block of a journal, its body filled with one byte. */
function after(before: Block | undefined, at: { shard: number; epoch: number; bodyBytes: number }): Block {
  const height = (before?.height ?? 0) + 1;
  const block = {
    shard: at.shard,
    height,
    epoch: at.epoch,
    firstSeq: (before?.firstSeq ?? 1) + (before?.eventCount ?? 0),
    eventCount: 3,
    blockTimeUs: 1_768_478_400_000_000 + height,
    prevHash: before?.hash ?? ZERO_HASH,
    body: Buffer.alloc(at.bodyBytes, height),
  };
  return { ...block, hash: hashBlock(block) };
}

test('shards are taken many at a time, and whoever had them appends nothing any more', async () => {
  expect(await store.takeEpochs([7, 5, 64], 'one')).toEqual(
    new Map([
      [5, 2],
      [7, 2],
      [64, 2],
    ]),
  );
  const [five, seven] = [5, 7].map((shard) => after(undefined, { shard, epoch: 2, bodyBytes: 10 }));
  expect(await store.append([five, seven])).toEqual(new Set([5, 7]));
  expect(await store.takeEpochs([7], 'two')).toEqual(new Map([[7, 3]]));
  const late = [five, seven].map((block) => after(block, { ...block, bodyBytes: 10 }));
  expect(await store.append(late)).toEqual(new Set([5]));
  const tips = await store.tips([5, 6, 7]);
  expect(tips.get(5)).toMatchObject({ height: 2, epoch: 2, seq: 6 });
  expect(tips.get(6)).toMatchObject({ height: 0, epoch: 0, seq: 0, hash: ZERO_HASH });
  expect(tips.get(7)).toEqual(await store.tip(7));
  const hashes = await store.hashesAt(
    new Map([
      [5, 1],
      [7, 2],
    ]),
  );
  expect([...hashes].map(([shard, hash]) => [shard, Buffer.compare(hash, five.hash)])).toEqual([[5, 0]]);
});

test('a take-over waits for an append that is under way, and its tip holds that append', async () => {
  const [epoch] = (await store.takeEpochs([20, 21], 'one')).values();
  const block = after(undefined, { shard: 21, epoch, bodyBytes: 10 });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  // An append of somebody else that has not committed yet: what it locks, and what it writes.
  await client.query('BEGIN');
  await client.query('SELECT FROM florin.epochs WHERE shard = 21 FOR SHARE');
  await client.query('INSERT INTO florin.journal VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
    block.shard,
    block.height,
    block.epoch,
    block.firstSeq,
    block.eventCount,
    block.blockTimeUs,
    block.prevHash,
    block.hash,
    block.body,
  ]);
  let isTaken = false;
  const taking = store.takeEpochs([21, 20], 'two').then((epochs) => {
    isTaken = true;
    return epochs;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(isTaken).toBe(false);
  await client.query('COMMIT');
  await client.end();
  expect((await taking).get(21)).toBe(epoch + 1);
  expect((await store.tips([21])).get(21)).toMatchObject({ height: 1, epoch });
});

test('blocks are streamed as they are read, whatever their size, and in order', async () => {
  const epoch = (await store.takeEpochs([30], 'one')).get(30)!;
  const blocks: Block[] = [];
  // From nothing to more than the buffer that all of them share.
  for (const bodyBytes of [0, 100, 70_000, 3_000_000, 6_500_000, 1, 14_000_000, 20, 5_000_000, 300]) {
    const block = after(blocks.at(-1), { shard: 30, epoch, bodyBytes });
    expect(await store.append([block])).toEqual(new Set([30]));
    blocks.push(block);
  }
  const seen: string[] = [];
  let calls = 0;
  await store.stream({ shard: 30, from: 2, to: 9 }, async (some) => {
    calls++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const block of some)
      seen.push(`${block.height} ${block.firstSeq} ${Buffer.from(hashBlock(block)).toString('hex')}`);
  });
  expect(seen).toEqual(
    blocks
      .slice(1, 9)
      .map((block) => `${block.height} ${block.firstSeq} ${Buffer.from(block.hash).toString('hex')}`),
  );
  expect(calls).toBeGreaterThan(1);
  const read = await store.read(30, 2, { eventsMax: Infinity, bytesMax: 1_000_000 });
  expect(read.map(({ height }) => height)).toEqual([2, 3]);
  expect(read.map(hashBlock)).toEqual(read.map(({ hash }) => hash));
  await expect(
    store.stream({ shard: 30, from: 1, to: 9 }, () => Promise.reject(new Error('enough'))),
  ).rejects.toThrow('enough');
  // The connection on which it broke off is not used again.
  expect((await store.read(30, 10, { eventsMax: Infinity, bytesMax: 1 })).length).toBe(1);
});
