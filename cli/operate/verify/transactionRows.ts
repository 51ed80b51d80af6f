import {
  COUNTERS,
  Kind,
  POSTING,
  TARGETED,
  TX,
  TX_EXPIRY,
  TX_TARGET,
} from '../../../core/kernel/ledger/layout.ts';
import { isNil, type EventAt } from './events.ts';
import { metadataJson } from './metadataJson.ts';
import type { ShardFold } from './shardFold.ts';
import type { Parts } from './transactionParts.ts';

const JSON_FACTOR = 6;

/** The rows of transactions and postings that the event leads to. */
export function expectTransaction(fold: ShardFold, event: EventAt, parts: Parts): void {
  const { view, at, bytes } = event;
  const { tuple } = fold;
  const first = parts.postingsAt;
  const date = view.getInt32(at + TX.date, true);
  tuple.begin(16, parts.referenceBytes + parts.metadataBytes * JSON_FACTOR + 64);
  tuple.i32(view.getInt32(at + TX.book, true));
  tuple.whole(event.seq);
  if (isNil(view, at + TX.id)) tuple.null();
  else tuple.copy(bytes, at + TX.id, 16);
  tuple.moment(event.blockTimeUs);
  tuple.i16(parts.kind);
  tuple.i16(parts.count);
  tuple.halves(fold.shard, view.getInt32(first + POSTING.debitAccount, true));
  tuple.halves(fold.shard, view.getInt32(first + POSTING.creditAccount, true));
  tuple.i64From(view, first + POSTING.amount);
  if (date === event.day) tuple.null();
  else tuple.date(date);
  if (parts.hasTarget) {
    tuple.i64From(view, parts.targetAt + TX_TARGET.seq);
    tuple.i16(view.getUint16(first + TARGETED.index, true));
    tuple.i64From(view, first + TARGETED.released);
  } else {
    tuple.null();
    tuple.null();
    tuple.null();
  }
  if (parts.hasExpiry) tuple.moment(Number(view.getBigInt64(at + TX.bytes + TX_EXPIRY.atUs, true)));
  else tuple.null();
  if (parts.referenceBytes === 0) tuple.null();
  else tuple.copy(bytes, parts.tailAt, parts.referenceBytes);
  tuple.jsonb(metadataJson(bytes, parts.tailAt + parts.referenceBytes, parts.metadataBytes));
  fold.expected.row('transactions', tuple);
  for (let i = 1, p = first + parts.stride; i < parts.count; i++, p += parts.stride)
    expectPosting(fold, event, parts, i, p);
}

function expectPosting(fold: ShardFold, event: EventAt, parts: Parts, index: number, p: number): void {
  const { view, at } = event;
  const { tuple } = fold;
  tuple.begin(8);
  tuple.i32(view.getInt32(at + TX.book, true));
  tuple.whole(event.seq);
  tuple.i16(index);
  tuple.halves(fold.shard, view.getInt32(p + POSTING.debitAccount, true));
  tuple.halves(fold.shard, view.getInt32(p + POSTING.creditAccount, true));
  tuple.i64From(view, p + POSTING.amount);
  if (parts.hasTarget) {
    tuple.i16(view.getUint16(p + TARGETED.index, true));
    tuple.i64From(view, p + TARGETED.released);
  } else {
    tuple.null();
    tuple.null();
  }
  fold.expected.row('postings', tuple);
}

/** The entry of one side of a posting, from the account's own sums rather than from what the event says of them. */
export function expectEntry(
  fold: ShardFold,
  event: EventAt,
  parts: Parts,
  entry: { index: number; p: number; isDebit: boolean; number: number },
): void {
  const { view } = event;
  const { tuple } = fold;
  const { p, isDebit, number } = entry;
  const counters = p + (isDebit ? POSTING.debitCounters : POSTING.creditCounters);
  const isHold = parts.kind === Kind.pending;
  const date = view.getInt32(event.at + TX.date, true);
  tuple.begin(13);
  tuple.halves(fold.shard, number | 0);
  tuple.whole(fold.accounts.version[number]);
  tuple.whole(event.seq);
  tuple.moment(event.blockTimeUs);
  if (isHold) tuple.halves(0, 0);
  else tuple.i64From(view, p + POSTING.amount);
  tuple.i64From(view, counters + COUNTERS.debitsPosted);
  tuple.i64From(view, counters + COUNTERS.creditsPosted);
  if (isHold) tuple.i64From(view, p + POSTING.amount);
  else if (parts.hasTarget && parts.kind !== Kind.reversal)
    tuple.big(-view.getBigInt64(p + TARGETED.released, true));
  else tuple.null();
  tuple.i64OrNull(view, counters + COUNTERS.debitsPending);
  tuple.i64OrNull(view, counters + COUNTERS.creditsPending);
  if (date === event.day) tuple.null();
  else tuple.date(date);
  tuple.i16(entry.index);
  tuple.i16(isDebit ? 1 : 2);
  fold.expected.row('entries', tuple);
  if (date !== event.day && !isHold)
    expectDisplaced(fold, event, view.getBigInt64(p + POSTING.amount, true), { date, isDebit, number });
}

/** What takes effect on another day than that of its booking moves between the two days of its account. */
function expectDisplaced(
  fold: ShardFold,
  event: EventAt,
  amount: bigint,
  entry: { date: number; isDebit: boolean; number: number },
): void {
  if (amount === 0n) return;
  const { tuple } = fold;
  const day = (date: number, sum: bigint): void => {
    tuple.begin(2);
    tuple.halves(fold.shard, entry.number | 0);
    tuple.date(date);
    fold.expected.sum('displacedDays', tuple, entry.isDebit ? sum : 0n, entry.isDebit ? 0n : sum);
  };
  day(entry.date, amount);
  day(event.day, -amount);
}
