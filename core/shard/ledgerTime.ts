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

  /**
   * Reads the server's clock. The first reading sets the time, later ones move it by a second at most. The server read
   * its clock somewhere between question and answer, and on a busy core the answer may lie in its socket for long: so a
   * reading moves the time only where it proves it wrong, and then no further than it proves.
   */
  async read(): Promise<void> {
    const before = this.#clock.monotonicUs();
    const serverUs = await this.#store.databaseTimeUs();
    const after = this.#clock.monotonicUs();
    const [least, most] = [serverUs - after, serverUs - before];
    if (this.#offsetUs === null) {
      this.#offsetUs = Math.round((least + most) / 2);
      return;
    }
    const proven = Math.max(least, Math.min(most, this.#offsetUs));
    const stepUs = Math.max(-STEP_US_MAX, Math.min(STEP_US_MAX, proven - this.#offsetUs));
    this.#offsetUs += Math.round(stepUs);
  }

  nowUs(): number {
    if (this.#offsetUs === null) throw new Error('the server clock was never read');
    return Math.floor(this.#clock.monotonicUs() + this.#offsetUs);
  }
}
