import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type RunningProcess, startChildProcess } from './childProcess.ts';

const PROGRAM = {
  program: new URL('./testing/child.ts', import.meta.url),
  ready: 'It is ready.',
  name: 'the child',
};

let folder: string;
let file: string;
let running: RunningProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-child-'));
  file = join(folder, 'pids');
  running = undefined;
  vi.spyOn(console, 'error').mockReturnValue();
});
afterEach(async () => {
  await running?.stop(5_000);
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Of every process that was begun. */
const pids = (): number[] => readFileSync(file, 'utf8').trim().split('\n').map(Number);

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a process that ends by itself is started again, as often as it does', async () => {
  running = await startChildProcess({ ...PROGRAM, args: [file] });
  for (let begun = 1; begun < 3; begun++) {
    await vi.waitFor(() => expect(pids()).toHaveLength(begun), { timeout: 10_000 });
    process.kill(pids()[begun - 1], 'SIGKILL');
  }
  await vi.waitFor(() => expect(pids()).toHaveLength(3), { timeout: 10_000 });
  expect(vi.mocked(console.error).mock.calls).toEqual([
    ['the child ended by itself, starting it again (1)'],
    ['the child ended by itself, starting it again (2)'],
  ]);
});

test('a stop ends it, and nobody starts it again', async () => {
  running = await startChildProcess({ ...PROGRAM, args: [file] });
  await running.stop(5_000);
  expect(isThere(pids()[0])).toBe(false);
  expect(console.error).not.toHaveBeenCalled();
});

test('a stop between two of its lives ends the wait', async () => {
  running = await startChildProcess({ ...PROGRAM, args: [file] });
  process.kill(pids()[0], 'SIGKILL');
  await vi.waitFor(() => expect(console.error).toHaveBeenCalledOnce());
  await running.stop(5_000);
  expect(pids()).toHaveLength(1);
});

test('one that ends before it is ready cannot be started, and says why', async () => {
  await expect(startChildProcess({ ...PROGRAM, args: [file, 'at once'] })).rejects.toThrow('it cannot be.');
});
