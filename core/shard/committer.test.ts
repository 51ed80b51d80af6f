import { describe, expect, test } from 'vitest';
import * as t from '../../test/support/ledger.ts';
import { Rig, quiet, type Sent } from '../../test/support/shard.ts';
import { hashBlock } from '../journal/hash.ts';
import { Uncertain } from './service.ts';

const [A, B] = [1, 2].map(t.uuid);
const id = (n: number) => t.uuid(1_000 + n);
const transfer = (n: number, amount = 1n) => t.create(id(n), [t.posting(A, B, amount)]);

async function rig(shards = 1): Promise<Rig> {
  const rig = await Rig.start({ shards });
  for (let shard = 0; shard < shards; shard++) rig.send([t.open(A), t.open(B)], { shard });
  await quiet();
  return rig;
}

const answered = (sent: Sent) => sent.answer !== null;

/** The journal of a shard is one chain, its seqs and heights have no gap, its time and epochs never fall. */
function expectSound(r: Rig, shard = 0): void {
  let prevHash: Uint8Array = new Uint8Array(32),
    nextSeq = 1,
    height = 0,
    time = 0,
    epoch = 0;
  for (const block of r.store.blocks(shard)) {
    expect([...block.prevHash]).toEqual([...prevHash]);
    expect([...hashBlock(block)]).toEqual([...block.hash]);
    expect([block.height, block.firstSeq]).toEqual([height + 1, nextSeq]);
    expect(block.blockTimeUs).toBeGreaterThanOrEqual(time);
    expect(block.epoch).toBeGreaterThanOrEqual(epoch);
    prevHash = block.hash;
    height = block.height;
    nextSeq += block.eventCount;
    time = block.blockTimeUs;
    epoch = block.epoch;
  }
}

describe('an append that is refused for certain', () => {
  test('is tried again with the identical bytes, ever more slowly, until it is through', async () => {
    const r = await rig();
    const before = r.store.statements.length;
    r.store.fates = ['refused', 'refused', 'refused'];
    const sent = r.send([transfer(1)]);
    await quiet();
    for (const [i, wait] of [50, 100, 200].entries()) {
      expect(r.store.statements.length).toBe(before + 1 + i);
      expect(answered(sent)).toBe(false);
      r.time.pass(wait - 1);
      await quiet();
      expect(r.store.statements.length).toBe(before + 1 + i);
      r.time.pass(1);
      await quiet();
    }
    expect(answered(sent)).toBe(true);
    const tries = r.store.statements.slice(before).map(([block]) => block);
    for (const block of tries) expect(block).toEqual(tries[0]);
    expect(r.troubles).toEqual(['append.refused', 'append.refused', 'append.refused']);
    expectSound(r);
  });

  test('lets the next block fill meanwhile, and drops no memory', async () => {
    const r = await rig();
    r.store.fates = ['refused'];
    const first = r.send([transfer(1)]);
    await quiet();
    const second = r.send([transfer(2), transfer(1)]);
    await quiet();
    r.time.pass(50);
    await quiet();
    expect([first.answer!.outcomes, second.answer!.outcomes]).toMatchObject([
      [{ done: true, seq: 3 }],
      [{ done: true, seq: 4 }, { replayed: true }],
    ]);
    expect(r.lost).toEqual([]);
    expectSound(r);
  });
});

