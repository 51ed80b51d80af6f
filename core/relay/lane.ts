import type { RelayProgress } from '../journal/relayProgress.ts';
import type { StreamIdentity } from './nats/declaring.ts';
import type { StreamName } from './streams.ts';

/** How far one stream of one shard is: what was read, sent and stored. */
export class Lane {
  readonly shard: number;
  readonly stream: StreamName;
  /** The last event that was sent. */
  sent: number;
  /** The journal was read up to here. */
  read: number;
  /** The last event that is stored, and all before it. */
  stored: number;
  /** Of what is kept of it. */
  readonly era: number;
  /** Sent, oldest first, from `#first` on; what is stored of them is in `#done` until all before it is. */
  #underWay: number[] = [];
  #first = 0;
  readonly #done = new Set<number>();

  constructor(place: { shard: number; stream: StreamName }, from: Start) {
    this.shard = place.shard;
    this.stream = place.stream;
    this.sent = from.last;
    this.stored = from.last;
    this.read = from.read;
    this.era = from.era;
  }

  send(seq: number): void {
    this.#underWay.push(seq);
    this.sent = seq;
  }

  store(seq: number): void {
    this.#done.add(seq);
    for (; this.#done.delete(this.#underWay[this.#first]); this.#first++)
      this.stored = this.#underWay[this.#first];
    if (this.#first < 1_024 && this.#first < this.#underWay.length) return;
    this.#underWay = this.#underWay.slice(this.#first);
    this.#first = 0;
  }

  /** Up to where nothing is left to be brought. */
  get settled(): number {
    return this.#underWay.length === 0 ? Math.max(this.read, this.stored) : this.stored;
  }
}

/** What a stream holds last of a shard, and where. */
export interface Held {
  readonly seq: number;
  readonly streamSeq: number;
}

export interface Start {
  readonly last: number;
  readonly read: number;
  readonly era: number;
}

/**
 * Where to go on: behind what was acknowledged without a gap, if this is the very stream that had it. What it holds last
 * proves nothing of what comes before it: of messages that were sent together a later one may have been stored and an
 * earlier one not, and into a stream that was made anew another relay, or the socket of a session that is over, may have
 * put its next ones. But where it holds less, it is brought again; and where it holds nothing it has let go of it since.
 */
export function whereToGoOn(
  held: Held | null,
  kept: RelayProgress | undefined,
  identity: StreamIdentity,
): Start {
  if (kept === undefined) return { last: 0, read: 0, era: 1 };
  const { lastSeq, readSeq, era } = kept;
  const from = (seq: number): Start => ({ last: seq, read: seq, era: era + 1 });
  if (kept.created !== identity.created) return from(0);
  if (kept.streamSeq > identity.lastSeq)
    return from(held === null || held.streamSeq > identity.lastSeq ? 0 : Math.min(held.seq, lastSeq));
  if (held === null || held.seq >= lastSeq) return { last: lastSeq, read: readSeq, era };
  return { last: held.seq, read: held.seq, era };
}
