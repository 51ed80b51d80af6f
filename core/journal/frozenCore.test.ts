import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendHalf, blockBehind, rivalOf, stopHalfway } from '../../test/support/journal.ts';
import { type ReadModelDatabase, readModelDatabase } from '../../test/support/projecting.ts';
import type { Block } from './block.ts';
import { PgStore } from './pgStore.ts';

const LOCK_WAIT_MS = 300;
const OWNER = 'another';

let db: ReadModelDatabase;
let store: PgStore;
let nextShard = 0;

beforeAll(async () => {
  db = await readModelDatabase();
  store = new PgStore({ url: db.url, lockWaitMs: LOCK_WAIT_MS });
});

afterAll(async () => {
  await store?.close();
  await db?.drop();
});

async function firstBlock(): Promise<Block> {
  const shard = nextShard++;
  const { epoch } = await store.epochOf(shard);
  return blockBehind(await store.tip(shard), { shard, epoch });
}

describe('a core that froze between Execute and Sync of its append', () => {
  test('loses the shard to whoever takes it over, and nothing of the append is there', async () => {
    const block = await firstBlock(),
      other = await firstBlock();
    const frozen = await appendHalf(db.url, [block, other]);
    expect(await store.raiseEpoch(block.shard, block.epoch, OWNER)).toBe(block.epoch + 1);
    expect(await frozen.ended).toMatch(/administrator command/);
    expect(await store.tip(block.shard)).toMatchObject({ height: 0 });
    expect(await store.append([{ ...block, epoch: block.epoch + 1 }])).toEqual(new Set([block.shard]));
    // The other shard of the statement is free as well, and its epoch is as it was.
    expect(await store.append([other])).toEqual(new Set([other.shard]));
  });

  test('holds up none of many take-overs at once', async () => {
    // Many more than there are connections for them.
    const blocks = await Promise.all(Array.from({ length: 40 }, firstBlock));
    const frozen = await appendHalf(db.url, blocks);
    const began = performance.now();
    const raised = await Promise.all(blocks.map(({ shard, epoch }) => store.raiseEpoch(shard, epoch, OWNER)));
    expect(raised).toEqual(blocks.map(({ epoch }) => epoch + 1));
    expect(performance.now() - began).toBeLessThan(2 * LOCK_WAIT_MS + 1_000);
    await frozen.ended;
  });

  test('control: no time limit of its session ends it', async () => {
    const block = await firstBlock();
    const settings = `-c statement_timeout=${LOCK_WAIT_MS} -c idle_in_transaction_session_timeout=${LOCK_WAIT_MS}`;
    const frozen = await appendHalf(db.url, [block], { settings });
    await new Promise((resolve) => setTimeout(resolve, 3 * LOCK_WAIT_MS));
    await frozen.finish();
    expect(await store.tip(block.shard)).toMatchObject({ height: 1 });
    await frozen.close();
  });
});

test('a core that froze while it took a shard over loses it in the same way', async () => {
  const { shard, epoch } = await firstBlock();
  const frozen = await stopHalfway(
    db.url,
    { text: 'UPDATE florin.epochs SET epoch = epoch + 1 WHERE shard = $1', values: [shard] },
    { application: 'florin takeover' },
  );
  expect(await store.raiseEpoch(shard, epoch, OWNER)).toBe(epoch + 1);
  await frozen.ended;
});

test('a core that froze while it renewed its lease loses it once the lease has run out', async () => {
  const { shard } = await firstBlock();
  await store.hold([shard], 'frozen', 1);
  const frozen = await stopHalfway(
    db.url,
    { text: 'UPDATE florin.leases SET holder = holder WHERE shard = $1', values: [shard] },
    { application: 'florin lease' },
  );
  expect(await store.hold([shard], OWNER, 10_000)).toEqual(new Set([shard]));
  await frozen.ended;
});

describe('nobody is ended', () => {
  test('who does not wait for its client: the take-over tells that it could not have the row', async () => {
    const block = await firstBlock();
    // The append waits in the server, with its epoch locked.
    const rival = await rivalOf(db.url, block);
    const appended = store.append([block]);
    const waiting = `SELECT wait_event_type FROM pg_stat_activity
      WHERE application_name = 'florin append' AND datname = current_database()`;
    await expect.poll(() => db.rows(waiting)).toEqual([{ wait_event_type: 'Lock' }]);
    await expect(store.raiseEpoch(block.shard, block.epoch, OWNER)).rejects.toThrow(/lock timeout/);
    await rival.query('ROLLBACK');
    expect(await appended).toEqual(new Set([block.shard]));
    expect(await store.raiseEpoch(block.shard, block.epoch, OWNER)).toBe(block.epoch + 1);
    await rival.end();
  });

  test('who is no core', async () => {
    const block = await firstBlock();
    const person = await appendHalf(db.url, [block], { application: 'psql' });
    await expect(store.raiseEpoch(block.shard, block.epoch, OWNER)).rejects.toThrow(/lock timeout/);
    await person.finish();
    expect(await store.raiseEpoch(block.shard, block.epoch, OWNER)).toBe(block.epoch + 1);
    await person.close();
  });

  test('while a lease is renewed beside take-overs that wait', async () => {
    const blocks = [await firstBlock(), await firstBlock(), await firstBlock()];
    const person = await appendHalf(db.url, blocks, { application: 'psql' });
    const raising = blocks.map(({ shard, epoch }) => store.raiseEpoch(shard, epoch, OWNER));
    const settled = Promise.allSettled(raising);
    const began = performance.now();
    expect(await store.hold([blocks[0].shard], 'node', 10_000)).toEqual(new Set([blocks[0].shard]));
    expect(performance.now() - began).toBeLessThan(LOCK_WAIT_MS);
    await person.finish();
    await settled;
    await person.close();
  });
});
