import { type AccountTable, PAGE_BITS, PAGE_MASK, RECORD } from './accounts.ts';
import { postingsAt } from './body.ts';
import type { Uuid } from './commands.ts';
import { bytesAt, limitsAt } from './facts.ts';
import {
  ACCOUNT_CHANGED,
  ACCOUNT_CLOSED,
  ACCOUNT_OPENED,
  ASSET_ADOPTED,
  ASSET_CREATED,
  BOOK_ADOPTED,
  BOOK_CREATED,
  COUNTERS,
  EventType,
  Flag,
  HEADER,
  Kind,
  POSTING,
  REFUSED,
  State,
  TARGETED,
  TX,
  TX_EXPIRY,
  TX_TARGET,
} from './layout.ts';
import { dayOf } from './limits.ts';
import { isReserved } from './reserved.ts';
import type { LedgerState, Progress, ProgressPosting } from './state.ts';
import { uuidAt } from './uuid.ts';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Brings the state past one event. It cannot refuse: what an event says has happened. Events carry the counters after
 * them, so a live block and a replayed one leave the same state. Accounts and targets must be resident.
 */
export function apply(state: LedgerState, view: DataView, at: number, blockTimeUs: number): void {
  const seq = state.nextSeq++;
  state.applying = true;
  applyByType(state, view, at, blockTimeUs, seq);
  state.applying = false;
}

function applyByType(state: LedgerState, view: DataView, at: number, blockTimeUs: number, seq: number): void {
  switch (view.getUint8(at + HEADER.type)) {
    case EventType.transaction:
      return applyTransaction(state, view, at, seq);
    case EventType.accountOpened:
      return applyOpened(state, view, at, seq);
    case EventType.accountChanged:
      return applyChanged(state, view, at, seq);
    case EventType.accountClosed:
      return applyClosed(state, view, at, seq);
    case EventType.refused:
      return applyRefused(state, view, at, seq, blockTimeUs);
    case EventType.bookAdopted:
      return applyBookAdopted(state, view, at, seq, blockTimeUs);
    case EventType.assetAdopted:
      return applyAssetAdopted(state, view, at, seq);
    case EventType.bookCreated:
      return applyBookCreated(state, view, at, seq, blockTimeUs);
    case EventType.assetCreated:
      return applyAssetCreated(state, view, at, seq);
    default:
      throw new Error(
        `event ${seq} has the type ${view.getUint8(at + HEADER.type)}, which this release does not know`,
      );
  }
}

/** Spends the id that lies at that position. */
export function spend(state: LedgerState, view: DataView, at: number, book: number, seq: number): void {
  state.ids.insert(
    book,
    view.getInt32(at),
    view.getInt32(at + 4),
    view.getInt32(at + 8),
    view.getInt32(at + 12),
    seq,
  );
}

/** Hot for plain transactions: no object is made unless the event is a hold or acts on another transaction. */
function applyTransaction(state: LedgerState, view: DataView, at: number, seq: number): void {
  const flags = view.getUint16(at + HEADER.flags, true);
  const kind = view.getUint8(at + TX.kind);
  const count = view.getUint16(at + TX.postings, true);
  const stride = (flags & Flag.hasTarget) === 0 ? POSTING.bytes : TARGETED.bytes;
  const first = postingsAt(view, at);
  for (let i = 0, p = first; i < count; i++, p += stride) {
    settle(
      state,
      view,
      view.getUint32(p + POSTING.debitAccount, true),
      p + POSTING.debitVersion,
      p + POSTING.debitCounters,
      seq,
    );
    settle(
      state,
      view,
      view.getUint32(p + POSTING.creditAccount, true),
      p + POSTING.creditVersion,
      p + POSTING.creditCounters,
      seq,
    );
  }
  if (kind !== Kind.expiry) spend(state, view, at + TX.id, view.getUint32(at + TX.book, true), seq);
  if (kind === Kind.pending) keepHold(state, view, at, seq);
  else if ((flags & Flag.hasTarget) !== 0) applyToTarget(state, view, at, seq, kind);
}

/** Keeps a hold that was just booked for whatever is done with it later. */
export function keepHold(state: LedgerState, view: DataView, at: number, seq: number): void {
  const progress = progressOf(view, at, seq);
  state.progress.set(seq, progress);
  if (progress.expiresAtUs !== Infinity) state.expiries.add(progress.expiresAtUs, seq);
}

function settle(
  state: LedgerState,
  view: DataView,
  number: number,
  versionAt: number,
  countersAt: number,
  seq: number,
): void {
  const { accounts } = state;
  const slot = accounts.slotOf(number);
  if (slot < 0) throw new Error(`account ${number} of event ${seq} is not resident`);
  settleSlot(accounts, slot, view, versionAt, countersAt, seq);
}

