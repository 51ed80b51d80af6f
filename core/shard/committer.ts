import type { Block } from '../journal/block.ts';
import { AppendDuplicate, AppendRefused, type JournalStore } from '../journal/store.ts';
import type { Clock, Timers } from './ports.ts';
import { Uncertain } from './service.ts';
import type { ShardWriter } from './writer.ts';

/** Waits between tries, from the first to the longest. */
const RETRY_FIRST_MS = 50;
const RETRY_LONGEST_MS = 2_000;
/** Blocks of so many events are worth an append by themselves. */
const GATHERED_EVENTS = 256;
/** One for the sockets to be read, one for what came to be decided. */
const GATHER_TURNS = 2;

export interface CommitterOptions {
  store: JournalStore;
  clock: Clock;
  timers: Timers;
  /** Names this process in the epoch rows. */
  owner: string;
  /** Blocks of these shards are durable and proven. */
  onCommitted: (writers: readonly ShardWriter[], took: { us: number; events: number }) => void;
  /** Another writer has the shard, or its tip is nothing that we wrote. */
  onLost: (writer: ShardWriter, why: string) => void;
  onTrouble: (
    event: 'append.refused' | 'append.unknown' | 'append.resolved',
    details: Record<string, unknown>,
  ) => void;
}

/**
 * Commits for all shards of one Postgres server: at most one append is under way, and the blocks of all shards that
 * have one go in one statement. An outcome that is not known is found out before anything else happens to its shards.
 */
export class Committer {
  readonly #options: CommitterOptions;
  #ready = new Set<ShardWriter>();
  #busy = false;
  #stopped = false;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** The writer has a block to append. */
  offer(writer: ShardWriter): void {
    this.#ready.add(writer);
    if (!this.#busy) void this.#run();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let isFirst = true; !this.#stopped && this.#ready.size > 0; isFirst = false) {
      if (!isFirst) await this.#gathered();
      const writers: ShardWriter[] = [];
      const blocks: Block[] = [];
      for (const writer of this.#ready) {
        if (writer.phase !== 'writing') continue;
        const block = writer.seal();
        if (block === null) continue;
        writers.push(writer);
        blocks.push(block);
      }
      this.#ready.clear();
      if (blocks.length > 0) await this.#append(writers, blocks);
    }
    this.#busy = false;
  }

  /**
   * Right after an append what is ready is often a handful, while the calls that its answers set free, and those that
   * wait in the sockets of a busy core, are about to be read: the event loop goes round once more, so that one append
   * serves all of them. Nobody waits where nothing else is to be done.
   */
  async #gathered(): Promise<void> {
    let events = 0;
    for (const writer of this.#ready) events += writer.openEvents;
    if (events >= GATHERED_EVENTS) return;
    for (let turn = 0; turn < GATHER_TURNS; turn++)
      await new Promise<void>((resolve) => {
        this.#options.timers.soon(resolve);
      });
  }

  async #append(writers: readonly ShardWriter[], blocks: readonly Block[]): Promise<void> {
    const began = this.#options.clock.monotonicUs();
    for (let tries = 0; !this.#stopped && writers.some((one) => one.phase !== 'ended'); tries++) {
      let appended: ReadonlySet<number>;
      try {
        appended = await this.#options.store.append(blocks);
      } catch (error) {
        if (error instanceof AppendDuplicate) {
          for (let i = 0; i < blocks.length; i++) await this.#append([writers[i]], [blocks[i]]);
          return;
        }
        if (!(error instanceof AppendRefused)) {
          this.#options.onTrouble('append.unknown', {
            shards: blocks.map((block) => block.shard),
            error: (error as Error).message,
          });
          for (const writer of writers) writer.hold();
          for (const writer of writers) void this.#resolve(writer);
          return;
        }
        this.#options.onTrouble('append.refused', {
          shards: blocks.map((block) => block.shard),
          tries,
          error: error.message,
        });
        await this.#pause(tries);
        continue;
      }
      return this.#settle(writers, appended, {
        us: this.#options.clock.monotonicUs() - began,
        events: blocks.reduce((sum, block) => sum + block.eventCount, 0),
      });
    }
  }

  #settle(
    writers: readonly ShardWriter[],
    appended: ReadonlySet<number>,
    took: { us: number; events: number },
  ): void {
    const committed: ShardWriter[] = [];
    for (const writer of writers) {
      if (appended.has(writer.shard)) {
        writer.commit();
        committed.push(writer);
      } else this.#options.onLost(writer, 'another writer has taken the shard over');
    }
    if (committed.length > 0) this.#options.onCommitted(committed, took);
  }

  /**
   * An append of this shard may have happened, or may yet. The shard takes itself over, so that it no longer can, and
   * only then reads the tip; an append under the new epoch proves what was found.
   */
  async #resolve(writer: ShardWriter): Promise<void> {
    const { store, owner } = this.#options;
    for (let tries = 0; !this.#stopped && writer.phase === 'held'; tries++) {
      try {
        // An own try of before may have raised it without our learning so; then it still bears our name.
        const before = await store.epochOf(writer.shard);
        // Ended meanwhile: its shard may have a new writer, who must not be fenced by us.
        if (writer.phase !== 'held') return;
        const epoch =
          before.owner === owner ? await store.raiseEpoch(writer.shard, before.epoch, owner) : null;
        if (epoch === null) return this.#options.onLost(writer, 'another writer has taken the shard over');
        const tip = await store.tip(writer.shard);
        if (writer.phase !== 'held') return;
        if (!writer.resume(epoch, tip))
          return this.#options.onLost(writer, `the tip at height ${tip.height} is not ours`);
        const block = writer.sealed ?? writer.seal();
        if (block === null) throw new Error('a new epoch begins with a block');
        const appended = await store.append([block]);
        if (writer.phase !== 'held') return;
        if (!appended.has(writer.shard))
          return this.#options.onLost(writer, 'another writer has taken the shard over');
        writer.commit();
        writer.release();
        this.#options.onTrouble('append.resolved', {
          shard: writer.shard,
          epoch,
          height: block.height,
          tries,
        });
        this.#options.onCommitted([writer], { us: 0, events: block.eventCount });
        this.offer(writer);
        return;
      } catch (error) {
        this.#options.onTrouble('append.unknown', {
          shards: [writer.shard],
          tries,
          error: (error as Error).message,
        });
        await this.#pause(tries);
      }
    }
  }

  #pause(tries: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.after(
        Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** Math.min(tries, 6)),
        resolve,
      );
    });
  }
}

/** What callers of a lost shard are told. */
export function lost(why: string): Uncertain {
  return new Uncertain(`The shard changed hands (${why}).`);
}
