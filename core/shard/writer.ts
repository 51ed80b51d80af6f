import { hashBlock } from '../journal/hash.ts';
import { lastSeqOf, type Block } from '../journal/block.ts';
import type { Tip } from '../journal/store.ts';
import { apply } from '../kernel/ledger/apply.ts';
import type { TransactionBatch } from '../kernel/ledger/batch.ts';
import { viewOf } from '../kernel/ledger/body.ts';
import type { LedgerCommand, Uuid } from '../kernel/ledger/commands.ts';
import { spentAt, type Context, type Decision } from '../kernel/ledger/context.ts';
import { refusalAt } from '../kernel/ledger/decide.ts';
import { EventType, HEADER } from '../kernel/ledger/layout.ts';
import { dayOf } from '../kernel/ledger/limits.ts';
import { bookRun } from '../kernel/ledger/simpleRun.ts';
import type { LedgerState } from '../kernel/ledger/state.ts';
import type { Knowledge, Wanted } from './knowledge.ts';
import { Mailbox, SLICE_ITEMS } from './mailbox.ts';
import { OpenBlock, type RecentBlocks } from './openBlock.ts';
import { Came, type Outcomes } from './outcomes.ts';
import { CallRefused, Uncertain, type Position } from './service.ts';
import { wantsOf } from './wants.ts';
import type { Work } from './work.ts';
import type { WriterOptions } from './writerOptions.ts';

/** Items that are decided before the event loop is let go. */
const TURN_ITEMS = 8_192;
/** What a block takes: beyond it callers wait for the next one. */
const BLOCK_BOUNDS = { eventsMax: 32_768, bytesMax: 6 * 1024 * 1024 } as const;
const SMALL_BLOCK_BYTES = 64 * 1024;

/** `writing`: all is well. `held`: an append is unknown, so nobody gets an answer. `ended`: the memory is worth nothing. */
type Phase = 'writing' | 'held' | 'ended';

/**
 * The one writer of a shard: takes calls in slices, decides and applies them onto the open block, seals it when the
 * last append is done, and answers what a commit covers. It does no I/O itself.
 */
export class ShardWriter {
  readonly shard: number;
  readonly state: LedgerState;
  readonly recent: RecentBlocks;
  readonly #options: WriterOptions;
  #epoch: number;
  #phase: Phase = 'writing';
  readonly #mailbox: Mailbox;
  #loadingWorks = new Set<Work>();
  #scheduled = false;
  #open: OpenBlock | null = null;
  #sealed: { block: Block; positions: Uint32Array; view: DataView } | null = null;
  #waiting: { height: number; work: Work }[] = [];
  #committed: Tip;
  #forceEmpty = false;
  #lastBytes = 4_096;

  constructor(options: WriterOptions) {
    this.shard = options.shard;
    this.state = options.state;
    this.recent = options.recent;
    this.#options = options;
    this.#mailbox = new Mailbox(options.mailboxItemsMax);
    this.#epoch = options.epoch;
    this.#committed = options.tip;
  }

  get epoch(): number {
    return this.#epoch;
  }
  get committed(): Tip {
    return this.#committed;
  }
  get queuedItems(): number {
    return this.#mailbox.items;
  }
  get phase(): Phase {
    return this.#phase;
  }

