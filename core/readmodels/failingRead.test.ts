import { expect, test } from 'vitest';
import type { Block } from '../journal/block.ts';
import type { ReadBounds } from '../journal/readBounds.ts';
import { NOON_US, open, uuid } from '../../test/support/ledger.ts';
import { MemoryFeed, SEAL_KEY } from '../../test/support/projecting.ts';
import { ScriptedShard } from '../../test/support/scriptedShard.ts';
import { Projector } from './projector.ts';
import { type Watermark, noWatermark } from './projection/watermark.ts';

const SHARD = 3;
/** So many that the next batch is read while the first one is being written. */
const ACCOUNTS = 2_500;

/** Answers a block at a time, and fails to read the second one once. */
class FailingFeed extends MemoryFeed {
  #hasFailed = false;

  override async read(shard: number, fromHeight: number, bounds: ReadBounds): Promise<Block[]> {
    if (fromHeight === 2 && !this.#hasFailed) {
      this.#hasFailed = true;
      throw new Error('the journal cannot be read');
    }
    return (await super.read(shard, fromHeight, bounds)).slice(0, 1);
  }
}

/** A projector whose reading fails during its first transaction, which ends when it is told to. */
async function begin() {
  const feed = new FailingFeed();
  const shard = new ScriptedShard(SHARD, NOON_US);
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: SHARD });
  for (let n = 1; n <= ACCOUNTS; n++) shard.run(open(uuid(n), { code: `a${n}` }));
  shard.seal();
  shard.run(open(uuid(ACCOUNTS + 1), { code: 'last' }));
  shard.seal();
  feed.add(...shard.blocks);

  const due = new Set<() => void>();
  const calls: string[] = [];
  let mark: Watermark = noWatermark(SHARD);
  let end: (error?: Error) => void = () => undefined;
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
          watermarks: () => {
            calls.push(`watermarks at height ${mark.height}`);
            return Promise.resolve([mark]);
          },
          apply: async (batch) => {
            const to = batch.to.get(SHARD) ?? noWatermark(SHARD);
            calls.push(`begin ${to.height}`);
            if (to.height === 1 && calls.filter((call) => call === 'begin 1').length === 1)
              await new Promise<void>((resolve, reject) => {
                end = (error) => (error === undefined ? resolve() : reject(error));
              });
            calls.push(`commit ${to.height}`);
            mark = { ...to };
          },
          close: () => Promise.resolve(),
        },
      },
    ],
    sealKey: SEAL_KEY,
    log: (event) => void calls.push(event.event),
  });
  const settled = async () => {
    for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const fire = async () => {
    for (const callback of due) {
      due.delete(callback);
      callback();
    }
    await settled();
  };
  await projector.start();
  await settled();
  return { projector, calls, end: (error?: Error) => end(error), fire, settled };
}

test('when reading fails, the transaction under way is waited for before the watermarks are read again', async () => {
  const { projector, calls, end, fire, settled } = await begin();
  const before = ['watermarks at height 0', 'begin 1'];
  // The time of the next attempt comes while the transaction is open.
  await fire();
  expect(calls).toEqual(before);
  end();
  await settled();
  await fire();
  expect(calls).toEqual([
    ...before,
    'commit 1',
    'projection.failed',
    'watermarks at height 1',
    'begin 2',
    'commit 2',
  ]);
  await fire();
  expect(calls.at(-1)).toBe('projection.recovered');
  expect(projector.watermark(SHARD).height).toBe(2);
  await projector.stop();
});

test('a transaction that fails besides is written again', async () => {
  const { projector, calls, end, fire, settled } = await begin();
  await fire();
  end(new Error('the connection is gone'));
  await settled();
  for (let round = 0; round < 4; round++) await fire();
  expect(calls).toEqual([
    'watermarks at height 0',
    'begin 1',
    'projection.failed',
    'watermarks at height 0',
    'begin 1',
    'commit 1',
    'projection.recovered',
    'begin 2',
    'commit 2',
  ]);
  await projector.stop();
});
