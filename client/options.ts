import { ChannelCredentials } from '@grpc/grpc-js';

/** Where the core is, and how to speak to it. */
export interface FlorinOptions {
  /** host:port of the core's gRPC. Default 127.0.0.1:7400. Any target that gRPC names, `dns:///core:7400` too. */
  readonly target?: string;
  /** How long a call may take in all, tries and waits between them included. Milliseconds, default 10,000; 50 to 600,000. */
  readonly timeoutMs?: number;
  /** The same for a stream, from its first chunk to its last. Milliseconds, default 300,000; 1,000 to 3,600,000. */
  readonly streamTimeoutMs?: number;
  /** HTTP/2 connections, used in turn. Default 1; up to 16, where one is full of large batches. */
  readonly channels?: number;
  /** The largest answer that is read. Bytes, default 16 MiB; 64 KiB to 256 MiB. */
  readonly answerBytesMax?: number;
  readonly retry?: RetryOptions;
  readonly coalesce?: CoalesceOptions;
  /** How to trust and be trusted. Default: cleartext, as the core listens on loopback. */
  readonly credentials?: ChannelCredentials;
  /** The name that the core's certificate must bear. Default: the host of the target. */
  readonly serverName?: string;
  /** Headers of every call, lower-case names. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Gives the W3C traceparent of calls that bring none; asked once a call, for coalesced ones once a batch. */
  readonly traceparent?: () => string | undefined;
}

/** Every call of the ledger is safe to repeat with the same ids; these say how long and how often. */
export interface RetryOptions {
  /** Tries in all, the first included. Default 5; 1 (never repeat) to 20. */
  readonly attemptsMax?: number;
  /** The longest wait before the second try; it doubles with each, and the wait is a random part of it. Milliseconds, default 50; 1 to 5,000. */
  readonly backoffMs?: number;
  /** The longest wait between two tries. Milliseconds, default 2,000; 1 to 60,000. */
  readonly backoffMsMax?: number;
}

/** How single calls are gathered into batches, for each method and book apart. */
export interface CoalesceOptions {
  /** Items a batch. Default 8,192, which is also the most that the core takes; 1 switches gathering off. */
  readonly itemsMax?: number;
  /** Bytes a batch; one larger item travels alone. Default 2 MiB; 1 KiB to 16 MiB. */
  readonly bytesMax?: number;
  /** Batches on their way at once. Default 4; 1 to 64. With 1 a book's items are booked in the order of the calls. */
  readonly inFlightMax?: number;
  /** With a batch on its way, the next one leaves once it has this many items, or when the one before is answered. Default 512. */
  readonly eagerItems?: number;
  /** Items that wait for their turn, over which a call is refused at once. Default 65,536; 1 to 1,048,576. */
  readonly waitingItemsMax?: number;
}

/** What one call can be told. */
export interface CallOptions {
  /** How long it may take in all, in place of the client's own. Milliseconds. */
  readonly timeoutMs?: number;
  /** Gives up when it aborts; what was sent may still be carried out. */
  readonly signal?: AbortSignal;
  /** The W3C trace context that the call belongs to. */
  readonly traceparent?: string;
}

export interface RetryLimits {
  readonly attemptsMax: number;
  readonly backoffMs: number;
  readonly backoffMsMax: number;
}

export interface CoalesceLimits {
  readonly itemsMax: number;
  readonly bytesMax: number;
  readonly inFlightMax: number;
  readonly eagerItems: number;
  readonly waitingItemsMax: number;
}

/** The options with every default filled in and every bound checked. */
export interface Settings {
  readonly target: string;
  readonly timeoutMs: number;
  readonly streamTimeoutMs: number;
  readonly channels: number;
  readonly answerBytesMax: number;
  readonly retry: RetryLimits;
  readonly coalesce: CoalesceLimits;
  readonly credentials: ChannelCredentials;
  readonly serverName: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly traceparent: () => string | undefined;
}

const MIB = 1_048_576;

/** Throws RangeError for an option out of its range: a client with it must not start. */
export function settingsOf(options: FlorinOptions): Settings {
  const { retry = {}, coalesce = {} } = options;
  return {
    target: options.target ?? '127.0.0.1:7400',
    timeoutMs: within('timeoutMs', options.timeoutMs ?? 10_000, [50, 600_000]),
    streamTimeoutMs: within('streamTimeoutMs', options.streamTimeoutMs ?? 300_000, [1_000, 3_600_000]),
    channels: within('channels', options.channels ?? 1, [1, 16]),
    answerBytesMax: within('answerBytesMax', options.answerBytesMax ?? 16 * MIB, [65_536, 256 * MIB]),
    retry: {
      attemptsMax: within('retry.attemptsMax', retry.attemptsMax ?? 5, [1, 20]),
      backoffMs: within('retry.backoffMs', retry.backoffMs ?? 50, [1, 5_000]),
      backoffMsMax: within('retry.backoffMsMax', retry.backoffMsMax ?? 2_000, [1, 60_000]),
    },
    coalesce: {
      itemsMax: within('coalesce.itemsMax', coalesce.itemsMax ?? 8_192, [1, 8_192]),
      bytesMax: within('coalesce.bytesMax', coalesce.bytesMax ?? 2 * MIB, [1_024, 16 * MIB]),
      inFlightMax: within('coalesce.inFlightMax', coalesce.inFlightMax ?? 4, [1, 64]),
      eagerItems: within('coalesce.eagerItems', coalesce.eagerItems ?? 512, [1, 8_192]),
      waitingItemsMax: within('coalesce.waitingItemsMax', coalesce.waitingItemsMax ?? 65_536, [1, 1_048_576]),
    },
    credentials: options.credentials ?? ChannelCredentials.createInsecure(),
    serverName: options.serverName,
    metadata: options.metadata ?? {},
    traceparent: options.traceparent ?? (() => undefined),
  };
}

function within(name: string, value: number, [least, most]: readonly [number, number]): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
}
