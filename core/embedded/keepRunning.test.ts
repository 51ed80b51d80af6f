import { expect, test } from 'vitest';
import { NoSpace } from './dataFolder.ts';
import { keepRunning } from './keepRunning.ts';
import { KilledWhileStarting, type Postmaster } from './postmaster.ts';

const MIB = 1024 * 1024;

/** A server that ends when it is told to. */
function server(pid: number): Postmaster & { end(): void } {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  return { pid, ended, end, stop: async () => end() };
}

function kept(outcomes: (Error | Postmaster)[]) {
  const disk = { free: 500 * MIB, isGone: false, looks: 0 };
  const first = server(1);
  const events: string[] = [];
  const it = keepRunning({
    first,
    restart: async () => {
      const outcome = outcomes.shift()!;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    freeBytes: () => {
      disk.looks++;
      if (disk.isGone) throw new Error('ENOENT: no such file or directory, statfs');
      return disk.free;
    },
    log: (event) => events.push('line' in event ? event.line : event.event),
    outOfSpace: noSpace().message,
    pollMs: 5,
  });
  return { it, first, events, outcomes, disk };
}

const noSpace = () => new NoSpace('/data');

test('a server that ended for want of room is started again once there is some, and it is said once', async () => {
  const { it, first, events, outcomes, disk } = kept([noSpace(), noSpace(), server(2)]);
  disk.free = 0;
  first.end();
  await expect.poll(() => events.length).toBe(2);
  expect(events.toSorted()).toEqual([
    expect.stringMatching(/^no disk space left for \/data: free at least 512 MiB/),
    'postgres_ended',
  ]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  // Without room there is no second try.
  expect(outcomes).toHaveLength(2);
  disk.free = 64 * MIB;
  await expect.poll(() => it.pid()).toBe(2);
  expect(events).toHaveLength(2);
  await it.stop();
});

test('a server that is killed while it starts is started again, as one that was killed later', async () => {
  const killed = () => new KilledWhileStarting('SIGKILL');
  const { it, first, events } = kept([killed(), killed(), server(2)]);
  first.end();
  await expect.poll(() => it.pid()).toBe(2);
  expect(events).toEqual(['postgres_ended', 'postgres_ended', 'postgres_ended']);
  await it.stop();
});

test('a server that is killed at every start is given up', async () => {
  const { it, first } = kept(Array.from({ length: 6 }, () => new KilledWhileStarting('SIGKILL')));
  first.end();
  expect((await it.failed).message).toMatch(/^Postgres ended again and again/);
  await it.stop();
}, 10_000);

test('a full disk is told while the server still runs, and again the next time', async () => {
  const { it, events, disk } = kept([]);
  for (let time = 1; time <= 2; time++) {
    disk.free = 63 * MIB;
    await expect.poll(() => events.length).toBe(time);
    disk.free = 64 * MIB;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  expect(events).toHaveLength(2);
  await it.stop();
});

test('a disk that cannot be asked ends nothing, and is watched again once it is back', async () => {
  const { it, events, disk } = kept([]);
  const { looks } = disk;
  disk.isGone = true;
  await expect.poll(() => disk.looks).toBeGreaterThan(looks + 2);
  expect(events).toEqual([]);
  disk.free = 63 * MIB;
  disk.isGone = false;
  await expect.poll(() => events.length).toBe(1);
  await it.stop();
});

test('a stop does not wait for room', async () => {
  const { it, first, events, disk } = kept([noSpace()]);
  disk.free = 0;
  first.end();
  await expect.poll(() => events.length).toBe(2);
  await it.stop();
  expect(it.pid()).toBe(1);
});

test('a server that ends again and again is given up', async () => {
  const servers = [2, 3, 4, 5, 6].map(server);
  const { it, first } = kept([...servers]);
  first.end();
  for (const one of servers) {
    await expect.poll(() => it.pid(), { timeout: 3_000 }).toBe(one.pid);
    one.end();
  }
  expect((await it.failed).message).toMatch(/again and again/);
});
