import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchConfig } from '../config.ts';
import { nowMs } from '../measure/clock.ts';
import { Operations } from './operations.ts';
import { freePorts } from './ports.ts';
import { childrenOf, commandOf, cpuMs, cpuMsOfFamily, memoryOf } from './procfs.ts';
import { Simulator } from './simulator.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const READY_POLL_MS = 10;
const READY_LIMIT_MS = 120_000;
const OUTPUT_KEPT_CHARS = 8_000;
/** statfs's number of a file system in memory, where fsync costs nothing and figures would be worth nothing. */
const TMPFS = 0x01021994;

export interface CoreSettings {
  readonly config: BenchConfig;
  /** Variables of this scenario, for example FLORIN_LAG_EVENTS_MAX. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes a CPU profile of the core into this folder when it stops. */
  readonly profileDir?: string | undefined;
}

/** What the other processes have used so far; milliseconds of CPU time. */
export interface CpuUse {
  readonly coreMs: number;
  readonly postgresMs: number;
  /** 0 where no simulator runs along. */
  readonly simulatorMs: number;
}

/** A scenario's core takes the payment simulator along: without this a ledger's figures would pay for it. */
export const WITH_SIMULATOR = { FLORIN_SIMULATOR: '1' } as const;
/** The same of what delivers webhooks. */
export const WITH_WEBHOOKS = { FLORIN_WEBHOOKS: '1' } as const;

/** `florin start` as a child process, on a data folder and ports of its own. */
export class CoreProcess {
  readonly dataDir: string;
  readonly operations: Operations;
  /** The payment provider, where the scenario takes it along. */
  readonly simulator: Simulator;
  readonly target: string;
  readonly #settings: CoreSettings;
  readonly #ports: readonly number[];
  #launcher: ChildProcess | undefined;
  #output = '';
  /** The process that listens, the launcher's child; 0 while there is none. */
  pid = 0;
  /** The simulator's, the core's child; 0 while there is none. */
  #simulatorPid = 0;
  #peakBytes = 0;
  /** CPU time of the processes that were killed, and of the simulators that ended with them. */
  #goneMs = 0;
  #goneSimulatorMs = 0;
  /** When the load that counts was on; microseconds of the machine's clock. */
  readonly loadWindows: { readonly fromUs: number; readonly toUs: number }[] = [];

  private constructor(settings: CoreSettings, dataDir: string, ports: readonly number[]) {
    this.#settings = settings;
    this.dataDir = dataDir;
    this.#ports = ports;
    this.target = `127.0.0.1:${ports[0]}`;
    this.operations = new Operations(ports[2]);
    this.simulator = new Simulator(ports[4]);
  }

  /** Starts it on an empty database and waits until it is ready. */
  static async start(settings: CoreSettings): Promise<CoreProcess> {
    const { workDir } = settings.config;
    if (statfsSync(workDir).type === TMPFS) {
      throw new Error(`${workDir} is in memory: set FLORIN_BENCH_DIR to a folder on a disk.`);
    }
    const dataDir = mkdtempSync(join(workDir, 'florin-bench-'));
    const core = new CoreProcess(settings, dataDir, await freePorts(9));
    try {
      await core.startAgain();
    } catch (error) {
      await core.remove();
      throw error;
    }
    return core;
  }

