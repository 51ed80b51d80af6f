const DAY_MS = 86_400_000;

/** How a stream is kept on the bus. */
export interface StreamDeclaration {
  readonly name: StreamName;
  /** The second word of its subjects behind the version: `florin.v1.{area}.{event}.{shard}`. */
  readonly area: 'ledger' | 'payments';
  readonly description: string;
  /** How long it keeps an event; whoever comes later takes it from the journal. */
  readonly keepsMs: number;
  /** For that long the server drops what was published before under the same id. */
  readonly remembersMs: number;
}

export type StreamName = 'SETTLEMENT' | 'NOTIFICATION';

/** Every stream there is. Settlement is reconciled over months; what people are notified of is stale after weeks. */
export const STREAMS: Readonly<Record<StreamName, StreamDeclaration>> = {
  SETTLEMENT: {
    name: 'SETTLEMENT',
    area: 'ledger',
    description: 'Money and accounts of Florin.',
    keepsMs: 90 * DAY_MS,
    remembersMs: 120_000,
  },
  NOTIFICATION: {
    name: 'NOTIFICATION',
    area: 'payments',
    description: 'Payments, customers, payment methods and merchants of Florin.',
    keepsMs: 30 * DAY_MS,
    remembersMs: 120_000,
  },
};

export const STREAM_NAMES = ['SETTLEMENT', 'NOTIFICATION'] as const satisfies readonly StreamName[];

/** The subjects of all of its events. */
export function subjectsOf(stream: StreamName): string {
  return `florin.v1.${STREAMS[stream].area}.>`;
}

/** Those of one shard. */
export function subjectsOfShard(stream: StreamName, shard: number): string {
  return `florin.v1.${STREAMS[stream].area}.*.${shard}`;
}

/** The type of an envelope; behind it a subject has the shard. */
export function typeOf(stream: StreamName, event: string): string {
  return `florin.v1.${STREAMS[stream].area}.${event}`;
}
