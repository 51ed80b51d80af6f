import { jetstreamManager } from '@nats-io/jetstream';
import type { Clock, Timers } from '../shard/ports.ts';
import { connectNats, type NatsTarget } from './nats/connecting.ts';
import { findStream } from './nats/declaring.ts';
import { cursorOf } from './nats/headers.ts';
import { Publisher } from './nats/publisher.ts';
import type { JournalSource } from './source.ts';
import { STREAM_NAMES, type StreamName, subjectsOfShard } from './streams.ts';

export interface ReplayRange {
  readonly shard: number;
  /** Both inclusive. */
  readonly from: number;
  readonly to: number;
}

export interface ReplayOptions {
  readonly nats: NatsTarget;
  readonly source: JournalSource;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Makes the ids of this replay's messages its own: the server may remember those of before, though it lost them. */
  readonly name: string;
}

/**
 * Publishes a range once more, into streams that are there. Envelopes are those of before, byte by byte, so that whoever
 * has them passes over them. Answers with how many there were.
 */
export async function replay({ shard, from, to }: ReplayRange, options: ReplayOptions): Promise<number> {
  const { source } = options;
  const connection = await connectNats(options.nats, 'florin relay replay');
  let count = 0;
  try {
    const manager = await jetstreamManager(connection);
    const held = new Map<StreamName, number>();
    for (const stream of STREAM_NAMES) {
      if ((await findStream(manager, stream)) === null)
        throw new Error(`there is no stream ${stream}: run "florin relay"`);
      const last = await manager.streams.getMessage(stream, { last_by_subj: subjectsOfShard(stream, shard) });
      held.set(stream, last === null ? 0 : cursorOf(last.header));
    }
    const publisher = new Publisher({ ...options, connection, onStored: () => count++ });
    try {
      const mark = (await source.marks()).find((one) => one.shard === shard);
      if (mark === undefined) return 0;
      const shardSource = source.shard(shard);
      const previous = await Promise.all(
        STREAM_NAMES.map(async (stream) => [stream, await shardSource.lastUpTo(stream, from - 1)] as const),
      );
      const last = new Map(previous);
      for (let at = from - 1; at < to;) {
        const cursors = Object.fromEntries(
          STREAM_NAMES.map((stream) => [stream, { after: at, previous: last.get(stream) ?? 0 }]),
        );
        const part = await shardSource.next(at, mark, cursors);
        if (part === null) break;
        for (const event of part.leaving) {
          if (event.seq > to) break;
          if (publisher.isFull) await publisher.room();
          last.set(event.stream, event.seq);
          publisher.publish(event, {
            messageId: `${event.id}:${options.name}`,
            cursor: held.get(event.stream) ?? 0,
          });
        }
        at = part.seq;
      }
      await publisher.settled();
    } finally {
      publisher.close();
    }
    return count;
  } finally {
    await connection.close();
  }
}
