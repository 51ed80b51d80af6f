import type { Body } from '../kernel/ledger/body.ts';
import type { Refusal } from '../kernel/ledger/context.ts';

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
  readonly count: number;
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

  constructor(count: number) {
    this.count = count;
    this.came = new Uint8Array(count);
    this.seq = new Float64Array(count);
    this.source = new Uint16Array(count);
    this.at = new Uint32Array(count);
  }

  booked(i: number, source: EventSource, at: number, seq: number, came: number): void {
    let index = this.sources.length - 1;
    if (index < 0 || this.sources[index] !== source) {
      index = this.#byView.get(source.view) ?? this.sources.push(source) - 1;
      this.#byView.set(source.view, index);
    }
    this.came[i] = came;
    this.source[i] = index;
    this.at[i] = at;
    this.seq[i] = seq;
  }

  refuse(i: number, refused: RefusedItem): void {
    this.came[i] = Came.refused;
    this.refused.set(i, refused);
  }
}

export type EventSource = Pick<Body, 'view'>;
