import {
  ACCOUNT_CHANGED,
  ACCOUNT_CLOSED,
  ACCOUNT_OPENED,
  Flag,
  HEADER,
  LIMIT_ORDER,
  Op,
  REFUSED,
} from '../../../core/kernel/ledger/layout.ts';
import { REFUSALS } from '../../../core/kernel/ledger/refusals.ts';
import { CREDITS, CREDITS_HELD, DEBITS, DEBITS_HELD, Mark, passedLimit } from './accountColumns.ts';
import { checkLength, isNil, type EventAt } from './events.ts';
import { metadataJson } from './metadataJson.ts';
import type { ShardFold } from './shardFold.ts';

/** jsonb text is at most this much longer than metadata: a control character becomes six. */
const JSON_FACTOR = 6;
const reasons = new Set<number>(
  Object.values(REFUSALS)
    .filter((entry) => entry.origin === 'kernel')
    .map((entry) => entry.number),
);
const ops = new Set<number>(Object.values(Op));

export function foldAccountOpened(fold: ShardFold, event: EventAt): void {
  const { view, at, bytes } = event;
  const codeBytes = view.getUint8(at + ACCOUNT_OPENED.codeBytes),
    assetBytes = view.getUint8(at + ACCOUNT_OPENED.assetBytes);
  const metadataBytes = view.getUint16(at + ACCOUNT_OPENED.metadataBytes, true);
  const tail = at + ACCOUNT_OPENED.bytes;
  checkLength(event, ACCOUNT_OPENED.bytes + codeBytes + assetBytes + metadataBytes);
  const book = view.getUint32(at + ACCOUNT_OPENED.book, true),
    number = view.getUint32(at + ACCOUNT_OPENED.account, true);
  const { accounts } = fold;
  if (number !== accounts.last + 1)
    fold.tell('I4', event, `account ${number} is opened where ${accounts.last + 1} is next`);
  if (!fold.books.has(book))
    fold.tell('I14', event, `account ${number} is opened in book ${book}, which this shard has not adopted`);
  const side = view.getUint8(at + ACCOUNT_OPENED.normalSide);
  if (side !== 1 && side !== 2) fold.tell('I14', event, `account ${number} has the normal side ${side}`);
  accounts.open(number);
  accounts.book[number] = book;
  accounts.asset[number] = fold.assetNumber(
    bytes.toString('utf8', tail + codeBytes, tail + codeBytes + assetBytes),
  );
  accounts.lastSeq[number] = event.seq;
  if (side === 2) accounts.marks[number] |= Mark.creditNormal;
  setLimits(fold, event, number, at + ACCOUNT_OPENED.limits, view.getUint8(at + ACCOUNT_OPENED.limitMask));
  setMetadata(fold, event, number, tail + codeBytes + assetBytes, metadataBytes);
  fold.payments.opened(number, bytes.toString('latin1', tail, tail + codeBytes));
  fold.spend(event, book, at + ACCOUNT_OPENED.id);
  expectAccount(fold, event);
  expectOpeningLimits(fold, event, number);
}

function expectAccount(fold: ShardFold, event: EventAt): void {
  const { view, at, bytes } = event;
  const { tuple } = fold;
  const codeBytes = view.getUint8(at + ACCOUNT_OPENED.codeBytes);
  const assetBytes = view.getUint8(at + ACCOUNT_OPENED.assetBytes);
  const tail = at + ACCOUNT_OPENED.bytes;
  tuple.begin(8, codeBytes + assetBytes);
  tuple.halves(fold.shard, view.getInt32(at + ACCOUNT_OPENED.account, true));
  tuple.whole(event.seq);
  tuple.copy(bytes, at + ACCOUNT_OPENED.id, 16);
  tuple.moment(event.blockTimeUs);
  tuple.i32(view.getInt32(at + ACCOUNT_OPENED.book, true));
  tuple.i16(view.getUint8(at + ACCOUNT_OPENED.normalSide));
  tuple.copy(bytes, tail + codeBytes, assetBytes);
  tuple.copy(bytes, tail, codeBytes);
  fold.expected.row('accounts', tuple);
}

