import type { Clock, Timers } from '../shard/ports.ts';
import { connectNats, type NatsTarget } from './nats/connecting.ts';
import type { Leaving } from './envelopes/encoder.ts';
import { type ProgressStore, Session } from './session.ts';
import type { JournalSource } from './source.ts';

/** Between two sessions: doubled with each that brought nothing to the bus. */
const BACK_OFF_MS_MIN = 100;
const BACK_OFF_MS_MAX = 5_000;

export interface RelayOptions {
  readonly nats: NatsTarget;
  readonly replicas: number;
  readonly source: JournalSource;
  readonly progress: ProgressStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onStored: (event: Leaving) => void;
  readonly onBegun: () => void;
  readonly onFailed: (error: Error, retryMs: number) => void;
}

/** How far behind the bus is. */
export interface Lag {
  readonly events: number;
  /** Age of the oldest event that is not on the bus, by its block's time. */
  readonly seconds: number;
}

/** Brings events to the bus, session after session, until it is stopped. */
export class Relay {
  readonly #options: RelayOptions;
  #session: Session | null = null;
  /** What sessions that are over had settled, so that a lag is known while the bus is away. */
  readonly #settled = new Map<number, number>();
  #isStopped = false;
  #wake = (): void => undefined;
  #failure: string | null = 'it is starting';

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** null where it brings events; otherwise why it does not. */
  get unready(): string | null {
    return this.#failure;
  }

  async run(): Promise<void> {
    let waitMs = BACK_OFF_MS_MIN;
    while (!this.#isStopped) {
      let stored = 0;
      try {
        await this.#once(() => stored++);
      } catch (error) {
        waitMs = stored > 0 ? BACK_OFF_MS_MIN : Math.min(BACK_OFF_MS_MAX, waitMs * 2);
        this.#failure = (error as Error).message;
        this.#options.onFailed(error as Error, waitMs);
        await this.#pause(waitMs);
      }
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#session?.stop();
    this.#wake();
  }

  async lag(): Promise<Lag> {
    const { source, clock } = this.#options;
    const behind = (await source.marks())
      .map(({ shard, seq }) => ({ shard, seq, settled: this.#settledOf(shard) }))
      .filter(({ seq, settled }) => settled < seq);
    const booked = await Promise.all(behind.map(({ shard, settled }) => source.bookedAfter(shard, settled)));
    const oldestUs = Math.min(...booked.map((us) => us ?? Infinity));
    return {
      events: behind.reduce((sum, { seq, settled }) => sum + seq - settled, 0),
      seconds: oldestUs === Infinity ? 0 : Math.max(0, (clock.wallUs() - oldestUs) / 1e6),
    };
  }

  #settledOf(shard: number): number {
    const settled = this.#session?.settled(shard) ?? null;
    if (settled !== null) this.#settled.set(shard, settled);
    return settled ?? this.#settled.get(shard) ?? 0;
  }

  async #once(onStored: () => void): Promise<void> {
    const connection = await connectNats(this.#options.nats, 'florin relay');
    try {
      const session = new Session({
        ...this.#options,
        connection,
        onStored: (event) => {
          onStored();
          this.#options.onStored(event);
        },
      });
      this.#session = session;
      if (this.#isStopped) return;
      await session.run(() => {
        this.#failure = null;
        this.#options.onBegun();
      });
    } finally {
      await connection.close();
    }
  }

  #pause(milliseconds: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(milliseconds, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
