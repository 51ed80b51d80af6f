import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CannotStart } from '../../core/embedded/cannotStart.ts';

export interface RunningProcess {
  /** Lets it end; after so many milliseconds it is killed. */
  stop(limitMs: number): Promise<void>;
}

export interface Program {
  /** Its file. */
  readonly program: URL;
  /** Behind --until-input-ends. */
  readonly args?: readonly string[];
  /** The line by which it says that it is ready. */
  readonly ready: string;
  /** For whoever reads why it did not become so: "the payment simulator". */
  readonly name: string;
}

/**
 * Runs a program of Florin's in a process of its own, and returns when it is ready. It ends with us however we end: its
 * standard input is a pipe of ours. It reads the same environment.
 */
export async function startChildProcess({
  program,
  args = [],
  ready,
  name,
}: Program): Promise<RunningProcess> {
  const child = spawn(process.execPath, [fileURLToPath(program), '--until-input-ends', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    // What it logs is worth a line only where something is wrong.
    said.push(text.trimEnd());
    if (said.length > 20) said.shift();
  });
  const failed = once(child, 'exit').then(() => {
    throw new CannotStart((said.at(-1) ?? `${name} ended`).replace(/^florin: /, ''));
  });
  failed.catch(() => undefined);
  const isReady = (async () => {
    for await (const line of createInterface({ input: child.stdout })) if (line === ready) return;
    await failed;
  })();
  await Promise.race([isReady, failed]);
  child.stdout.resume();
  return { stop: (limitMs) => stop(child, limitMs) };
}

async function stop(child: ChildProcess, limitMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  await ended;
  clearTimeout(limit);
}
