/** The event of a plain transfer, bytes: the unit in which the lag is bounded. Bigger events take longer to replay. */
const PLAIN_BYTES = 136;
/** Small blocks are counted together up to this cost, so that a long tail of them takes little memory. */
const PORTION = 1_024;

/** Blocks that the read models have not passed, counted together. */
interface Portion {
  lastSeq: number;
  cost: number;
}

interface ShardLag {
  portions: Portion[];
  /** The portions before this one are passed. */
  first: number;
  cost: number;
  lastSeq: number;
}

/**
 * What a restart would have to replay: committed and not yet in the read models, of all shards of this node, since one
 * process replays them all. Its bound bounds the time of a restart. A shard that has used less than its share of the
 * bound goes on though others have used up the rest.
 */
export class Lag {
  readonly #costMax: number;
  readonly #shareMax: number;
  readonly #shards = new Map<number, ShardLag>();
  #cost = 0;

  /** `eventsMax` in plain transfers. */
  constructor({ eventsMax, shards }: { eventsMax: number; shards: number }) {
    this.#costMax = eventsMax;
    this.#shareMax = eventsMax / shards;
  }

  /** The shard begins here: nothing of it is unpassed. */
  begin(shard: number, seq: number): void {
    this.forget(shard);
    this.#shards.set(shard, { portions: [], first: 0, cost: 0, lastSeq: seq });
  }

  forget(shard: number): void {
    this.#cost -= this.#shards.get(shard)?.cost ?? 0;
    this.#shards.delete(shard);
  }

  /** The shard's journal holds everything up to that seq now, in so many bytes since the last call. */
  committed(shard: number, { seq, bytes }: { seq: number; bytes: number }): void {
    const lag = this.#shards.get(shard);
    if (lag === undefined || seq <= lag.lastSeq) return;
    const cost = Math.max(seq - lag.lastSeq, bytes / PLAIN_BYTES);
    const last = lag.portions.at(-1);
    if (last !== undefined && lag.first < lag.portions.length && last.cost < PORTION) {
      last.lastSeq = seq;
      last.cost += cost;
    } else lag.portions.push({ lastSeq: seq, cost });
    lag.lastSeq = seq;
    lag.cost += cost;
    this.#cost += cost;
  }

  /** The read models have passed that seq of the shard. True where others may go on that could not before. */
  passed(shard: number, seq: number): boolean {
    const lag = this.#shards.get(shard);
    if (lag === undefined) return false;
    const wasFull = this.#cost > this.#costMax;
    for (; lag.first < lag.portions.length && lag.portions[lag.first].lastSeq <= seq; lag.first++) {
      lag.cost -= lag.portions[lag.first].cost;
      this.#cost -= lag.portions[lag.first].cost;
    }
    if (lag.first > lag.portions.length / 2) {
      lag.portions = lag.portions.slice(lag.first);
      lag.first = 0;
    }
    return wasFull && this.#cost <= this.#costMax;
  }

  admits(shard: number): boolean {
    return this.#cost <= this.#costMax || (this.#shards.get(shard)?.cost ?? 0) <= this.#shareMax;
  }
}
