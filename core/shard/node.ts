import type { Block } from '../journal/block.ts';
import type { JournalStore, LeaseStore, Tip } from '../journal/store.ts';
import type { TransactionBatch } from '../kernel/ledger/batch.ts';
import type { ControlCommand, LedgerCommand, Uuid } from '../kernel/ledger/commands.ts';
import { wordsOf } from '../kernel/ledger/uuid.ts';
import type { Reason } from '../kernel/ledger/refusals.ts';
import { CommandWork, outcomesOf } from './commandWork.ts';
import { Committer, lost } from './committer.ts';
import { CONTROL_SHARD, Control } from './control.ts';
import { Eviction, type MemoryBounds } from './eviction.ts';
import { expireDue } from './expiry.ts';
import { Lease } from './lease.ts';
import { LedgerTime } from './ledgerTime.ts';
import { Loading } from './loading.ts';
import { RecentBlocks } from './openBlock.ts';
import type { Outcomes } from './outcomes.ts';
import type { BlockFeed, Clock, Random, StateLoader, Timers } from './ports.ts';
import { recover } from './recovery.ts';
import {
  CallRefused,
  type BatchAnswer,
  type CallContext,
  type ControlAnswer,
  type LedgerService,
  type Malformed,
  type Position,
} from './service.ts';
import { TransactionWork } from './transactionWork.ts';
import type { Work } from './work.ts';
import { ShardWriter } from './writer.ts';

/** One Postgres server as a node uses it. */
export interface Server {
  store: JournalStore & LeaseStore;
  loader: StateLoader;
}

export interface NodeOptions {
  servers: readonly Server[];
  /** The server of each shard, by index. */
  serverOf: (shard: number) => number;
  /** Data shards; the control shard comes on top. */
  shards: number;
  /** Who we are over restarts: a node with the same name takes its shards back at once. */
  holder: string;
  /** Who we are this time: unique for each process. */
  owner: string;
  clock: Clock;
  timers: Timers;
  random: Random;
  bounds: MemoryBounds & { mailboxItemsMax: number; recentBytesMax: number; lagEventsMax: number };
  /** Throws HistoryRefused where a known checkpoint contradicts the journal of the shard. */
  checkHistory: (shard: number) => Promise<void>;
  observe: Observer;
}

/** What a node tells logs and metrics. */
export interface Observer {
  event(level: 'info' | 'warn' | 'error', event: string, details: Record<string, unknown>): void;
  committed(took: { us: number; events: number; shards: number }): void;
  /** Items that a writer took in. */
  admitted(items: number): void;
  /** Items that were turned away before a writer saw them. */
  turnedAway(reason: Reason, items: number): void;
}

const LEASE_MS = 10_000;
const TIME_READ_MS = 5_000;
const EXPIRY_MS = 1_000;
const RETRY_MS = 1_000;

interface Held {
  writer: ShardWriter;
  eviction: Eviction;
  /** The seq that the read models have passed. */
  passedSeq: number;
}

