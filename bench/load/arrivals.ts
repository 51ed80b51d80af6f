import { nowMs } from '../measure/clock.ts';
import type { Draw } from './draw.ts';

export interface ArrivalsOptions {
  readonly draw: Draw;
  /** The mean; above 0. */
  readonly perSecond: number;
  readonly forMs: number;
}

/** Milliseconds between two looks at what is due: what arrives in between starts late, and its time counts from when it was due. */
const LOOK_MS = 1;
/** The draw of a gap is one of so many. */
const STEPS = 0x1_0000_0000;

/**
 * Arrivals that wait for nobody: as independent people make them, the time between two drawn from an exponential
 * distribution.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;

  constructor(options: ArrivalsOptions) {
    if (!(options.perSecond > 0)) throw new RangeError('arrivals need a rate above 0');
    this.#options = options;
  }

  /** Milliseconds after the beginning at which something arrives, in order. */
  *offsets(): Generator<number> {
    const { draw, perSecond, forMs } = this.#options;
    for (let atMs = 0; ;) {
      // From (0, 1]: a logarithm of 0 would be for ever.
      atMs += (-Math.log((draw.below(STEPS) + 1) / STEPS) * 1_000) / perSecond;
      if (atMs >= forMs) return;
      yield atMs;
    }
  }

  /** Begins `task` with the moment at which it is due; resolves when all have ended, rejects with the first that fails. */
  each(task: (dueMs: number) => Promise<void>): Promise<void> {
    const offsets = this.offsets();
    const began = nowMs();
    return new Promise((resolve, reject) => {
      let next = offsets.next();
      let open = 0;
      const settle = (): void => {
        open -= 1;
        if (open === 0 && next.done === true) resolve();
      };
      const look = (): void => {
        while (next.done !== true && began + next.value <= nowMs()) {
          open += 1;
          task(began + next.value).then(settle, reject);
          next = offsets.next();
        }
        if (next.done !== true) setTimeout(look, LOOK_MS);
        else if (open === 0) resolve();
      };
      look();
    });
  }
}
