import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.ts';
import { freshDatabase } from './postgres.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

export interface TestCore {
  /** host:port of gRPC. */
  readonly target: string;
  readonly connectUrl: string;
  readonly opsUrl: string;
  /** The core's own database, as its owner. */
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly pid: number;
  /** SIGKILL, and gone when it settles. */
  kill(): Promise<void>;
  /** The same core again, after `kill`: same ports, data folder and database. */
  restart(): Promise<void>;
  /** SIGTERM, then everything is removed. */
  stop(): Promise<void>;
  /** Everything that it has printed. */
  output(): string;
}

/** A whole core in a process of its own, on a database of its own in the Postgres of this test run. */
export async function startTestCore(options: { env?: Record<string, string> } = {}): Promise<TestCore> {
  const database = await freshDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'florin-core-'));
  const [grpc, connect, ops] = [await freePort(), await freePort(), await freePort()];
  let printed = '';
  let child: ChildProcess;
  const launch = async (): Promise<void> => {
    child = spawn(process.execPath, [cli, 'start'], {
      env: {
        PATH: process.env.PATH,
        HOME: dataDir,
        DATABASE_URL: database.url,
        FLORIN_DATA_DIR: dataDir,
        FLORIN_GRPC_PORT: String(grpc),
        FLORIN_CONNECT_PORT: String(connect),
        FLORIN_OPS_PORT: String(ops),
        FLORIN_LOG_LEVEL: 'warn',
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await ready(`http://127.0.0.1:${ops}/readyz`, child, () => printed);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  await launch();
  return {
    target: `127.0.0.1:${grpc}`,
    connectUrl: `http://127.0.0.1:${connect}`,
    opsUrl: `http://127.0.0.1:${ops}`,
    databaseUrl: database.url,
    dataDir,
    get pid() {
      return child.pid!;
    },
    kill: () => end('SIGKILL'),
    restart: launch,
    stop: async () => {
      await end('SIGTERM');
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
    output: () => printed,
  };
}

async function ready(url: string, child: ChildProcess, printed: () => string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the core ended while starting:\n${printed()}`);
    const response = await fetch(url).catch(() => null);
    if (response?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the core was not ready in time:\n${printed()}`);
}
