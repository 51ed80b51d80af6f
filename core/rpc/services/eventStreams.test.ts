import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  EventStreamService,
  type SubscribeRequestSchema,
  SubscribeResponseSchema,
  type SubscribeResponse,
} from '../../../gen/florin/events/v1/event_streams_pb.ts';
import { EnvelopeSchema, EventStream } from '../../../gen/florin/events/v1/envelopes_pb.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { pathOf, toldBy } from '../testing/callers.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { subscribe } = EventStreamService.method;
const SETTLEMENT = { stream: EventStream.SETTLEMENT };

let serving: Serving;
beforeEach(async () => {
  serving = await serve();
});
afterEach(() => serving.close());

type Request = MessageInitShape<typeof SubscribeRequestSchema>;

function byGrpc(request: Request) {
  const bytes = Buffer.from(toBinary(subscribe.input, create(subscribe.input, request)));
  return serving.grpc.makeServerStreamRequest(
    pathOf(subscribe),
    (one: Buffer) => one,
    (one: Buffer) => fromBinary(SubscribeResponseSchema, one),
    bytes,
  );
}

/** How a stream ended that is read to its end. */
async function ended(request: Request): Promise<ServiceError> {
  const call = byGrpc(request).resume();
  return new Promise((resolve) => call.once('error', (error) => resolve(error as ServiceError)));
}

const envelope = (id: string, more = {}): Uint8Array =>
  toBinary(EnvelopeSchema, create(EnvelopeSchema, { id, ...more }));

describe('Subscribe', () => {
  test('streams by gRPC and by Connect what the journal has, and where that is', async () => {
    serving.feed.parts = [
      { envelopes: [envelope('3:7'), envelope('3:9')], positions: [[3, 12]] },
      { envelopes: [], positions: [[3, 12]] },
    ];
    const call = byGrpc({ ...SETTLEMENT, after: [{ shard: 3, seq: 6n }], onlyNew: true });
    const parts: SubscribeResponse[] = [];
    for await (const part of call.once('error', () => undefined)) {
      parts.push(part as SubscribeResponse);
      if (parts.length === 2) break;
    }
    call.cancel();
    expect(parts[0].envelopes.map(({ id }) => id)).toEqual(['3:7', '3:9']);
    expect(parts[1]).toMatchObject({ envelopes: [], positions: [{ shard: 3, seq: 12n }] });
    const client = createClient(
      EventStreamService,
      createConnectTransport({
        baseUrl: `http://127.0.0.1:${serving.rpc.connectPort}`,
        httpVersion: '1.1',
      }),
    );
    const leaving = new AbortController();
    for await (const part of client.subscribe(SETTLEMENT, { signal: leaving.signal })) {
      expect(part.envelopes.map(({ id }) => id)).toEqual(['3:7', '3:9']);
      break;
    }
    leaving.abort();
    const plain = { stream: 'SETTLEMENT', books: null, shards: null, heartbeatMs: 5_000 };
    expect(serving.feed.asked).toEqual([
      { ...plain, after: new Map([[3, 6]]), onlyNew: true },
      { ...plain, after: new Map(), onlyNew: false },
    ]);
  });

  test.each<[string, Request]>([
    ['stream', {}],
    ['heartbeat_ms', { ...SETTLEMENT, heartbeatMs: 99 }],
    ['after[0].shard', { ...SETTLEMENT, after: [{ shard: 64 }] }],
    ['after[1].shard', { ...SETTLEMENT, after: [{ shard: 1 }, { shard: 1 }] }],
    ['after[0].seq', { ...SETTLEMENT, after: [{ seq: -1n }] }],
    ['books', { ...SETTLEMENT, books: Array<string>(65).fill('shop') }],
  ])('refuses what is wrong with %s', async (field, request) => {
    const { code, badRequest } = toldBy(await ended(request));
    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(badRequest?.fieldViolations[0].field).toBe(field);
  });

  test('ends when the server drains, and says that it is to be asked again', async () => {
    const end = ended(SETTLEMENT);
    await vi.waitFor(() => expect(serving.feed.asked).toHaveLength(1));
    const stopped = serving.rpc.stop(5_000);
    expect(toldBy(await end)).toMatchObject({ code: status.UNAVAILABLE, info: { reason: 'DRAINING' } });
    await stopped;
  });

  test('are 64 at once, by gRPC and Connect together; one that ends makes room', async () => {
    const client = createClient(
      EventStreamService,
      createConnectTransport({ baseUrl: `http://127.0.0.1:${serving.rpc.connectPort}`, httpVersion: '1.1' }),
    );
    const leaving = new AbortController();
    const byConnect = client.subscribe(SETTLEMENT, { signal: leaving.signal })[Symbol.asyncIterator]().next();
    byConnect.catch(() => undefined);
    const calls = Array.from({ length: 63 }, () => byGrpc(SETTLEMENT).resume());
    for (const call of calls) call.on('error', () => undefined);
    await vi.waitFor(() => expect(serving.feed.asked).toHaveLength(64));
    expect(toldBy(await ended(SETTLEMENT))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      info: { reason: 'EVENT_STREAMS_EXHAUSTED' },
    });
    expect(serving.feed.asked).toHaveLength(64);
    calls.pop()!.cancel();
    // Refused as long as the server does not know that the other one has left.
    let isOpen = false;
    while (!isOpen) {
      const call = byGrpc(SETTLEMENT).resume();
      calls.push(call);
      const refused = new Promise<false>((resolve) => call.on('error', () => resolve(false)));
      const opened = vi.waitFor(() => expect(serving.feed.asked).toHaveLength(65)).then(() => true);
      isOpen = await Promise.race([refused, opened]);
      opened.catch(() => undefined);
    }
    leaving.abort();
    for (const call of calls) call.cancel();
  });

  test('reads no further than its caller takes', async () => {
    const big = envelope('3:7', { subject: 'x'.repeat(500_000) });
    serving.feed.parts = Array.from({ length: 100 }, () => ({ envelopes: [big], positions: [] }));
    const call = byGrpc(SETTLEMENT).once('error', () => undefined);
    // grpc-js holds the sender back only once its caller has begun to read.
    await new Promise((resolve) => call.once('data', resolve));
    call.pause();
    const taken = await settledAt(() => serving.feed.taken);
    expect(taken).toBeLessThan(60);
    call.cancel();
  });
});

test('a caller by Connect learns of a drain too', async () => {
  const client = createClient(
    EventStreamService,
    createConnectTransport({ baseUrl: `http://127.0.0.1:${serving.rpc.connectPort}`, httpVersion: '1.1' }),
  );
  const end = (async () => {
    for await (const _ of client.subscribe(SETTLEMENT)) throw new Error('there was nothing to say');
  })().catch((error: unknown) => ConnectError.from(error));
  await vi.waitFor(() => expect(serving.feed.asked).toHaveLength(1));
  await serving.rpc.stop(5_000);
  expect(await end).toMatchObject({ code: Code.Unavailable });
});

/** A number once it stands still. */
async function settledAt(read: () => number): Promise<number> {
  for (let before = -1; ;) {
    const now = read();
    if (now === before) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
