import { fromBinary } from '@bufbuild/protobuf';
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
  type JsMsg,
  jetstreamManager,
} from '@nats-io/jetstream';
import { type ConnectionOptions, connect, nanos } from '@nats-io/transport-node';
import { EnvelopeSchema } from '../../gen/florin/events/v1/envelopes_pb.ts';
import { monotonicMs } from '../clock.ts';
import type { Received } from './receiver.ts';
import type { Delivery, EventSource } from './subscribe.ts';
import type { StreamName } from './streams.ts';

export interface NatsEventsOptions {
  /** How to connect; that it does not connect again by itself is added. */
  readonly connection: ConnectionOptions;
  /** The name of the durable consumer: one for each inbox. */
  readonly durable: string;
}

/** How long a server may take to accept a connection. */
const CONNECT_MS = 5_000;
/** What was delivered and neither handled nor given back by then is delivered again. */
const ACK_WAIT_MS = 30_000;
/** An event that came early comes again after that. */
const EARLY_MS = 500;
/** Early ones wait on the server: more than a relay has under way when a fault puts them out of order. */
const PENDING_MAX = 65_536;
/** Taken ahead. */
const AHEAD = 512;
/** How often it is looked whether the consumer is still there. */
const LOOK_MS = 1_000;
const CONSUMER_NOT_FOUND = 10_014;
/** A gap that lasts so long may be the consumer's: it was ahead of a stream that has lost its tail and is as long again. */
const GAP_MS_MIN = 5_000;
/** Or nobody can fill it, so that a new consumer helps no more than the one before. */
const GAP_MS_MAX = 600_000;

/** From NATS JetStream, by a durable consumer that is made where it is missing. */
export function overNats({ connection, durable }: NatsEventsOptions): EventSource {
  const gaps = new Gaps();
  return {
    run: async (delivery) => {
      const nats = await connect({ timeout: CONNECT_MS, ...connection, reconnect: false });
      try {
        const manager = await jetstreamManager(nats);
        const consumer = await declareConsumer(manager, { stream: delivery.stream, durable });
        const closed = nats.closed().then((error) => {
          throw error ?? new Error('the connection to NATS has ended');
        });
        await Promise.race([take(manager, consumer, watched(delivery, gaps)), closed]);
        await nats.flush();
      } catch (error) {
        if (error instanceof GapLasts && !nats.isClosed())
          await (await jetstreamManager(nats)).consumers.delete(delivery.stream, durable);
        throw error;
      } finally {
        await nats.close();
      }
    },
  };
}

class GapLasts extends Error {}

/** How long shards have waited for events that are missing. */
class Gaps {
  readonly #since = new Map<number, number>();
  #patienceMs = GAP_MS_MIN;

  note(shard: number, received: Received): void {
    if (received !== 'early') {
      if (received === 'handled' && this.#since.delete(shard)) this.#patienceMs = GAP_MS_MIN;
      return;
    }
    const nowMs = monotonicMs();
    const since = this.#since.get(shard) ?? nowMs;
    this.#since.set(shard, since);
    if (nowMs - since < this.#patienceMs) return;
    for (const one of this.#since.keys()) this.#since.set(one, nowMs);
    this.#patienceMs = Math.min(GAP_MS_MAX, this.#patienceMs * 2);
    throw new GapLasts(`an event of shard ${shard} has not come: the stream is read from its beginning`);
  }
}

function watched(delivery: Delivery, gaps: Gaps): Delivery {
  return {
    ...delivery,
    receive: async (envelope) => {
      const received = await delivery.receive(envelope);
      gaps.note(envelope.shard, received);
      return received;
    },
    failed: (error) => {
      if (error instanceof GapLasts) throw error;
      return delivery.failed(error);
    },
  };
}

/** A stream that is another one, or shorter, than the consumer knew has one made anew: the inbox knows what it has had. */
async function declareConsumer(
  manager: JetStreamManager,
  { stream, durable }: { stream: StreamName; durable: string },
): Promise<ConsumerInfo> {
  const { state } = await manager.streams.info(stream);
  const found = await manager.consumers.info(stream, durable).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === CONSUMER_NOT_FOUND) return null;
    throw error;
  });
  if (found !== null && found.delivered.stream_seq <= state.last_seq) return found;
  if (found !== null) await manager.consumers.delete(stream, durable);
  const config: Partial<ConsumerConfig> = {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    deliver_policy: DeliverPolicy.All,
    max_ack_pending: PENDING_MAX,
  };
  return manager.consumers.add(stream, config);
}

async function take(
  manager: JetStreamManager,
  { stream_name: stream, name, created }: ConsumerInfo,
  delivery: Delivery,
): Promise<void> {
  const { signal } = delivery;
  const consumer = await manager.jetstream().consumers.get(stream, name);
  const messages = await consumer.consume({ max_messages: AHEAD, abort_on_missing_resource: true });
  const look = setInterval(() => {
    manager.consumers.info(stream, name).then(
      (info) => (info.created === created ? undefined : messages.close()),
      () => messages.close(),
    );
  }, LOOK_MS);
  const close = (): void => void messages.close();
  signal.addEventListener('abort', close);
  if (signal.aborted) close();
  try {
    for await (const message of messages) {
      // What was taken ahead is for whoever comes next.
      if (signal.aborted) message.nak();
      else await settle(message, delivery);
    }
    if (!signal.aborted) throw new Error(`the consumer ${name} of ${stream} is gone`);
  } finally {
    signal.removeEventListener('abort', close);
    clearInterval(look);
    await messages.close();
  }
}

/** What cannot be handled comes again, and those that follow it in its shard are early until then; all others go on. */
async function settle(message: JsMsg, { receive, failed }: Delivery): Promise<void> {
  try {
    const received = await receive(fromBinary(EnvelopeSchema, message.data));
    if (received === 'early') message.nak(EARLY_MS);
    else message.ack();
  } catch (error) {
    message.nak(failed(error as Error));
  }
}
