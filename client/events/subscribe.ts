import { setTimeout as wait } from 'node:timers/promises';
import type { Envelope } from '../../gen/florin/events/v1/envelopes_pb.ts';
import type { Inbox } from './inbox.ts';
import { type Gap, Receiver, type Received } from './receiver.ts';
import type { StreamName } from './streams.ts';

/** Between two tries, after a fault: doubled as long as nothing comes. */
const BACK_OFF_MS_MIN = 100;
const BACK_OFF_MS_MAX = 5_000;

/** Where events come from: `overRpc` or `overNats`. */
export interface EventSource {
  /** Hands on what comes until the signal aborts; throws at a fault. */
  run(delivery: Delivery): Promise<void>;
}

export interface Delivery {
  readonly stream: StreamName;
  /** By shard the last event that was handled. */
  readonly places: ReadonlyMap<number, number>;
  readonly signal: AbortSignal;
  /** Throws what its handler throws. */
  readonly receive: (envelope: Envelope) => Promise<Received>;
  /** For a source that brings an event again by itself: tells of the fault; answers when to try again, milliseconds. */
  readonly failed: (error: Error) => number;
}

export interface SubscribeOptions {
  readonly from: EventSource;
  readonly stream: StreamName;
  readonly inbox: Inbox;
  /** Handles one event at a time. What it throws brings the event again, for ever. */
  readonly handle: (envelope: Envelope) => Promise<void> | void;
  /** A shard of which nothing was handled yet begins with its first event (default), or with whatever comes first. */
  readonly joins?: 'beginning' | 'anywhere';
  /** Something is missing: what follows it waits. Told once a gap. */
  readonly onGap?: (gap: Gap) => void;
  /** A fault, after which it is tried again in so many milliseconds. */
  readonly onFailed?: (error: Error, retryMs: number) => void;
}

export interface Subscription {
  /** Lets the event under way be handled. */
  stop(): Promise<void>;
}

/**
 * Follows a stream until it is stopped: each event is handled once per inbox, those of a shard in their order. Faults of
 * whatever kind are followed by another try.
 */
export function subscribe({
  from,
  stream,
  inbox,
  handle,
  joins = 'beginning',
  onGap = () => undefined,
  onFailed = () => undefined,
}: SubscribeOptions): Subscription {
  const stopping = new AbortController();
  const { signal } = stopping;
  const receiver = new Receiver({ stream, inbox, handle, joins, onGap });
  const follow = async (): Promise<void> => {
    let waitMs = BACK_OFF_MS_MIN;
    const failed = (error: Error): number => {
      const retryMs = waitMs;
      onFailed(error, retryMs);
      waitMs = Math.min(BACK_OFF_MS_MAX, waitMs * 2);
      return retryMs;
    };
    while (!signal.aborted) {
      try {
        const places = await receiver.begin();
        const receive = async (envelope: Envelope): Promise<Received> => {
          const received = await receiver.receive(envelope);
          if (received === 'handled') waitMs = BACK_OFF_MS_MIN;
          return received;
        };
        await from.run({ stream, places, signal, receive, failed });
      } catch (error) {
        if (signal.aborted) return;
        await wait(failed(error as Error), undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const over = follow();
  return {
    stop: () => {
      stopping.abort();
      return over;
    },
  };
}
