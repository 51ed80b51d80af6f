import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { type NatsConnection, connect } from '@nats-io/transport-node';
import { needs } from './needs.ts';
import { freePort } from './ports.ts';

const PACKAGE = 'github.com/nats-io/nats-server/v2@v2.15.3';
const CACHE = join(homedir(), '.cache', 'florin', 'bin');

/** Longer than a build takes on a machine that has other things to do. */
const BUILD_MS_MAX = 600_000;

/** The program: on the PATH, else built once into a cache; '' where there is neither it nor Go. */
let found: string | undefined;

function program(): string {
  if (found !== undefined) return found;
  const built = join(CACHE, 'nats-server');
  const isOn = (name: string): boolean => spawnSync('sh', ['-c', 'command -v "$0"', name]).status === 0;
  if (isOn('nats-server')) return (found = 'nats-server');
  if (!existsSync(built) && isOn('go')) build(built);
  return (found = existsSync(built) ? built : '');
}

/** Test files come here side by side, and a build takes a minute of two cores: one of them makes it, the others wait. */
function build(built: string): void {
  const lock = join(CACHE, 'nats-server.building');
  mkdirSync(CACHE, { recursive: true });
  try {
    mkdirSync(lock);
  } catch {
    for (let waitedMs = 0; existsSync(lock) && waitedMs < BUILD_MS_MAX; waitedMs += 250)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
    if (existsSync(built)) return;
  }
  try {
    spawnSync('go', ['install', PACKAGE], { env: { ...process.env, GOBIN: CACHE }, stdio: 'inherit' });
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** For `describe.runIf(hasNats())`: says so in a line where it is missing, and fails in CI. */
export function hasNats(): boolean {
  return program() !== '' || needs('nats-server');
}

export interface NatsServer {
  readonly url: string;
  /** SIGKILL, and gone when it settles. */
  kill(): Promise<void>;
  /** The same server again: same port, same store. */
  start(): Promise<void>;
  /** Its store is gone; it must not run. */
  wipe(): void;
  /** Copies its store; what is answered puts the copy in its place. It must not run either time. */
  copyStore(): () => void;
  /** Freezes it, and lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  connect(): Promise<NatsConnection>;
  stop(): Promise<void>;
}

interface ClusterPlace {
  readonly name: string;
  readonly port: number;
  readonly routes: readonly string[];
}

/** A nats-server with JetStream on a port and in a folder of its own; `config` in the words of its own file. */
export async function startNats({
  cluster,
  config,
}: { cluster?: ClusterPlace; config?: string } = {}): Promise<NatsServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'florin-nats-'));
  const url = `nats://127.0.0.1:${port}`;
  const store = join(folder, 'store');
  const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store];
  if (config !== undefined) {
    writeFileSync(join(folder, 'nats.conf'), config);
    args.push('-c', join(folder, 'nats.conf'));
  }
  if (cluster !== undefined)
    args.push(
      '-n',
      cluster.name,
      '--cluster_name',
      'florin',
      '--cluster',
      `nats://127.0.0.1:${cluster.port}`,
      '--routes',
      cluster.routes.join(','),
    );
  let child: ChildProcess | undefined;
  /** It speaks first, whoever comes, and only once JetStream is there. */
  const isUp = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = createConnection(port, '127.0.0.1');
      socket.once('data', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  const start = async (): Promise<void> => {
    child = spawn(program(), args, { stdio: 'ignore' });
    while (!(await isUp())) {
      if (child.exitCode !== null) throw new Error('nats-server has ended');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  if (cluster === undefined) await start();
  else child = spawn(program(), args, { stdio: 'ignore' });
  return {
    url,
    kill,
    start,
    wipe: () => rmSync(store, { recursive: true, force: true }),
    copyStore: () => {
      const copy = join(folder, 'copy');
      cpSync(store, copy, { recursive: true });
      return () => {
        rmSync(store, { recursive: true, force: true });
        renameSync(copy, store);
      };
    },
    signal: (signal) => void child?.kill(signal),
    connect: () => connect({ servers: url }),
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Three of them that keep each other's streams; settles when they have chosen a leader. */
export async function startNatsCluster(): Promise<NatsServer[]> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`);
  const servers: NatsServer[] = [];
  for (const [index, port] of ports.entries())
    servers.push(await startNats({ cluster: { name: `n${index}`, port, routes } }));
  return servers;
}
