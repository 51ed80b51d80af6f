import { create, toBinary } from '@bufbuild/protobuf';
import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { EnvelopeSchema } from '../../gen/florin/events/v1/envelopes_pb.ts';
import { type NatsServer, hasNats, startNats } from '../../test/support/nats.ts';
import { MemoryInbox } from './inbox.ts';
import { overNats } from './overNats.ts';
import { subscribe } from './subscribe.ts';

const WAIT = { timeout: 20_000, interval: 50 };

describe.runIf(hasNats())('a consumer of NATS', () => {
  let nats: NatsServer;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats.stop());

  test('that was ahead of a stream which lost its tail and is as long again begins anew', async () => {
    const connection = await nats.connect();
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'NOTIFICATION', subjects: ['florin.v1.payments.>'] });
    for (const seq of [1, 2, 3, 4]) {
      const envelope = create(EnvelopeSchema, {
        id: `5:${seq}`,
        shard: 5,
        seq: BigInt(seq),
        previousSeq: BigInt(seq - 1),
      });
      await manager
        .jetstream()
        .publish('florin.v1.payments.merchant_created.5', toBinary(EnvelopeSchema, envelope));
    }
    // It had been delivered two events that are not the first two any more.
    await manager.consumers.add('NOTIFICATION', {
      durable_name: 'ahead',
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: 3,
    });
    const [handled, failures]: [string[], string[]] = [[], []];
    const subscription = subscribe({
      from: overNats({ connection: { servers: nats.url }, durable: 'ahead' }),
      stream: 'NOTIFICATION',
      inbox: new MemoryInbox(),
      handle: ({ id }) => void handled.push(id),
      onFailed: ({ message }) => failures.push(message),
    });
    await vi.waitFor(() => expect(handled).toEqual(['5:1', '5:2', '5:3', '5:4']), WAIT);
    await subscription.stop();
    expect(failures).toEqual(['an event of shard 5 has not come: the stream is read from its beginning']);
    await connection.close();
  }, 30_000);
});
