import type { Block } from '../journal/block.ts';
import type { ReadBounds } from '../journal/readBounds.ts';
import type { Tip } from '../journal/store.ts';
import type { TransactionBatch } from '../kernel/ledger/batch.ts';
import type { ControlCommand, LedgerCommand, Uuid } from '../kernel/ledger/commands.ts';
import { wordsOf } from '../kernel/ledger/uuid.ts';
import type { PaymentCommand, PaymentRequest } from '../kernel/payments/commands.ts';
import { isResting } from '../kernel/payments/due.ts';
import type { ApiKey } from '../kernel/payments/edgeModel.ts';
import type { Intent } from '../kernel/payments/model.ts';
import { CommandWork, outcomesOf } from './commandWork.ts';
import { CONTROL_SHARD, Control } from './control.ts';
import { expireDue } from './expiry.ts';
import { Knowledge, Wanted } from './knowledge.ts';
import type { Outcomes } from './outcomes.ts';
import { type OnTellings, type OnTouched, ShardPayments } from './payments.ts';
import type { BlockFeed, StateLoader } from './ports.ts';
import {
  CallRefused,
  type BatchAnswer,
  type CallContext,
  type ControlAnswer,
  type LedgerService,
  type Malformed,
  type OperationPlace,
  type PaymentAnswer,
  type PaymentsService,
  type Position,
} from './service.ts';
import { type Held, type NodeOptions, Tenure } from './tenure.ts';
import { TransactionWork } from './transactionWork.ts';
import type { Work } from './work.ts';
import type { ShardWriter } from './writer.ts';

const TIME_READ_MS = 5_000;
const EXPIRY_MS = 1_000;

