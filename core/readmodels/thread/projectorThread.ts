import type { Worker } from 'node:worker_threads';
import type { ReadBounds } from '../../journal/readBounds.ts';
import type { BlockFeed, Clock } from '../../shard/ports.ts';
import { type Mark, Standing } from '../projection/standing.ts';
import type { ProjectorEvent } from '../projector.ts';
import type { CoreCalls, ProjectorCalls } from './calls.ts';
import { packBlocks } from './packedBlocks.ts';
import { Handed, Peer } from './peer.ts';

export interface ProjectorThreadOptions {
  readonly worker: Worker;
  readonly feed: BlockFeed;
  readonly shards: readonly number[];
  readonly clock: Clock;
  readonly log: (event: ProjectorEvent) => void;
  /** Called after each transaction, for every shard that it moved. */
  readonly onAdvanced: (mark: Mark) => void;
}

/**
 * The projector in a thread of its own, as the core sees it: encoding rows holds up no call, and runs on another
 * processor. What the thread does not catch ends the core, as it would in the core's own thread.
 */
export class ProjectorThread {
  readonly #options: ProjectorThreadOptions;
  readonly #peer: Peer<CoreCalls, ProjectorCalls>;
  readonly #standing: Standing;
  #unsubscribe: () => void = () => undefined;

  constructor(options: ProjectorThreadOptions) {
    const { worker } = options;
    this.#options = options;
    this.#standing = new Standing(options);
    this.#peer = new Peer<CoreCalls, ProjectorCalls>(worker, {
      read: (shard, fromHeight, bounds) => this.#read(shard, fromHeight, bounds),
      advanced: (mark) => {
        this.#standing.advanced(mark);
        options.onAdvanced(mark);
      },
      happened: options.log,
    });
    worker.on('error', (error) => {
      throw error;
    });
    worker.on('exit', (code) => this.#peer.fail(new Error(`the projector's thread has ended with ${code}`)));
  }

  /** Reads the watermarks and begins. Throws when a server cannot be reached: later failures are tried again. */
  async start(): Promise<void> {
    const { feed, shards } = this.#options;
    this.#unsubscribe = feed.onCommitted((shard) => {
      this.#standing.committed(shard);
      this.#peer.tell('committed', shard, feed.provenHeight(shard));
    });
    await this.#peer.ask(
      'start',
      shards.map((shard) => [shard, feed.provenHeight(shard)]),
    );
  }

  /** Finishes the transaction under way and ends the thread. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#peer.ask('stop');
    await this.#options.worker.terminate();
  }

  /** Projects nothing until `resume`; settles when the transaction under way has ended. */
  pause(): Promise<void> {
    return this.#peer.ask('pause');
  }

  resume(): void {
    this.#peer.tell('resume');
  }

  /** Whether the read models hold that seq within the time given. */
  waitForSeq(shard: number, seq: number, timeoutMs: number): Promise<boolean> {
    if (this.projectedSeq(shard) >= seq) return Promise.resolve(true);
    return this.#peer.ask('waitForSeq', shard, seq, timeoutMs);
  }

  /** The last event of the shard that the read models hold; 0 before the first. */
  projectedSeq(shard: number): number {
    return this.#standing.seq(shard);
  }

  /** How old the oldest block is that is committed and not projected, in seconds; 0 if there is none. */
  lagSeconds(shard: number): number {
    return this.#standing.lagSeconds(shard);
  }

  async #read(shard: number, fromHeight: number, bounds: ReadBounds) {
    const { feed } = this.#options;
    const blocks = packBlocks(await feed.read(shard, fromHeight, bounds));
    return new Handed({ blocks, provenHeight: feed.provenHeight(shard) }, [blocks.bytes]);
  }
}