  /** Takes a call in, or throws CallRefused at once. */
  submit(work: Work): void {
    if (this.#phase === 'ended') throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 500 });
    this.#mailbox.add(work);
    this.wake();
  }

  /** Looks at the mailbox again, in a later turn of the event loop. */
  wake(): void {
    if (this.#scheduled || this.#mailbox.isEmpty) return;
    this.#scheduled = true;
    this.#options.timers.soon(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    let left = TURN_ITEMS;
    while (
      left > 0 &&
      this.#phase === 'writing' &&
      !this.#mailbox.isEmpty &&
      this.hasRoom() &&
      this.#options.admits(this.shard, this.state.nextSeq)
    ) {
      const work = this.#mailbox.next()!;
      if (!work.begun && work.deadlineUs < this.#options.clock.monotonicUs()) {
        this.#mailbox.done(work);
        work.fail(new CallRefused('DEADLINE_PASSED'));
        continue;
      }
      left -= this.#slice(work, Math.min(left, SLICE_ITEMS));
    }
    if (this.#hasEvents()) this.#options.onBlock(this);
    if (left <= 0) this.wake();
  }

  #slice(work: Work, itemsMost: number): number {
    let step: number | Promise<void>;
    this.#dropUnused();
    try {
      step = work.step(this, itemsMost);
    } catch (error) {
      this.#poisoned(work, error as Error);
      return itemsMost;
    }
    if (typeof step === 'number') {
      if (work.decided) this.#await(work);
      else this.#mailbox.putBack(work);
      // What decided nothing waits for the next block: it counts as a slice, so that it is not asked thousands of times.
      return step > 0 || work.decided ? Math.max(step, 1) : itemsMost;
    }
    this.#loadingWorks.add(work);
    step.then(
      () => this.#loaded(work),
      (error: Error) => this.#loadFailed(work, error),
    );
    return 1;
  }

  /** A block without events was begun for something that left none: its time may be long ago. */
  #dropUnused(): void {
    if (this.#open !== null && this.#open.body.events === 0) this.#open = null;
  }

  /** Deciding changes no state, so a call that throws there is taken back and fails alone. */
  #poisoned(work: Work, error: Error): void {
    this.#mailbox.done(work);
    work.fail(
      work.begun ? new Uncertain(error.message) : new CallRefused('INTERNAL', { message: error.message }),
    );
    if (this.state.applying) return this.#options.onBroken(this, error);
    this.#open?.takeBack(this.state.nextSeq);
    this.#options.onPoisoned(this, error);
  }

  #loaded(work: Work): void {
    if (!this.#loadingWorks.delete(work)) return;
    this.#mailbox.putBack(work);
    this.wake();
  }

  #loadFailed(work: Work, error: Error): void {
    if (!this.#loadingWorks.delete(work)) return;
    this.#mailbox.done(work);
    if (error.name === 'TamperedRow') {
      work.fail(
        work.begun
          ? new Uncertain(error.message)
          : new CallRefused('SHARD_STOPPED', { message: error.message }),
      );
      return this.#options.onBroken(this, error);
    }
    work.fail(
      work.begun
        ? new Uncertain(error.message)
        : new CallRefused('SHARD_NOT_READY', { message: error.message, retryAfterMs: 500 }),
    );
  }

  /** Answers a decided call once everything that it rests on is durable: now, if that is so already. */
  #await(work: Work): void {
    this.#mailbox.done(work);
    const height = this.#hasEvents() ? this.#open!.height : this.#nextHeight() - 1;
    if (height <= this.#committed.height && this.#phase === 'writing') answer(work, this.position());
    else this.#waiting.push({ height, work });
  }

  #hasEvents(): boolean {
    return this.#open !== null && this.#open.body.events > 0;
  }

  #nextHeight(): number {
    return (this.#sealed?.block.height ?? this.#committed.height) + 1;
  }

