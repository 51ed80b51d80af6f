import type { Body } from '../kernel/ledger/body.ts';
import type { Refusal } from '../kernel/ledger/context.ts';

/** Spare outcomes of one capacity have room for so many items together, at 15 bytes each. */
const SPARE_ITEMS_MAX = 131_072;

/** How an item of a batch came out. */
export const Came = { booked: 0, replayed: 1, refused: 2 } as const;

export interface RefusedItem extends Refusal {
  remembered: boolean;
  seq: number;
  replayed: boolean;
}

/**
 * What came of each item of a batch, as columns: the position of its event, from which the answer is written once the
 * block is durable.
 */
export class Outcomes {
  count: number;
  readonly came: Uint8Array;
  readonly seq: Float64Array;
  /** Which of `sources` holds the event, and where in it. */
  readonly source: Uint16Array;
  readonly at: Uint32Array;
  readonly refused = new Map<number, RefusedItem>();
  /** Bodies that events lie in: blocks that fill (their bytes may still move), and blocks that were loaded. */
  readonly sources: EventSource[] = [];
  /** Replays come by thousands from a few blocks: each block's bytes stand in `sources` once. */
  readonly #byView = new Map<DataView, number>();

  /** Those of calls that were answered, by capacity: fresh ones for every call would keep the collector busy. */
  static readonly #spare = new Map<number, Outcomes[]>();

  /** Outcomes with room for that many items; give them back with `release`. */
  static take(count: number): Outcomes {
    const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(count)));
    const outcomes = Outcomes.#spare.get(capacity)?.pop() ?? new Outcomes(capacity);
    outcomes.count = count;
    return outcomes;
  }

  /** Nobody looks at them any more. */
  release(): void {
    this.sources.length = 0;
    this.#byView.clear();
    if (this.refused.size > 0) this.refused.clear();
    const capacity = this.came.length;
    const spare = Outcomes.#spare.get(capacity) ?? [];
    Outcomes.#spare.set(capacity, spare);
    if ((spare.length + 1) * capacity <= SPARE_ITEMS_MAX) spare.push(this);
  }

  constructor(count: number) {
    this.count = count;
    this.came = new Uint8Array(count);
    this.seq = new Float64Array(count);
    this.source = new Uint16Array(count);
    this.at = new Uint32Array(count);
  }

  booked(i: number, source: EventSource, at: number, seq: number, came: number): void {
    this.came[i] = came;
    this.source[i] = this.#indexOf(source);
    this.at[i] = at;
    this.seq[i] = seq;
  }

  /** Events that were booked for the items from `from` on, each the next of its body. */
  bookedRun(
    from: number,
    count: number,
    run: { source: EventSource; positions: Uint32Array; firstEvent: number; firstSeq: number },
  ): void {
    if (count === 0) return;
    const { came, source, at, seq } = this;
    const index = this.#indexOf(run.source);
    for (let k = 0; k < count; k++) {
      came[from + k] = Came.booked;
      source[from + k] = index;
      at[from + k] = run.positions[run.firstEvent + k];
      seq[from + k] = run.firstSeq + k;
    }
  }

  #indexOf(source: EventSource): number {
    const last = this.sources.length - 1;
    if (last >= 0 && this.sources[last] === source) return last;
    const index = this.#byView.get(source.view) ?? this.sources.push(source) - 1;
    this.#byView.set(source.view, index);
    return index;
  }

  refuse(i: number, refused: RefusedItem): void {
    this.came[i] = Came.refused;
    this.refused.set(i, refused);
  }
}

export type EventSource = Pick<Body, 'view'>;
