import { expect, test } from 'vitest';
import { MemoryLoader } from '../../test/support/memoryLoader.ts';
import { MemoryStore } from '../../test/support/memoryStore.ts';
import { FakeTime, quiet } from '../../test/support/shard.ts';
import type { LeaseStore } from '../journal/store.ts';
import { Tenure } from './tenure.ts';

/** A server whose leases somebody else holds until they are let go. */
function begin() {
  const store = new MemoryStore();
  const time = new FakeTime();
  let isFree = false;
  let claims = 0;
  const leases: LeaseStore = {
    hold: (shards) => Promise.resolve(new Set(isFree ? shards : [])),
    release: () => Promise.resolve(),
  };
  const takeEpochs = store.takeEpochs.bind(store);
  const server = Object.assign(store, leases, {
    takeEpochs: (shards: readonly number[], owner: string) => {
      claims++;
      return takeEpochs(shards, owner);
    },
  });
  const tenure = new Tenure(
    {
      servers: [{ store: server, loader: new MemoryLoader() }],
      serverOf: () => 0,
      shards: 2,
      holder: 'us',
      owner: 'us now',
      clock: time,
      timers: time,
      router: { choose: () => null, obstacle: () => 'route', abilities: () => undefined },
      random: { unit: () => 0.5 },
      bounds: {
        idsMax: 1_000,
        accountsMax: 1_000,
        progressMax: 1_000,
        intentsMax: 1_000,
        profilesMax: 1_000,
        mailboxItemsMax: 1_000,
        recentBytesMax: 1 << 20,
        lagEventsMax: 1_000_000,
      },
      checkHistory: () => Promise.resolve(new Map()),
      span: (_, task) => task(),
      observe: { event: () => {}, committed: () => {}, admitted: () => {}, turnedAway: () => {} },
    },
    () => {},
  );
  return { tenure, time, claims: () => claims, free: () => (isFree = true) };
}

test('a node that waits for its leases raises no epoch, and none when it is stopped while it waits', async () => {
  const { tenure, time, claims } = begin();
  const started = tenure.start();
  await quiet();
  time.pass(1_000);
  await quiet();
  expect(claims()).toBe(0);
  await tenure.stop();
  time.pass(1_000);
  await started;
  await quiet();
  expect(claims()).toBe(0);
});

test('control: once the leases are free it takes its shards', async () => {
  const { tenure, time, claims, free } = begin();
  const started = tenure.start();
  await quiet();
  free();
  time.pass(1_000);
  await started;
  expect(claims()).toBe(1);
  expect(tenure.size).toBe(3);
  await tenure.stop();
});
