import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestCore } from './core.ts';
import { freePort } from './ports.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

export interface TestRelay {
  readonly opsUrl: string;
  /** SIGKILL, and gone when it settles. */
  kill(): Promise<void>;
  /** Another one, after its end. */
  restart(): Promise<void>;
  /** SIGTERM; answers with its exit code. */
  stop(): Promise<number | null>;
  /** One of its metrics, all labels of it together. */
  metric(name: string): Promise<number>;
}

/** `florin relay` in a process of its own, beside a core. */
export async function startTestRelay(core: TestCore, natsUrl: string): Promise<TestRelay> {
  const port = await freePort();
  const env = {
    ...(process.env.PATH === undefined ? {} : { PATH: process.env.PATH }),
    HOME: core.dataDir,
    DATABASE_URL: core.databaseUrl,
    FLORIN_DATA_DIR: core.dataDir,
    FLORIN_LOG_LEVEL: 'warn',
    FLORIN_RELAY_PORT: String(port),
    NATS_URL: natsUrl,
  };
  const opsUrl = `http://127.0.0.1:${port}`;
  let child: ChildProcess;
  const launch = async (): Promise<void> => {
    const started = spawn(process.execPath, [cli, 'relay'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    child = started;
    for await (const line of createInterface({ input: started.stdout }))
      if (line === 'The relay is ready.') return void started.stdout.resume();
    throw new Error('the relay has ended');
  };
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  };
  await launch();
  return {
    opsUrl,
    kill: async () => void (await end('SIGKILL')),
    restart: launch,
    stop: () => end('SIGTERM'),
    metric: async (name) => {
      const text = await (await fetch(`${opsUrl}/metrics`)).text();
      const values = text.split('\n').filter((line) => line.startsWith(name));
      return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
  };
}
