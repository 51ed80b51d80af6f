/**
 * The hot path of the kernel: one plain transaction of one posting, from columns to the bytes of its event.
 * Says the same as transaction.ts says of the same transaction (property test simple.test.ts); ugly for speed, and
 * only here. About 1,400 ns a transfer with look-ups and apply.ts at 2.5 GHz, most of it
 * waiting for memory (bench/micro/kernel.ts).
 */
import { AccountFlag, type AccountTable } from './accounts.ts';
import { ItemFlag, type TransactionBatch } from './batch.ts';
import type { Body } from './body.ts';
import { COUNTERS, EventType, FORMAT, HEADER, Flag, Kind, POSTING, State, TX, TX_EXPIRY } from './layout.ts';
import { LATEST_EXPIRY_US } from './limits.ts';
import { REFUSALS } from './refusals.ts';

const OVERFLOW = REFUSALS.COUNTER_OVERFLOW.number;
const FUNDS = REFUSALS.INSUFFICIENT_FUNDS.number;
const LIMIT = REFUSALS.LIMIT_EXCEEDED.number;
const FINE = 1 << 30;

/** What `decideSimple` answered besides its reason: which account is at fault, 0 debit, 1 credit, -1 none. */
export let faultSide = -1;

/**
 * Writes the event of item `i` behind `body.end` and returns 0; or writes nothing and returns the reason's number.
 * Slots are -1 where the account does not exist. `day` and `nowUs` are the block's.
 */
export function decideSimple(
  accounts: AccountTable,
  batch: TransactionBatch,
  i: number,
  debit: number,
  credit: number,
  book: number,
  day: number,
  nowUs: number,
  body: Body,
): number {
  faultSide = -1;
  if (debit < 0 || credit < 0) {
    faultSide = debit < 0 ? 0 : 1;
    return REFUSALS.ACCOUNT_NOT_FOUND.number;
  }
  const debitFlags = accounts.flags[debit],
    creditFlags = accounts.flags[credit];
  if (((debitFlags | creditFlags) & AccountFlag.closed) !== 0) {
    faultSide = (debitFlags & AccountFlag.closed) !== 0 ? 0 : 1;
    return REFUSALS.ACCOUNT_CLOSED.number;
  }
  if (accounts.asset[debit] !== accounts.asset[credit]) return REFUSALS.ASSET_MISMATCH.number;
  const itemFlags = batch.flags[i];
  const pending = (itemFlags & ItemFlag.pending) !== 0;
  const amount = batch.amount[i];

  // The four counters of either side after it.
  let debitPosted = accounts.debitsPosted[debit],
    debitHeld = accounts.debitsPending[debit];
  let creditPosted = accounts.creditsPosted[credit],
    creditHeld = accounts.creditsPending[credit];
  if (pending) {
    debitHeld = BigInt.asIntN(64, debitHeld + amount);
    creditHeld = BigInt.asIntN(64, creditHeld + amount);
  } else {
    debitPosted = BigInt.asIntN(64, debitPosted + amount);
    creditPosted = BigInt.asIntN(64, creditPosted + amount);
  }
  // Before, posted + pending was at most 2^63 - 1, and the amount is too, so a sum that passes it shows as negative.
  if (BigInt.asIntN(64, debitPosted + debitHeld) < 0n) {
    faultSide = 0;
    return OVERFLOW;
  }
  if (BigInt.asIntN(64, creditPosted + creditHeld) < 0n) {
    faultSide = 1;
    return OVERFLOW;
  }
  const debitCredits = accounts.creditsPosted[debit],
    creditDebits = accounts.debitsPosted[credit];
  if (((debitFlags | creditFlags) & AccountFlag.anyLimit) !== 0) {
    const a =
      (debitFlags & AccountFlag.anyLimit) === 0
        ? FINE
        : debitVerdict(accounts, debit, debitFlags, pending, debitPosted, debitHeld, debitCredits);
    const b =
      (creditFlags & AccountFlag.anyLimit) === 0
        ? FINE
        : creditVerdict(accounts, credit, creditFlags, pending, creditPosted, creditHeld, creditDebits);
    if (a !== FINE || b !== FINE) {
      faultSide = a <= b ? 0 : 1;
      return a <= b ? a : b;
    }
  }

  const after = batch.expiresAfterSeconds[i];
  const expires = after > 0;
  if (expires && nowUs + after * 1e6 > LATEST_EXPIRY_US) return REFUSALS.EXPIRY_OUT_OF_RANGE.number;

  // Here it can no longer fail: the event.
  const referenceBytes = batch.referenceEnd[i] - batch.referenceStart[i];
  const metadata = batch.metadata.size === 0 ? undefined : batch.metadata.get(i);
  const metadataBytes = metadata === undefined ? 0 : metadata.length;
  const fixed = TX.bytes + (expires ? TX_EXPIRY.bytes : 0);
  const length = (fixed + POSTING.bytes + referenceBytes + metadataBytes + 7) & ~7;
  body.reserve(length);
  const at = body.end;
  const view = body.view;
  const dated = (itemFlags & ItemFlag.dated) !== 0;
  const sides =
    ((debitFlags & AccountFlag.creditNormal) !== 0 ? Flag.debitAccountCreditNormal : 0) |
    ((creditFlags & AccountFlag.creditNormal) !== 0 ? Flag.creditAccountCreditNormal : 0);
  const flags = (dated ? 0 : Flag.dateDefaulted) | (expires ? Flag.hasExpiry : 0) | sides;
  view.setUint32(at + HEADER.length, length, true);
  view.setUint32(at + HEADER.type, EventType.transaction | (FORMAT << 8) | (flags << 16), true);
  const id = i * 4;
  view.setUint32(at + TX.id, batch.id[id]);
  view.setUint32(at + TX.id + 4, batch.id[id + 1]);
  view.setUint32(at + TX.id + 8, batch.id[id + 2]);
  view.setUint32(at + TX.id + 12, batch.id[id + 3]);
  view.setUint32(at + TX.book, book, true);
  view.setInt32(at + TX.date, dated ? batch.day[i] : day, true);
  view.setUint32(
    at + TX.kind,
    pending ? Kind.pending | (State.pending << 8) | (1 << 16) : Kind.direct | (State.posted << 8) | (1 << 16),
    true,
  );
  view.setUint16(at + TX.referenceBytes, referenceBytes, true);
  view.setUint16(at + TX.metadataBytes, metadataBytes, true);
  if (expires) {
    view.setBigInt64(at + TX.bytes + TX_EXPIRY.afterSeconds, BigInt(after), true);
    view.setBigInt64(at + TX.bytes + TX_EXPIRY.atUs, BigInt(nowUs + after * 1e6), true);
  }
  const p = at + fixed;
  view.setUint32(p + POSTING.debitAccount, accounts.number[debit], true);
  view.setUint32(p + POSTING.creditAccount, accounts.number[credit], true);
  view.setBigInt64(p + POSTING.amount, amount, true);
  putSafeInteger(view, p + POSTING.debitVersion, accounts.version[debit] + 1);
  putSafeInteger(view, p + POSTING.creditVersion, accounts.version[credit] + 1);
  view.setBigInt64(p + POSTING.debitCounters + COUNTERS.debitsPosted, debitPosted, true);
  view.setBigInt64(p + POSTING.debitCounters + COUNTERS.creditsPosted, debitCredits, true);
  view.setBigInt64(p + POSTING.debitCounters + COUNTERS.debitsPending, debitHeld, true);
  view.setBigInt64(p + POSTING.debitCounters + COUNTERS.creditsPending, accounts.creditsPending[debit], true);
  view.setBigInt64(p + POSTING.creditCounters + COUNTERS.debitsPosted, creditDebits, true);
  view.setBigInt64(p + POSTING.creditCounters + COUNTERS.creditsPosted, creditPosted, true);
  view.setBigInt64(p + POSTING.creditCounters + COUNTERS.debitsPending, accounts.debitsPending[credit], true);
  view.setBigInt64(p + POSTING.creditCounters + COUNTERS.creditsPending, creditHeld, true);
  let tail = p + POSTING.bytes;
  const bytes = body.bytes;
  if (referenceBytes > 0) {
    bytes.set(batch.source.subarray(batch.referenceStart[i], batch.referenceEnd[i]), tail);
    tail += referenceBytes;
  }
  if (metadata !== undefined) {
    bytes.set(metadata, tail);
    tail += metadataBytes;
  }
  if (tail < at + length) bytes.fill(0, tail, at + length);
  body.end = at + length;
  body.events++;
  return 0;
}

