import type { Block } from '../journal/block.ts';
import type { BlockFeed, Timers } from '../shard/ports.ts';
import { Batch } from './projection/batch.ts';
import { type ProjectionStore, WatermarkMoved } from './projection/store.ts';
import { Waiters } from './projection/waiters.ts';
import { type Watermark, noWatermark } from './projection/watermark.ts';
import { Sealer } from './sealing/seals.ts';

/** A transaction of the projector: enough that its fixed costs vanish, and memory stays bounded. */
const BATCH_EVENTS_MAX = 65_536;
const BATCH_BYTES_MAX = 24 * 1024 * 1024;
/**
 * After a small batch others get that long to gather, so that light load does not mean a transaction a block: the fixed
 * cost of one is a few milliseconds of processor. A read that waits cuts it short.
 */
const SMALL_BATCH_EVENTS = 2_000;
const GATHER_MS = 50;
const PACE_MS = 4;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;

/** What happens, as stable event names for the log. */
export type ProjectorEvent =
  | {
      readonly event: 'projection.failed';
      readonly shards: readonly number[];
      readonly error: unknown;
      readonly retryMs: number;
    }
  | { readonly event: 'projection.moved'; readonly shards: readonly number[] }
  | { readonly event: 'projection.recovered'; readonly shards: readonly number[] };

/** A Postgres server and the shards whose journal and read models it holds. */
export interface ProjectionTarget {
  store: ProjectionStore;
  shards: readonly number[];
}

export interface ProjectorOptions {
  feed: BlockFeed;
  timers: Timers;
  targets: readonly ProjectionTarget[];
  /** 16 bytes; the key of the rows' seals. */
  sealKey: Uint8Array;
  log: (event: ProjectorEvent) => void;
  /** Called after each transaction, for every shard that it moved. */
  onAdvanced?: (shard: number, watermark: Watermark) => void;
}

/**
 * Keeps the read models of all shards behind the journal, each server for itself: reads committed blocks, encodes the
 * next batch while the last one is being written, and never skips anything. Errors are tried again for ever.
 */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #lanes: Lane[];
  readonly #marks = new Map<number, Watermark>();
  readonly #waiters: Waiters;
  #unsubscribe: () => void = () => undefined;
  #isPaused = false;
  #isStopped = false;

  constructor(options: ProjectorOptions) {
    this.#options = options;
    this.#waiters = new Waiters(options.timers);
    this.#lanes = options.targets.map((target) => new Lane(target, new Sealer(options.sealKey)));
  }

  /** Reads the watermarks and begins. Throws when a server cannot be reached: later failures are tried again. */
  async start(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => this.#reload(lane)));
    this.#unsubscribe = this.#options.feed.onCommitted((shard) => {
      for (const lane of this.#lanes) if (lane.shards.has(shard)) lane.wake();
    });
    for (const lane of this.#lanes) lane.running = this.#run(lane);
  }

  /** Finishes the transaction under way. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unsubscribe();
    this.#waiters.giveUp();
    for (const lane of this.#lanes) {
      lane.hurry();
      lane.wake();
    }
    await Promise.all(this.#lanes.map((lane) => lane.running));
    await Promise.all(this.#lanes.map((lane) => lane.target.store.close()));
  }

  /** Projects nothing until `resume`; settles when the transaction under way has ended. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await Promise.all(this.#lanes.map((lane) => lane.settled()));
  }

  resume(): void {
    this.#isPaused = false;
    for (const lane of this.#lanes) lane.wake();
  }

  /** Where the shard's read models stand, as far as this process has seen. */
  watermark(shard: number): Watermark {
    return this.#marks.get(shard) ?? noWatermark(shard);
  }

  /** Whether the read models hold that seq within the time given. */
  waitForSeq(shard: number, seq: number, timeoutMs: number): Promise<boolean> {
    if (this.watermark(shard).seq >= seq) return Promise.resolve(true);
    for (const lane of this.#lanes) if (lane.shards.has(shard)) lane.hurry();
    return this.#waiters.wait(shard, seq, timeoutMs);
  }

  async #run(lane: Lane): Promise<void> {
    let retryMs = 0;
    while (!this.#isStopped) {
      try {
        if (retryMs > 0) await this.#reload(lane);
        lane.stepping = this.#step(lane);
        const isIdle = await lane.stepping;
        if (retryMs > 0) {
          await lane.written();
          retryMs = 0;
          this.#options.log({ event: 'projection.recovered', shards: lane.target.shards });
        }
        if (isIdle) await lane.idle();
      } catch (error) {
        // Where reading or encoding failed, the batch before may still be in its transaction, and the watermarks are read
        // over the same connection. What its writing threw shows again when it is tried again.
        await lane.applying.catch(() => undefined);
        lane.applying = Promise.resolve();
        retryMs = await this.#failed(lane, error, retryMs);
      }
    }
    await lane.settled();
  }

  /** Encodes one batch and hands it over as soon as the one before is written. True: there is nothing to do. */
  async #step(lane: Lane): Promise<boolean> {
    const blocks = this.#isPaused ? [] : await this.#gather(lane);
    if (blocks.length === 0) {
      await lane.written();
      if (this.#isPaused || !this.#hasWork(lane)) return true;
      // Committed meanwhile, or proven but not readable yet: looked for again, without spinning.
      await this.#after(PACE_MS);
      return false;
    }
    const batch = lane.nextBatch();
    const shards = new Set(blocks.map((block) => block.shard));
    const marks = [...shards].map((shard) => lane.aheadOf(shard));
    for (const _slice of batch.encode(marks, blocks)) await this.#breathe();
    // What they hold is encoded: while this batch waits for the one before, their memory serves others.
    blocks.length = 0;
    for (const [shard, mark] of batch.to) lane.ahead.set(shard, mark);
    await lane.written();
    lane.applying = this.#apply(lane, batch);
    // A rejection is met by the next `written`.
    lane.applying.catch(() => undefined);
    if (batch.events < SMALL_BATCH_EVENTS) {
      await lane.written();
      await this.#gatherMore(lane);
    }
    return false;
  }

  async #apply(lane: Lane, batch: Batch): Promise<void> {
    await lane.target.store.apply(batch);
    for (const mark of batch.to.values()) this.#advance(mark);
  }

  /** Blocks of the lane's shards in turn, up to a batch's bound; at least one block where there is one. */
  async #gather(lane: Lane): Promise<Block[]> {
    const { feed } = this.#options;
    const blocks: Block[] = [];
    let eventsMax = BATCH_EVENTS_MAX;
    let bytesMax = BATCH_BYTES_MAX;
    for (const shard of lane.turn()) {
      const from = lane.aheadOf(shard).height + 1;
      const proven = feed.provenHeight(shard);
      if (proven < from) continue;
      for (const block of await feed.read(shard, from, { eventsMax, bytesMax })) {
        if (block.height > proven) break;
        blocks.push(block);
        eventsMax -= block.eventCount;
        bytesMax -= block.body.length;
      }
      if (eventsMax <= 0 || bytesMax <= 0) break;
    }
    return blocks;
  }

  #hasWork(lane: Lane): boolean {
    return lane.target.shards.some(
      (shard) => this.#options.feed.provenHeight(shard) > lane.aheadOf(shard).height,
    );
  }

  async #reload(lane: Lane): Promise<void> {
    for (const mark of await lane.target.store.watermarks(lane.target.shards)) {
      lane.ahead.set(mark.shard, mark);
      this.#advance(mark);
    }
  }

  #advance(mark: Watermark): void {
    this.#marks.set(mark.shard, mark);
    this.#waiters.reached(mark.shard, mark.seq);
    this.#options.onAdvanced?.(mark.shard, mark);
  }

  async #failed(lane: Lane, error: unknown, retryMs: number): Promise<number> {
    if (error instanceof WatermarkMoved)
      this.#options.log({ event: 'projection.moved', shards: lane.target.shards });
    const next = Math.min(RETRY_MAX_MS, retryMs === 0 ? RETRY_FIRST_MS : retryMs * 2);
    this.#options.log({ event: 'projection.failed', shards: lane.target.shards, error, retryMs: next });
    if (!this.#isStopped) await this.#after(next);
    return next;
  }

  /** Lets blocks come together until a read waits for them. */
  #gatherMore(lane: Lane): Promise<void> {
    if (this.#waiters.any(lane.shards)) return this.#after(PACE_MS);
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(GATHER_MS, resolve);
      lane.onHurry(() => {
        cancel();
        resolve();
      });
    });
  }

  #breathe(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.soon(resolve);
    });
  }

  #after(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.after(delayMs, resolve);
    });
  }
}

