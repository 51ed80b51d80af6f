import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import { CannotStart, errnoOf } from './cannotStart.ts';
import { inherited } from './cluster.ts';
import { type DataFolder, NoSpace } from './dataFolder.ts';
import type { PostgresUser } from './user.ts';

const POLL_MS = 15;
/** Recovery after a crash replays at most max_wal_size; this is far beyond what that takes. */
const READY_LIMIT_MS = 600_000;
const FAST_STOP_MS = 8_000;
const IMMEDIATE_STOP_MS = 2_000;

/** Whoever ended it, the out-of-memory killer say, it was nothing of its own: another start may do. */
export class KilledWhileStarting extends CannotStart {
  override readonly name = 'CannotStart';

  constructor(signal: NodeJS.Signals) {
    super(`Postgres did not start: it was ended by ${signal}.`);
  }
}

/** A running server process. */
export interface Postmaster {
  readonly pid: number;
  /** Settles when the process has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Ends all connections and the server, with a bound on how long that may take. Idempotent. */
  stop(): Promise<void>;
}

/** The command line of the server: the program, then its arguments. A server that was started by others has another. */
export function commandLine(options: {
  cluster: string;
  binaries: Binaries;
  user: PostgresUser | undefined;
}): [program: string, ...args: string[]] {
  const { cluster, binaries, user } = options;
  return [binaries.postgres, '-D', user === undefined ? cluster : inherited(3)];
}

/** Refuses early, in words, when somebody listens where Postgres is to listen. */
export async function refuseBusyPort(port: number): Promise<void> {
  const error = await new Promise<unknown>((resolve) => {
    const server = net.createServer();
    server.once('error', resolve);
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(undefined)));
  });
  if (error === undefined) return;
  throw new CannotStart(
    errnoOf(error) === 'EADDRINUSE' ? portInUse(port) : portForbidden(port, errnoOf(error)),
  );
}

/** Starts the server and returns when it accepts connections. */
export async function startPostmaster(options: {
  folder: DataFolder;
  binaries: Binaries;
  user: PostgresUser | undefined;
  port: number;
  /** Called once the process is there. */
  meanwhile: () => void;
}): Promise<Postmaster> {
  const { folder, binaries, user, port, meanwhile } = options;
  const log = fs.openSync(folder.log, 'a', 0o600);
  const logStart = fs.fstatSync(log).size;
  const data = user === undefined ? undefined : fs.openSync(folder.cluster, 'r');
  const [program, ...args] = commandLine({ cluster: folder.cluster, binaries, user });
  const child = spawn(program, args, {
    ...user,
    cwd: '/',
    env: { TZ: 'UTC' },
    stdio: ['ignore', log, log, ...(data === undefined ? [] : [data])],
    // A session of its own: Ctrl-C in a terminal must reach the core first and Postgres only through us.
    detached: true,
  });
  fs.closeSync(log);
  if (data !== undefined) fs.closeSync(data);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  meanwhile();
  await untilReady({ child, folder, logStart, port });
  return { pid: child.pid!, ended, stop: () => stop(child, ended) };
}

/** The server writes its state into postmaster.pid: the process on line 1, "ready" on line 8. */
async function untilReady(options: {
  child: ChildProcess;
  folder: DataFolder;
  logStart: number;
  port: number;
}): Promise<void> {
  const { child, folder, logStart, port } = options;
  const pidFile = path.join(folder.cluster, 'postmaster.pid');
  for (let waitedMs = 0; waitedMs < READY_LIMIT_MS; waitedMs += POLL_MS) {
    if (child.signalCode !== null) throw new KilledWhileStarting(child.signalCode);
    if (child.exitCode !== null || child.pid === undefined) {
      throw explain(readFrom(folder.log, logStart), folder, port);
    }
    const lines = fs.existsSync(pidFile) ? fs.readFileSync(pidFile, 'utf8').split('\n') : [];
    if (Number(lines[0]) === child.pid && lines[7]?.startsWith('ready')) return;
    await sleep(POLL_MS);
  }
  child.kill('SIGQUIT');
  throw new CannotStart(`Postgres was not ready within ${READY_LIMIT_MS / 1000} s: ${folder.log} says why.`);
}

function explain(output: string, folder: DataFolder, port: number): CannotStart {
  if (/Address already in use/.test(output)) return new CannotStart(portInUse(port));
  if (/No space left on device/.test(output)) return new NoSpace(folder.path);
  const fatal = output.split('\n').find((line) => /FATAL:|PANIC:|error while loading/.test(line));
  const reason = fatal?.replace(/^.*(FATAL|PANIC):\s*/, '') ?? 'it ended at once';
  return new CannotStart(`Postgres did not start (${reason}): ${folder.log} has the details.`);
}

function portInUse(port: number): string {
  return `port ${port} on 127.0.0.1 is in use: stop what listens there, or set FLORIN_PG_PORT to a free port.`;
}

function portForbidden(port: number, code: string): string {
  return `port ${port} on 127.0.0.1 cannot be opened (${code}): set FLORIN_PG_PORT to another port.`;
}

function readFrom(file: string, position: number): string {
  return fs.readFileSync(file).subarray(position).toString('utf8');
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  const isOver = (limitMs: number): Promise<boolean> =>
    Promise.race([ended.then(() => true), sleep(limitMs, false, { ref: false })]);
  child.kill('SIGINT');
  if (await isOver(FAST_STOP_MS)) return;
  child.kill('SIGQUIT');
  if (await isOver(IMMEDIATE_STOP_MS)) return;
  child.kill('SIGKILL');
  await ended;
}
