import {
  EventType,
  HEADER,
  Kind,
  POSTING,
  State,
  TARGETED,
  TX,
  TX_TARGET,
} from '../../../core/kernel/ledger/layout.ts';
import { uuidText, type EventAt } from './events.ts';
import { trimmedText } from './holds.ts';
import type { ShardFold } from './shardFold.ts';
import { Parts } from './transactionParts.ts';

/** What reversals took back of one transaction, which stands anywhere before: it is looked at in a pass of its own. */
export interface Reversed {
  id: string;
  book: number;
  /** By posting of the original, as the reversals name the accounts: their debit account is its credit account. */
  postings: Map<number, { amount: bigint; debit: number; credit: number }>;
  firstSeq: number;
  lastSeq: number;
  isFound: boolean;
}

export function recordReversal(fold: ShardFold, event: EventAt, parts: Parts): void {
  const { view, at, bytes } = event;
  const targetSeq = Number(view.getBigInt64(parts.targetAt + TX_TARGET.seq, true));
  const id = uuidText(bytes, parts.targetAt + TX_TARGET.id),
    book = view.getUint32(at + TX.book, true);
  let reversed = fold.reversed.get(targetSeq);
  if (reversed === undefined)
    fold.reversed.set(
      targetSeq,
      (reversed = { id, book, postings: new Map(), firstSeq: event.seq, lastSeq: event.seq, isFound: false }),
    );
  reversed.lastSeq = event.seq;
  if (reversed.id !== id || reversed.book !== book)
    fold.tell('I6', event, `names another transaction at seq ${targetSeq} than an earlier reversal`);
  for (let i = 0, p = parts.postingsAt; i < parts.count; i++, p += parts.stride) {
    const index = view.getUint16(p + TARGETED.index, true);
    const amount = view.getBigInt64(p + POSTING.amount, true);
    const debit = view.getUint32(p + POSTING.debitAccount, true),
      credit = view.getUint32(p + POSTING.creditAccount, true);
    const before = reversed.postings.get(index);
    if (before === undefined) reversed.postings.set(index, { amount, debit, credit });
    else if (before.debit === debit && before.credit === credit) before.amount += amount;
    else
      fold.tell(
        'I6',
        event,
        `reverses posting ${index} of seq ${targetSeq} with other accounts than an earlier reversal`,
      );
  }
}

/** The row of transaction_progress of a reversed transaction. */
export function expectReversed(fold: ShardFold, seq: number, reversed: Reversed): void {
  const amounts: bigint[] = [];
  for (const [index, { amount }] of reversed.postings) {
    while (amounts.length <= index) amounts.push(0n);
    amounts[index] = amount;
  }
  const { tuple } = fold;
  tuple.begin(8, amounts.length * 20);
  tuple.i16(fold.shard);
  tuple.whole(seq);
  tuple.i32(reversed.book);
  tuple.i16(State.posted);
  tuple.null();
  tuple.whole(reversed.lastSeq);
  tuple.text('');
  tuple.text(trimmedText(amounts));
  fold.expected.row('progress', tuple);
}

const parts = new Parts();

/** Compares a transaction that was reversed with what was taken back of it. */
export function checkOriginal(fold: ShardFold, event: EventAt): void {
  const reversed = fold.reversed.get(event.seq);
  if (reversed === undefined) return;
  const { view, at, bytes } = event;
  reversed.isFound = true;
  if (view.getUint8(at + HEADER.type) !== EventType.transaction)
    return fold.tell('I6', event, `is no transaction, but seq ${reversed.firstSeq} reverses it`);
  parts.read(event);
  if (parts.kind !== Kind.direct && parts.kind !== Kind.post)
    fold.tell('I6', event, `cannot be reversed, but seq ${reversed.firstSeq} does`);
  if (uuidText(bytes, at + TX.id) !== reversed.id || view.getUint32(at + TX.book, true) !== reversed.book)
    fold.tell('I6', event, `has another id or book than seq ${reversed.firstSeq}, which reverses it, names`);
  if (reversed.firstSeq <= event.seq)
    fold.tell('I6', event, `is reversed by seq ${reversed.firstSeq}, before it`);
  for (const [index, { amount, debit, credit }] of reversed.postings) {
    if (index >= parts.count) {
      fold.tell('I6', event, `has ${parts.count} postings, but posting ${index} is reversed`);
      continue;
    }
    const p = parts.postingsAt + index * parts.stride;
    const original = view.getBigInt64(p + POSTING.amount, true);
    if (amount > original) fold.tell('I6', event, `posting ${index} of ${original} is reversed by ${amount}`);
    if (
      view.getUint32(p + POSTING.debitAccount, true) !== credit ||
      view.getUint32(p + POSTING.creditAccount, true) !== debit
    ) {
      fold.tell('I6', event, `posting ${index} is reversed between other accounts`);
    }
  }
}