describe.each(['lost', 'done', 'late'] as const)('an append whose outcome is unknown (%s)', (fate) => {
  test('is answered to nobody until the tip is known under a new epoch', async () => {
    const r = await rig();
    const epoch = r.writer.epoch;
    r.store.fates = [fate];
    const release = r.store.pause();
    const first = r.send([transfer(1)]);
    await quiet();
    const second = r.send([transfer(2)]);
    await quiet();
    release();
    const releaseProof = r.store.pause();
    await quiet();
    expect(r.writer.phase).toBe('held');
    // Not even what changes nothing and rests on what was durable long ago.
    const replay = r.send([t.open(A)]);
    await quiet();
    expect([first, second, replay].map(answered)).toEqual([false, false, false]);
    releaseProof();
    await quiet();
    expect(r.writer.phase).toBe('writing');
    expect([first, second, replay].map(answered)).toEqual([true, true, true]);
    expect(r.writer.epoch).toBe(epoch + 1);
    expect(r.troubles).toEqual(['append.unknown', 'append.resolved']);
    // Each transaction stands in the journal once, and the new epoch has proven itself.
    expectSound(r);
    expect(r.store.blocks(0).at(-1)!.epoch).toBe(epoch + 1);
    expect(r.store.blocks(0).reduce((sum, block) => sum + block.eventCount, 0)).toBe(4);
    expect(first.answer!.outcomes).toMatchObject([{ done: true, seq: 3, replayed: false }]);
    expect(second.answer!.outcomes).toMatchObject([{ done: true, seq: 4, replayed: false }]);
    expect((await r.must([transfer(3)])).outcomes).toMatchObject([
      { seq: 5, effects: [{ debit: { version: 3n } }] },
    ]);
  });

  test('several times in a row, also while it is being resolved', async () => {
    const r = await rig();
    r.store.fates = [fate, fate, 'refused', fate];
    const sent = r.send([transfer(1)]);
    for (let i = 0; i < 6; i++) {
      await quiet();
      r.time.pass(2_000);
    }
    await quiet();
    expect(answered(sent)).toBe(true);
    expectSound(r);
    expect(r.store.blocks(0).reduce((sum, block) => sum + block.eventCount, 0)).toBe(3);
    await r.must([transfer(2)]);
  });

  test('holds every shard of the statement, and each finds out for itself', async () => {
    const r = await rig(2);
    const release = r.store.pause();
    const ahead = r.send([transfer(1)], { shard: 0 });
    await quiet();
    const both = [0, 1].map((shard) => r.send([transfer(2)], { shard }));
    await quiet();
    r.store.fates = ['fine', fate];
    release();
    await quiet();
    expect([ahead, ...both].map(answered)).toEqual([true, true, true]);
    expectSound(r, 0);
    expectSound(r, 1);
    expect(r.writers.map(({ epoch }) => epoch)).toEqual([3, 3]);
  });
});

test('a writer that ended while its append was being found out raises no epoch of its successor', async () => {
  const r = await rig();
  const { store } = r;
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const epochOf = store.epochOf.bind(store);
  store.epochOf = async (shard) => {
    const found = await epochOf(shard);
    asked.resolve();
    await answer.promise;
    return found;
  };
  store.fates = ['lost'];
  r.send([transfer(1)]);
  await asked.promise;
  r.writer.end(new Uncertain('the lease is gone'));
  store.epochOf = epochOf;
  const successor = await r.takeOver(0);
  const { epoch } = successor;
  answer.resolve();
  await quiet();
  expect((await epochOf(0)).epoch).toBe(epoch);
  expect(r.lost).toEqual([]);
  expect(successor.phase).toBe('writing');
});

test('a shard that another node took while its append was unknown ends', async () => {
  const r = await rig();
  const release = r.store.pause();
  const sent = r.send([transfer(1)]);
  await quiet();
  r.store.fates = ['lost'];
  await r.store.raiseEpoch(0, r.writer.epoch, 'another');
  release();
  await quiet();
  expect(sent.error).toBeInstanceOf(Uncertain);
  expect(r.lost.length).toBe(1);
  expect(r.writer.phase).toBe('ended');
});

