import { wallClockMs } from '../measure/clock.ts';

const HEX = Buffer.from('0123456789abcdef', 'latin1');
/** The 12 bits behind a UUIDv7's stamp count the batches of one millisecond. */
const COUNTER_MAX = 0xfff;

/**
 * Makes the first 18 characters of UUIDv7s, `xxxxxxxx-xxxx-7ccc`, another one for each batch: the stamp, and a counter
 * within the millisecond. Together with a tail that is unique inside the batch every id is unique, at the price of 18
 * bytes an id. When a millisecond has more than 4,096 batches the stamp runs ahead of the clock.
 */
export class BatchIds {
  readonly prefix = Buffer.from('00000000-0000-7000', 'latin1');
  readonly #clock: () => number;
  #stampMs = 0;
  #counter = COUNTER_MAX;

  constructor(clock: () => number = wallClockMs) {
    this.#clock = clock;
  }

  /** Sets `prefix` to one that was never there. */
  next(): void {
    const now = this.#clock();
    if (now > this.#stampMs) {
      this.#stampMs = now;
      this.#counter = 0;
    } else if (this.#counter < COUNTER_MAX) this.#counter += 1;
    else {
      this.#stampMs += 1;
      this.#counter = 0;
    }
    const high = Math.floor(this.#stampMs / 0x1_0000);
    const low = this.#stampMs & 0xffff;
    for (let i = 0; i < 8; i++) this.prefix[i] = HEX[(high >>> (28 - 4 * i)) & 15];
    for (let i = 0; i < 4; i++) this.prefix[9 + i] = HEX[(low >>> (12 - 4 * i)) & 15];
    for (let i = 0; i < 3; i++) this.prefix[15 + i] = HEX[(this.#counter >>> (8 - 4 * i)) & 15];
  }
}
