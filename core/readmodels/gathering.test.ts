import { expect, test } from 'vitest';
import { NOON_US, open, uuid } from '../../test/support/ledger.ts';
import { MemoryFeed, SEAL_KEY } from '../../test/support/projecting.ts';
import { ScriptedShard } from '../../test/support/scriptedShard.ts';
import { Projector } from './projector.ts';

const SHARD = 3;

/** A projector whose store only counts transactions, and whose timers go off when they are told to. */
async function begin() {
  const feed = new MemoryFeed();
  const shard = new ScriptedShard(SHARD, NOON_US);
  const due = new Set<() => void>();
  let written = 0;
  const projector = new Projector({
    feed,
    timers: {
      after: (_, callback) => {
        due.add(callback);
        return () => due.delete(callback);
      },
      soon: (callback) => void setImmediate(callback),
    },
    targets: [
      {
        shards: [SHARD],
        store: {
          watermarks: () => Promise.resolve([]),
          apply: () => Promise.resolve(void written++),
          close: () => Promise.resolve(),
        },
      },
    ],
    sealKey: SEAL_KEY,
    log: (event) => {
      throw new Error(`unexpected ${event.event}`, { cause: 'error' in event ? event.error : undefined });
    },
  });
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await projector.start();
  // It finds nothing, and waits.
  await settled();
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: SHARD });
  let accounts = 0;
  return {
    projector,
    written: () => written,
    /** Commits a block of one more account. */
    commit: async (): Promise<void> => {
      shard.run(open(uuid(++accounts), { code: `a${accounts}` }));
      feed.add(shard.seal());
      await settled();
    },
    fire: async (): Promise<void> => {
      for (const callback of due) {
        due.delete(callback);
        callback();
      }
      await settled();
    },
    settled,
  };
}

test('blocks gather behind a small batch until their time is up', async () => {
  const { projector, written, commit, fire } = await begin();
  await commit();
  expect(written()).toBe(1);
  await commit();
  await commit();
  expect(written()).toBe(1);
  await fire();
  expect(written()).toBe(2);
  const stopped = projector.stop();
  await fire();
  await stopped;
});

test('a read that waits ends the gathering', async () => {
  const { projector, written, commit, settled } = await begin();
  await commit();
  await commit();
  expect(written()).toBe(1);
  const seen = projector.waitForSeq(SHARD, projector.watermark(SHARD).seq + 1, 60_000);
  await settled();
  expect(written()).toBe(2);
  expect(await seen).toBe(true);
  await projector.stop();
});
