import { Flag, Kind, POSTING, TARGETED, TX, TX_TARGET } from '../../kernel/ledger/layout.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import { type EventCursor, parts, wholeAt } from '../projection/cursor.ts';
import type { ProgressRow, Sealer } from '../sealing/seals.ts';

export const progressColumns = 'shard, seq, book_no, state, expires_at_us, last_seq, seal, posted, reversed';

const FIXED_BYTES = 9 * 4 + 6 * 8 + 2 * 20;
const SHARDS = 128;

/** What a batch does to the progress of one transaction: the sums are added to what the row holds. */
export interface ProgressDraft {
  shard: number;
  seq: number;
  book: number;
  state: number;
  lastSeq: number;
  /** The pending transaction itself is in this batch: there is no row yet. */
  isNew: boolean;
  /** Of a new one; null for never. */
  expiresAtUs: number | null;
  posted: bigint[];
  reversed: bigint[];
}

/** Takes what a pending transaction, or one that acts on another, means for the table. */
export function trackProgress(drafts: Map<number, ProgressDraft>, cursor: EventCursor): void {
  const kind = cursor.u8(TX.kind);
  if (kind === Kind.direct) return;
  if (kind === Kind.pending) begin(drafts, cursor);
  else advance(drafts, cursor, kind);
}

function begin(drafts: Map<number, ProgressDraft>, cursor: EventCursor): void {
  const flags = cursor.flags;
  drafts.set(keyOf(cursor.shard, cursor.seq), {
    shard: cursor.shard,
    seq: cursor.seq,
    book: cursor.i32(TX.book),
    state: cursor.u8(TX.state),
    lastSeq: cursor.seq,
    isNew: true,
    expiresAtUs: (flags & Flag.hasExpiry) === 0 ? null : wholeAt(cursor.view, parts.expiry(cursor)),
    posted: Array.from({ length: cursor.u16(TX.postings) }, () => 0n),
    reversed: [],
  });
}

function advance(drafts: Map<number, ProgressDraft>, cursor: EventCursor, kind: number): void {
  const { view } = cursor;
  const flags = cursor.flags;
  const targetSeq = wholeAt(view, parts.target(cursor, flags) + TX_TARGET.seq);
  const key = keyOf(cursor.shard, targetSeq);
  let draft = drafts.get(key);
  if (draft === undefined) {
    draft = {
      shard: cursor.shard,
      seq: targetSeq,
      book: cursor.i32(TX.book),
      state: 0,
      lastSeq: 0,
      isNew: false,
      expiresAtUs: null,
      posted: [],
      reversed: [],
    };
    drafts.set(key, draft);
  }
  draft.state = cursor.u8(TX.state);
  draft.lastSeq = cursor.seq;
  if (kind !== Kind.post && kind !== Kind.reversal) return;
  const sums = kind === Kind.post ? draft.posted : draft.reversed;
  const first = parts.postings(cursor, flags);
  for (let posting = 0; posting < cursor.u16(TX.postings); posting++) {
    const at = first + posting * TARGETED.bytes;
    addAt(sums, view.getUint16(at + TARGETED.index, true), view.getBigInt64(at + POSTING.amount, true));
  }
}

/** Adds to one element of a list that may be shorter; what is absent is zero. */
export function addAt(sums: bigint[], index: number, amount: bigint): void {
  while (sums.length <= index) sums.push(0n);
  sums[index] += amount;
}

/** The rows of the pending transactions that begin in this batch. */
export function writeProgress(rows: RowBuffer, row: ProgressRow, sealer: Sealer): void {
  rows.row(9, FIXED_BYTES + (row.posted.length + row.reversed.length) * 12);
  rows.i16(row.shard);
  rows.whole(row.seq);
  rows.i32(row.book);
  rows.i16(row.state);
  rows.bigOrNull(row.expiresAtUs);
  rows.whole(row.lastSeq);
  rows.big(sealer.progressSeal(row));
  rows.bigArray(row.posted);
  rows.bigArray(row.reversed);
}

/** The row that a draft makes of what the table holds. */
export function mergeProgress(
  draft: ProgressDraft,
  before: Pick<ProgressRow, 'expiresAtUs' | 'posted' | 'reversed'> | undefined,
): ProgressRow {
  const posted = [...(before?.posted ?? [])];
  const reversed = [...(before?.reversed ?? [])];
  for (const [index, amount] of draft.posted.entries()) addAt(posted, index, amount);
  for (const [index, amount] of draft.reversed.entries()) addAt(reversed, index, amount);
  const ownExpiry = draft.expiresAtUs === null ? null : BigInt(draft.expiresAtUs);
  return {
    shard: draft.shard,
    seq: draft.seq,
    book: draft.book,
    state: draft.state,
    lastSeq: draft.lastSeq,
    expiresAtUs: before === undefined ? ownExpiry : before.expiresAtUs,
    posted,
    reversed,
  };
}

/** Shards are at most 65; a sequence number is exact in here up to 2^46. */
function keyOf(shard: number, seq: number): number {
  if (seq >= 2 ** 46) throw new Error(`sequence number ${seq} is beyond what the projector counts`);
  return seq * SHARDS + shard;
}