/** The limits of the debited account, given its counters after the posting. */
function debitVerdict(
  accounts: AccountTable,
  slot: number,
  flags: number,
  pending: boolean,
  posted: bigint,
  held: bigint,
  credits: bigint,
): number {
  const at = slot * 4;
  if ((flags & AccountFlag.creditNormal) !== 0) {
    // A debit lowers it: floors.
    const balance = BigInt.asIntN(64, credits - posted);
    if (!pending && (flags & AccountFlag.limit0) !== 0 && balance < accounts.limits[at]) return FUNDS;
    if (
      (flags & (AccountFlag.limit0 << 2)) !== 0 &&
      BigInt.asIntN(64, balance - held) < accounts.limits[at + 2]
    )
      return FUNDS;
  } else {
    const balance = BigInt.asIntN(64, posted - credits);
    if (!pending && (flags & (AccountFlag.limit0 << 1)) !== 0 && balance > accounts.limits[at + 1])
      return LIMIT;
    if (
      (flags & (AccountFlag.limit0 << 3)) !== 0 &&
      BigInt.asIntN(64, balance + held) > accounts.limits[at + 3]
    )
      return LIMIT;
  }
  return FINE;
}

/** The limits of the credited account, given its counters after the posting. */
function creditVerdict(
  accounts: AccountTable,
  slot: number,
  flags: number,
  pending: boolean,
  posted: bigint,
  held: bigint,
  debits: bigint,
): number {
  const at = slot * 4;
  if ((flags & AccountFlag.creditNormal) !== 0) {
    // A credit raises it: ceilings.
    const balance = BigInt.asIntN(64, posted - debits);
    if (!pending && (flags & (AccountFlag.limit0 << 1)) !== 0 && balance > accounts.limits[at + 1])
      return LIMIT;
    if (
      (flags & (AccountFlag.limit0 << 3)) !== 0 &&
      BigInt.asIntN(64, balance + held) > accounts.limits[at + 3]
    )
      return LIMIT;
  } else {
    const balance = BigInt.asIntN(64, debits - posted);
    if (!pending && (flags & AccountFlag.limit0) !== 0 && balance < accounts.limits[at]) return FUNDS;
    if (
      (flags & (AccountFlag.limit0 << 2)) !== 0 &&
      BigInt.asIntN(64, balance - held) < accounts.limits[at + 2]
    )
      return FUNDS;
  }
  return FINE;
}

/** Stores a whole number below 2^53 as i64. */
function putSafeInteger(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 4294967296), true);
}
