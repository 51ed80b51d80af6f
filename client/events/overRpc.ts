import type { Florin } from '../florin.ts';
import type { EventSource } from './subscribe.ts';
import { EVENT_STREAMS } from './streams.ts';

export interface RpcEventsOptions {
  readonly florin: Pick<Florin, 'eventStreams'>;
  /** How often the core says that it lives, milliseconds. Default 5,000; 100 to 60,000. */
  readonly heartbeatMs?: number;
}

/** A stream is opened anew before its deadline, the longest that there is. */
const STREAM_MS = 3_600_000;
/** Without any sign of life for so many heartbeats the connection counts as dead. */
const HEARTBEATS_MISSED = 4;

/** From the core itself, by gRPC: wherever it is, with nothing between. */
export function overRpc({ florin, heartbeatMs = 5_000 }: RpcEventsOptions): EventSource {
  /** By shard what the core has read: behind the last event it may be far on. */
  const read = new Map<number, bigint>();
  return {
    run: async ({ stream, places, signal, receive }) => {
      const silence = new AbortController();
      const timer = setTimeout(() => silence.abort(), heartbeatMs * HEARTBEATS_MISSED);
      const after = [...new Set([...places.keys(), ...read.keys()])].map((shard) => {
        const [handled, known] = [BigInt(places.get(shard) ?? 0), read.get(shard) ?? 0n];
        return { shard, seq: known > handled ? known : handled };
      });
      const answers = florin.eventStreams.subscribe(
        { stream: EVENT_STREAMS[stream], after, heartbeatMs },
        { timeoutMs: STREAM_MS, signal: AbortSignal.any([signal, silence.signal]) },
      );
      try {
        for await (const { envelopes, positions } of answers) {
          for (const envelope of envelopes) {
            if (signal.aborted) return;
            const received = await receive(envelope);
            timer.refresh();
            if (received !== 'early') continue;
            read.clear();
            throw new Error(`the event before ${envelope.id} is missing`);
          }
          for (const { shard, seq } of positions) read.set(shard, seq);
          timer.refresh();
        }
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