/** Limits that an account is opened with begin their history. */
function expectOpeningLimits(fold: ShardFold, event: EventAt, number: number): void {
  const { view, at } = event;
  const { tuple } = fold;
  const mask = view.getUint8(at + ACCOUNT_OPENED.limitMask);
  if (mask === 0) return;
  beginChange(fold, event, number, { id: at + ACCOUNT_OPENED.id, room: 0 });
  expectLimits(fold, event, { mask, at: at + ACCOUNT_OPENED.limits });
  tuple.i32(view.getInt32(at + ACCOUNT_OPENED.book, true));
  tuple.boolean(true);
  tuple.boolean(false);
  tuple.boolean(false);
  tuple.boolean(true);
  tuple.null();
  fold.expected.row('changes', tuple);
}

function expectLimits(fold: ShardFold, { view }: EventAt, limits: { mask: number; at: number }): void {
  for (let i = 0; i < 4; i++) {
    if ((limits.mask & (1 << i)) !== 0) fold.tuple.i64From(view, limits.at + i * 8);
    else fold.tuple.null();
  }
}

export function foldAccountChanged(fold: ShardFold, event: EventAt): void {
  const { view, at } = event;
  const metadataBytes = view.getUint16(at + ACCOUNT_CHANGED.metadataBytes, true);
  checkLength(event, ACCOUNT_CHANGED.bytes + metadataBytes);
  const flags = view.getUint16(at + HEADER.flags, true);
  const setsLimits = (flags & Flag.setLimits) !== 0,
    setsMetadata = (flags & Flag.setMetadata) !== 0;
  const number = view.getUint32(at + ACCOUNT_CHANGED.account, true);
  const mask = view.getUint8(at + ACCOUNT_CHANGED.limitMask);
  if (isOpen(fold, event, number)) {
    if (setsLimits) setLimits(fold, event, number, at + ACCOUNT_CHANGED.limits, mask);
    if (setsMetadata) setMetadata(fold, event, number, at + ACCOUNT_CHANGED.bytes, metadataBytes);
  }
  const book = view.getUint32(at + ACCOUNT_CHANGED.book, true);
  fold.spend(event, book, at + ACCOUNT_CHANGED.id);
  const { tuple } = fold;
  beginChange(fold, event, number, { id: at + ACCOUNT_CHANGED.id, room: metadataBytes * JSON_FACTOR + 64 });
  expectLimits(fold, event, { mask: setsLimits ? mask : 0, at: at + ACCOUNT_CHANGED.limits });
  tuple.i32(book);
  tuple.boolean(setsLimits);
  tuple.boolean(setsMetadata);
  tuple.boolean(false);
  tuple.boolean(false);
  tuple.jsonb(metadataJson(event.bytes, at + ACCOUNT_CHANGED.bytes, metadataBytes));
  fold.expected.row('changes', tuple);
}

export function foldAccountClosed(fold: ShardFold, event: EventAt): void {
  const { view, at } = event;
  checkLength(event, ACCOUNT_CLOSED.bytes);
  const number = view.getUint32(at + ACCOUNT_CLOSED.account, true);
  if (isOpen(fold, event, number)) {
    const { accounts } = fold;
    const { counters } = accounts;
    const slot = number * 4;
    if (
      counters[slot + DEBITS] !== counters[slot + CREDITS] ||
      counters[slot + DEBITS_HELD] !== 0n ||
      counters[slot + CREDITS_HELD] !== 0n
    ) {
      fold.tell('I5', event, `account ${number} is closed while it holds something`);
    }
    accounts.marks[number] |= Mark.closed;
    accounts.closedUs.set(number, event.blockTimeUs);
  }
  const book = view.getUint32(at + ACCOUNT_CLOSED.book, true);
  fold.spend(event, book, at + ACCOUNT_CLOSED.id);
  const { tuple } = fold;
  beginChange(fold, event, number, { id: at + ACCOUNT_CLOSED.id, room: 0 });
  for (let i = 0; i < 4; i++) tuple.null();
  tuple.i32(book);
  tuple.boolean(false);
  tuple.boolean(false);
  tuple.boolean(true);
  tuple.boolean(false);
  tuple.null();
  fold.expected.row('changes', tuple);
}