test('a shard that is fenced ends honestly, and the others of the statement go on', async () => {
  const r = await rig(2);
  const release = r.store.pause();
  r.send([transfer(1)], { shard: 1 });
  await quiet();
  const [fenced, other] = [0, 1].map((shard) => r.send([transfer(2)], { shard }));
  await quiet();
  await r.store.raiseEpoch(0, r.writer.epoch, 'another');
  release();
  await quiet();
  expect(fenced.error).toBeInstanceOf(Uncertain);
  expect(answered(other)).toBe(true);
  expect(r.writers.map(({ phase }) => phase)).toEqual(['ended', 'writing']);
  expect(() => r.send([transfer(3)], { shard: 0 })).toThrow(
    expect.objectContaining({ reason: 'SHARD_NOT_READY' }),
  );
  // Nothing of it is there, so the new owner may book it.
  expect(r.store.blocks(0).reduce((sum, block) => sum + block.eventCount, 0)).toBe(2);
});

test('on a duplicate key each shard is sent again alone', async () => {
  const r = await rig(2);
  const release = r.store.pause();
  r.send([transfer(1)], { shard: 0 });
  await quiet();
  const both = [0, 1].map((shard) => r.send([transfer(2)], { shard }));
  await quiet();
  r.store.fates = ['fine', 'duplicate'];
  release();
  await quiet();
  expect(both.map(answered)).toEqual([true, true]);
  // Nothing was unknown, so nobody had to take anything over.
  expect([r.troubles, r.writers.map(({ epoch }) => epoch)]).toEqual([[], [2, 2]]);
  expect(
    r.store.statements.slice(-3).map((blocks) => blocks.map(({ shard }) => shard).sort((a, b) => a - b)),
  ).toEqual([[0, 1], expect.any(Array), expect.any(Array)]);
  expect(
    r.store.statements
      .slice(-2)
      .flatMap((blocks) => blocks.map(({ shard }) => shard))
      .sort((a, b) => a - b),
  ).toEqual([0, 1]);
});

test('a new owner appends an empty block before it answers anything', async () => {
  const r = await rig();
  const before = r.store.blocks(0).length;
  const old = r.writer;
  const writer = await r.takeOver(0);
  expect(writer.epoch).toBe(old.epoch + 1);
  expect(r.store.blocks(0).slice(before)).toMatchObject([{ epoch: writer.epoch, eventCount: 0 }]);
  // The old one is fenced by it.
  r.writers[1] = old;
  const sent = r.send([transfer(1)], { shard: 1 });
  await quiet();
  expect(sent.error).toBeInstanceOf(Uncertain);
  expect(await r.must([transfer(1)])).toMatchObject({ outcomes: [{ seq: 3 }] });
  expectSound(r);
});

test('a committer that is stopped tries nothing any more', async () => {
  const r = await rig();
  r.store.fates = ['refused'];
  r.send([transfer(1)]);
  await quiet();
  r.committer.stop();
  const before = r.store.statements.length;
  r.time.pass(60_000);
  await quiet();
  expect(r.store.statements.length).toBe(before);
});

test('a block that is found at the tip is answered only once an append of the new epoch has proven it', async () => {
  const r = await rig();
  r.store.fates = ['done'];
  const release = r.store.pause();
  const sent = r.send([transfer(1)]);
  await quiet();
  release();
  const releaseProof = r.store.pause();
  await quiet();
  expect(r.store.blocks(0).at(-1)).toMatchObject({ epoch: 2, eventCount: 1 });
  expect(answered(sent)).toBe(false);
  releaseProof();
  await quiet();
  expect(r.store.blocks(0).at(-1)).toMatchObject({ epoch: 3, eventCount: 0 });
  expect(answered(sent)).toBe(true);
});

test('a tip that is neither what was committed nor what was sent ends the shard', async () => {
  const r = await rig();
  r.store.fates = ['lost'];
  const release = r.store.pause();
  const sent = r.send([transfer(1)]);
  await quiet();
  const last = r.store.blocks(0).at(-1)!;
  r.store.journal.set(0, [
    ...r.store.blocks(0),
    { ...last, height: last.height + 1, hash: new Uint8Array(32).fill(7) },
  ]);
  release();
  await quiet();
  expect(sent.error).toBeInstanceOf(Uncertain);
  expect(r.writer.phase).toBe('ended');
});
