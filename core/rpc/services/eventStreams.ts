import { fromBinary } from '@bufbuild/protobuf';
import { EnvelopeSchema, EventStream } from '../../../gen/florin/events/v1/envelopes_pb.ts';
import {
  EventStreamService,
  type StreamPosition,
  type SubscribeRequest,
} from '../../../gen/florin/events/v1/event_streams_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import type { FeedRequest } from '../eventFeed.ts';
import type { Grounds } from './grounds.ts';
import { checkedBook } from './names.ts';

const BOOKS_MAX = 64;
/** At once: each reads the journal and makes its envelopes by itself. */
const STREAMS_MAX = 64;
const DATA_SHARDS = 64;
const HEARTBEAT_MS_DEFAULT = 5_000;
const HEARTBEAT_MS = { min: 100, max: 60_000 };

const STREAMS: Readonly<Partial<Record<EventStream, FeedRequest['stream']>>> = {
  [EventStream.SETTLEMENT]: 'SETTLEMENT',
  [EventStream.NOTIFICATION]: 'NOTIFICATION',
};

export function eventStreamService({ feed, ledger, draining, clock }: Grounds): ServedService {
  let open = 0;
  return serviceOf(EventStreamService, {
    subscribe: async function* (request, call) {
      const asked = wantedOf(request);
      const shards =
        asked.books === null ? null : new Set([...asked.books].map((book) => ledger.locate(book).shard));
      const wanted = { ...asked, shards };
      if (open >= STREAMS_MAX) throw new CallRefused('EVENT_STREAMS_EXHAUSTED');
      open++;
      const beganUs = clock.monotonicUs();
      const ending = new AbortController();
      const end = (): void =>
        ending.abort(call.signal.aborted ? call.signal.reason : new CallRefused('DRAINING'));
      const signals = [call.signal, draining];
      for (const signal of signals) signal.addEventListener('abort', end);
      if (signals.some(({ aborted }) => aborted)) end();
      try {
        for await (const { envelopes, positions } of feed.follow(wanted, ending.signal))
          yield {
            envelopes: envelopes.map((bytes) => fromBinary(EnvelopeSchema, bytes)),
            positions: positions.map(([shard, seq]) => ({ shard, seq: BigInt(seq) })),
          };
      } finally {
        open--;
        for (const signal of signals) signal.removeEventListener('abort', end);
        // It lasts as long as the caller wants: that is not slow.
        call.waitedUs = clock.monotonicUs() - beganUs;
      }
    },
  });
}

function wantedOf({
  stream,
  books,
  after,
  onlyNew,
  heartbeatMs,
}: SubscribeRequest): Omit<FeedRequest, 'shards'> {
  const name = STREAMS[stream];
  if (name === undefined)
    throw new BadField('stream', stream === EventStream.UNSPECIFIED ? 'MISSING_FIELD' : 'INVALID_VALUE');
  if (books.length > BOOKS_MAX) throw new BadField('books', 'TOO_MANY');
  if (heartbeatMs !== 0 && (heartbeatMs < HEARTBEAT_MS.min || heartbeatMs > HEARTBEAT_MS.max))
    throw new BadField(
      'heartbeat_ms',
      'INVALID_VALUE',
      `heartbeat_ms: from ${HEARTBEAT_MS.min} to ${HEARTBEAT_MS.max}.`,
    );
  return {
    stream: name,
    books:
      books.length === 0 ? null : new Set(books.map((book, index) => checkedBook(book, `books[${index}]`))),
    after: placesOf(after),
    onlyNew,
    heartbeatMs: heartbeatMs || HEARTBEAT_MS_DEFAULT,
  };
}

function placesOf(after: readonly StreamPosition[]): Map<number, number> {
  if (after.length > DATA_SHARDS) throw new BadField('after', 'TOO_MANY');
  const places = new Map<number, number>();
  for (const [index, { shard, seq }] of after.entries()) {
    const at = `after[${index}]`;
    if (shard < 0 || shard >= DATA_SHARDS || places.has(shard))
      throw new BadField(`${at}.shard`, 'INVALID_VALUE');
    if (seq < 0n || seq > BigInt(Number.MAX_SAFE_INTEGER)) throw new BadField(`${at}.seq`, 'INVALID_VALUE');
    places.set(shard, Number(seq));
  }
  return places;
}
