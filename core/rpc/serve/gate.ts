import { CallRefused } from '../../shard/service.ts';
import { REQUEST_BYTES_IN_FLIGHT_MAX } from '../limits.ts';

/** What both servers let in together: bounded by bytes, closed for good by the drain. */
export class Gate {
  #calls = 0;
  #bytes = 0;
  #closed = false;
  #onIdle: (() => void)[] = [];

  /** Counts a call in, or throws CallRefused. Whoever came in calls `leave` with the same bytes. */
  enter(bytes: number): void {
    if (this.#closed) throw new CallRefused('DRAINING');
    if (this.#bytes + bytes > REQUEST_BYTES_IN_FLIGHT_MAX) throw new CallRefused('OVERLOADED');
    this.#calls++;
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#calls--;
    this.#bytes -= bytes;
    if (this.#calls > 0) return;
    for (const tell of this.#onIdle.splice(0)) tell();
  }

  close(): void {
    this.#closed = true;
  }

  get calls(): number {
    return this.#calls;
  }

  /** When no call is in flight. */
  idle(): Promise<void> {
    return this.#calls === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.push(resolve));
  }
}