/** Brings an account to what it is after a posting. */
export function settleSlot(
  accounts: AccountTable,
  slot: number,
  view: DataView,
  versionAt: number,
  countersAt: number,
  seq: number,
): void {
  const { i64, f64 } = accounts.pages[slot >>> PAGE_BITS];
  const whole = (slot & PAGE_MASK) * RECORD.f64.each;
  f64[whole + RECORD.f64.version] =
    view.getUint32(versionAt, true) + view.getUint32(versionAt + 4, true) * 4294967296;
  f64[whole + RECORD.f64.lastSeq] = seq;
  const at = (slot & PAGE_MASK) * RECORD.i64.each;
  i64[at + RECORD.i64.debitsPosted] = view.getBigInt64(countersAt + COUNTERS.debitsPosted, true);
  i64[at + RECORD.i64.creditsPosted] = view.getBigInt64(countersAt + COUNTERS.creditsPosted, true);
  i64[at + RECORD.i64.debitsPending] = view.getBigInt64(countersAt + COUNTERS.debitsPending, true);
  i64[at + RECORD.i64.creditsPending] = view.getBigInt64(countersAt + COUNTERS.creditsPending, true);
}

function applyToTarget(state: LedgerState, view: DataView, at: number, seq: number, kind: number): void {
  const targetAt =
    at + TX.bytes + ((view.getUint16(at + HEADER.flags, true) & Flag.hasExpiry) === 0 ? 0 : TX_EXPIRY.bytes);
  const target = state.progress.get(Number(view.getBigInt64(targetAt + TX_TARGET.seq, true)));
  if (target === undefined) throw new Error(`the target of event ${seq} is not resident`);
  const count = view.getUint16(at + TX.postings, true);
  for (let i = 0, p = postingsAt(view, at); i < count; i++, p += TARGETED.bytes) {
    const posting = target.postings[view.getUint16(p + TARGETED.index, true)];
    const amount = view.getBigInt64(p + POSTING.amount, true);
    if (kind === Kind.reversal) posting.reversed += amount;
    else if (kind === Kind.post) posting.posted += amount;
  }
  if (kind !== Kind.reversal) target.state = view.getUint8(at + TX.state);
  target.lastSeq = seq;
}

/** A transaction right after its own event, as later commands act on it. */
export function progressOf(view: DataView, at: number, seq: number): Progress {
  const flags = view.getUint16(at + HEADER.flags, true);
  const count = view.getUint16(at + TX.postings, true);
  const stride = (flags & Flag.hasTarget) === 0 ? POSTING.bytes : TARGETED.bytes;
  const postings: ProgressPosting[] = [];
  for (let i = 0, p = postingsAt(view, at); i < count; i++, p += stride) {
    postings.push({
      debit: view.getUint32(p + POSTING.debitAccount, true),
      credit: view.getUint32(p + POSTING.creditAccount, true),
      amount: view.getBigInt64(p + POSTING.amount, true),
      posted: 0n,
      reversed: 0n,
    });
  }
  const kind = view.getUint8(at + TX.kind);
  return {
    seq,
    book: view.getUint32(at + TX.book, true),
    id: uuidAt(view, at + TX.id) as Uuid,
    kind,
    state: kind === Kind.pending ? State.pending : State.posted,
    expiresAtUs:
      (flags & Flag.hasExpiry) === 0
        ? Infinity
        : Number(view.getBigInt64(at + TX.bytes + TX_EXPIRY.atUs, true)),
    postings,
    lastSeq: seq,
  };
}

function applyOpened(state: LedgerState, view: DataView, at: number, seq: number): void {
  const book = view.getUint32(at + ACCOUNT_OPENED.book, true);
  const number = view.getUint32(at + ACCOUNT_OPENED.account, true);
  const codeBytes = view.getUint8(at + ACCOUNT_OPENED.codeBytes),
    assetBytes = view.getUint8(at + ACCOUNT_OPENED.assetBytes);
  const id = at + ACCOUNT_OPENED.id,
    tail = at + ACCOUNT_OPENED.bytes;
  const code = utf8.decode(bytesAt(view, tail, codeBytes));
  const words = [
    view.getInt32(id),
    view.getInt32(id + 4),
    view.getInt32(id + 8),
    view.getInt32(id + 12),
  ] as const;
  state.accounts.insert({
    number,
    book,
    words,
    asset: state.assets.numberOf(utf8.decode(bytesAt(view, tail + codeBytes, assetBytes))),
    creditNormal: view.getUint8(at + ACCOUNT_OPENED.normalSide) === 2,
    closed: false,
    reserved: isReserved(words, code),
    version: 0,
    debitsPosted: 0n,
    creditsPosted: 0n,
    debitsPending: 0n,
    creditsPending: 0n,
    limits: limitsAt(view, at + ACCOUNT_OPENED.limits, view.getUint8(at + ACCOUNT_OPENED.limitMask)),
    lastSeq: seq,
  });
  state.recentCodes.set(`${book}:${code}`, { number, seq });
  state.lastAccount = number;
  spend(state, view, id, book, seq);
}

