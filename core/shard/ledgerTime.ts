import type { JournalStore } from '../journal/store.ts';
import type { Clock } from './ports.ts';

/** The furthest that one reading moves the clock, so that a jump of the server's clock is walked, not leapt. */
const STEP_US_MAX = 1_000_000;

/**
 * The time that blocks carry: the database's clock, carried on by our monotonic one between readings, so that a core
 * whose own clock is wrong does no harm.
 */
export class LedgerTime {
  readonly #store: Pick<JournalStore, 'databaseTimeUs'>;
  readonly #clock: Clock;
  #offsetUs: number | null = null;

  constructor(store: Pick<JournalStore, 'databaseTimeUs'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads the server's clock. The first reading sets the time, later ones move it by a second at most. */
  async read(): Promise<void> {
    const before = this.#clock.monotonicUs();
    const serverUs = await this.#store.databaseTimeUs();
    const after = this.#clock.monotonicUs();
    const offset = Math.round(serverUs - (before + after) / 2);
    if (this.#offsetUs === null) this.#offsetUs = offset;
    else this.#offsetUs += Math.max(-STEP_US_MAX, Math.min(STEP_US_MAX, offset - this.#offsetUs));
  }

  nowUs(): number {
    if (this.#offsetUs === null) throw new Error('the server clock was never read');
    return Math.floor(this.#clock.monotonicUs() + this.#offsetUs);
  }
}