  /** Whether the open block takes more. */
  hasRoom(): boolean {
    return (
      this.#open === null ||
      (this.#open.body.events < BLOCK_BOUNDS.eventsMax && this.#open.body.end < BLOCK_BOUNDS.bytesMax)
    );
  }

  /** The block that fills, begun now if there is none. Its time is that of its beginning. */
  openBlock(): OpenBlock {
    if (this.#open !== null) return this.#open;
    const before = this.#sealed?.block.blockTimeUs ?? this.#committed.blockTimeUs;
    this.#open = new OpenBlock({
      height: this.#nextHeight(),
      firstSeq: this.state.nextSeq,
      timeUs: Math.max(before, this.#options.time.nowUs()),
      capacity: this.#lastBytes,
    });
    return this.#open;
  }

  /** Books the plain transfers that follow each other from that item on, as far as the open block takes them. */
  bookRun(batch: TransactionBatch, from: number, end: number, book: number): number {
    const { body, timeUs } = this.openBlock();
    const frame = { book, nowUs: timeUs, day: dayOf(timeUs), body };
    return bookRun(this.state, batch, from, end, frame, BLOCK_BOUNDS);
  }

  context(book: number, knowledge: Knowledge): Context {
    const open = this.openBlock();
    return {
      state: this.state,
      book,
      nowUs: open.timeUs,
      day: dayOf(open.timeUs),
      body: open.body,
      known: knowledge.ids,
      takenCodes: knowledge.takenCodes,
      eventOf: (seq) => {
        const found = this.eventOf(seq) ?? knowledge.events.get(seq);
        if (found === undefined) throw new Error(`event ${seq} was not loaded before the turn`);
        return found;
      },
    };
  }

  /** An event of a block that is still in memory. */
  eventOf(seq: number): { view: DataView; at: number } | undefined {
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

  /** Brings the state past the event at that position of the open block; returns its seq. */
  apply(at: number): number {
    const open = this.#open!;
    const seq = this.state.nextSeq;
    apply(this.state, open.body.view, at, open.timeUs);
    return seq;
  }

  /** Applies what was decided, and notes it as the item's outcome. */
  settle(outcomes: Outcomes, i: number, decision: Decision): void {
    switch (decision.done) {
      case 'event':
        outcomes.booked(i, this.#open!.body, decision.at, this.apply(decision.at), Came.booked);
        return;
      case 'refused':
        outcomes.refuse(i, {
          ...decision.refusal,
          remembered: true,
          seq: this.apply(decision.at),
          replayed: false,
        });
        return;
      case 'replay':
        if (decision.view.getUint8(decision.at + HEADER.type) === EventType.refused)
          outcomes.refuse(i, {
            ...refusalAt(decision.view, decision.at),
            remembered: true,
            seq: decision.seq,
            replayed: true,
          });
        else outcomes.booked(i, decision, decision.at, decision.seq, Came.replayed);
        return;
      case 'declined':
        outcomes.refuse(i, { ...decision.refusal, remembered: false, seq: 0, replayed: false });
        return;
      case 'nothing':
        outcomes.came[i] = Came.booked;
    }
  }

  /** Raised whenever something was evicted: what was read before may be untrue. */
  generation(): number {
    return (
      this.state.accounts.evictions +
      this.state.ids.forgettings +
      this.state.progressEvictions +
      this.state.codeEvictions
    );
  }

  /** Adds what the command misses in memory. */
  wants(book: number, command: LedgerCommand, knowledge: Knowledge, wanted: Wanted): void {
    wantsOf(this, book, command, knowledge, wanted);
  }

  load(book: number, wanted: Wanted, knowledge: Knowledge): Promise<void> {
    return this.#options.loading.load(this, book, wanted, knowledge);
  }

  /** The seq on which the id was spent, as far as memory and that knowledge go. */
  seqOf(book: number, id: Uuid, knowledge: Knowledge): number {
    return spentAt({ state: this.state, book, known: knowledge.ids }, id);
  }

  position(): Position {
    const { height, seq, hash } = this.#committed;
    return { shard: this.shard, epoch: this.#committed.epoch, seq, height, blockHash: hash };
  }

  /** Asks for a block even if nothing is to be decided: a new owner's first append. */
  requestEmptyBlock(): void {
    this.#forceEmpty = true;
    this.#options.onBlock(this);
  }

  /** The block to append next, or null where there is none. From here to `commit` the next one fills. */
  seal(): Block | null {
    if (this.#phase === 'ended' || this.#sealed !== null) return null;
    if (!this.#forceEmpty && !this.#hasEvents()) return null;
    this.#dropUnused();
    const open = this.openBlock();
    this.#forceEmpty = false;
    this.#open = null;
    this.#lastBytes = Math.max(4_096, Math.min(BLOCK_BOUNDS.bytesMax, Math.ceil(open.body.end * 1.25)));
    // A small block is copied to its size, since it may stay in memory for long; a big one nearly fills its buffer.
    const isSmall = open.body.end < SMALL_BLOCK_BYTES;
    const body = isSmall
      ? open.body.bytes.slice(0, open.body.end)
      : open.body.bytes.subarray(0, open.body.end);
    const positions = isSmall ? open.body.positions.slice(0, open.body.events) : open.body.positions;
    const block = this.#hashed({
      ...this.#link(),
      firstSeq: open.firstSeq,
      eventCount: open.body.events,
      blockTimeUs: open.timeUs,
      body,
    });
    this.#sealed = { block, positions, view: viewOf(body) };
    this.wake();
    return block;
  }

  #link() {
    return {
      shard: this.shard,
      height: this.#committed.height + 1,
      epoch: this.#epoch,
      prevHash: this.#committed.hash,
    };
  }

  #hashed(block: Omit<Block, 'hash'>): Block {
    return { ...block, hash: hashBlock(block) };
  }

  /** The sealed block is durable: everything up to it may be answered. */
  commit(): void {
    const sealed = this.#sealed;
    if (sealed === null) throw new Error('nothing is sealed');
    this.#sealed = null;
    const { block } = sealed;
    this.#committed = {
      height: block.height,
      epoch: block.epoch,
      seq: lastSeqOf(block),
      blockTimeUs: block.blockTimeUs,
      hash: block.hash,
    };
    this.recent.add({ block, view: sealed.view, positions: sealed.positions });
    this.#answerUpTo(block.height);
    this.wake();
  }

  #answerUpTo(height: number): void {
    let answered = 0;
    const position = this.position();
    while (answered < this.#waiting.length && this.#waiting[answered].height <= height)
      answer(this.#waiting[answered++].work, position);
    if (answered > 0) this.#waiting.splice(0, answered);
  }

  /** An append is unknown: from here nobody gets an answer, reads included, until `resume` or `end`. */
  hold(): void {
    if (this.#phase === 'writing') this.#phase = 'held';
  }

  /**
   * The shard took itself over, and the tip tells what became of the sealed block. A block that is there counts, but is
   * proven only by an append of the new epoch, so the next one is forced. One that is not there is sealed anew.
   * False where the tip is neither: somebody else wrote.
   */
  resume(epoch: number, tip: Tip): boolean {
    const sealed = this.#sealed;
    this.#epoch = epoch;
    const there =
      sealed !== null &&
      tip.height === sealed.block.height &&
      Buffer.compare(tip.hash, sealed.block.hash) === 0;
    const unwritten =
      tip.height === this.#committed.height && Buffer.compare(tip.hash, this.#committed.hash) === 0;
    if (!there && !unwritten) return false;
    if (there) {
      this.#sealed = null;
      this.#committed = tip;
      this.recent.add({ block: sealed.block, view: sealed.view, positions: sealed.positions });
      this.#forceEmpty = true;
    } else if (sealed !== null) {
      const { hash: _, ...rest } = sealed.block;
      this.#sealed = { ...sealed, block: this.#hashed({ ...rest, ...this.#link() }) };
    } else this.#forceEmpty = true;
    return true;
  }

  /** The block whose append is to be tried (again). */
  get sealed(): Block | null {
    return this.#sealed?.block ?? null;
  }

  /** The first append of the new epoch is through. */
  release(): void {
    if (this.#phase === 'held') this.#phase = 'writing';
    this.#answerUpTo(this.#committed.height);
    this.wake();
  }

  /** The memory is worth nothing any more. What was decided is open, what was not was not done. */
  end(why: CallRefused | Uncertain): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    const open = why instanceof Uncertain ? why : new Uncertain(why.message);
    const refused =
      why instanceof CallRefused ? why : new CallRefused('SHARD_NOT_READY', { retryAfterMs: 500 });
    for (const { work } of this.#waiting) work.fail(open);
    for (const work of [...this.#mailbox.clear(), ...this.#loadingWorks])
      work.fail(work.begun ? open : refused);
    this.#waiting = [];
    this.#loadingWorks.clear();
    this.recent.clear();
  }

  /** Whether nothing waits and nothing is under way. */
  get idle(): boolean {
    return (
      this.#mailbox.isEmpty &&
      this.#loadingWorks.size === 0 &&
      this.#waiting.length === 0 &&
      this.#sealed === null &&
      !this.#hasEvents()
    );
  }
}

/** Answers; whatever goes wrong with that is the caller's own, and stops nobody else's. */
function answer(work: Work, position: Position): void {
  try {
    work.answer(position);
  } catch (error) {
    work.fail(new Uncertain((error as Error).message));
  }
}