function applyChanged(state: LedgerState, view: DataView, at: number, seq: number): void {
  const slot = resident(state, view.getUint32(at + ACCOUNT_CHANGED.account, true), seq);
  if ((view.getUint16(at + HEADER.flags, true) & Flag.setLimits) !== 0)
    state.accounts.setLimits(
      slot,
      limitsAt(view, at + ACCOUNT_CHANGED.limits, view.getUint8(at + ACCOUNT_CHANGED.limitMask)),
    );
  spend(state, view, at + ACCOUNT_CHANGED.id, view.getUint32(at + ACCOUNT_CHANGED.book, true), seq);
}

function applyClosed(state: LedgerState, view: DataView, at: number, seq: number): void {
  const slot = resident(state, view.getUint32(at + ACCOUNT_CLOSED.account, true), seq);
  state.accounts.close(slot);
  spend(state, view, at + ACCOUNT_CLOSED.id, view.getUint32(at + ACCOUNT_CLOSED.book, true), seq);
}

function resident(state: LedgerState, number: number, seq: number): number {
  const slot = state.accounts.slotOf(number);
  if (slot < 0) throw new Error(`account ${number} of event ${seq} is not resident`);
  state.accounts.setLastSeq(slot, seq);
  return slot;
}

function applyRefused(
  state: LedgerState,
  view: DataView,
  at: number,
  seq: number,
  blockTimeUs: number,
): void {
  const book = view.getUint32(at + REFUSED.book, true);
  const day = dayOf(blockTimeUs);
  if (state.refusalDay !== day) {
    state.refusalDay = day;
    state.refusalsToday.clear();
  }
  state.refusalsToday.set(book, (state.refusalsToday.get(book) ?? 0) + 1);
  spend(state, view, at + REFUSED.id, book, seq);
}

function applyBookAdopted(
  state: LedgerState,
  view: DataView,
  at: number,
  seq: number,
  blockTimeUs: number,
): void {
  const name = utf8.decode(
    bytesAt(view, at + BOOK_ADOPTED.bytes, view.getUint32(at + BOOK_ADOPTED.nameBytes, true)),
  );
  state.addBook({
    number: view.getUint32(at + BOOK_ADOPTED.book, true),
    name,
    shard: -1,
    overridden: false,
    description: '',
    createdUs: blockTimeUs,
    seq,
  });
  state.controlSeq = Number(view.getBigInt64(at + BOOK_ADOPTED.controlSeq, true));
}

function applyAssetAdopted(state: LedgerState, view: DataView, at: number, seq: number): void {
  const codeBytes = view.getUint8(at + ASSET_ADOPTED.codeBytes),
    tail = at + ASSET_ADOPTED.bytes;
  const code = utf8.decode(bytesAt(view, tail, codeBytes));
  const name = utf8.decode(
    bytesAt(view, tail + codeBytes, view.getUint16(at + ASSET_ADOPTED.nameBytes, true)),
  );
  state.assets.add({ code, scale: view.getUint8(at + ASSET_ADOPTED.scale), name, iso: false, seq });
  state.controlSeq = Number(view.getBigInt64(at + ASSET_ADOPTED.controlSeq, true));
}

function applyBookCreated(
  state: LedgerState,
  view: DataView,
  at: number,
  seq: number,
  blockTimeUs: number,
): void {
  const nameBytes = view.getUint8(at + BOOK_CREATED.nameBytes),
    tail = at + BOOK_CREATED.bytes;
  state.addBook({
    number: view.getUint32(at + BOOK_CREATED.book, true),
    name: utf8.decode(bytesAt(view, tail, nameBytes)),
    shard: view.getUint16(at + BOOK_CREATED.shard, true),
    overridden: view.getUint8(at + BOOK_CREATED.overridden) === 1,
    description: utf8.decode(
      bytesAt(view, tail + nameBytes, view.getUint16(at + BOOK_CREATED.descriptionBytes, true)),
    ),
    createdUs: blockTimeUs,
    seq,
  });
}

function applyAssetCreated(state: LedgerState, view: DataView, at: number, seq: number): void {
  const codeBytes = view.getUint8(at + ASSET_CREATED.codeBytes),
    tail = at + ASSET_CREATED.bytes;
  const code = utf8.decode(bytesAt(view, tail, codeBytes));
  const name = utf8.decode(
    bytesAt(view, tail + codeBytes, view.getUint16(at + ASSET_CREATED.nameBytes, true)),
  );
  state.assets.add({ code, scale: view.getUint8(at + ASSET_CREATED.scale), name, iso: false, seq });
}
