import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { changedSince, follow, readsOthers } from './adopt.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'florin test '));
  file = path.join(folder, 'local.conf');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

describe('an operator’s file', () => {
  const HOUR_MS = 3_600_000;
  const longAgo = new Date('2020-01-01T00:00:00Z');

  test('is changed when it was put back with its old moment', () => {
    const startedMs = Date.now() - HOUR_MS;
    expect(changedSince(file, startedMs)).toBe(false);
    fs.writeFileSync(`${file}.before`, '');
    fs.utimesSync(`${file}.before`, longAgo, longAgo);
    fs.renameSync(`${file}.before`, file);
    expect(fs.statSync(file).mtimeMs).toBe(longAgo.getTime());
    expect(changedSince(file, startedMs)).toBe(true);
  });

  test('is changed when its content is younger, and is not when the server is', () => {
    fs.writeFileSync(file, '');
    expect(changedSince(file, Date.now() + HOUR_MS)).toBe(false);
    const later = new Date(Date.now() + 2 * HOUR_MS);
    fs.utimesSync(file, later, later);
    expect(changedSince(file, Date.now() + HOUR_MS)).toBe(true);
  });

  test.each([
    "include '/etc/florin/fast.conf'",
    "  Include_If_Exists = 'more.conf'",
    "include_dir='conf.d'",
    "work_mem = '17MB'\ninclude = 'more.conf'",
    "hba_file = '/etc/florin/hba.conf'",
    "ident_file '/etc/florin/ident.conf'",
    'host all @admins 127.0.0.1/32 scram-sha-256',
    'host all florin,@admins 127.0.0.1/32 scram-sha-256',
    '@databases all 127.0.0.1/32 scram-sha-256',
  ])('may have the server read another: %j', (text) => {
    fs.writeFileSync(file, `# ours\n${text}\n`);
    expect(readsOthers(file)).toBe(true);
  });

  test.each([
    '',
    "# include = 'more.conf'",
    "#hba_file = 'ConfigDir/pg_hba.conf' # (change requires restart)",
    "include_if_exists = 'florin.conf'",
    "work_mem = '17MB' # include = 'more.conf', @ home",
    "log_line_prefix = '%m [%p] %q%u@%d '",
    'host all all 127.0.0.1/32 scram-sha-256',
  ])('may stand for itself: %j', (text) => {
    fs.writeFileSync(file, `${text}\n`);
    expect(readsOthers(file)).toBe(false);
  });

  test('that is a link is another one', () => {
    fs.writeFileSync(path.join(folder, 'shared.conf'), '');
    fs.symlinkSync('shared.conf', file);
    expect(readsOthers(file)).toBe(true);
  });

  test('that is not there has the server read nothing', () => expect(readsOthers(file)).toBe(false));
});

describe.runIf(process.platform === 'linux')('a server that is no child of ours', () => {
  let child: ChildProcess;
  beforeEach(async () => {
    child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout!, 'data');
  });
  afterEach(() => {
    vi.restoreAllMocks();
    child.kill('SIGKILL');
  });

  test('is stopped', async () => {
    const server = follow(child.pid!);
    const exit = once(child, 'exit');
    await server.stop();
    expect(await exit).toEqual([null, 'SIGINT']);
  });

  test('is not told to stop when it has ended: its number may be another’s', async () => {
    const server = follow(child.pid!);
    child.kill('SIGKILL');
    await server.ended;
    const kill = vi.spyOn(process, 'kill');
    await server.stop();
    expect(kill).not.toHaveBeenCalled();
  });

  test('has ended, and is not told to stop, when a process with its number began at another time', async () => {
    let birth = '1';
    const server = follow(child.pid!, () => birth);
    birth = '2';
    await server.ended;
    const kill = vi.spyOn(process, 'kill');
    await server.stop();
    expect(kill).not.toHaveBeenCalled();
    expect(child.exitCode).toBeNull();
  });
});