/** The projection of one server: its batches, and where it is beyond what is written. */
class Lane {
  readonly target: ProjectionTarget;
  readonly shards: ReadonlySet<number>;
  /** Where each shard will stand once everything encoded is written. */
  readonly ahead = new Map<number, Watermark>();
  applying: Promise<void> = Promise.resolve();
  stepping: Promise<unknown> = Promise.resolve();
  running: Promise<void> = Promise.resolve();
  /** One is filled while the other one is written. */
  readonly #batches: [Batch, Batch];
  #turn = 0;
  #wake: () => void = () => undefined;
  #onHurry: () => void = () => undefined;
  #woken = false;

  constructor(target: ProjectionTarget, sealer: Sealer) {
    this.target = target;
    this.shards = new Set(target.shards);
    this.#batches = [new Batch(sealer), new Batch(sealer)];
  }

  aheadOf(shard: number): Watermark {
    return this.ahead.get(shard) ?? noWatermark(shard);
  }

  nextBatch(): Batch {
    this.#batches.reverse();
    return this.#batches[0];
  }

  /** The shards, each time beginning with another one, so that a busy shard holds nobody up. */
  turn(): number[] {
    const { shards } = this.target;
    this.#turn = (this.#turn + 1) % shards.length;
    return [...shards.slice(this.#turn), ...shards.slice(0, this.#turn)];
  }

  /** The batch handed over last is written; throws what its writing threw. */
  async written(): Promise<void> {
    await this.applying;
  }

  async settled(): Promise<void> {
    await this.stepping.catch(() => undefined);
    await this.applying.catch(() => undefined);
  }

  /** Called once, at the next `hurry`. */
  onHurry(callback: () => void): void {
    this.#onHurry = callback;
  }

  /** Somebody waits: what gathers is written now. */
  hurry(): void {
    this.#onHurry();
  }

  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  async idle(): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#woken = false;
  }
}
