import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { urlOf } from '../../core/embedded/roles.ts';
import { freePort } from './ports.ts';
import { freshDatabase } from './postgres.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** A start on this machine while the other tests run. */
const READY_MS_MAX = 60_000;

export interface TestCoreOptions {
  /** More settings, or others. */
  readonly env?: Readonly<Record<string, string>>;
  /** Databases that the test made itself; default: one fresh database, removed by `stop`. */
  readonly databaseUrls?: readonly string[];
  /** True: no database is named, so that the core brings its own embedded Postgres. */
  readonly isEmbedded?: boolean;
  /** The data folder of a core whose rows this one shall be able to read: its keys are copied, its name is not. */
  readonly keysOf?: string;
  /** True: returns as soon as the process runs; `ready` waits for more. */
  readonly isImpatient?: boolean;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly tookMs: number;
}

export interface TestCore {
  /** host:port of gRPC. */
  readonly target: string;
  readonly connectUrl: string;
  readonly opsUrl: string;
  /** The core's own (first) database, as its owner. */
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly pid: number;
  /** SIGKILL, and gone when it settles. */
  kill(): Promise<void>;
  /** Sends a signal to the process and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal that ends it, and tells how it ended. */
  endBy(signal: NodeJS.Signals): Promise<Ended>;
  /** The same core again, after its end: same ports, data folder and database. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Waits until it is ready. */
  ready(): Promise<void>;
  /** SIGTERM, then everything is removed. */
  stop(): Promise<void>;
  /** Everything that it has printed. */
  output(): string;
}

/** A whole core in a process of its own, on a database of its own in the Postgres of this test run. */
export async function startTestCore(options: TestCoreOptions = {}): Promise<TestCore> {
  const own =
    options.databaseUrls === undefined && options.isEmbedded !== true ? await freshDatabase() : undefined;
  const urls = own === undefined ? (options.databaseUrls ?? []) : [own.url];
  const dataDir = mkdtempSync(join(tmpdir(), 'florin-core-'));
  if (options.keysOf !== undefined) copyKeys(options.keysOf, dataDir);
  const [grpc, connect, ops, postgres, webhooks] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const settings = {
    ...(process.env.PATH === undefined ? {} : { PATH: process.env.PATH }),
    HOME: dataDir,
    FLORIN_DATA_DIR: dataDir,
    FLORIN_GRPC_PORT: String(grpc),
    FLORIN_CONNECT_PORT: String(connect),
    FLORIN_OPS_PORT: String(ops),
    FLORIN_PG_PORT: String(postgres),
    FLORIN_PROVIDER_WEBHOOK_PORT: String(webhooks),
    FLORIN_SAMPLE_DATA: '0',
    FLORIN_SIMULATOR: '0',
    FLORIN_EDGE: '0',
    FLORIN_LOG_LEVEL: 'warn',
    ...(urls.length > 1
      ? { DATABASE_URLS: urls.join(',') }
      : urls.length === 1
        ? { DATABASE_URL: urls[0] }
        : {}),
    ...options.env,
  };
  let printed = '';
  let child: ChildProcess;
  const launch = (env: Readonly<Record<string, string>> = {}): void => {
    child = spawn(process.execPath, [cli, 'start'], {
      env: { ...settings, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  };
  const ready = (): Promise<void> => untilReady(`http://127.0.0.1:${ops}/readyz`, child, () => printed);
  const endBy = async (signal: NodeJS.Signals): Promise<Ended> => {
    const began = performance.now();
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      await gone;
    }
    return { exitCode: child.exitCode, signal: child.signalCode, tookMs: performance.now() - began };
  };
  launch();
  if (options.isImpatient !== true) await ready();
  return {
    target: `127.0.0.1:${grpc}`,
    connectUrl: `http://127.0.0.1:${connect}`,
    opsUrl: `http://127.0.0.1:${ops}`,
    get databaseUrl() {
      return urls[0] ?? embeddedUrl(dataDir, postgres);
    },
    dataDir,
    get pid() {
      return child.pid!;
    },
    kill: async () => {
      await endBy('SIGKILL');
    },
    signal: (signal) => void child.kill(signal),
    endBy,
    restart: (env) => {
      launch(env);
      return ready();
    },
    ready,
    stop: async () => {
      child.kill('SIGCONT');
      await endBy('SIGTERM');
      await own?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
    output: () => printed,
  };
}

/** Checksums on rows are keyed: another core needs the same key, and must not have the same name. */
function copyKeys(from: string, to: string): void {
  mkdirSync(join(to, 'secrets'), { mode: 0o700 });
  cpSync(join(from, 'secrets', 'seal.key'), join(to, 'secrets', 'seal.key'));
}

/** The superuser's URL of the core's database in its embedded Postgres. */
function embeddedUrl(dataDir: string, port: number): string {
  const password = readFileSync(join(dataDir, 'secrets', 'florin_admin'), 'utf8').trim();
  return urlOf({ role: 'florin_admin', password, port, database: 'florin' });
}

async function untilReady(url: string, child: ChildProcess, printed: () => string): Promise<void> {
  const until = performance.now() + READY_MS_MAX;
  while (performance.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the core ended while starting:\n${printed()}`);
    const response = await fetch(url).catch(() => null);
    await response?.body?.cancel();
    if (response?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the core was not ready in time:\n${printed()}`);
}
