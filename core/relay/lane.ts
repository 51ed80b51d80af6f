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
  /** Sent, oldest first, from `#first` on; what is stored of them is in `#done` until all before it is. */
  #underWay: number[] = [];
  #first = 0;
  readonly #done = new Set<number>();

  constructor(place: { shard: number; stream: StreamName }, from: { last: number; read: number }) {
    this.shard = place.shard;
    this.stream = place.stream;
    this.sent = from.last;
    this.stored = from.last;
    this.read = from.read;
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

/**
 * Where to go on: behind what the stream holds last of the shard, and not beyond what was acknowledged without a gap, for
 * of messages that were sent together a later one may have been stored and an earlier one not. Where the stream holds
 * nothing, what was acknowledged counts only if this is the very stream that had it: it has let go of it since.
 */
export function whereToGoOn(
  held: number | null,
  kept: RelayProgress | undefined,
  identity: StreamIdentity,
): { last: number; read: number } {
  const isSame =
    kept !== undefined && kept.created === identity.created && kept.streamSeq <= identity.lastSeq;
  if (!isSame) return { last: held ?? 0, read: held ?? 0 };
  if (held === null || held >= kept.lastSeq) return { last: kept.lastSeq, read: kept.readSeq };
  return { last: held, read: held };
}
