import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Block } from '../journal/block.ts';
import { NOON_US, create, hold, open, post, posting, uuid } from '../../test/support/ledger.ts';
import {
  MemoryFeed,
  type ReadModelDatabase,
  SEAL_KEY,
  projectAll,
  projectorOf,
  readModelDatabase,
  realTimers,
} from '../../test/support/projecting.ts';
import { ScriptedShard } from '../../test/support/scriptedShard.ts';
import { checkInvariants } from './queries/invariants.ts';
import { RebuildRunning, rebuild } from './rebuild.ts';

let db: ReadModelDatabase;
const feed = new MemoryFeed();
const shard = new ScriptedShard(1, NOON_US);

/** The journal of the running core: what the feed has. */
const journal = {
  read: (of: number, from: number): Promise<Block[]> =>
    feed.read(of, from, { eventsMax: 5, bytesMax: Infinity }),
};
const again = () => rebuild({ url: db.url, shards: [1], journal, timers: realTimers, sealKey: SEAL_KEY });

function more(count: number): void {
  for (let i = 0; i < count; i++) {
    const seq = shard.state.nextSeq;
    shard.run(hold(uuid(1000 + seq), [posting(uuid(1), uuid(2), 10n)], { effectiveDay: 20_000 }));
    shard.run(
      post(uuid(2000 + seq), uuid(1000 + seq), { amounts: [{ posting: 0, amount: 3n }], keepOpen: true }),
    );
    shard.run(create(uuid(3000 + seq), [posting(uuid(1), uuid(2), 5n)]));
    feed.add(shard.seal());
    shard.nowUs += 1_000_000;
  }
}

beforeAll(async () => {
  db = await readModelDatabase();
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: 1 });
  shard.run(open(uuid(1), { code: 'cash', normalSide: 1 }));
  shard.run(open(uuid(2), { code: 'alice', limits: [0n, null, null, null] }));
  feed.add(shard.seal());
  more(20);
  await projectAll(db.url, feed, { 1: shard.state.nextSeq - 1 });
});
afterAll(() => db.drop());

const CONTENT = [
  'accounts',
  'account_balances',
  'account_changes',
  'transactions',
  'transaction_progress',
  'entries',
  'displaced_days',
  'adopted_books',
  'assets',
  'projection',
];

async function content(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const table of CONTENT)
    found[table] = await db.rows(`SELECT to_jsonb(t)::text AS row FROM florin.${table} AS t ORDER BY 1`);
  return found;
}

/** Names of constraints and indexes, storage and definitions of views: what a rebuild must leave as it was. */
async function shape(): Promise<unknown> {
  return [
    await db.rows(
      "SELECT conname, pg_get_constraintdef(oid) AS is FROM pg_constraint WHERE connamespace = 'florin'::regnamespace ORDER BY conrelid::regclass::text, conname",
    ),
    await db.rows(
      "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'florin' ORDER BY indexname",
    ),
    await db.rows(
      "SELECT relname, reloptions, obj_description(oid, 'pg_class') AS comment FROM pg_class WHERE relnamespace = 'florin'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname",
    ),
    await db.rows(
      "SELECT relname, pg_get_viewdef(oid) AS is, obj_description(oid) AS comment FROM pg_class WHERE relkind = 'v' AND relnamespace IN ('books'::regnamespace, 'florin'::regnamespace) ORDER BY relname",
    ),
  ];
}

test('leaves the same rows and the same shape, and mends what was edited', async () => {
  const [rowsBefore, shapeBefore] = [await content(), await shape()];
  await db.rows('UPDATE florin.account_balances SET credits_posted = 999999, debits_posted = 999999');
  await db.rows('DELETE FROM florin.entries WHERE version > 3');
  expect(await content()).not.toEqual(rowsBefore);
  const report = await again();
  expect(report).toEqual({ events: shard.state.nextSeq - 1, oldTablesKept: null });
  expect(await content()).toEqual(rowsBefore);
  expect(await shape()).toEqual(shapeBefore);
  expect((await db.loader.accountsByCode(1, 1, ['alice'])).rows).toHaveLength(1);
});

test('a projector and readers go on while it runs', async () => {
  const events: string[] = [];
  const projector = projectorOf({
    url: db.url,
    feed,
    shards: [1],
    onEvent: (event) => events.push(event.event),
  });
  await projector.start();
  const running = { isOn: true };
  const reading = (async () => {
    let reads = 0;
    for (let last = 0; running.isOn; reads++) {
      const { watermarkSeq, rows } = await db.loader.accountsByNumber(1, Uint32Array.of(1, 2));
      // The watermark never falls, and what was read with it is the sum of what it covers.
      expect(watermarkSeq).toBeGreaterThanOrEqual(last);
      last = watermarkSeq;
      expect(rows[0].debitsPosted).toBe(rows[1].creditsPosted);
    }
    return reads;
  })();
  const rebuilding = again();
  for (let i = 0; i < 10; i++) {
    more(3);
    await projector.waitForSeq(1, shard.state.nextSeq - 1, 5_000);
  }
  await rebuilding;
  more(3);
  expect(await projector.waitForSeq(1, shard.state.nextSeq - 1, 10_000)).toBe(true);
  running.isOn = false;
  expect(await reading).toBeGreaterThan(5);
  await projector.stop();
  const live = await content();
  await again();
  // Days that cancel out to nothing may leave a row of zeros, depending on where batches end.
  expect(await content()).toEqual(live);
  for await (const result of checkInvariants(db.pool, { violationsMax: 1 })) {
    // This test keeps its journal in memory.
    if (result.name !== 'i14_events_projected')
      expect([result.name, result.violations]).toEqual([result.name, []]);
  }
});

test('is refused while another one runs', async () => {
  const results = await Promise.allSettled([again(), again()]);
  expect(results.filter((result) => result.status === 'rejected').map((result) => result.reason)).toEqual([
    expect.any(RebuildRunning),
  ]);
});

test('after one that was cut short the next one begins anew', async () => {
  await expect(
    rebuild({
      url: db.url,
      shards: [1],
      journal: { read: () => Promise.reject(new Error('cut')) },
      timers: realTimers,
      sealKey: SEAL_KEY,
    }),
  ).rejects.toThrow('cut');
  const before = await content();
  await again();
  expect(await content()).toEqual(before);
});

test('leaves old tables that a view of somebody else rests on, and says so', async () => {
  await db.rows('CREATE VIEW public.mine AS SELECT count(*) FROM florin.entries');
  expect((await again()).oldTablesKept).toContain('view mine depends on table florin_old.entries');
  await db.rows('DROP VIEW public.mine');
  expect((await again()).oldTablesKept).toBe(null);
});
