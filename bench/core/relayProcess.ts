import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { readBenchConfig } from '../config.ts';
import type { CoreProcess } from './coreProcess.ts';
import { samples } from './operations.ts';
import { freePorts } from './ports.ts';
import { childrenOf, cpuMs } from './procfs.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** How old events were when the bus had them: so many up to each bound, seconds. */
export type Delays = ReadonlyMap<number, number>;

/** `florin relay` as a child process, beside a core. */
export class RelayProcess {
  readonly #launcher: ChildProcess;
  readonly #port: number;
  readonly #pid: number;

  private constructor(launcher: ChildProcess, port: number) {
    this.#launcher = launcher;
    this.#port = port;
    [this.#pid] = childrenOf(launcher.pid!);
  }

  static async start(core: CoreProcess, natsUrl: string): Promise<RelayProcess> {
    const [port] = await freePorts(1);
    const launcher = spawn(process.execPath, [join(ROOT, 'bin/florin.cjs'), 'relay'], {
      cwd: ROOT,
      env: {
        ...readBenchConfig().inherited,
        DATABASE_URL: core.databaseUrl,
        FLORIN_DATA_DIR: core.dataDir,
        FLORIN_LOG_LEVEL: 'warn',
        FLORIN_RELAY_PORT: String(port),
        NATS_URL: natsUrl,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: launcher.stdout })) {
      if (line !== 'The relay is ready.') continue;
      launcher.stdout.resume();
      return new RelayProcess(launcher, port);
    }
    throw new Error('the relay did not become ready');
  }

  async published(): Promise<number> {
    return samples(await this.#metrics(), 'florin_relay_published_total').reduce((sum, one) => sum + one, 0);
  }

  async lagEvents(): Promise<number> {
    return samples(await this.#metrics(), 'florin_relay_lag_events')[0];
  }

  async delays(): Promise<Delays> {
    const found = new Map<number, number>();
    for (const [, bound, count] of (await this.#metrics()).matchAll(
      /^florin_relay_delay_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm,
    ))
      found.set(bound === '+Inf' ? Infinity : Number(bound), Number(count));
    return found;
  }

  cpuMs(): number {
    return cpuMs(this.#pid);
  }

  async stop(): Promise<void> {
    if (this.#launcher.exitCode !== null || this.#launcher.signalCode !== null) return;
    const ended = once(this.#launcher, 'exit');
    this.#launcher.kill('SIGTERM');
    await ended;
  }

  async #metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.#port}/metrics`)).text();
  }
}

/** The quantile of what was counted between two looks; between two bounds as if spread evenly. */
export function quantileMs(before: Delays, after: Delays, quantile: number): number {
  const counts = [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const);
  const wanted = (counts.at(-1)?.[1] ?? 0) * quantile;
  let [lower, below] = [0, 0];
  for (const [bound, count] of counts) {
    if (count >= wanted && count > below)
      return bound === Infinity
        ? Infinity
        : (lower + ((bound - lower) * (wanted - below)) / (count - below)) * 1_000;
    [lower, below] = [bound, count];
  }
  return Number.NaN;
}
