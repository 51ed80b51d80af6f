import type { BlockFeed, Clock } from '../../shard/ports.ts';
import type { Watermark } from './watermark.ts';

/** Where a shard's read models stand, as far as others than its projector need it. */
export type Mark = Pick<Watermark, 'shard' | 'height' | 'seq' | 'blockTimeUs'>;

/** How far the read models of each shard are behind its journal. */
export class Standing {
  readonly #feed: Pick<BlockFeed, 'provenHeight'>;
  readonly #clock: Clock;
  readonly #marks = new Map<number, Mark>();
  readonly #behindSinceUs = new Map<number, number>();

  constructor({ feed, clock }: { feed: Pick<BlockFeed, 'provenHeight'>; clock: Clock }) {
    this.#feed = feed;
    this.#clock = clock;
  }

  /** The journal holds more of the shard. */
  committed(shard: number): void {
    if (!this.#behindSinceUs.has(shard)) this.#behindSinceUs.set(shard, this.#clock.monotonicUs());
  }

  advanced(mark: Mark): void {
    this.#marks.set(mark.shard, mark);
    if (this.#feed.provenHeight(mark.shard) <= mark.height) this.#behindSinceUs.delete(mark.shard);
  }

  /** The last event of the shard that the read models hold; 0 before the first. */
  seq(shard: number): number {
    return this.#marks.get(shard)?.seq ?? 0;
  }

  /** How old the oldest block is that is committed and not projected, in seconds; 0 if there is none. */
  lagSeconds(shard: number): number {
    const { height, blockTimeUs } = this.#marks.get(shard) ?? { height: 0, blockTimeUs: 0 };
    if (this.#feed.provenHeight(shard) <= height) return 0;
    const noticedUs = this.#clock.monotonicUs() - (this.#behindSinceUs.get(shard) ?? 0);
    return Math.max(0, Math.min(noticedUs, this.#clock.wallUs() - blockTimeUs)) / 1e6;
  }
}
