import { expect, test } from 'vitest';
import { LEASE_US, SLOTS_FIRST, SLOTS_MAX } from './lanes.ts';
import { rowOf, Scene, SHARD } from './testing/scene.ts';

test('what is asked for anew while an older try is under way is handed out, and the older one holds nothing up', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  scene.pass(1e6);
  const askedSeq = scene.resend(1, 1);
  scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  scene.settle(1, 1);
  scene.project();
  expect(await scene.lease()).toEqual([]);
  scene.settle(1, 1, { askedSeq });
  scene.gone(1);
  scene.project();
  scene.pass(LEASE_US);
  expect(await scene.lease()).toEqual([]);
});

test('what is told of an earlier moment while the tables are read is handed out by the next look', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs + 10));
  await scene.dispatcher.start();
  scene.tell(1);
  scene.pass(10);
  scene.whileReading = () => scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  expect(await scene.lease()).toEqual(['1:2']);
});

test('what was committed before the start and is projected after it is handed out as soon as it is there', async () => {
  const scene = new Scene();
  scene.rows.push(rowOf(1, 1, scene.nowUs));
  scene.lastSeq = 1;
  scene.tips = [{ shard: SHARD, seq: 1 }];
  await scene.dispatcher.start();
  expect(await scene.lease()).toEqual([]);
  const waiting = scene.lease(500, 30_000);
  await new Promise(setImmediate);
  scene.project();
  expect(await waiting).toEqual(['1:1']);
});

test('what is handed to somebody who has gone meanwhile is handed to the next one at once', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  const gone = new AbortController();
  scene.whileReading = () => gone.abort();
  expect(await scene.dispatcher.lease(10, 0, gone.signal)).toEqual([]);
  expect(await scene.lease()).toEqual(['1:1']);
});

test('what cannot be read after it was taken from the queue is handed out once it can', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  scene.failing = 1;
  await expect(scene.lease()).rejects.toThrow('away');
  expect(await scene.lease()).toEqual(['1:1']);
});

test('what was tried by somebody of before a restart is not handed out until the read models show what came of it', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs));
  await scene.dispatcher.start();
  scene.settle(1, 1);
  expect(await scene.lease()).toEqual([]);
  scene.gone(1);
  scene.project();
  expect(await scene.lease()).toEqual([]);
});

test('an endpoint that takes everything slowly has few under way for all that', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  const rounds = async (count: number, tookMs: number) => {
    let most = 0;
    for (let round = 0; round < count; round++) {
      for (let told = 0; told < SLOTS_MAX; told++) scene.tell(1);
      scene.project();
      const leased = await scene.lease(5_000);
      most = leased.length;
      for (const name of leased) scene.settle(1, Number(name.slice(2)), { tookMs });
      scene.rows = [];
      scene.project();
    }
    return most;
  };
  expect(await rounds(8, 20)).toBe(SLOTS_MAX);
  expect(await rounds(2, 3_000)).toBe(SLOTS_FIRST);
});

test('an endpoint with much to be told leaves the next caller to those that came after it', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < SLOTS_FIRST; count++) scene.tell(1);
  scene.pass(1);
  scene.tell(2);
  scene.pass(1);
  scene.project();
  expect(await scene.lease(10)).toHaveLength(10);
  expect(await scene.lease(10)).toContain(`2:${SLOTS_FIRST + 1}`);
});

test('a try that is far away does not make each event leave something behind', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs + 24 * 3_600e6));
  await scene.dispatcher.start();
  for (let count = 0; count < 1_000; count++) {
    const seq = scene.tell(1);
    scene.project();
    expect(await scene.lease()).toEqual([`1:${seq}`]);
    scene.settle(1, seq);
    scene.gone(seq);
    scene.project();
    scene.pass(1e6);
    expect(await scene.lease()).toEqual([]);
  }
  expect(scene.dispatcher.looksPlanned).toBeLessThan(500);
  scene.pass(24 * 3_600e6);
  expect(await scene.lease()).toEqual(['1:1']);
});

test('what waits is looked for again at once where it could not be', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.before(rowOf(1, 1, scene.nowUs));
  scene.pass(60e6);
  scene.failing = 1;
  await expect(scene.lease()).rejects.toThrow('away');
  expect(await scene.lease()).toEqual(['1:1']);
});

test('a report that is told twice settles no later try', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  await scene.lease();
  scene.settle(1, 1, { status: 500 });
  scene.retry(1, 1, scene.nowUs + 5e6);
  scene.project();
  scene.pass(5e6);
  expect(await scene.lease()).toEqual(['1:1']);
  scene.settle(1, 1, { status: 500 });
  scene.project();
  expect(await scene.lease()).toEqual([]);
  // Nobody comes back from the second try: it is handed out again when its lease is over.
  scene.pass(LEASE_US);
  expect(await scene.lease()).toEqual(['1:1']);
});