  /** Starts it on the data that is there; returns the seconds until it was ready. */
  async startAgain(): Promise<number> {
    const began = nowMs();
    const launcher = spawn(process.execPath, [join(ROOT, 'bin/florin.cjs'), 'start'], {
      cwd: ROOT,
      env: { ...this.#settings.config.inherited, ...this.#environment() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#launcher = launcher;
    for (const stream of [launcher.stdout, launcher.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.#output = (this.#output + text.toString()).slice(-OUTPUT_KEPT_CHARS);
      });
    }
    while (!(await this.operations.isReady())) {
      const isOver = launcher.exitCode !== null || launcher.signalCode !== null;
      if (isOver || nowMs() - began > READY_LIMIT_MS) {
        throw new Error(`florin start did not become ready:\n${this.#output}`);
      }
      await sleep(READY_POLL_MS);
    }
    const seconds = (nowMs() - began) / 1_000;
    this.pid = childrenOf(launcher.pid!)[0];
    this.#simulatorPid =
      childrenOf(this.pid).find((child) => commandOf(child).includes('simulator/server/main')) ?? 0;
    return seconds;
  }

  #environment(): Record<string, string> {
    const [grpc, connect, ops, postgres, simulator, webhooks, deliverer, edge, edgeOps] = this.#ports;
    const { env, profileDir } = this.#settings;
    return {
      FLORIN_DATA_DIR: this.dataDir,
      FLORIN_GRPC_PORT: String(grpc),
      FLORIN_CONNECT_PORT: String(connect),
      FLORIN_OPS_PORT: String(ops),
      FLORIN_PG_PORT: String(postgres),
      FLORIN_SIMULATOR_PORT: String(simulator),
      FLORIN_PROVIDER_WEBHOOK_PORT: String(webhooks),
      FLORIN_WEBHOOK_OPS_PORT: String(deliverer),
      FLORIN_EDGE_PORT: String(edge),
      FLORIN_EDGE_OPS_PORT: String(edgeOps),
      FLORIN_SIMULATOR: '0',
      FLORIN_EDGE: '0',
      FLORIN_LOG_LEVEL: 'warn',
      FLORIN_BENCH_CONTROLS: '1',
      // The bank's data of the first start is somebody else's load.
      FLORIN_SAMPLE_DATA: '0',
      ...(profileDir === undefined
        ? {}
        : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(profileDir)}` }),
      ...env,
    };
  }

  /** The core's own role in the database that the core has started. */
  get databaseUrl(): string {
    const password = readFileSync(join(this.dataDir, 'secrets/florin'), 'utf8').trim();
    return `postgres://florin:${encodeURIComponent(password)}@127.0.0.1:${this.#ports[3]}/florin`;
  }

  cpu(): CpuUse {
    const postmaster = Number(
      readFileSync(join(this.dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0],
    );
    return {
      coreMs: this.#goneMs + cpuMs(this.pid),
      postgresMs: cpuMsOfFamily(postmaster),
      simulatorMs: this.#goneSimulatorMs + cpuMs(this.#simulatorPid),
    };
  }

  get edgeUrl(): string {
    return `http://127.0.0.1:${this.#ports[7]}`;
  }

  get edgeOpsUrl(): string {
    return `http://127.0.0.1:${this.#ports[8]}`;
  }

  /** CPU time of the edge, milliseconds; 0 where there is none. */
  edgeCpuMs(): number {
    return cpuMs(this.#edgePid());
  }

  /** The most memory that the edge ever had. */
  edgePeakBytes(): number {
    return memoryOf(this.#edgePid()).peakBytes;
  }

  #edgePid(): number {
    return childrenOf(this.pid).find((child) => commandOf(child).includes('edge/process')) ?? 0;
  }

  /** The most memory that the core ever had, also before it was killed. */
  peakBytes(): number {
    if (this.pid !== 0) this.#peakBytes = Math.max(this.#peakBytes, memoryOf(this.pid).peakBytes);
    return this.#peakBytes;
  }

  /** kill -9 of the core alone; its Postgres lives on until the next start finds it. */
  async kill(): Promise<void> {
    this.peakBytes();
    this.#goneMs += cpuMs(this.pid);
    this.#goneSimulatorMs += cpuMs(this.#simulatorPid);
    this.#simulatorPid = 0;
    const ended = this.#ended();
    process.kill(this.pid, 'SIGKILL');
    this.pid = 0;
    await ended;
  }

  async stop(): Promise<void> {
    const ended = this.#ended();
    this.#launcher?.kill('SIGTERM');
    await ended;
  }

  /** Stops it and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  async #ended(): Promise<void> {
    const launcher = this.#launcher;
    if (launcher === undefined || launcher.exitCode !== null || launcher.signalCode !== null) return;
    await once(launcher, 'exit');
  }
}
