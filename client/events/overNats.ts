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

/** From NATS JetStream, by a durable consumer that is made where it is missing. */
export function overNats({ connection, durable }: NatsEventsOptions): EventSource {
  return {
    run: async (delivery) => {
      const nats = await connect({ timeout: CONNECT_MS, ...connection, reconnect: false });
      try {
        const manager = await jetstreamManager(nats);
        const consumer = await declareConsumer(manager, { stream: delivery.stream, durable });
        const closed = nats.closed().then((error) => {
          throw error ?? new Error('the connection to NATS has ended');
        });
        await Promise.race([take(manager, consumer, delivery), closed]);
        await nats.flush();
      } finally {
        await nats.close();
      }
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
