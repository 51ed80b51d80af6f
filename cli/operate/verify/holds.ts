import {
  Flag,
  HEADER,
  Kind,
  POSTING,
  State,
  TARGETED,
  TX,
  TX_EXPIRY,
  TX_TARGET,
} from '../../../core/kernel/ledger/layout.ts';
import type { EventAt } from './events.ts';
import type { ShardFold } from './shardFold.ts';
import type { Parts } from './transactionParts.ts';

/** An open hold: what is held on each posting, and what of it was posted so far. */
export interface Hold {
  id: Buffer;
  book: number;
  expiresAtUs: number | null;
  debit: Uint32Array;
  credit: Uint32Array;
  amount: bigint[];
  posted: bigint[];
  lastSeq: number;
}

/** Remembers a pending transaction. */
export function beginHold(fold: ShardFold, event: EventAt, parts: Parts): void {
  const { view, at, bytes } = event;
  const hold: Hold = {
    id: Buffer.from(bytes.subarray(at + TX.id, at + TX.id + 16)),
    book: view.getUint32(at + TX.book, true),
    expiresAtUs: parts.hasExpiry ? Number(view.getBigInt64(at + TX.bytes + TX_EXPIRY.atUs, true)) : null,
    debit: new Uint32Array(parts.count),
    credit: new Uint32Array(parts.count),
    amount: [],
    posted: [],
    lastSeq: event.seq,
  };
  for (let i = 0, p = parts.postingsAt; i < parts.count; i++, p += parts.stride) {
    hold.debit[i] = view.getUint32(p + POSTING.debitAccount, true);
    hold.credit[i] = view.getUint32(p + POSTING.creditAccount, true);
    hold.amount.push(view.getBigInt64(p + POSTING.amount, true));
    hold.posted.push(0n);
  }
  fold.holds.set(event.seq, hold);
}

/** A post, void or expiry: at most what is held, on the hold's own accounts, once, in time. */
export function resolveHold(fold: ShardFold, event: EventAt, parts: Parts): void {
  const { view, at, bytes } = event;
  const targetSeq = Number(view.getBigInt64(parts.targetAt + TX_TARGET.seq, true));
  const hold = fold.holds.get(targetSeq);
  if (hold === undefined)
    return fold.tell('I6', event, `acts on the hold of seq ${targetSeq}, which is not open`);
  if (Buffer.compare(hold.id, bytes.subarray(parts.targetAt, parts.targetAt + 16)) !== 0)
    fold.tell('I6', event, `names another id than that of the hold of seq ${targetSeq}`);
  if (hold.book !== view.getUint32(at + TX.book, true))
    fold.tell('I6', event, `is of another book than the hold of seq ${targetSeq}`);
  const isDue = hold.expiresAtUs !== null && event.blockTimeUs >= hold.expiresAtUs;
  if (isDue !== (parts.kind === Kind.expiry))
    fold.tell(
      'I6',
      event,
      `${isDue ? 'comes after' : 'comes before'} the expiry of the hold of seq ${targetSeq}`,
    );
  const open = hold.amount.map((amount, i) => amount - hold.posted[i]);
  const keepOpen = (view.getUint16(at + HEADER.flags, true) & Flag.keepOpen) !== 0;
  const closes = parts.state !== State.pending;
  for (let i = 0, p = parts.postingsAt; i < parts.count; i++, p += parts.stride) {
    const index = view.getUint16(p + TARGETED.index, true);
    const amount = view.getBigInt64(p + POSTING.amount, true),
      released = view.getBigInt64(p + TARGETED.released, true);
    if (index >= open.length)
      return fold.tell(
        'I6',
        event,
        `acts on posting ${index} of the hold of seq ${targetSeq}, which has ${open.length}`,
      );
    if (
      view.getUint32(p + POSTING.debitAccount, true) !== hold.debit[index] ||
      view.getUint32(p + POSTING.creditAccount, true) !== hold.credit[index]
    ) {
      fold.tell('I6', event, `posting ${index} has other accounts than the hold of seq ${targetSeq}`);
    }
    const held = open[index];
    if (amount > held || released !== (closes ? held : amount) || released === 0n) {
      fold.tell(
        'I6',
        event,
        `posts ${amount} and releases ${released} on posting ${index} of the hold of seq ${targetSeq}, of which ${held} is held`,
      );
    }
    if (parts.kind === Kind.post) hold.posted[index] += amount;
    open[index] -= released;
  }
  hold.lastSeq = event.seq;
  const rest = open.some((amount) => amount !== 0n);
  if (closes === rest || (closes && keepOpen && leaves(hold)))
    fold.tell(
      'I6',
      event,
      `says that the hold of seq ${targetSeq} is ${closes ? 'closed' : 'open'}, which it is not`,
    );
  if (!closes) return;
  expectProgress(fold, targetSeq, hold, parts.state);
  fold.holds.delete(targetSeq);
}

/** Whether something of the hold was released rather than posted. */
function leaves(hold: Hold): boolean {
  return hold.amount.some((amount, i) => amount !== hold.posted[i]);
}

/** The row of transaction_progress. */
export function expectProgress(fold: ShardFold, seq: number, hold: Hold, state: number): void {
  const { tuple } = fold;
  tuple.begin(8, hold.posted.length * 20);
  tuple.i16(fold.shard);
  tuple.whole(seq);
  tuple.i32(hold.book);
  tuple.i16(state);
  if (hold.expiresAtUs === null) tuple.null();
  else tuple.whole(hold.expiresAtUs);
  tuple.whole(hold.lastSeq);
  tuple.text(trimmedText(hold.posted));
  tuple.text('');
  fold.expected.row('progress', tuple);
}

/** As `trimmed` in tables.ts selects an array: without the zeros at its end. */
export function trimmedText(amounts: readonly bigint[]): string {
  let length = amounts.length;
  while (length > 0 && amounts[length - 1] === 0n) length--;
  return amounts.slice(0, length).join(',');
}
