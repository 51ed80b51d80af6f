import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NOON_US, create, open, posting, uuid } from '../../../test/support/ledger.ts';
import {
  MemoryFeed,
  type ReadModelDatabase,
  readModelDatabase,
  realClock,
  SEAL_KEY,
} from '../../../test/support/projecting.ts';
import { ScriptedShard } from '../../../test/support/scriptedShard.ts';
import type { Mark } from '../projection/standing.ts';
import type { ProjectorEvent } from '../projector.ts';
import type { ProjectorThreadData } from './calls.ts';
import { ProjectorThread } from './projectorThread.ts';

const SHARD = 3;
const [cash, alice] = [uuid(1), uuid(2)];

let db: ReadModelDatabase;
beforeEach(async () => {
  db = await readModelDatabase();
});

const threads: ProjectorThread[] = [];
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.stop();
  await db.drop();
});

/** Three blocks: two accounts, and a payment of 10.00 in each of the others. */
function scripted(): ScriptedShard {
  const shard = new ScriptedShard(SHARD, NOON_US);
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: SHARD });
  shard.run(open(cash, { code: 'cash', normalSide: 1 }));
  shard.run(open(alice, { code: 'alice' }));
  shard.seal();
  for (const id of [uuid(11), uuid(12)]) {
    shard.run(create(id, [posting(cash, alice, 1_000n)]));
    shard.seal();
  }
  return shard;
}

function begin(feed: MemoryFeed, url = db.url) {
  const data: ProjectorThreadData = { servers: [{ url, shards: [SHARD] }], sealKey: SEAL_KEY };
  const marks: Mark[] = [];
  const events: ProjectorEvent[] = [];
  const thread = new ProjectorThread({
    worker: new Worker(new URL('../../projectorMain.ts', import.meta.url), { workerData: data }),
    feed,
    shards: [SHARD],
    clock: realClock,
    log: (event) => events.push(event),
    onAdvanced: (mark) => marks.push(mark),
  });
  threads.push(thread);
  return { thread, marks, events };
}

async function balance(): Promise<unknown> {
  const [row] = await db.rows("SELECT posted_balance FROM books.accounts WHERE code = 'alice'");
  return row?.posted_balance;
}

test('projects what was committed before its start and after it, and tells how far', async () => {
  const { blocks, state } = scripted();
  const feed = new MemoryFeed();
  feed.add(blocks[0], blocks[1]);
  const { thread, marks } = begin(feed);
  await thread.start();
  const second = blocks[1].firstSeq + blocks[1].eventCount - 1;
  expect(await thread.waitForSeq(SHARD, second, 15_000)).toBe(true);
  expect([thread.projectedSeq(SHARD), thread.lagSeconds(SHARD)]).toEqual([second, 0]);
  feed.add(blocks[2]);
  expect(await thread.waitForSeq(SHARD, state.nextSeq - 1, 15_000)).toBe(true);
  expect(await balance()).toBe('2000');
  expect(marks.at(-1)).toEqual({
    shard: SHARD,
    height: 3,
    seq: state.nextSeq - 1,
    blockTimeUs: blocks[2].blockTimeUs,
  });
});

test('stands still while it is paused, and is behind then', async () => {
  const { blocks, state } = scripted();
  const feed = new MemoryFeed();
  const { thread } = begin(feed);
  await thread.start();
  await thread.pause();
  feed.add(...blocks);
  expect(await thread.waitForSeq(SHARD, 1, 100)).toBe(false);
  expect(thread.lagSeconds(SHARD)).toBeGreaterThan(0);
  thread.resume();
  expect(await thread.waitForSeq(SHARD, state.nextSeq - 1, 15_000)).toBe(true);
  expect(thread.lagSeconds(SHARD)).toBe(0);
});

test('does not go on asking for what has gone to another node', async () => {
  const { blocks } = scripted();
  const feed = new MemoryFeed();
  feed.add(...blocks);
  let reads = 0;
  feed.read = () => {
    reads++;
    feed.provenMax = 0;
    return Promise.resolve([]);
  };
  const { thread } = begin(feed);
  await thread.start();
  expect(await thread.waitForSeq(SHARD, 1, 200)).toBe(false);
  expect(reads).toBe(1);
});

test('a server that cannot be reached fails the start', async () => {
  const { thread } = begin(new MemoryFeed(), 'postgres://nobody@127.0.0.1:1/none');
  await expect(thread.start()).rejects.toThrow('ECONNREFUSED');
});

test('ends without ever having begun', async () => {
  const { thread } = begin(new MemoryFeed());
  threads.pop();
  await thread.stop();
});
