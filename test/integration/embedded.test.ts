import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CannotStart } from '../../core/embedded/cannotStart.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../core/embedded/embedded.ts';
import { type DisposablePostgres, disposablePostgres, temporaryFolder } from '../support/embedded.ts';
import { freePort } from '../support/ports.ts';

const start = (dataDir: string, port: number): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir, port, log: () => {} });

async function refusal(started: Promise<EmbeddedPostgres>): Promise<string> {
  const outcome = await started.catch((error: unknown) => error);
  if (outcome instanceof CannotStart) return outcome.message;
  if (outcome instanceof Error) throw outcome;
  await (outcome as EmbeddedPostgres).stop();
  throw new Error('it started');
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  // A server that is killed ends its clients; the test sees that at its next query.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A process that has ended stays in /proc until somebody collects it, which a container's first process may never do. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('one embedded Postgres', () => {
  let own: DisposablePostgres;
  beforeAll(async () => {
    own = await disposablePostgres();
  });
  afterAll(() => own.remove());

  test('lets the core create and a person only read', async () => {
    const { coreUrl, readerUrl } = own.postgres;
    await query(coreUrl, 'CREATE SCHEMA books; CREATE TABLE books.t (a int); INSERT INTO books.t VALUES (1)');
    await query(
      coreUrl,
      'GRANT USAGE ON SCHEMA books TO florin_reader; GRANT SELECT, INSERT ON books.t TO florin_reader',
    );
    expect(await query(readerUrl, 'SELECT a FROM books.t')).toEqual([{ a: 1 }]);
    await expect(query(readerUrl, 'INSERT INTO books.t VALUES (2)')).rejects.toThrow(/read-only transaction/);
    await expect(query(readerUrl, 'CREATE TABLE public.x (a int)')).rejects.toThrow(/read-only|permission/);
  });

  test('refuses a wrong password, and none at all', async () => {
    const wrong = new URL(own.postgres.coreUrl);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    wrong.password = '';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password/);
  });

  test('keeps its promises of durability', async () => {
    const rows = await query(
      own.postgres.coreUrl,
      `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'jit', 'listen_addresses')`,
    );
    expect(Object.fromEntries(rows.map((row) => [row.name, row.setting]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      jit: 'off',
      listen_addresses: '127.0.0.1',
    });
  });

  test('keeps secrets for their owner only', async () => {
    expect((await stat(join(own.dataDir, 'secrets'))).mode & 0o777).toBe(0o700);
    for (const name of ['florin', 'florin_admin', 'florin_reader']) {
      expect((await stat(join(own.dataDir, 'secrets', name))).mode & 0o777).toBe(0o600);
    }
    const log = await readFile(join(own.dataDir, 'postgres.log'), 'utf8');
    expect(log).not.toContain(own.postgres.readerPassword);
  });

  test('keeps a second instance off its data folder, and runs beside one with its own', async () => {
    expect(await refusal(start(own.dataDir, await freePort()))).toMatch(
      /another florin runs on .*FLORIN_DATA_DIR/,
    );
    const second = await disposablePostgres();
    expect(await query(second.postgres.coreUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.remove();
    expect(await query(own.postgres.coreUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('comes back by itself when it is killed, with what was committed', async () => {
    const { postgres } = own;
    const { coreUrl } = postgres;
    await query(coreUrl, 'CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)');
    const before = postgres.pid();
    process.kill(before, 'SIGKILL');
    // A connection that the killed one had taken is served for a moment longer.
    await expect.poll(() => postgres.pid(), { timeout: 15_000 }).not.toBe(before);
    await expect
      .poll(() => query(coreUrl, 'SELECT a FROM kept').catch(() => []), { timeout: 15_000 })
      .toEqual([{ a: 7 }]);
  });
});

describe('a start', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** Starts Postgres on the folder from a process that is killed then; answers with the server that is left. */
  async function leaveBehind(port: number): Promise<{ url: string; pid: number }> {
    const script = `
      import { startEmbeddedPostgres } from ${JSON.stringify(new URL('../../core/embedded/embedded.ts', import.meta.url).href)};
      const postgres = await startEmbeddedPostgres({ dataDir: process.argv[1], port: ${port}, log: () => {} });
      console.log(JSON.stringify({ url: postgres.coreUrl, pid: postgres.pid() }));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    child.kill('SIGKILL');
    await once(child, 'exit');
    const left = JSON.parse(line.toString()) as { url: string; pid: number };
    // The control: without this there would be nothing to find.
    expect(isRunning(left.pid)).toBe(true);
    return left;
  }

  /** Ends the server that a killed process has left and starts its command line again, with more arguments. */
  async function startedByHand(port: number, more: readonly string[]): Promise<number> {
    const { pid } = await leaveBehind(port);
    const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    const { uid, gid } = statSync(`/proc/${pid}`);
    process.kill(pid, 'SIGINT');
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
    const cluster = openSync(join(folder, 'postgres'), 'r');
    const child = spawn(program, [...args, ...more], {
      uid,
      gid,
      cwd: '/',
      env: { TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'ignore', cluster],
    });
    closeSync(cluster);
    children.push(child);
    const pidFile = join(folder, 'postgres', 'postmaster.pid');
    await expect
      .poll(() => readFile(pidFile, 'utf8').catch(() => ''), { timeout: 10_000 })
      .toMatch(new RegExp(`^${child.pid}\n[^]*\nready`));
    return child.pid!;
  }

  describe.runIf(process.platform === 'linux')('after kill -9', () => {
    test('goes on with the Postgres left behind, brings it back when it dies, and stops it in the end', async () => {
      const port = await freePort();
      const left = await leaveBehind(port);
      await query(left.url, 'CREATE TABLE kept (a int); INSERT INTO kept VALUES (42)');
      const postgres = await start(folder, port);
      expect(postgres.pid()).toBe(left.pid);
      expect(await query(postgres.coreUrl, 'SELECT a FROM kept')).toEqual([{ a: 42 }]);
      process.kill(left.pid, 'SIGKILL');
      await expect
        .poll(() => query(postgres.coreUrl, 'SELECT a FROM kept').catch(() => []), { timeout: 15_000 })
        .toEqual([{ a: 42 }]);
      await postgres.stop();

      const again = await leaveBehind(port);
      await (await start(folder, port)).stop();
      expect(isRunning(again.pid)).toBe(false);
    });

    test('stops the Postgres left behind where it is not the one that would be started', async () => {
      const left = await leaveBehind(await freePort());
      const port = await freePort();
      const moved = await start(folder, port);
      expect(moved.pid()).not.toBe(left.pid);
      expect(isRunning(left.pid)).toBe(false);
      await moved.stop();

      const other = await leaveBehind(port);
      await writeFile(join(folder, 'postgres', 'local.conf'), "work_mem = '17MB'\n");
      // Files carry the moment of their change, the server only the second of its start.
      const later = new Date(Date.now() + 5_000);
      await utimes(join(folder, 'postgres', 'local.conf'), later, later);
      const postgres = await start(folder, port);
      expect(postgres.pid()).not.toBe(other.pid);
      expect(await query(postgres.coreUrl, 'SHOW work_mem')).toEqual([{ work_mem: '17MB' }]);
      await postgres.stop();

      await utimes(join(folder, 'postgres', 'local.conf'), 0, 0);
      const third = await leaveBehind(port);
      await rm(join(folder, 'postgres', 'local.conf'));
      const without = await start(folder, port);
      expect(without.pid()).not.toBe(third.pid);
      expect(await query(without.coreUrl, 'SHOW work_mem')).toEqual([{ work_mem: '16MB' }]);
      await without.stop();
    });

    // The last is durable: only its command line tells.
    test.each([
      ['fsync', 'off'],
      ['synchronous_commit', 'off'],
      ['work_mem', '17MB'],
    ])('stops a Postgres that somebody started by hand with %s=%s', async (name, value) => {
      const port = await freePort();
      const byHand = await startedByHand(port, ['-c', `${name}=${value}`]);
      const postgres = await start(folder, port);
      expect(postgres.pid()).not.toBe(byHand);
      expect(isRunning(byHand)).toBe(false);
      expect(await query(postgres.adminUrl, `SHOW ${name}`)).not.toEqual([{ [name]: value }]);
      await postgres.stop();
    });

    test('goes on with a Postgres that somebody started by hand as we do', async () => {
      const port = await freePort();
      const byHand = await startedByHand(port, []);
      const postgres = await start(folder, port);
      expect(postgres.pid()).toBe(byHand);
      await postgres.stop();
    });

    test('stops the Postgres left behind where it says that it is not durable', async () => {
      const port = await freePort();
      const file = join(folder, 'postgres', 'local.conf');
      // Older than the server, so that nothing else tells it from the one that would be started.
      await writeFile(file, 'fsync = off\n');
      const left = await leaveBehind(port);
      const postgres = await start(folder, port);
      expect(postgres.pid()).not.toBe(left.pid);
      await postgres.stop();
      await rm(file);
    });

    test('stops the Postgres left behind where it does not answer', async () => {
      const port = await freePort();
      const left = await leaveBehind(port);
      process.kill(left.pid, 'SIGSTOP');
      const starting = start(folder, port);
      // It is told to stop while it is stopped in the other sense; going on, it ends.
      setTimeout(() => process.kill(left.pid, 'SIGCONT'), 4_500);
      const postgres = await starting;
      expect(postgres.pid()).not.toBe(left.pid);
      await postgres.stop();
    }, 30_000);
  });

  test('is not misled by a process number that a stranger has after a reboot', async () => {
    const port = await freePort();
    await (await start(folder, port)).stop();
    // A live process that is no Postgres, as root and as an ordinary user alike.
    await writeFile(
      join(folder, 'postgres', 'postmaster.pid'),
      `${process.pid}\n${folder}\n0\n${port}\n\n\n\nready\n`,
    );
    const postgres = await start(folder, port);
    expect(await query(postgres.coreUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await postgres.stop();
  });

  test('on a port in use names the variable', async () => {
    const port = await freePort();
    const listener = createServer().listen({ host: '127.0.0.1', port });
    await once(listener, 'listening');
    expect(await refusal(start(folder, port))).toMatch(
      new RegExp(`^port ${port} .* in use: .*FLORIN_PG_PORT`),
    );
    listener.close();
  });

  test('puts a password right again that was deleted', async () => {
    const port = await freePort();
    await rm(join(folder, 'secrets', 'florin_reader'));
    const postgres = await start(folder, port);
    expect(await query(postgres.readerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await postgres.stop();
  });

  test('after one cut short while it created the database begins anew', async () => {
    const cut = await temporaryFolder();
    await writeFile(join(cut, 'version'), '1\n');
    await writeFile(join(cut, 'postgres.new'), 'half of something');
    const postgres = await start(cut, await freePort());
    await postgres.stop();
    await rm(cut, { recursive: true });
  });

  test('refuses secrets that belong to another database', async () => {
    const file = join(folder, 'secrets', 'florin_admin');
    const password = await readFile(file, 'utf8');
    await writeFile(file, 'another\n');
    expect(await refusal(start(folder, await freePort()))).toMatch(/^the password in secrets\/florin_admin/);
    await writeFile(file, password);
  });

  test('refuses a data folder of a newer florin and of a newer Postgres', async () => {
    const version = join(folder, 'postgres', 'PG_VERSION');
    const major = await readFile(version, 'utf8');
    await writeFile(version, '99\n');
    expect(await refusal(start(folder, await freePort()))).toMatch(
      /newer Postgres \(99.*run the newer florin/,
    );
    await writeFile(version, major);
    await writeFile(join(folder, 'version'), '2\n');
    expect(await refusal(start(folder, await freePort()))).toMatch(
      /newer florin \(layout 2.*run that version/,
    );
    await writeFile(join(folder, 'version'), '1\n');
  });
});
