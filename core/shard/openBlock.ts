import type { Body } from '../kernel/ledger/body.ts';
import { lastSeqOf, type Block } from '../journal/block.ts';
import { type ReadBounds, within } from '../journal/readBounds.ts';

/** A block that fills. Its effects stand on the state already; only its commit makes them true. */
export class OpenBlock {
  readonly height: number;
  readonly firstSeq: number;
  readonly timeUs: number;
  readonly body: Body;
  /** Expiries in it so far. */
  expiries = 0;

  constructor(options: { height: number; firstSeq: number; timeUs: number; body: Body }) {
    this.height = options.height;
    this.firstSeq = options.firstSeq;
    this.timeUs = options.timeUs;
    this.body = options.body;
  }

  /** Takes back what was written from that seq on, and never applied. */
  takeBack(nextSeq: number): void {
    const events = nextSeq - this.firstSeq;
    if (events < this.body.events) this.body.truncate(this.body.positions[events], events);
  }
}

/** A block whose events can be found by seq. */
export interface IndexedBlock {
  block: Block;
  view: DataView;
  positions: Uint32Array;
}

/** What a block keeps in memory, its objects included. */
function bytesOf({ view, positions }: IndexedBlock): number {
  return view.buffer.byteLength + positions.byteLength + 512;
}

/** The last committed blocks: what projection, replays and feeds take from memory instead of from the journal. */
export class RecentBlocks {
  #blocks: IndexedBlock[] = [];
  #bytes = 0;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(indexed: IndexedBlock): void {
    this.#blocks.push(indexed);
    this.#bytes += bytesOf(indexed);
    // An eighth at once, so that the list is not moved for every block.
    if (this.#bytes > this.#bytesMax) this.#shrink(this.#bytesMax * 0.875, Infinity);
  }

  /** The read models have passed that seq: of what they need no more, that many bytes stay for replays. */
  passed(seq: number, bytesKept: number): void {
    if (this.#bytes > bytesKept * 1.25) this.#shrink(bytesKept, seq);
  }

  /** Drops the oldest blocks, as long as their seqs are passed, until so many bytes are left; the last one stays. */
  #shrink(bytes: number, passedSeq: number): void {
    let drop = 0;
    while (
      this.#bytes > bytes &&
      drop < this.#blocks.length - 1 &&
      lastSeqOf(this.#blocks[drop].block) <= passedSeq
    )
      this.#bytes -= bytesOf(this.#blocks[drop++]);
    if (drop > 0) this.#blocks.splice(0, drop);
  }

  /** The block that holds the seq, if it is still here. */
  holding(seq: number): IndexedBlock | null {
    let low = 0,
      high = this.#blocks.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const { block } = this.#blocks[middle];
      if (seq < block.firstSeq) high = middle - 1;
      else if (seq >= block.firstSeq + block.eventCount) low = middle + 1;
      else return this.#blocks[middle];
    }
    return null;
  }

  /** Blocks from that height on, if all of them are here; null where the journal must be read. */
  from(height: number, bounds: ReadBounds): Block[] | null {
    const first = this.#blocks[0]?.block.height;
    if (first === undefined || height < first) return null;
    const blocks = this.#blocks.slice(height - first).map(({ block }) => block);
    return within(blocks, ({ body }) => body.length, bounds);
  }

  clear(): void {
    this.#blocks = [];
    this.#bytes = 0;
  }
}