/** All shards of one process: routes calls to their writers, and feeds whoever reads blocks. */
export class LedgerNode implements Omit<LedgerService, 'createTransactions'>, PaymentsService, BlockFeed {
  readonly shardCount: number;
  readonly #options: NodeOptions;
  readonly #tenure: Tenure;
  readonly #control: Control;
  readonly #payments: ShardPayments;
  readonly #listeners = new Set<(shard: number) => void>();
  #cancels: (() => void)[] = [];
  #draining = false;
  #stopped = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.shardCount = options.shards;
    this.#tenure = new Tenure(options, (shard) => {
      for (const listener of this.#listeners) listener(shard);
    });
    this.#payments = new ShardPayments(options);
    this.#control = new Control({
      writerOf: (shard) => this.#tenure.writer(shard),
      shards: options.shards,
    });
  }

  /** Takes all shards over; returns once every one is ready. */
  async start(): Promise<void> {
    await this.#tenure.start();
    await Promise.all(
      Array.from({ length: this.#options.shards }, (_, shard) => this.#control.adopt(shard, Infinity)),
    );
    this.#every(TIME_READ_MS, () => this.#tenure.readTimes());
    this.#every(EXPIRY_MS, () => this.#expire());
  }

  #every(intervalMs: number, task: () => Promise<unknown>): void {
    const again = () => {
      if (this.#stopped) return;
      this.#cancels.push(
        this.#options.timers.after(intervalMs, () => {
          this.#cancels = this.#cancels.slice(-16);
          task()
            .catch((error: Error) => this.#tell('warn', 'timer.trouble', { error: error.message }))
            .finally(again);
        }),
      );
    };
    again();
  }

  async #expire(): Promise<void> {
    for (const { writer } of this.#tenure.all()) {
      this.#fillFilter(writer);
      const { loader } = this.#tenure.serverOf(writer.shard);
      const expired = await expireDue(writer, loader, this.#tenure.nowUs(writer.shard));
      if (expired > 0) this.#tell('info', 'holds.expired', { shard: writer.shard, count: expired });
    }
  }

  /** Loads the ids that carry no stamp, once a shard meets one: from then on new ones need no look-up. */
  #fillFilter(writer: ShardWriter): void {
    const { ids } = writer.state;
    if (!ids.missesOthers || this.#filling.has(writer)) return;
    this.#filling.add(writer);
    const { loader } = this.#tenure.serverOf(writer.shard);
    loader
      .otherIds(writer.shard, (book, id) => ids.noteOther(book, ...wordsOf(id as Uuid)))
      .then(
        () => {
          ids.othersKnown = true;
        },
        (error: Error) => {
          this.#filling.delete(writer);
          this.#tell('warn', 'ids.filter.trouble', { shard: writer.shard, error: error.message });
        },
      );
  }

  readonly #filling = new WeakSet<ShardWriter>();

  locate(book: string): { shard: number; number: number } {
    const found = this.#tenure.writer(CONTROL_SHARD).state.booksByName.get(book);
    if (found === undefined) throw new CallRefused('BOOK_NOT_FOUND', { field: 'book' });
    // While an append is unknown nobody is answered, reads included.
    if (this.#tenure.held(found.shard)?.writer.phase === 'held')
      throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 200 });
    return { shard: found.shard, number: found.number };
  }

  /** The writer of a book that its shard knows. */
  #route(book: string): { writer: ShardWriter; number: number } {
    if (this.#draining) throw new CallRefused('DRAINING', { retryAfterMs: 1_000 });
    const { shard, number } = this.locate(book);
    const writer = this.#tenure.writer(shard);
    // What was taken in before goes on being tried; more of it would only wait for its deadline.
    if (this.#tenure.refusing(shard) !== undefined)
      throw new CallRefused('DATABASE_UNAVAILABLE', { retryAfterMs: 1_000 });
    if (!writer.state.books.has(number)) throw new CallRefused('BOOK_NOT_FOUND', { field: 'book' });
    return { writer, number };
  }

  /** Hands work to the book's writer, or throws CallRefused; counts either. */
  #admit(book: string, items: number, work: (book: number, writer: ShardWriter) => Work): void {
    try {
      const { writer, number } = this.#route(book);
      writer.submit(work(number, writer));
      this.#options.observe.admitted(items);
    } catch (error) {
      if (error instanceof CallRefused) this.#options.observe.turnedAway(error.reason, items);
      throw error;
    }
  }

  /** The hot path: columns in, positions of events out. */
  submitTransactions(
    batch: TransactionBatch,
    context: CallContext,
  ): Promise<{ position: Position; outcomes: Outcomes }> {
    return new Promise((resolve, reject) => {
      this.#admit(
        batch.book,
        batch.count,
        (number) =>
          new TransactionWork({
            batch,
            book: number,
            deadlineUs: context.deadlineUs,
            done: (position, outcomes) => resolve({ position, outcomes }),
            fail: reject,
          }),
      );
    });
  }

  submit(
    book: string,
    items: readonly (LedgerCommand | Malformed)[],
    context: CallContext,
  ): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      this.#admit(
        book,
        items.length,
        (number) =>
          new CommandWork({
            commands: items,
            book: number,
            deadlineUs: context.deadlineUs,
            done: (position, outcomes) => resolve({ position, outcomes: outcomesOf(outcomes) }),
            fail: reject,
          }),
      );
    });
  }

  submitPayments(
    book: string,
    items: readonly (PaymentRequest | Malformed)[],
    { deadlineUs }: CallContext,
  ): Promise<PaymentAnswer> {
    return new Promise((resolve, reject) => {
      this.#admit(book, items.length, (number, writer) =>
        this.#payments.work(writer, number, items, { deadlineUs, done: resolve, fail: reject }),
      );
    });
  }

  async restingIntent(book: string, intent: Uuid, waitMs: number): Promise<Intent | null> {
    const { clock } = this.#options;
    const untilUs = clock.monotonicUs() + waitMs * 1_000;
    for (;;) {
      const { writer, number } = this.#route(book);
      // Waited for from before the reading, so that no change falls in between.
      const leftMs = Math.max(0, (untilUs - clock.monotonicUs()) / 1_000);
      const change = leftMs > 0 ? this.#payments.nextChange(number, intent, leftMs) : undefined;
      try {
        const found = await this.#payments.read(writer, number, intent, Infinity);
        if (found === null || isResting(found) || change === undefined) return found;
        await change.came;
      } finally {
        change?.giveUp();
      }
    }
  }

  async apiKey(shard: number, seq: number): Promise<ApiKey | null> {
    const writer = this.#tenure.writer(shard);
    if (!writer.state.payments.has(seq)) await this.bringIn(writer, [seq]);
    const key = writer.state.payments.apiKeys.get(seq) ?? null;
    // What is decided and not durable yet is told when it is, and not before.
    if (writer.phase !== 'writing' || (key !== null && key.lastSeq > writer.committed.seq))
      throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 20 });
    return key;
  }

  /** For whoever drives payments on: what changed, who writes, and a way to say what came of a call. */
  onPaymentsTouched(listener: OnTouched): () => void {
    return this.#payments.onTouched(listener);
  }

  onTellings(listener: OnTellings): () => void {
    return this.#payments.onTellings(listener);
  }

  held(): Iterable<Held> {
    return this.#tenure.all();
  }

  loaderOf(shard: number): StateLoader {
    return this.#tenure.serverOf(shard).loader;
  }

  nowUs(shard: number): number {
    return this.#tenure.nowUs(shard);
  }

  async placeOf(reference: Uuid): Promise<OperationPlace | null> {
    for (const { writer } of this.#tenure.all()) {
      const { operations, intents } = writer.state.payments;
      const intent = intents.get(operations.get(reference) ?? 0);
      if (intent !== undefined) return { writer, book: intent.book, intent: intent.id };
    }
    for (const [index, { loader }] of this.#options.servers.entries()) {
      const shard = this.#shardOf(index);
      const found = shard < 0 ? null : await loader.paymentOfOperation(shard, reference);
      if (found === null) continue;
      return { writer: this.#tenure.writer(found.shard), book: found.book, intent: found.intent as Uuid };
    }
    return null;
  }

  /** A data shard of that server; -1 where it has none. */
  #shardOf(server: number): number {
    for (let shard = 0; shard < this.shardCount; shard++)
      if (this.#options.serverOf(shard) === server) return shard;
    return -1;
  }

  async bringIn(writer: ShardWriter, intents: readonly number[]): Promise<void> {
    if (intents.length === 0) return;
    const wanted = new Wanted();
    for (const seq of intents) wanted.payments.add(seq);
    // Of no book: these are seqs of the shard.
    const knowledge = new Knowledge();
    await writer.load(0, wanted, knowledge);
    const isMissing = (seq: number): boolean =>
      !writer.state.payments.has(seq) && !knowledge.notPayments.has(seq);
    if (intents.some(isMissing))
      throw new Error('something was evicted while payments were read: read again');
  }

  /** What a process says; unlike a caller it knows the book by its number, and nothing turns it away but a lost shard. */
  submitOutcomes(
    writer: ShardWriter,
    book: number,
    commands: readonly PaymentCommand[],
  ): Promise<PaymentAnswer> {
    return new Promise((resolve, reject) => {
      const call = { deadlineUs: Infinity, done: resolve, fail: reject };
      writer.submit(this.#payments.work(writer, book, commands, call));
    });
  }

  async control(command: ControlCommand, context: CallContext): Promise<ControlAnswer> {
    if (this.#draining) throw new CallRefused('DRAINING', { retryAfterMs: 1_000 });
    return await this.#control.run(command, context);
  }

  async latestSeq(shard: number): Promise<number> {
    const writer = this.#tenure.writer(shard);
    if (writer.phase !== 'writing') throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 500 });
    const { seq } = writer.committed;
    const { store } = this.#tenure.serverOf(shard);
    if (!(await store.isAtEpoch(shard, writer.epoch))) {
      this.#tenure.drop(shard, 'another writer has taken the shard over');
      throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 500 });
    }
    return seq;
  }

  /** The read models have passed that seq of the shard. */
  passed(shard: number, seq: number): void {
    const held = this.#tenure.held(shard);
    if (held === undefined) return;
    held.passedSeq = Math.max(held.passedSeq, seq);
    this.#evict(held);
    this.#tenure.passed(shard, seq);
  }

  #evict(held: Held): void {
    if (held.writer.phase === 'writing' && held.eviction.passed(held.passedSeq))
      this.#options.timers.soon(() => this.#evict(held));
  }

  provenHeight(shard: number): number {
    return this.#tenure.held(shard)?.writer.committed.height ?? 0;
  }

  async read(shard: number, fromHeight: number, bounds: ReadBounds): Promise<Block[]> {
    const held = this.#tenure.held(shard);
    if (held === undefined || fromHeight > held.writer.committed.height) return [];
    const recent = held.writer.recent.from(fromHeight, bounds);
    if (recent !== null) return recent;
    const proven = held.writer.committed.height;
    const blocks = await this.#tenure.serverOf(shard).store.read(shard, fromHeight, bounds);
    return blocks.filter((block) => block.height <= proven);
  }

  onCommitted(callback: (shard: number) => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  /** Committed and proven tips, for checkpoints and metrics. */
  tips(): { shard: number; tip: Tip; queued: number; passedSeq: number }[] {
    return [...this.#tenure.all()].map(({ writer, passedSeq }) => ({
      shard: writer.shard,
      tip: writer.committed,
      queued: writer.queuedItems,
      passedSeq,
    }));
  }

  /** null where every shard is ready; otherwise why not. */
  get unready(): string | null {
    if (this.#tenure.broken !== null) return this.#tenure.broken;
    if (this.#draining) return 'draining';
    const missing = this.#options.shards + 1 - this.#tenure.size;
    if (missing > 0) return `${missing} shards have no writer yet`;
    const refusing = this.#tenure.refusing();
    if (refusing !== undefined) return `the database takes no blocks: ${refusing}`;
    for (const { writer } of this.#tenure.all())
      if (writer.phase !== 'writing') return `shard ${writer.shard} does not know the outcome of an append`;
    return null;
  }

  /** Refuses new calls, lets those under way finish, gives the leases back. */
  async stop(graceMs: number): Promise<void> {
    this.#draining = true;
    const until = this.#options.clock.monotonicUs() + graceMs * 1_000;
    while (
      [...this.#tenure.all()].some(({ writer }) => !writer.idle) &&
      this.#options.clock.monotonicUs() < until
    )
      await new Promise<void>((resolve) => this.#options.timers.after(10, resolve));
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    await this.#tenure.stop();
  }

  #tell(level: 'info' | 'warn', event: string, details: Record<string, unknown>): void {
    this.#options.observe.event(level, event, details);
  }
}