export function foldRefused(fold: ShardFold, event: EventAt): void {
  const { view, at, bytes } = event;
  const bodyBytes = view.getUint32(at + REFUSED.bodyBytes, true),
    fieldBytes = view.getUint16(at + REFUSED.fieldBytes, true);
  checkLength(event, REFUSED.bytes + bodyBytes + fieldBytes);
  const book = view.getUint32(at + REFUSED.book, true),
    reason = view.getUint16(at + REFUSED.reason, true),
    op = view.getUint16(at + REFUSED.op, true);
  if (!reasons.has(reason) || !ops.has(op))
    fold.tell('I14', event, `a refusal with the reason ${reason} of the command ${op}`);
  fold.spend(event, book, at + REFUSED.id);
  const { tuple } = fold;
  tuple.begin(10, bodyBytes + fieldBytes);
  tuple.i32(book);
  tuple.copy(bytes, at + REFUSED.id, 16);
  tuple.whole(event.seq);
  tuple.moment(event.blockTimeUs);
  tuple.i16(reason);
  tuple.i16(op);
  const posting = view.getInt16(at + REFUSED.posting, true);
  if (posting < 0) tuple.null();
  else tuple.i16(posting);
  if (isNil(view, at + REFUSED.account)) tuple.null();
  else tuple.copy(bytes, at + REFUSED.account, 16);
  if (fieldBytes === 0) tuple.null();
  else tuple.copy(bytes, at + REFUSED.bytes + bodyBytes, fieldBytes);
  tuple.copy(bytes, at + REFUSED.bytes, bodyBytes);
  fold.expected.row('refusals', tuple);
  tuple.begin(2);
  tuple.i32(book);
  tuple.date(event.day);
  fold.expected.sum('refusalDays', tuple, 1n, 0n);
}

function beginChange(
  fold: ShardFold,
  event: EventAt,
  number: number,
  { id, room }: { id: number; room: number },
): void {
  fold.tuple.begin(14, room);
  fold.tuple.halves(fold.shard, number);
  fold.tuple.whole(event.seq);
  fold.tuple.copy(event.bytes, id, 16);
  fold.tuple.moment(event.blockTimeUs);
}

function isOpen(fold: ShardFold, event: EventAt, number: number): boolean {
  const { accounts } = fold;
  if (accounts.has(number) && (accounts.marks[number] & Mark.closed) === 0) return true;
  fold.tell(
    'I14',
    event,
    `changes account ${number}, which is ${accounts.has(number) ? 'closed' : 'not there'}`,
  );
  return accounts.has(number);
}

function setLimits(fold: ShardFold, event: EventAt, number: number, at: number, mask: number): void {
  const { accounts } = fold;
  accounts.limitMask[number] = mask;
  for (let i = 0; i < 4; i++)
    accounts.limits[number * 4 + i] = (mask & (1 << i)) === 0 ? 0n : event.view.getBigInt64(at + i * 8, true);
  const passed = passedLimit(accounts, number);
  if (passed !== null)
    fold.tell(
      'I5',
      event,
      `the ${LIMIT_ORDER[passed.limit]} set on account ${number} is passed by its balance of ${passed.balance}`,
    );
}

function setMetadata(fold: ShardFold, event: EventAt, number: number, at: number, length: number): void {
  const text = metadataJson(event.bytes, at, length);
  if (text === null) fold.accounts.metadata.delete(number);
  else fold.accounts.metadata.set(number, text);
}
