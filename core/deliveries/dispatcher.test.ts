import { expect, test } from 'vitest';
import { LEASE_US, SLOTS_FIRST } from './lanes.ts';
import { rowOf, Scene } from './testing/scene.ts';

test('what is told is handed out once the read models have it, once', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  expect(await scene.lease()).toEqual([]);
  scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  expect(await scene.lease()).toEqual([]);
});

test('whoever waits is woken by what is told, and by what becomes due', async () => {
  const scene = new Scene();
  scene.before(rowOf(2, 1, scene.nowUs + 5e6));
  await scene.dispatcher.start();
  const waiting = scene.lease(500, 30_000);
  scene.tell(1);
  scene.project();
  expect(await waiting).toEqual(['1:2']);
  const next = scene.lease(500, 30_000);
  await Promise.resolve();
  await new Promise(setImmediate);
  scene.pass(5e6);
  expect(await next).toEqual(['2:1']);
});

test('a start looks for what was left, due by now or later', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs - 1), rowOf(1, 2, scene.nowUs + 60e6));
  await scene.dispatcher.start();
  expect(await scene.lease()).toEqual(['1:1']);
  scene.settle(1, 1);
  scene.gone(1);
  scene.project();
  expect(await scene.lease()).toEqual([]);
  scene.pass(60e6);
  expect(await scene.lease()).toEqual(['1:2']);
});

test('what was tried is not handed out again while the read models do not show it', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  await scene.lease();
  scene.settle(1, 1);
  scene.tell(1);
  expect(await scene.lease()).toEqual([]);
  scene.gone(1);
  scene.project();
  expect(await scene.lease()).toEqual(['1:3']);
});

test('what is told while the tables are read, and nothing else is there, is handed out by the next look', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.rows.length = 0;
  scene.project();
  scene.whileReading = () => {
    scene.tell(1);
    scene.project();
  };
  expect(await scene.lease()).toEqual([]);
  expect(await scene.lease()).toEqual(['1:2']);
});

test('what the read models show only after the endpoint was forgotten is handed out', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.rows.length = 0;
  scene.project();
  scene.tell(1);
  expect(await scene.lease()).toEqual([]);
  scene.project();
  expect(await scene.lease()).toEqual(['1:2']);
});

test('what the read models show late is found, though something of a later moment was handed out', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs + 1));
  await scene.dispatcher.start();
  scene.tell(1);
  scene.pass(1);
  expect(await scene.lease()).toEqual(['1:1']);
  scene.project();
  expect(await scene.lease()).toEqual(['1:2']);
});

test('more than one look takes is handed out in the order of moments, and nothing twice', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < SLOTS_FIRST; count++) {
    scene.tell(1);
    if (count % 10 === 9) scene.nowUs += 1;
  }
  scene.project();
  const taken: string[] = [];
  for (let looks = 0; taken.length < SLOTS_FIRST; looks++) {
    expect(looks).toBeLessThan(10);
    taken.push(...(await scene.lease(7)));
  }
  expect(taken).toEqual(Array.from({ length: SLOTS_FIRST }, (_, index) => `1:${index + 1}`));
});

test('what nobody comes back from is handed out again, and not before', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  scene.pass(LEASE_US - 1);
  expect(await scene.lease()).toEqual([]);
  scene.pass(1);
  expect(await scene.lease()).toEqual(['1:1']);
});

test('what waits in the tables and nobody told of is found after a while', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.before(rowOf(1, 1, scene.nowUs));
  expect(await scene.lease()).toEqual([]);
  scene.pass(60e6);
  expect(await scene.lease()).toEqual(['1:1']);
});

test('an endpoint has so many under way and no more, and others do not wait for it', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < 2 * SLOTS_FIRST; count++) scene.tell(1);
  scene.tell(2);
  scene.project();
  const first = await scene.lease();
  expect(first).toHaveLength(SLOTS_FIRST + 1);
  expect(first).toContain(`2:${2 * SLOTS_FIRST + 1}`);
  expect(await scene.lease()).toEqual([]);
  // One that is taken makes room for itself and for one more.
  scene.settle(1, 1);
  expect(await scene.lease()).toEqual([`1:${SLOTS_FIRST + 1}`, `1:${SLOTS_FIRST + 2}`]);
});

test('an endpoint that cannot keep up gets half of it, and a pause where it asks for one', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < 3 * SLOTS_FIRST; count++) scene.tell(1);
  scene.project();
  const first = await scene.lease();
  for (const name of first.slice(1)) scene.settle(1, Number(name.slice(2)), { status: 400 });
  scene.settle(1, Number(first[0].slice(2)), { status: 503, retryAfterMs: 7_000 });
  for (const name of first) scene.gone(Number(name.slice(2)));
  scene.project();
  expect(await scene.lease()).toEqual([]);
  scene.pass(7e6);
  expect(await scene.lease()).toHaveLength(SLOTS_FIRST / 2);
});

test('a caller gets no more than it has room for, and the next one gets the rest', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let endpoint = 1; endpoint <= 5; endpoint++) scene.tell(endpoint);
  scene.project();
  const [some, others] = await Promise.all([scene.lease(3), scene.lease(3)]);
  expect(some).toHaveLength(3);
  expect(others).toHaveLength(2);
  expect(new Set([...some, ...others]).size).toBe(5);
});

test('nothing that is told while nobody asks costs more than its endpoint, or a look before somebody asks', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < 1_000; count++) {
    scene.tell(1);
    scene.project();
  }
  expect(scene.looks).toBe(0);
  await scene.lease(1);
  expect(scene.looks).toBe(1);
});

test('who waits while it stops is told that there is nothing', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  const waiting = scene.lease(1, 30_000);
  await new Promise(setImmediate);
  scene.dispatcher.stop();
  expect(await waiting).toEqual([]);
});
