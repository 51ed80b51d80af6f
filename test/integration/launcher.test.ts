import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/embedded.ts';
import { freePort } from '../support/ports.ts';

const root = resolve(import.meta.dirname, '../..');
const florin = join(root, 'bin/florin.cjs');
const run = promisify(execFile);

let folder: string;
let env: NodeJS.ProcessEnv;
let children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
  const ports = await Promise.all(Array.from({ length: 9 }, () => freePort()));
  env = {
    ...process.env,
    DATABASE_URL: '',
    DATABASE_URLS: '',
    FLORIN_DATA_DIR: join(folder, 'data'),
    FLORIN_GRPC_PORT: String(ports[0]),
    FLORIN_CONNECT_PORT: String(ports[1]),
    FLORIN_OPS_PORT: String(ports[2]),
    FLORIN_PG_PORT: String(ports[3]),
    FLORIN_SIMULATOR_PORT: String(ports[4]),
    FLORIN_PROVIDER_WEBHOOK_PORT: String(ports[5]),
    FLORIN_EDGE_PORT: String(ports[6]),
    FLORIN_WEBHOOK_OPS_PORT: String(ports[7]),
    FLORIN_EDGE_OPS_PORT: String(ports[8]),
  };
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
  await expect.poll(() => processesOf(folder), { timeout: 5_000 }).toEqual([]);
  await rm(folder, { recursive: true });
});

/** Processes that work for this test's data folder: by environment or by working folder. */
function processesOf(place: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        const cwd = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return cwd.includes(place) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(place);
      } catch {
        return false;
      }
    });
}

async function started(command: string, args: string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { cwd: root, env, stdio: 'ignore' });
  children.push(child);
  await expect.poll(isReady, { timeout: 30_000, interval: 100 }).toBe(true);
  // The control: somebody must be there who could be left.
  await expect.poll(simulators, { timeout: 10_000 }).toHaveLength(1);
  return child;
}

/** The payment simulators that run along with this test's florin. */
function simulators(): number[] {
  return processesOf(folder).filter((pid) => commandOf(pid).includes('simulator/server/main.ts'));
}

/** '' for one that has ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

async function isReady(): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${env.FLORIN_OPS_PORT}/readyz`).catch(() => undefined);
  return answer?.status === 200;
}

/** Everybody who was started for this folder, Postgres too, whose data the command line names. */
async function expectNobodyLeft(): Promise<void> {
  await expect.poll(() => processesOf(folder), { timeout: 12_000 }).toEqual([]);
  await expect.poll(() => isPortOpen(Number(env.FLORIN_PG_PORT)), { timeout: 1_000 }).toBe(false);
}

async function isPortOpen(port: number): Promise<boolean> {
  const { connect } = await import('node:net');
  return new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}

describe('the launcher', () => {
  test('runs Node 26 or later, first on PATH, and passes the exit code and the signal on', async () => {
    const node = join(root, 'bin/node.cjs');
    const script =
      "console.log(process.versions.node, require('node:child_process').execFileSync('node', ['-v']).toString().trim())";
    const { stdout } = await run('node', [node, '-e', script]);
    const [own, onPath] = stdout.trim().split(' ');
    expect(Number(own?.split('.')[0])).toBeGreaterThanOrEqual(26);
    expect(onPath).toBe(`v${own}`);
    await expect(run('node', [node, '-e', 'process.exit(7)'])).rejects.toMatchObject({ code: 7 });
    const killed = run('node', [
      node,
      '-e',
      "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 5000)",
    ]);
    await expect(killed).rejects.toMatchObject({ signal: 'SIGTERM' });
  });

  test('works through a symbolic link, from any folder', async () => {
    const link = join(folder, 'florin');
    await symlink(florin, link);
    const { stdout } = await run(link, ['--version'], { cwd: folder });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('says in one line which setting cannot be used', async () => {
    const refused = run('node', [florin, 'start'], { env: { ...env, FLORIN_OPS_PORT: 'x' } });
    await expect(refused).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^florin: FLORIN_OPS_PORT[^\n]*\n$/),
    });
  });
});

describe.runIf(process.platform === 'linux')('florin start', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends everything at %s and says so with 0',
    async (signal) => {
      const child = await started('node', [florin, 'start']);
      const exit = new Promise<number | null>((done) => child.once('exit', done));
      child.kill(signal);
      expect(await exit).toBe(0);
      await expectNobodyLeft();
    },
  );

  test('ends when its launcher is killed by SIGKILL', async () => {
    const child = await started('node', [florin, 'start']);
    child.kill('SIGKILL');
    await expectNobodyLeft();
  });

  test('takes its simulator along when it is itself killed by SIGKILL, and finds the port free again', async () => {
    await started('node', [florin, 'start']);
    const own = processesOf(folder).filter((pid) => commandOf(pid).includes('cli/main.ts start'));
    expect(own).toHaveLength(1);
    process.kill(own[0], 'SIGKILL');
    // At once, while the one of before may still be ending.
    const again = await started('node', [florin, 'start']);
    const exit = new Promise<number | null>((done) => again.once('exit', done));
    again.kill('SIGINT');
    expect(await exit).toBe(0);
    await expectNobodyLeft();
  });

  test('ends when the npm above it is killed by SIGKILL', async () => {
    const child = await started('npm', ['start']);
    child.kill('SIGKILL');
    await expectNobodyLeft();
  });
});
