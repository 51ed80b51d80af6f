import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EnvelopeSchema } from '../../gen/florin/events/v1/envelopes_pb.ts';
import { allLeaving, journalled, sourceOf } from '../../test/support/leaving.ts';
import { NOON_US } from '../../test/support/ledger.ts';
import { paymentStory } from '../../test/support/paymentStory.ts';
import {
  type ReadModelDatabase,
  readModelDatabase,
  realClock,
  realTimers,
} from '../../test/support/projecting.ts';
import { ScriptedPayments } from '../../test/support/scriptedPayments.ts';
import type { Leaving } from './envelopes/encoder.ts';
import { type FollowRequest, type FollowedPart, JournalFeed } from './feed.ts';

const SHARD = 5;
const OTHER = 6;

let db: ReadModelDatabase;
let own: ReturnType<typeof sourceOf>;
let feed: JournalFeed;
let all: Leaving[];

beforeAll(async () => {
  db = await readModelDatabase();
  await journalled(db, paymentStory(SHARD).shard.blocks);
  own = sourceOf(db);
  feed = new JournalFeed({ source: own.source, clock: realClock, timers: realTimers });
  all = await allLeaving(own.source, SHARD, { NOTIFICATION: { after: 0, previous: 0 } });
});
afterAll(async () => {
  await own.close();
  await db.drop();
});

class Enough extends Error {}

/** What comes until it is enough. */
async function followed(
  more: Partial<FollowRequest>,
  isEnough: (parts: readonly FollowedPart[]) => boolean,
): Promise<FollowedPart[]> {
  const stop = new AbortController();
  const parts: FollowedPart[] = [];
  const wanted = { stream: 'NOTIFICATION', books: null, shards: null, after: new Map(), ...more } as const;
  const request = { onlyNew: false, heartbeatMs: 50, ...wanted };
  await expect(async () => {
    for await (const part of feed.follow(request, stop.signal)) {
      parts.push(part);
      if (isEnough(parts)) stop.abort(new Enough());
    }
  }).rejects.toThrow(Enough);
  return parts;
}

const idsOf = (parts: readonly FollowedPart[]): string[] =>
  parts.flatMap(({ envelopes }) => envelopes.map((bytes) => fromBinary(EnvelopeSchema, bytes).id));
const isQuiet = (parts: readonly FollowedPart[]): boolean => parts.at(-1)!.envelopes.length === 0;

test('comes from the first event on, the same envelopes as for the bus, then a sign of life', async () => {
  const parts = await followed({}, isQuiet);
  expect(parts.flatMap(({ envelopes }) => envelopes)).toEqual(all.map(({ bytes }) => bytes));
  const [{ seq }] = await own.source.marks();
  expect(parts.at(-1)).toEqual({ envelopes: [], positions: [[SHARD, seq]] });
});

test('comes from any place on, and says truly what was before', async () => {
  for (const after of [all[3].seq, all[3].seq + 1]) {
    const rest = all.filter(({ seq }) => seq > after);
    const parts = await followed({ after: new Map([[SHARD, after]]) }, isQuiet);
    expect(parts.flatMap(({ envelopes }) => envelopes)).toEqual(rest.map(({ bytes }) => bytes));
  }
});

test('says nothing of other books, and how far it is all the same', async () => {
  const parts = await followed({ books: new Set(['another']), shards: new Set([SHARD]) }, isQuiet);
  expect(idsOf(parts)).toEqual([]);
  const [{ seq }] = await own.source.marks();
  expect(parts.at(-1)?.positions).toEqual([[SHARD, seq]]);
  expect(idsOf(await followed({ shards: new Set([OTHER]) }, isQuiet))).toEqual([]);
});

test('brings what is new, and only that where only that is wanted', async () => {
  const more = new ScriptedPayments(OTHER, NOON_US, 7);
  more.merchant();
  more.seal();
  let isCommitted = false;
  const parts = await followed({ onlyNew: true }, (so) => {
    if (!isCommitted) void journalled(db, more.blocks);
    isCommitted = true;
    return so.at(-1)!.envelopes.length > 0;
  });
  expect(idsOf(parts)).toEqual([`${OTHER}:2`]);
});
