import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CannotStart } from '../../core/embedded/cannotStart.ts';

const PROGRAM = fileURLToPath(new URL('../../adapters/psp/simulator/server/main.ts', import.meta.url));
const READY = 'The payment simulator is ready.';
/** It answers what has begun within a second. */
const STOP_LIMIT_MS = 3_000;

export interface SimulatorProcess {
  stop(): Promise<void>;
}

/**
 * Runs the payment simulator in a process of its own, as a provider is one, and returns when it answers. It ends with
 * us however we end: its standard input is a pipe of ours.
 */
export async function startSimulatorProcess(webhookUrl: string): Promise<SimulatorProcess> {
  // It reads the same environment, and with it finds the same data folder.
  const child = spawn(process.execPath, [PROGRAM, '--until-input-ends', webhookUrl], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    // What it logs is worth a line only where something is wrong.
    said.push(text.trimEnd());
    if (said.length > 20) said.shift();
  });
  const failed = once(child, 'exit').then(() => {
    throw new CannotStart((said.at(-1) ?? 'the payment simulator ended').replace(/^florin: /, ''));
  });
  failed.catch(() => undefined);
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout })) if (line === READY) return;
    await failed;
  })();
  await Promise.race([ready, failed]);
  child.stdout.resume();
  return { stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(limit);
}
