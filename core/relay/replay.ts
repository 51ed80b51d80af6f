import { type JetStreamManager, type StreamInfo, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ProjectedMark } from '../readmodels/queries/leaving.ts';
import type { Clock, Timers } from '../shard/ports.ts';
import { connectNats, type NatsTarget } from './nats/connecting.ts';
import { findStream } from './nats/declaring.ts';
import { lastOf } from './nats/holding.ts';
import { Publisher } from './nats/publisher.ts';
import type { JournalSource } from './source.ts';
import { STREAM_NAMES, type StreamName } from './streams.ts';

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

/** A stream of the bus as it was when the replay began. */
interface Target {
  readonly created: string;
  /** Where in it the last event of the shard is. */
  readonly behind: number;
}

/**
 * Publishes exactly that range once more, into streams that are there, also beside relays. Envelopes are those of before,
 * byte by byte, so that whoever has them passes over them. Answers with how many there were; rejects where the journal
 * does not reach that far yet, or a stream was made anew meanwhile.
 */
export async function replay(range: ReplayRange, options: ReplayOptions): Promise<number> {
  const { source, nats } = options;
  const mark = (await source.marks()).find((one) => one.shard === range.shard);
  if (mark === undefined || mark.seq < range.to)
    throw new Error(`shard ${range.shard} has no event ${range.to} yet: its last one is ${mark?.seq ?? 0}`);
  const connection = await connectNats(nats, 'florin relay replay');
  try {
    const manager = await jetstreamManager(connection);
    const targets = new Map<StreamName, Target>();
    for (const stream of STREAM_NAMES) {
      const { created } = await streamThere(manager, stream);
      const held = await lastOf(manager, stream, range.shard);
      targets.set(stream, { created, behind: held?.streamSeq ?? 0 });
    }
    const count = await publishRange(range, { ...options, mark, targets, connection });
    for (const [stream, { created }] of targets)
      if ((await streamThere(manager, stream)).created !== created)
        throw new Error(`the stream ${stream} was made anew meanwhile: run it again`);
    return count;
  } finally {
    await connection.close();
  }
}

async function streamThere(manager: JetStreamManager, stream: StreamName): Promise<StreamInfo> {
  const found = await findStream(manager, stream);
  if (found === null) throw new Error(`there is no stream ${stream}: run "florin relay"`);
  return found;
}

async function publishRange(
  { shard, from, to }: ReplayRange,
  options: ReplayOptions & {
    mark: ProjectedMark;
    targets: ReadonlyMap<StreamName, Target>;
    connection: NatsConnection;
  },
): Promise<number> {
  const { mark, targets, name } = options;
  let count = 0;
  const publisher = new Publisher({ ...options, onStored: () => count++ });
  try {
    const source = options.source.shard(shard);
    const last = new Map<StreamName, number>();
    for (const stream of STREAM_NAMES) last.set(stream, await source.lastUpTo(stream, from - 1));
    for (let at = from - 1; at < to;) {
      const cursors = Object.fromEntries(
        STREAM_NAMES.map((stream) => [stream, { after: at, previous: last.get(stream) ?? 0 }]),
      );
      const part = await source.next(at, mark, cursors);
      if (part === null) break;
      for (const event of part.leaving) {
        if (event.seq > to) break;
        if (publisher.isFull) await publisher.room();
        last.set(event.stream, event.seq);
        publisher.publish(event, {
          messageId: `${event.id}:${name}`,
          behind: targets.get(event.stream)!.behind,
        });
      }
      at = part.seq;
    }
    await publisher.settled();
    return count;
  } finally {
    publisher.close();
  }
}
