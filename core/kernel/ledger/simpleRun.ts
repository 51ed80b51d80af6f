/**
 * Books runs of plain transactions: decides and applies one after the other, as decide.ts and apply.ts would. A transfer
 * reads four places in memory that no cache holds, so those of many transfers are fetched together, in loops so short
 * that the processor waits for all of them at once. bench/micro/kernel.ts measures it.
 */
import { keepHold, settleSlot } from './apply.ts';
import { Form, ItemFlag, type TransactionBatch } from './batch.ts';
import { POSTING, TX, TX_EXPIRY } from './layout.ts';
import { ID_AHEAD_MS_MAX } from './limits.ts';
import { type BlockFrame, decideSimple } from './simple.ts';
import type { LedgerState } from './state.ts';
import { isOwnWords, stampOf } from './uuid.ts';

/** Items that are fetched together: what they touch, some 400 bytes each, stays in the innermost cache. */
const CHUNK = 64;

const hashes = new Int32Array(CHUNK);
/** First the hashes of accounts, then their slots. */
const debits = new Int32Array(CHUNK);
const credits = new Int32Array(CHUNK);

/** Keeps the compiler from leaving out reads whose values nobody needs. */
let fetched = 0;

/** What a run may write. */
export interface RunBounds {
  /** No transaction begins when the body has that many events, or bytes. */
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/**
 * Books the items from `from` on, `end` excluded. Stops in front of the first that is no plain one, that must be
 * refused, that needs something loaded, or whose id is spent; returns how many were booked. Each adds one event.
 */
export function bookRun(
  state: LedgerState,
  batch: TransactionBatch,
  from: number,
  end: number,
  frame: BlockFrame,
  { eventsMax, bytesMax }: RunBounds,
): number {
  const { body } = frame;
  for (let at = from; at < end;) {
    const found = fetch(state, batch, at, Math.min(end, at + CHUNK), frame.book);
    for (let k = 0; k < found; k++, at++) {
      if (body.events >= eventsMax || body.end >= bytesMax) return at - from;
      if (!book(state, batch, at, k, frame)) return at - from;
    }
    if (found === 0) return at - from;
  }
  return end - from;
}

/** Looks up what the items need, and returns how many of them are plain ones on resident accounts. */
function fetch(state: LedgerState, batch: TransactionBatch, from: number, end: number, book: number): number {
  const { ids, accounts } = state;
  const { id, debit, credit, form } = batch;
  let count = 0;
  for (let i = from; i < end && form[i] === Form.column; i++, count++) {
    const at = i * 4;
    const hash = (hashes[count] = ids.hash(book, id[at], id[at + 1], id[at + 2], id[at + 3]));
    const d = (debits[count] = accounts.hash(book, debit[at], debit[at + 1], debit[at + 2], debit[at + 3]));
    const c = (credits[count] = accounts.hash(
      book,
      credit[at],
      credit[at + 1],
      credit[at + 2],
      credit[at + 3],
    ));
    fetched ^= ids.touch(hash) ^ accounts.touch(d) ^ accounts.touch(c);
  }
  for (let k = 0, at = from * 4; k < count; k++, at += 4) {
    debits[k] = accounts.findAt(debits[k], book, debit[at], debit[at + 1], debit[at + 2], debit[at + 3]);
    credits[k] = accounts.findAt(
      credits[k],
      book,
      credit[at],
      credit[at + 1],
      credit[at + 2],
      credit[at + 3],
    );
  }
  for (let k = 0; k < count; k++) {
    if (debits[k] < 0 || credits[k] < 0) return k;
    fetched ^= accounts.touchRecord(debits[k]) ^ accounts.touchRecord(credits[k]);
  }
  return count;
}

function book(state: LedgerState, batch: TransactionBatch, i: number, k: number, frame: BlockFrame): boolean {
  const { ids, accounts } = state;
  const words = batch.id;
  const w0 = words[i * 4],
    w1 = words[i * 4 + 1],
    w2 = words[i * 4 + 2],
    w3 = words[i * 4 + 3];
  const stamp = stampOf(w0, w1);
  if (stamp > frame.nowUs / 1000 + ID_AHEAD_MS_MAX || isOwnWords(w0, w1, w2)) return false;
  if (stamp < 0 || stamp <= ids.forgottenStampMs) {
    if (ids.mayBeForgotten(frame.book, w0, w1, w2, w3)) return false;
  }
  const hash = hashes[k];
  if (ids.seqAt(hash, frame.book, w0, w1, w2, w3) !== 0) return false;
  const at = frame.body.end;
  if (!decideSimple(accounts, batch, i, debits[k], credits[k], frame)) return false;
  state.applying = true;
  const seq = state.nextSeq++;
  const { view } = frame.body;
  const posting = at + TX.bytes + (batch.expiresAfterSeconds[i] > 0 ? TX_EXPIRY.bytes : 0);
  settleSlot(accounts, debits[k], view, posting + POSTING.debitVersion, posting + POSTING.debitCounters, seq);
  settleSlot(
    accounts,
    credits[k],
    view,
    posting + POSTING.creditVersion,
    posting + POSTING.creditCounters,
    seq,
  );
  ids.insertAt(hash, frame.book, w0, w1, w2, w3, seq);
  if ((batch.flags[i] & ItemFlag.pending) !== 0) keepHold(state, view, at, seq);
  state.applying = false;
  return true;
}