/** All shards of one process: takes them over, routes calls to their writers, feeds whoever reads blocks. */
export class LedgerNode implements Omit<LedgerService, 'createTransactions'>, BlockFeed {
  readonly shardCount: number;
  readonly #options: NodeOptions;
  readonly #held = new Map<number, Held>();
  readonly #committers: Committer[] = [];
  readonly #times: LedgerTime[] = [];
  readonly #leases: Lease[] = [];
  readonly #control: Control;
  readonly #listeners = new Set<(shard: number) => void>();
  readonly #taking = new Map<number, Promise<void>>();
  #cancels: (() => void)[] = [];
  #draining = false;
  #stopped = false;
  #broken: string | null = null;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.shardCount = options.shards;
    this.#control = new Control({ writerOf: (shard) => this.#writer(shard), shards: options.shards });
    options.servers.forEach((server, index) => {
      this.#times.push(new LedgerTime(server.store, options.clock));
      this.#committers.push(this.#committer(server));
      this.#leases.push(
        new Lease({
          store: server.store,
          shards: this.#shardsOf(index),
          holder: options.holder,
          lengthMs: LEASE_MS,
          timers: options.timers,
          onHeld: (shard) => void this.#take(shard),
          onGone: (shard) => this.#drop(shard, 'the lease went to another node'),
          onTrouble: (error) => this.#tell('warn', 'lease.trouble', { server: index, error: error.message }),
        }),
      );
    });
  }

  #committer(server: Server): Committer {
    const { clock, timers, owner, observe } = this.#options;
    return new Committer({
      store: server.store,
      clock,
      timers,
      owner,
      onCommitted: (writers, took) => {
        observe.committed({ ...took, shards: writers.length });
        for (const writer of writers) for (const listener of this.#listeners) listener(writer.shard);
      },
      onLost: (writer, why) => this.#drop(writer.shard, why),
      onTrouble: (event, details) =>
        this.#tell(event === 'append.resolved' ? 'info' : 'warn', event, details),
    });
  }

  #shardsOf(server: number): number[] {
    const all = [...Array.from({ length: this.#options.shards }, (_, shard) => shard), CONTROL_SHARD];
    return all.filter((shard) => this.#options.serverOf(shard) === server);
  }

  /** Takes all shards over; returns once every one is ready. */
  async start(): Promise<void> {
    await Promise.all(this.#times.map((time) => time.read()));
    await Promise.all(this.#leases.map((lease) => lease.start()));
    await Promise.all(
      this.#options.servers.map(async (_, index) => {
        // The control shard first, since the others copy from it.
        const shards = this.#shardsOf(index).sort((a, b) => b - a);
        const inOrder = shards.filter((shard) => !this.#held.has(shard));
        await Promise.all(inOrder.map((shard) => this.#take(shard)));
      }),
    );
    await Promise.all(
      Array.from({ length: this.#options.shards }, (_, shard) => this.#control.adopt(shard, Infinity)),
    );
    this.#every(TIME_READ_MS, () => Promise.all(this.#times.map((time) => time.read())));
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
    for (const { writer } of this.#held.values()) {
      this.#fillFilter(writer);
      const server = this.#options.serverOf(writer.shard);
      const expired = await expireDue(
        writer,
        this.#options.servers[server].loader,
        this.#times[server].nowUs(),
      );
      if (expired > 0) this.#tell('info', 'holds.expired', { shard: writer.shard, count: expired });
    }
  }

  /** Loads the ids that carry no stamp, once a shard meets one: from then on new ones need no look-up. */
  #fillFilter(writer: ShardWriter): void {
    const { ids } = writer.state;
    if (!ids.missesOthers || this.#filling.has(writer)) return;
    this.#filling.add(writer);
    const { loader } = this.#options.servers[this.#options.serverOf(writer.shard)];
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

  /** Single-flight: brings a shard up whose lease we hold. */
  #take(shard: number): Promise<void> {
    if (this.#held.has(shard) || this.#stopped) return Promise.resolve();
    let taking = this.#taking.get(shard);
    if (taking === undefined) {
      taking = this.#takeOver(shard).finally(() => this.#taking.delete(shard));
      this.#taking.set(shard, taking);
    }
    return taking;
  }

  async #takeOver(shard: number): Promise<void> {
    const server = this.#options.serverOf(shard);
    const { store, loader } = this.#options.servers[server];
    while (!this.#stopped) {
      try {
        const recovered = await recover({
          shard,
          owner: this.#options.owner,
          store,
          loader,
          seed: Math.floor(this.#options.random.unit() * 4294967296),
        });
        if (recovered !== null) {
          await this.#options.checkHistory(shard);
          await this.#bringUp(shard, recovered);
          return;
        }
      } catch (error) {
        if (isFinal(error as Error)) {
          this.#broken = (error as Error).message;
          this.#tell('error', 'shard.stopped', { shard, error: (error as Error).message });
          throw error;
        }
        this.#tell('warn', 'shard.takeover.trouble', { shard, error: (error as Error).message });
      }
      await new Promise<void>((resolve) => this.#options.timers.after(RETRY_MS, resolve));
    }
  }

  async #bringUp(shard: number, recovered: NonNullable<Awaited<ReturnType<typeof recover>>>): Promise<void> {
    const { clock, timers, bounds, servers, serverOf } = this.#options;
    const server = serverOf(shard);
    const committer = this.#committers[server];
    const writer = new ShardWriter({
      shard,
      epoch: recovered.epoch,
      tip: recovered.tip,
      state: recovered.state,
      time: this.#times[server],
      clock,
      timers,
      loading: new Loading(servers[server].loader, servers[server].store),
      recent: new RecentBlocks(bounds.recentBytesMax),
      mailboxItemsMax: bounds.mailboxItemsMax,
      admits: (_, nextSeq) =>
        nextSeq - 1 - (this.#held.get(shard)?.passedSeq ?? nextSeq) <= bounds.lagEventsMax,
      onBlock: (one) => committer.offer(one),
      onPoisoned: (_, error) =>
        this.#tell('error', 'call.poisoned', { shard, error: error.message, stack: error.stack }),
      onBroken: (_, error) => this.#break(shard, error),
    });
    const held: Held = {
      writer,
      eviction: new Eviction(writer, bounds),
      passedSeq: recovered.state.nextSeq - 1 - recovered.replayed,
    };
    // A new owner proves itself by an empty block before it answers anything.
    await new Promise<void>((resolve, reject) => {
      const unsubscribe = this.onCommitted((committed) => {
        if (committed !== shard) return;
        unsubscribe();
        resolve();
      });
      this.#provers.set(shard, (error) => {
        unsubscribe();
        reject(error);
      });
      this.#proving.set(shard, writer);
      writer.requestEmptyBlock();
    }).finally(() => {
      this.#proving.delete(shard);
      this.#provers.delete(shard);
    });
    this.#held.set(shard, held);
    if (recovered.replayed > 0 || shard === CONTROL_SHARD)
      this.#tell('info', 'shard.ready', {
        shard,
        epoch: recovered.epoch,
        height: recovered.tip.height,
        seq: recovered.tip.seq,
        replayed: recovered.replayed,
      });
  }

  readonly #proving = new Map<number, ShardWriter>();
  readonly #provers = new Map<number, (error: Error) => void>();

  /** Another writer has the shard, or may: nothing in memory counts any more. */
  #drop(shard: number, why: string): void {
    this.#provers.get(shard)?.(new Error(why));
    const held = this.#held.get(shard);
    this.#held.delete(shard);
    held?.writer.end(lost(why));
    if (held === undefined || this.#stopped) return;
    this.#tell('warn', 'shard.lost', { shard, why });
    this.#options.timers.after(RETRY_MS, () => {
      if (this.#leases[this.#options.serverOf(shard)].holds(shard)) this.#take(shard).catch(() => undefined);
    });
  }

  /** A defect, or a row that was edited: this shard must not go on deciding. The others do. */
  #break(shard: number, error: Error): void {
    this.#tell('error', 'shard.stopped', { shard, error: error.message, stack: error.stack });
    const held = this.#held.get(shard);
    this.#held.delete(shard);
    this.#broken = `shard ${shard}: ${error.message}`;
    this.#stoppedShards.add(shard);
    held?.writer.end(new CallRefused('SHARD_STOPPED'));
  }

  readonly #stoppedShards = new Set<number>();

  #writer(shard: number): ShardWriter {
    const held = this.#held.get(shard);
    if (held !== undefined) return held.writer;
    if (this.#stoppedShards.has(shard)) throw new CallRefused('SHARD_STOPPED');
    throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 500 });
  }

  locate(book: string): { shard: number; number: number } {
    const found = this.#writer(CONTROL_SHARD).state.booksByName.get(book);
    if (found === undefined) throw new CallRefused('BOOK_NOT_FOUND', { field: 'book' });
    // While an append is unknown nobody is answered, reads included.
    if (this.#held.get(found.shard)?.writer.phase === 'held')
      throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 200 });
    return { shard: found.shard, number: found.number };
  }

  /** The writer of a book that its shard knows. */
  #route(book: string): { writer: ShardWriter; number: number } {
    if (this.#draining) throw new CallRefused('DRAINING', { retryAfterMs: 1_000 });
    const { shard, number } = this.locate(book);
    const writer = this.#writer(shard);
    if (!writer.state.books.has(number)) throw new CallRefused('BOOK_NOT_FOUND', { field: 'book' });
    return { writer, number };
  }

  /** Hands work to the book's writer, or throws CallRefused; counts either. */
  #admit(book: string, items: number, work: (book: number) => Work): void {
    try {
      const { writer, number } = this.#route(book);
      writer.submit(work(number));
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

  async control(command: ControlCommand, context: CallContext): Promise<ControlAnswer> {
    if (this.#draining) throw new CallRefused('DRAINING', { retryAfterMs: 1_000 });
    return await this.#control.run(command, context);
  }

  async latestSeq(shard: number): Promise<number> {
    const writer = this.#writer(shard);
    if (writer.phase !== 'writing') throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 500 });
    const { seq } = writer.committed;
    const { store } = this.#options.servers[this.#options.serverOf(shard)];
    if (!(await store.isAtEpoch(shard, writer.epoch))) {
      this.#drop(shard, 'another writer has taken the shard over');
      throw new CallRefused('SHARD_NOT_READY', { retryAfterMs: 500 });
    }
    return seq;
  }

  /** The read models have passed that seq of the shard. */
  passed(shard: number, seq: number): void {
    const held = this.#held.get(shard);
    if (held === undefined) return;
    held.passedSeq = Math.max(held.passedSeq, seq);
    this.#evict(held);
    held.writer.wake();
  }

  #evict(held: Held): void {
    if (held.writer.phase === 'writing' && held.eviction.passed(held.passedSeq))
      this.#options.timers.soon(() => this.#evict(held));
  }

  provenHeight(shard: number): number {
    return this.#held.get(shard)?.writer.committed.height ?? 0;
  }

  async read(shard: number, fromHeight: number, eventsMax: number): Promise<Block[]> {
    const held = this.#held.get(shard);
    if (held === undefined || fromHeight > held.writer.committed.height) return [];
    const recent = held.writer.recent.from(fromHeight, eventsMax);
    if (recent !== null) return recent;
    const proven = held.writer.committed.height;
    const blocks = await this.#options.servers[this.#options.serverOf(shard)].store.read(
      shard,
      fromHeight,
      16 * 1024 * 1024,
    );
    let events = 0;
    return blocks.filter(
      (block, i) => block.height <= proven && ((events += block.eventCount) <= eventsMax || i === 0),
    );
  }

  onCommitted(callback: (shard: number) => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  /** Committed and proven tips, for checkpoints and metrics. */
  tips(): { shard: number; tip: Tip; queued: number; passedSeq: number }[] {
    return [...this.#held].map(([shard, { writer, passedSeq }]) => ({
      shard,
      tip: writer.committed,
      queued: writer.queuedItems,
      passedSeq,
    }));
  }

  /** null where every shard is ready; otherwise why not. */
  get unready(): string | null {
    if (this.#broken !== null) return this.#broken;
    if (this.#draining) return 'draining';
    const missing = this.#options.shards + 1 - this.#held.size;
    if (missing > 0) return `${missing} shards have no writer yet`;
    for (const { writer } of this.#held.values())
      if (writer.phase !== 'writing') return `shard ${writer.shard} does not know the outcome of an append`;
    return null;
  }

  /** Refuses new calls, lets those under way finish, gives the leases back. */
  async stop(graceMs: number): Promise<void> {
    this.#draining = true;
    const until = this.#options.clock.monotonicUs() + graceMs * 1_000;
    while (
      [...this.#held.values()].some(({ writer }) => !writer.idle) &&
      this.#options.clock.monotonicUs() < until
    )
      await new Promise<void>((resolve) => this.#options.timers.after(10, resolve));
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    for (const committer of this.#committers) committer.stop();
    for (const { writer } of this.#held.values()) writer.end(new CallRefused('DRAINING'));
    await Promise.all(this.#leases.map((lease) => lease.stop()));
    this.#held.clear();
  }

  #tell(level: 'info' | 'warn' | 'error', event: string, details: Record<string, unknown>): void {
    this.#options.observe.event(level, event, details);
  }
}

/** Whether trying a takeover again can end no better: history that is not ours, or a defect of our own. */
function isFinal(error: Error): boolean {
  return (
    error.name === 'TamperedRow' ||
    error.name === 'HistoryRefused' ||
    error instanceof TypeError ||
    error instanceof RangeError
  );
}
