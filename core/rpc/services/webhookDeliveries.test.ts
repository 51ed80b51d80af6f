import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { EventService } from '../../../gen/florin/events/v1/events_pb.ts';
import {
  type AttemptReport,
  LeaseDeliveriesResponseSchema,
  WebhookDeliveryService,
} from '../../../gen/florin/events/v1/webhook_deliveries_pb.ts';
import type { Leased } from '../../deliveries/dispatcher.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { Customer } from '../../kernel/payments/model.ts';
import { toldId } from '../../kernel/payments/told.ts';
import type { ToldEvent } from '../../readmodels/queries/toldEvents.ts';
import { byGrpc } from '../testing/callers.ts';
import { messageBytes } from '../paging/messageBytes.ts';
import { FakeDeliveries, FakeTold } from '../testing/fakeTold.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { leaseDeliveries, logAttempts } = WebhookDeliveryService.method;
const { listEvents } = EventService.method;

let serving: Serving;
let fake: FakeDeliveries;
let told: FakeTold;
beforeAll(async () => {
  serving = await serve({ level: 'debug' });
});
afterAll(() => serving.close());
beforeEach(() => {
  // Their functions are of the new ones.
  fake = new FakeDeliveries();
  told = new FakeTold();
  Object.assign(serving.deliveries, fake);
  Object.assign(serving.told, told);
});

const MERCHANT = '0190a3a0-0000-7000-8000-000000000001' as Uuid;
/** As much as metadata may be. */
const FULL = Object.fromEntries(
  Array.from({ length: 50 }, (_, index) => [`key ${index}`.padEnd(40, 'k'), 'ü'.repeat(500)]),
);

function eventOf(seq: number, metadata: Record<string, string>): ToldEvent {
  const customer: Customer = {
    id: MERCHANT,
    seq,
    book: 1,
    merchant: MERCHANT,
    lastSeq: seq,
    name: 'Mia',
    email: '',
    description: '',
    reference: '',
    metadata,
    createdUs: 1e15,
    version: 1,
  };
  const object = { of: 'customer', customer } as const;
  const what = {
    seq,
    index: 0,
    type: 'customer.updated',
    about: '',
    bookedUs: 1e15,
    commandId: MERCHANT,
    origin: null,
  };
  const whose = { shard: 7, bookNumber: 1, book: 'shop', merchant: MERCHANT };
  return { ...whose, ...what, object, previous: object };
}

function leasedOf(seq: number, metadata: Record<string, string>): Leased {
  const webhookEndpoint = {
    id: MERCHANT,
    number: 1,
    url: 'https://shop.test',
    mode: 'test',
    events: ['*'],
    description: '',
    metadata,
    apiVersion: '2026-11-01',
    state: 'enabled',
    disabledReason: '',
    secretGeneration: 1,
    oldSecretUntilUs: 0,
    createdUs: 1e15,
    version: 4,
  } as const;
  const key = { bookNumber: 1, merchant: MERCHANT, seq, index: 0 };
  const of = { shard: 7, bookNumber: 1, merchant: MERCHANT, endpoint: 1 };
  const delivery = { ...of, key, askedSeq: seq + 3, tries: 2, dueUs: 1e15, webhookEndpoint };
  return { event: eventOf(seq, metadata), delivery };
}

test('deliveries are handed out with the try that each is, and what asked for it', async () => {
  fake.due = [leasedOf(9, {})];
  const { deliveries } = await byGrpc(serving.grpc, leaseDeliveries, { limit: 10 });
  expect(deliveries).toMatchObject([
    { event: { seq: 9n }, webhookEndpoint: { version: 4n }, try: 3, askedSeq: 12n },
  ]);
});

test('no more is handed out than a client receives, and the next one gets the rest', async () => {
  fake.due = Array.from({ length: 100 }, (_, seq) => leasedOf(seq + 1, FULL));
  const seqs: bigint[] = [];
  while (fake.due.length > 0) {
    const answer = await byGrpc(serving.grpc, leaseDeliveries, { limit: 100 });
    const bytes = toBinary(LeaseDeliveriesResponseSchema, create(LeaseDeliveriesResponseSchema, answer));
    expect(bytes.length).toBeLessThan(4 * 1024 * 1024);
    expect(messageBytes(answer.deliveries)).toBeGreaterThan(bytes.length);
    expect(answer.deliveries.length).toBeGreaterThan(0);
    seqs.push(...answer.deliveries.map(({ event }) => event!.seq));
  }
  expect(seqs).toEqual(Array.from({ length: 100 }, (_, seq) => BigInt(seq + 1)));
  expect(fake.leases.length).toBeLessThan(20);
});

test('a page of events ends where it would grow too big, and says that there are more', async () => {
  told.eventDocs = Array.from({ length: 100 }, (_, seq) => eventOf(100 - seq, FULL));
  const page = { book: 'shop', merchantId: MERCHANT, pageSize: 100 };
  const newest = await byGrpc(serving.grpc, listEvents, page);
  expect(newest.hasMore).toBe(true);
  expect(newest.events[0].seq).toBe(100n);
  expect(newest.events.length).toBeLessThan(100);
  const afterEventId = toldId({ shard: 7, seq: 0, index: 0 }, MERCHANT);
  const oldest = await byGrpc(serving.grpc, listEvents, { ...page, afterEventId });
  expect(oldest.events.at(-1)?.seq).toBe(1n);
  expect(oldest.hasMore).toBe(true);
});

const report = (more: object = {}) => ({
  eventId: toldId({ shard: 7, seq: 9, index: 0 }, MERCHANT),
  merchantId: MERCHANT,
  endpointNumber: 1,
  endpointVersion: 4n,
  askedSeq: 12n,
  try: 3,
  startedAt: { seconds: 1_700_000_000n, nanos: 5_000 },
  tookMs: 7,
  status: 200,
  ...more,
});
const log = (more: object) =>
  byGrpc(serving.grpc, logAttempts, {
    book: 'shop',
    id: MERCHANT,
    attempts: [report(more) as unknown as AttemptReport],
  });

test('what came of an attempt is logged as it was told', async () => {
  await log({ retryAfterMs: 9_000n });
  expect(fake.logged).toMatchObject([
    {
      book: 'shop',
      attempts: [
        {
          seq: 9,
          askedSeq: 12,
          endpointVersion: 4,
          try: 3,
          startedUs: 1_700_000_000_000_005,
          retryAfterMs: 9_000,
        },
      ],
    },
  ]);
});

test.each([
  ['asked_seq', { askedSeq: 8n }],
  ['endpoint_version', { endpointVersion: 0n }],
  ['started_at', { startedAt: { seconds: 10n ** 15n, nanos: 0 } }],
  ['started_at', { startedAt: { seconds: -1n, nanos: 0 } }],
  ['status', { status: 999 }],
  ['try', { try: 0 }],
])('a report with a wrong %s is refused', async (field, more) => {
  await expect(log(more)).rejects.toThrow(`attempts[0].${field}`);
  expect(fake.logged).toEqual([]);
});
