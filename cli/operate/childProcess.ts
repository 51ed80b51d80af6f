import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CannotStart } from '../../core/embedded/cannotStart.ts';

export interface RunningProcess {
  /** Lets it end; after so many milliseconds it is killed. */
  stop(limitMs: number): Promise<void>;
}

export interface Program {
  /** Its file. */
  readonly program: URL;
  /** How V8 keeps its memory; default: as it does by itself. */
  readonly flags?: readonly string[];
  /** Behind --until-input-ends. */
  readonly args?: readonly string[];
  /** The line by which it says that it is ready. */
  readonly ready: string;
  /** For whoever reads why it did not become so: "the payment simulator". */
  readonly name: string;
}

/** Between an end and the next start, longer each time. */
const PAUSE_FIRST_MS = 250;
const PAUSE_LONGEST_MS = 30_000;
/** What was up for so long ends for a new reason. */
const HEALTHY_MS = 60_000;

/**
 * Starts a program of Florin's in a process of its own, and returns when it is ready; rejects with CannotStart where it
 * ends before. From then on it is started again whenever it ends by itself, and what it logs is logged here. It ends with
 * us however we end: its standard input is a pipe of ours. It reads the same environment.
 */
export async function startChildProcess(program: Program): Promise<RunningProcess> {
  const child = begin(program);
  let logged = '';
  const keep = (text: string): void => void (logged += text);
  child.stderr!.on('data', keep);
  const failed = once(child, 'exit').then(() => {
    const [last] = logged.trimEnd().split('\n').slice(-1);
    throw new CannotStart((last || `${program.name} ended`).replace(/^florin: /, ''));
  });
  failed.catch(() => undefined);
  await Promise.race([says(child, program.ready).then((isSaid) => (isSaid ? undefined : failed)), failed]);
  child.stderr!.off('data', keep);
  process.stderr.write(logged);
  return new KeptRunning(program, child);
}

function begin({ program, flags = [], args = [] }: Program): ChildProcess {
  const child = spawn(process.execPath, [...flags, fileURLToPath(program), '--until-input-ends', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stderr.setEncoding('utf8');
  return child;
}

/** Whether it says that line before it closes its output. */
async function says(child: ChildProcess, wanted: string): Promise<boolean> {
  for await (const line of createInterface({ input: child.stdout! })) if (line === wanted) return true;
  return false;
}

/** Starts a process again whenever it ends by itself: merchants must not be without it until an operator looks. */
class KeptRunning implements RunningProcess {
  readonly #program: Program;
  readonly #stopping = new AbortController();
  readonly #kept: Promise<void>;
  #child: ChildProcess;

  constructor(program: Program, child: ChildProcess) {
    this.#program = program;
    this.#child = child;
    this.#kept = this.#keep();
  }

  async stop(limitMs: number): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    child.stdin!.end();
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    await this.#kept;
    clearTimeout(limit);
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stopping;
    for (let ends = 0; ;) {
      const began = performance.now();
      await this.#untilEnd();
      if (signal.aborted) return;
      ends = performance.now() - began > HEALTHY_MS ? 1 : ends + 1;
      console.error(`${this.#program.name} ended by itself, starting it again (${ends})`);
      await sleep(Math.min(PAUSE_LONGEST_MS, PAUSE_FIRST_MS * 2 ** (ends - 1)), undefined, { signal }).catch(
        () => undefined,
      );
      if (signal.aborted) return;
      this.#child = begin(this.#program);
    }
  }

  async #untilEnd(): Promise<void> {
    const child = this.#child;
    // A pipe that breaks under what is written last is no news: the end is.
    child.stdin!.on('error', () => undefined);
    child.stdout!.resume();
    child.stderr!.pipe(process.stderr, { end: false });
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}
