/** What the service of event streams asks for; core/relay has it of the journal. */
export interface EventFeed {
  /**
   * Events from the places on, then new ones as they come, until the signal aborts: then it throws the signal's reason.
   * Nothing is read before the next part is asked for.
   */
  follow(wanted: FeedRequest, signal: AbortSignal): AsyncIterable<FeedPart>;
}

export interface FeedRequest {
  readonly stream: 'SETTLEMENT' | 'NOTIFICATION';
  /** Names; null for all. */
  readonly books: ReadonlySet<string> | null;
  /** Those of the books; null for all. */
  readonly shards: ReadonlySet<number> | null;
  /** By shard: behind this seq. */
  readonly after: ReadonlyMap<number, number>;
  /** Shards that are not named begin with what comes from now on, not with their first event. */
  readonly onlyNew: boolean;
  readonly heartbeatMs: number;
}

export interface FeedPart {
  /** florin.events.v1.Envelope, in protobuf's wire form. */
  readonly envelopes: readonly Uint8Array[];
  readonly positions: readonly (readonly [shard: number, seq: number])[];
}
