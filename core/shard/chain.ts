import { lastSeqOf, type Block } from '../journal/block.ts';
import { hashBlock } from '../journal/hash.ts';
import type { Tip } from '../journal/store.ts';
import { Body, viewOf } from '../kernel/ledger/body.ts';
import type { LedgerTime } from './ledgerTime.ts';
import { OpenBlock, type RecentBlocks } from './openBlock.ts';

/** What a block takes: beyond it callers wait for the next one. */
export const BLOCK_BOUNDS = { eventsMax: 32_768, bytesMax: 6 * 1024 * 1024 } as const;
const SMALL_BLOCK_BYTES = 64 * 1024;
const FIRST_BYTES = 4_096;

/** Where an event lies. */
export interface EventPlace {
  view: DataView;
  at: number;
}

/**
 * The end of a shard's journal: the last block that is committed, the one that is being appended, and the one that fills.
 */
export class Chain {
  readonly #shard: number;
  readonly #time: LedgerTime;
  readonly recent: RecentBlocks;
  epoch: number;
  #committed: Tip;
  #sealed: { block: Block; positions: Uint32Array; view: DataView } | null = null;
  #open: OpenBlock | null = null;
  #lastBytes = FIRST_BYTES;
  /** Of a block that was begun and left unused: nobody looks at it, since no event was ever in it. */
  #spare: Body | null = null;

  constructor(options: { shard: number; epoch: number; tip: Tip; time: LedgerTime; recent: RecentBlocks }) {
    this.#shard = options.shard;
    this.#time = options.time;
    this.recent = options.recent;
    this.epoch = options.epoch;
    this.#committed = options.tip;
  }

  get committed(): Tip {
    return this.#committed;
  }

  /** The block whose append is to be tried (again). */
  get sealed(): Block | null {
    return this.#sealed?.block ?? null;
  }

  get openEvents(): number {
    return this.#open?.body.events ?? 0;
  }

  get hasEvents(): boolean {
    return this.openEvents > 0;
  }

  /** Whether the open block takes more. */
  get hasRoom(): boolean {
    if (this.#open === null) return true;
    const { events, end } = this.#open.body;
    return events < BLOCK_BOUNDS.eventsMax && end < BLOCK_BOUNDS.bytesMax;
  }

  /** The height that must be durable before what was decided so far may be told. */
  get decidedHeight(): number {
    return this.hasEvents ? this.#open!.height : this.#nextHeight - 1;
  }

  get #nextHeight(): number {
    return (this.#sealed?.block.height ?? this.#committed.height) + 1;
  }

  /** The block that fills, begun now with that seq if there is none. Its time is that of its beginning. */
  open(nextSeq: number): OpenBlock {
    if (this.#open !== null) return this.#open;
    const before = this.#sealed?.block.blockTimeUs ?? this.#committed.blockTimeUs;
    this.#open = new OpenBlock({
      height: this.#nextHeight,
      firstSeq: nextSeq,
      timeUs: Math.max(before, this.#time.nowUs()),
      body: this.#spare ?? new Body(this.#lastBytes),
    });
    this.#spare = null;
    return this.#open;
  }

  /** A block without events was begun for something that left none: its time may be long ago. */
  dropUnused(): void {
    if (this.#open === null || this.#open.body.events > 0) return;
    this.#spare = this.#open.body;
    this.#open = null;
  }

  /** Takes back what was written from that seq on, and never applied. */
  takeBack(nextSeq: number): void {
    this.#open?.takeBack(nextSeq);
  }

  /** An event of a block that is still in memory. */
  eventOf(seq: number): EventPlace | undefined {
    const open = this.#open;
    if (open !== null && seq >= open.firstSeq)
      return { view: open.body.view, at: open.body.positions[seq - open.firstSeq] };
    const sealed = this.#sealed;
    if (sealed !== null && seq >= sealed.block.firstSeq)
      return { view: sealed.view, at: sealed.positions[seq - sealed.block.firstSeq] };
    const recent = this.recent.holding(seq);
    return recent === null
      ? undefined
      : { view: recent.view, at: recent.positions[seq - recent.block.firstSeq] };
  }

  /** Ends the open block, which may be empty; from here to `commit` the next one fills. */
  seal(nextSeq: number): Block {
    this.dropUnused();
    const open = this.open(nextSeq);
    const { bytes, end, events, positions } = open.body;
    this.#open = null;
    this.#lastBytes = Math.max(FIRST_BYTES, Math.min(BLOCK_BOUNDS.bytesMax, Math.ceil(end * 1.25)));
    // A small block is copied to its size, since it may stay in memory for long; a big one nearly fills its buffer.
    const isSmall = end < SMALL_BLOCK_BYTES;
    const body = isSmall ? bytes.slice(0, end) : bytes.subarray(0, end);
    const block = hashed({
      ...this.#link(),
      firstSeq: open.firstSeq,
      eventCount: events,
      blockTimeUs: open.timeUs,
      body,
    });
    this.#sealed = {
      block,
      positions: isSmall ? positions.slice(0, events) : positions,
      view: viewOf(body),
    };
    return block;
  }

  #link() {
    return {
      shard: this.#shard,
      height: this.#committed.height + 1,
      epoch: this.epoch,
      prevHash: this.#committed.hash,
    };
  }

  /** The sealed block is durable. */
  commit(): void {
    if (this.#sealed === null) throw new Error('nothing is sealed');
    const { block } = this.#sealed;
    this.#settle({
      height: block.height,
      epoch: block.epoch,
      seq: lastSeqOf(block),
      blockTimeUs: block.blockTimeUs,
      hash: block.hash,
    });
  }

  #settle(tip: Tip): void {
    this.recent.add(this.#sealed!);
    this.#sealed = null;
    this.#committed = tip;
  }

  /**
   * The shard took itself over, and the tip tells what became of the sealed block: it is there, or it is not and is
   * linked anew. False where the tip is neither: somebody else wrote.
   */
  resume(epoch: number, tip: Tip): 'there' | 'unwritten' | false {
    this.epoch = epoch;
    const sealed = this.#sealed;
    if (sealed !== null && isAt(tip, sealed.block)) {
      this.#settle(tip);
      return 'there';
    }
    if (!isAt(tip, this.#committed)) return false;
    if (sealed !== null) {
      const { hash: _, ...rest } = sealed.block;
      this.#sealed = { ...sealed, block: hashed({ ...rest, ...this.#link() }) };
    }
    return 'unwritten';
  }
}

function hashed(block: Omit<Block, 'hash'>): Block {
  return { ...block, hash: hashBlock(block) };
}

function isAt(tip: Tip, place: { height: number; hash: Uint8Array }): boolean {
  return tip.height === place.height && Buffer.compare(tip.hash, place.hash) === 0;
}
