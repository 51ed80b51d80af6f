import type { Envelope } from '../../gen/florin/events/v1/envelopes_pb.ts';
import type { Inbox } from './inbox.ts';
import type { StreamName } from './streams.ts';

/** An event came before the one that it follows. */
export interface Gap {
  readonly shard: number;
  /** The event that came. */
  readonly seq: number;
  /** The one before it, which is missing. */
  readonly missing: number;
  /** The last one that was handled; 0 for none. */
  readonly handled: number;
}

export interface ReceiverOptions {
  readonly stream: StreamName;
  readonly inbox: Inbox;
  readonly handle: (envelope: Envelope) => Promise<void> | void;
  /** A shard of which nothing was handled yet begins with its first event, or with whatever comes first. */
  readonly joins: 'beginning' | 'anywhere';
  readonly onGap: (gap: Gap) => void;
}

/** What became of an event: `early` ones are not handled until the one before is. */
export type Received = 'handled' | 'seen' | 'early';

/** Hands events on: each once, in the order of its shard, whatever order and however often they come. */
export class Receiver {
  readonly #options: ReceiverOptions;
  #places = new Map<number, number>();
  /** By shard the gap that was told. */
  readonly #told = new Map<number, number>();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Reads what the inbox has: others may have used it meanwhile. */
  async begin(): Promise<ReadonlyMap<number, number>> {
    const { inbox, stream } = this.#options;
    this.#places = new Map(await inbox.places(stream));
    return this.#places;
  }

  async receive(envelope: Envelope): Promise<Received> {
    const { stream, inbox, handle, joins, onGap } = this.#options;
    const { shard } = envelope;
    const [seq, missing] = [Number(envelope.seq), Number(envelope.previousSeq)];
    const handled = this.#places.get(shard);
    if (handled !== undefined && seq <= handled) return 'seen';
    const isNext = handled === undefined ? missing === 0 || joins === 'anywhere' : missing === handled;
    if (!isNext) {
      if (this.#told.get(shard) !== (handled ?? 0)) onGap({ shard, seq, missing, handled: handled ?? 0 });
      this.#told.set(shard, handled ?? 0);
      return 'early';
    }
    await inbox.keep({ stream, shard, seq }, () => handle(envelope));
    this.#places.set(shard, seq);
    this.#told.delete(shard);
    return 'handled';
  }
}
