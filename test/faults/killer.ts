import { setTimeout as wait } from 'node:timers/promises';
import type { Draw } from '../support/load/draw.ts';
import type { PaymentProcesses } from '../support/payments/processes.ts';
import { appenderOf, killed, postmasterOf } from './postgres.ts';

export type Victim = 'core' | 'simulator' | 'postgres' | 'appender';
export type Kills = Record<Victim, number>;

/** The more often, the more often killed. */
export const VICTIMS: readonly Victim[] = [
  'core',
  'core',
  'core',
  'simulator',
  'simulator',
  'postgres',
  'appender',
];
export const VICTIM_NAMES: readonly Victim[] = ['core', 'simulator', 'postgres', 'appender'];

/** The embedded Postgres is given up after five ends in a minute; a core that was started again counts anew. */
const POSTGRES_KILLS_A_START = 3;

/** Kills what payments rest on, and starts it again. */
export class Killer {
  readonly #processes: PaymentProcesses;
  readonly #draw: Draw;
  readonly #kills: Kills;
  readonly #faults: () => Readonly<Record<string, unknown>>;
  #postgresKills = 0;

  constructor(
    processes: PaymentProcesses,
    {
      draw,
      kills,
      faults,
    }: {
      draw: Draw;
      /** Counted here. */
      kills: Kills;
      /** What goes wrong at the provider: a new one is told. */
      faults: () => Readonly<Record<string, unknown>>;
    },
  ) {
    this.#processes = processes;
    this.#draw = draw;
    this.#kills = kills;
    this.#faults = faults;
  }

  async kill(victim: Victim): Promise<void> {
    const { core, simulator } = this.#processes;
    const draw = this.#draw;
    switch (victim) {
      case 'core':
        this.#kills.core++;
        this.#postgresKills = 0;
        await core.kill();
        if (draw.unit() < 0.2) {
          // Whatever a start has done by then, the next one must cope with it.
          const started = core.restart().catch(() => undefined);
          await wait(draw.from(100, 1_500));
          await core.kill();
          await started;
          this.#kills.core++;
        }
        return core.restart();
      case 'simulator':
        this.#kills.simulator++;
        await simulator.kill();
        await wait(draw.unit() < 0.5 ? 0 : draw.from(100, 3_000));
        await simulator.restart();
        return simulator.faults(this.#faults());
      case 'postgres': {
        const pid = postmasterOf(core.dataDir);
        if (pid === undefined || this.#postgresKills >= POSTGRES_KILLS_A_START) return;
        this.#postgresKills++;
        if (killed(pid)) this.#kills.postgres++;
        return;
      }
      case 'appender': {
        if (this.#postgresKills >= POSTGRES_KILLS_A_START) return;
        const pid = await appenderOf(core.databaseUrl).catch(() => undefined);
        if (pid === undefined || !killed(pid)) return;
        // It takes all of Postgres' connections with it.
        this.#postgresKills++;
        this.#kills.appender++;
      }
    }
  }
}
