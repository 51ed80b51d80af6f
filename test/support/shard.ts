import type { CreateTransaction, LedgerCommand } from '../../core/kernel/ledger/commands.ts';
import { ShardState } from '../../core/kernel/shardState.ts';
import { AssetTable } from '../../core/kernel/money/assets.ts';
import { CommandWork, outcomesOf } from '../../core/shard/commandWork.ts';
import { Committer } from '../../core/shard/committer.ts';
import { LedgerTime } from '../../core/shard/ledgerTime.ts';
import { Loading } from '../../core/shard/loading.ts';
import { RecentBlocks } from '../../core/shard/openBlock.ts';
import type { Clock, Timers } from '../../core/shard/ports.ts';
import { claim, recover } from '../../core/shard/recovery.ts';
import { Uncertain, type BatchAnswer, type Malformed } from '../../core/shard/service.ts';
import { TransactionWork } from '../../core/shard/transactionWork.ts';
import { ShardWriter } from '../../core/shard/writer.ts';
import { batchOf } from './ledger.ts';
import { MemoryLoader } from './memoryLoader.ts';
import { MemoryStore } from './memoryStore.ts';

/** Time that stands still until it is moved. */
export class FakeTime implements Clock, Timers {
  #us = 1_000_000;
  #timers: { atUs: number; callback: () => void }[] = [];

  wallUs(): number {
    return this.#us;
  }

  monotonicUs(): number {
    return this.#us;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atUs: this.#us + delayMs * 1_000, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  soon(callback: () => void): void {
    setImmediate(callback);
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.length;
  }

  pass(ms: number): void {
    this.#us += ms * 1_000;
    const due = this.#timers.filter((timer) => timer.atUs <= this.#us);
    this.#timers = this.#timers.filter((timer) => timer.atUs > this.#us);
    for (const { callback } of due) callback();
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function quiet(turns = 40): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A call that was sent: what came of it so far. */
export interface Sent {
  answer: BatchAnswer | null;
  error: Error | null;
}

export interface RigOptions {
  shards?: number;
  mailboxItemsMax?: number;
  admits?: () => boolean;
  recentBytesMax?: number;
}

/** Writers and their committer over a journal in memory. */
export class Rig {
  readonly store = new MemoryStore();
  readonly loader = new MemoryLoader();
  readonly time = new FakeTime();
  readonly ledgerTime = new LedgerTime(this.store, this.time);
  readonly writers: ShardWriter[] = [];
  readonly lost: string[] = [];
  readonly #takenOver = new WeakSet<ShardWriter>();
  readonly broken: Error[] = [];
  readonly poisoned: Error[] = [];
  readonly troubles: string[] = [];
  readonly committed: number[] = [];
  readonly committer: Committer;

  private constructor() {
    this.committer = new Committer({
      store: this.store,
      clock: this.time,
      timers: this.time,
      owner: 'us',
      onCommitted: (writers) => this.committed.push(...writers.map((writer) => writer.shard)),
      onLost: (writer, why) => {
        // One that was taken over ends late, which is no loss of its successor's.
        if (!this.#takenOver.has(writer)) this.lost.push(why);
        writer.end(new Uncertain(why));
      },
      onTrouble: (event) => this.troubles.push(event),
    });
  }

  static async start(options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig();
    await rig.ledgerTime.read();
    for (let shard = 0; shard < (options.shards ?? 1); shard++) await rig.takeOver(shard, options);
    return rig;
  }

  async takeOver(shard: number, options: RigOptions = {}): Promise<ShardWriter> {
    const { store, loader, time } = this;
    // The one before may still have an append to come.
    const before = this.writers.at(shard);
    if (before !== undefined) this.#takenOver.add(before);
    const claims = await claim({ shards: [shard], owner: 'us', store, loader });
    const recovered = await recover({ claim: claims.get(shard)!, store, loader, seed: 5, clock: time });
    const writer = new ShardWriter({
      shard,
      epoch: recovered.epoch,
      tip: recovered.tip,
      state: recovered.state,
      time: this.ledgerTime,
      clock: time,
      timers: time,
      loading: new Loading(loader, store),
      recent: new RecentBlocks(options.recentBytesMax ?? 1 << 20),
      mailboxItemsMax: options.mailboxItemsMax ?? 100_000,
      admits: options.admits ?? (() => true),
      onBlock: (one) => this.committer.offer(one),
      onPoisoned: (_, error) => this.poisoned.push(error),
      onBroken: (one, error) => {
        this.broken.push(error);
        one.end(new Uncertain(error.message));
      },
    });
    this.writers[shard] = writer;
    writer.requestEmptyBlock();
    await quiet();
    return writer;
  }

  get writer(): ShardWriter {
    return this.writers[0];
  }

  /** Sends commands as one call. */
  send(
    commands: readonly (LedgerCommand | Malformed)[],
    options: { shard?: number; deadlineUs?: number } = {},
  ): Sent {
    const sent: Sent = { answer: null, error: null };
    this.writers[options.shard ?? 0].submit(
      new CommandWork({
        commands,
        book: 1,
        deadlineUs: options.deadlineUs ?? Infinity,
        done: (position, outcomes) => (sent.answer = { position, outcomes: outcomesOf(outcomes) }),
        fail: (error) => (sent.error = error),
      }),
    );
    return sent;
  }

  /** Sends plain transactions as columns. */
  sendColumns(commands: readonly CreateTransaction[], options: { shard?: number } = {}): Sent {
    const sent: Sent = { answer: null, error: null };
    this.writers[options.shard ?? 0].submit(
      new TransactionWork({
        batch: batchOf(commands),
        book: 1,
        deadlineUs: Infinity,
        done: (position, outcomes) => (sent.answer = { position, outcomes: outcomesOf(outcomes) }),
        fail: (error) => (sent.error = error),
      }),
    );
    return sent;
  }

  /** Sends commands and waits for the answer. */
  async must(commands: readonly LedgerCommand[]): Promise<BatchAnswer> {
    const sent = this.send(commands);
    await quiet();
    if (sent.answer === null) throw sent.error ?? new Error('no answer');
    const refused = sent.answer.outcomes.find((outcome) => !outcome.done);
    if (refused !== undefined) throw new Error(JSON.stringify(refused));
    return sent.answer;
  }
}

export function emptyState(): ShardState {
  return new ShardState({ seed: 1, assets: new AssetTable() });
}
