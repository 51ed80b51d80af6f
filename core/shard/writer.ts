import type { Block } from '../journal/block.ts';
import type { Tip } from '../journal/store.ts';
import { apply, applyChange } from '../kernel/apply.ts';
import type { TransactionBatch } from '../kernel/ledger/batch.ts';
import type { LedgerCommand, Uuid } from '../kernel/ledger/commands.ts';
import { spentAt, type Context, type Decision } from '../kernel/ledger/context.ts';
import { refusalAt } from '../kernel/ledger/decide.ts';
import { EventType, HEADER } from '../kernel/ledger/layout.ts';
import { dayOf } from '../kernel/ledger/limits.ts';
import type { PaymentChange } from '../kernel/payments/change.ts';
import { bookRun } from '../kernel/ledger/simpleRun.ts';
import type { ShardState } from '../kernel/shardState.ts';
import { BLOCK_BOUNDS, Chain, type EventPlace } from './chain.ts';
import type { Knowledge, Wanted } from './knowledge.ts';
import { Mailbox, SLICE_ITEMS } from './mailbox.ts';
import type { OpenBlock, RecentBlocks } from './openBlock.ts';
import { Came, type Outcomes } from './outcomes.ts';
import { CallRefused, Uncertain, type Position } from './service.ts';
import { wantsOf } from './wants.ts';
import type { Work } from './work.ts';
import type { WriterOptions } from './writerOptions.ts';

/** Items that are decided before the event loop is let go. */
const TURN_ITEMS = 8_192;
/** `writing`: all is well. `held`: an append is unknown, so nobody gets an answer. `ended`: the memory is worth nothing. */
type Phase = 'writing' | 'held' | 'ended';

/**
 * The one writer of a shard: takes calls in slices, decides and applies them onto the open block, seals it when the
 * last append is done, and answers what a commit covers. It does no I/O itself.
 */
export class ShardWriter {
  readonly shard: number;
  readonly state: ShardState;
  /** Block time from which on everything was decided by this writer, microseconds. */
  readonly sinceUs: number;
  readonly #options: WriterOptions;
  readonly #chain: Chain;
  #phase: Phase = 'writing';
  readonly #mailbox: Mailbox;
  #loadingWorks = new Set<Work>();
  #scheduled = false;
  #waiting: { height: number; work: Work }[] = [];
  #forceEmpty = false;

  constructor(options: WriterOptions) {
    this.shard = options.shard;
    this.state = options.state;
    this.sinceUs = options.tip.blockTimeUs + 1;
    this.#options = options;
    this.#mailbox = new Mailbox(options.mailboxItemsMax);
    this.#chain = new Chain(options);
  }

  get epoch(): number {
    return this.#chain.epoch;
  }
  get committed(): Tip {
    return this.#chain.committed;
  }
  get recent(): RecentBlocks {
    return this.#chain.recent;
  }
  /** Events that wait for the next append. */
  get openEvents(): number {
    return this.#chain.openEvents;
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
      this.#chain.hasRoom &&
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
    if (this.#chain.hasEvents) this.#options.onBlock(this);
    if (left <= 0) this.wake();
  }

  #slice(work: Work, itemsMost: number): number {
    let step: number | Promise<void>;
    this.#chain.dropUnused();
    try {
      step = work.step(this, itemsMost);
    } catch (error) {
      this.#poisoned(work, error as Error);
      return itemsMost;
    }
    if (typeof step === 'number') {
      if (work.decided) this.#await(work);
      // With room left it is the block's bound of expiries that ended the slice.
      else if (step === 0 && this.#chain.hasRoom) this.#mailbox.putLast(work);
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

  /** Deciding changes no state, so a call that throws there is taken back and fails alone. */
  #poisoned(work: Work, error: Error): void {
    this.#mailbox.done(work);
    work.fail(
      work.begun ? new Uncertain(error.message) : new CallRefused('INTERNAL', { message: error.message }),
    );
    if (this.state.applying) return this.#options.onBroken(this, error);
    this.#chain.takeBack(this.state.nextSeq);
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
    const height = this.#chain.decidedHeight;
    if (height <= this.committed.height && this.#phase === 'writing') answer(work, this.position());
    else this.#waiting.push({ height, work });
  }

  /** Whether the open block takes more. */
  hasRoom(): boolean {
    return this.#chain.hasRoom;
  }

  /** The block that fills. */
  openBlock(): OpenBlock {
    return this.#chain.open(this.state.nextSeq);
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
  eventOf(seq: number): EventPlace | undefined {
    return this.#chain.eventOf(seq);
  }

  /** Brings the state past the event at that position of the open block; returns its seq. */
  apply(at: number): number {
    const open = this.openBlock();
    const seq = this.state.nextSeq;
    apply(this.state, open.body.view, at, open.timeUs);
    return seq;
  }

  /** The same of an event of payments, by the change that was decided and not by its bytes. */
  applyChange(at: number, change: PaymentChange): number {
    const { body } = this.openBlock();
    const seq = this.state.nextSeq;
    applyChange(this.state, body.view, at, change);
    return seq;
  }

  /** Applies what was decided, and notes it as the item's outcome. */
  settle(outcomes: Outcomes, i: number, decision: Decision): void {
    switch (decision.done) {
      case 'event':
        outcomes.booked(i, this.openBlock().body, decision.at, this.apply(decision.at), Came.booked);
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
    const { height, seq, hash, epoch } = this.committed;
    return { shard: this.shard, epoch, seq, height, blockHash: hash };
  }

  /** Asks for a block even if nothing is to be decided: a new owner's first append. */
  requestEmptyBlock(): void {
    this.#forceEmpty = true;
    this.#options.onBlock(this);
  }

  /** The block to append next, or null where there is none. From here to `commit` the next one fills. */
  seal(): Block | null {
    if (this.#phase === 'ended' || this.sealed !== null) return null;
    if (!this.#forceEmpty && !this.#chain.hasEvents) return null;
    this.#forceEmpty = false;
    const block = this.#chain.seal(this.state.nextSeq);
    this.wake();
    return block;
  }

  /** The sealed block is durable: everything up to it may be answered. */
  commit(): void {
    this.#chain.commit();
    this.#answerUpTo(this.committed.height);
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
    const found = this.#chain.resume(epoch, tip);
    if (found === false) return false;
    if (found === 'there' || this.sealed === null) this.#forceEmpty = true;
    return true;
  }

  /** The block whose append is to be tried (again). */
  get sealed(): Block | null {
    return this.#chain.sealed;
  }

  /** The first append of the new epoch is through. */
  release(): void {
    if (this.#phase === 'held') this.#phase = 'writing';
    this.#answerUpTo(this.committed.height);
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
      this.sealed === null &&
      !this.#chain.hasEvents
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
