import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './ports.ts';

const CACHED = join(homedir(), '.cache', 'florin', 'bin', 'nats-server');
const POLL_MS = 20;

/** The program, on the PATH or where the tests have built it; null where there is none. */
export function natsProgram(): string | null {
  const isOnPath = spawnSync('sh', ['-c', 'command -v nats-server']).status === 0;
  return isOnPath ? 'nats-server' : existsSync(CACHED) ? CACHED : null;
}

/** A nats-server with JetStream, its store beside the data of the core that is measured. */
export class NatsServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(workDir: string): Promise<NatsServer> {
    const program = natsProgram();
    if (program === null)
      throw new Error(
        'there is no nats-server: GOBIN=~/.cache/florin/bin go install github.com/nats-io/nats-server/v2@latest',
      );
    const [port] = await freePorts(1);
    const folder = mkdtempSync(join(workDir, 'florin-bench-nats-'));
    const child = spawn(program, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], {
      stdio: 'ignore',
    });
    while (!(await isOpen(port))) {
      if (child.exitCode !== null) throw new Error(`nats-server has ended with ${child.exitCode}`);
      await sleep(POLL_MS);
    }
    return new NatsServer(`nats://127.0.0.1:${port}`, child, folder);
  }

  async remove(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
