/**
 * The hot path of the kernel: one plain transaction of one posting, from columns to the bytes of its event. Writes what
 * decideTransaction.ts would write of it (property test simple.test.ts), and leaves to that whatever is to be refused;
 * ugly for speed, and only here. bench/micro/kernel.ts measures it.
 */
import { AccountFlag, type AccountTable, PAGE_BITS, PAGE_MASK, RECORD } from './accounts.ts';
import { ItemFlag, type TransactionBatch } from './batch.ts';
import type { Body } from './body.ts';
import { COUNTERS, EventType, FORMAT, HEADER, Flag, Kind, POSTING, State, TX, TX_EXPIRY } from './layout.ts';
import { LATEST_EXPIRY_US } from './limits.ts';

/** What a block lends to the transactions that are booked in it. */
export interface BlockFrame {
  /** The number of the book. */
  readonly book: number;
  /** The block's time, microseconds, and its UTC day. */
  readonly nowUs: number;
  readonly day: number;
  readonly body: Body;
}

/**
 * Writes the event of item `i` behind `body.end` and returns true; or writes nothing and returns false where the
 * general path must say why not. Both accounts are resident and differ.
 */
export function decideSimple(
  accounts: AccountTable,
  batch: TransactionBatch,
  i: number,
  debit: number,
  credit: number,
  { book, nowUs, day, body }: BlockFrame,
): boolean {
  const debitPage = accounts.pages[debit >>> PAGE_BITS],
    creditPage = accounts.pages[credit >>> PAGE_BITS];
  const d = debit & PAGE_MASK,
    c = credit & PAGE_MASK;
  const debitFlags = debitPage.u8[d * RECORD.u8.each + RECORD.u8.flags],
    creditFlags = creditPage.u8[c * RECORD.u8.each + RECORD.u8.flags];
  const anyFlags = debitFlags | creditFlags;
  if ((anyFlags & (AccountFlag.closed | AccountFlag.reserved)) !== 0) return false;
  if (
    debitPage.u16[d * RECORD.u16.each + RECORD.u16.asset] !==
    creditPage.u16[c * RECORD.u16.each + RECORD.u16.asset]
  )
    return false;
  const itemFlags = batch.flags[i];
  const pending = (itemFlags & ItemFlag.pending) !== 0;
  const amount = batch.amount[i];
  const debit64 = debitPage.i64,
    credit64 = creditPage.i64;
  const dc = d * RECORD.i64.each,
    cc = c * RECORD.i64.each;

  // The four counters of either side after it.
  let debitPosted = debit64[dc + RECORD.i64.debitsPosted],
    debitHeld = debit64[dc + RECORD.i64.debitsPending];
  let creditPosted = credit64[cc + RECORD.i64.creditsPosted],
    creditHeld = credit64[cc + RECORD.i64.creditsPending];
  if (pending) {
    debitHeld = BigInt.asIntN(64, debitHeld + amount);
    creditHeld = BigInt.asIntN(64, creditHeld + amount);
  } else {
    debitPosted = BigInt.asIntN(64, debitPosted + amount);
    creditPosted = BigInt.asIntN(64, creditPosted + amount);
  }
  // Before, posted + pending was at most 2^63 - 1, and the amount is too, so a sum that passes it shows as negative.
  if (BigInt.asIntN(64, debitPosted + debitHeld) < 0n || BigInt.asIntN(64, creditPosted + creditHeld) < 0n)
    return false;
  const debitCredits = debit64[dc + RECORD.i64.creditsPosted],
    creditDebits = credit64[cc + RECORD.i64.debitsPosted];
  if ((anyFlags & AccountFlag.anyLimit) !== 0) {
    const keeps =
      ((debitFlags & AccountFlag.creditNormal) === 0
        ? keepsCeilings(
            debit64,
            dc,
            debitFlags,
            pending,
            BigInt.asIntN(64, debitPosted - debitCredits),
            debitHeld,
          )
        : keepsFloors(
            debit64,
            dc,
            debitFlags,
            pending,
            BigInt.asIntN(64, debitCredits - debitPosted),
            debitHeld,
          )) &&
      ((creditFlags & AccountFlag.creditNormal) !== 0
        ? keepsCeilings(
            credit64,
            cc,
            creditFlags,
            pending,
            BigInt.asIntN(64, creditPosted - creditDebits),
            creditHeld,
          )
        : keepsFloors(
            credit64,
            cc,
            creditFlags,
            pending,
            BigInt.asIntN(64, creditDebits - creditPosted),
            creditHeld,
          ));
    if (!keeps) return false;
  }
  const after = batch.expiresAfterSeconds[i];
  const expires = after > 0;
  if (expires && nowUs + after * 1e6 > LATEST_EXPIRY_US) return false;

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
  view.setUint32(p + POSTING.debitAccount, debitPage.u32[d * RECORD.u32.each + RECORD.u32.number], true);
  view.setUint32(p + POSTING.creditAccount, creditPage.u32[c * RECORD.u32.each + RECORD.u32.number], true);
  view.setBigInt64(p + POSTING.amount, amount, true);
  putSafeInteger(view, p + POSTING.debitVersion, debitPage.f64[d * RECORD.f64.each + RECORD.f64.version] + 1);
  putSafeInteger(
    view,
    p + POSTING.creditVersion,
    creditPage.f64[c * RECORD.f64.each + RECORD.f64.version] + 1,
  );
  view.setBigInt64(p + POSTING.debitCounters + COUNTERS.debitsPosted, debitPosted, true);
  view.setBigInt64(p + POSTING.debitCounters + COUNTERS.creditsPosted, debitCredits, true);
  view.setBigInt64(p + POSTING.debitCounters + COUNTERS.debitsPending, debitHeld, true);
  view.setBigInt64(
    p + POSTING.debitCounters + COUNTERS.creditsPending,
    debit64[dc + RECORD.i64.creditsPending],
    true,
  );
  view.setBigInt64(p + POSTING.creditCounters + COUNTERS.debitsPosted, creditDebits, true);
  view.setBigInt64(p + POSTING.creditCounters + COUNTERS.creditsPosted, creditPosted, true);
  view.setBigInt64(
    p + POSTING.creditCounters + COUNTERS.debitsPending,
    credit64[cc + RECORD.i64.debitsPending],
    true,
  );
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
  body.close(at + length);
  return true;
}

/** A movement that lowers an account: the posted balance after it, and what is held against it. */
function keepsFloors(
  i64: BigInt64Array,
  record: number,
  flags: number,
  pending: boolean,
  balance: bigint,
  held: bigint,
): boolean {
  const at = record + RECORD.i64.limits;
  if (!pending && (flags & AccountFlag.limit0) !== 0 && balance < i64[at]) return false;
  return (flags & (AccountFlag.limit0 << 2)) === 0 || BigInt.asIntN(64, balance - held) >= i64[at + 2];
}

/** A movement that raises an account: the posted balance after it, and what is held that would raise it further. */
function keepsCeilings(
  i64: BigInt64Array,
  record: number,
  flags: number,
  pending: boolean,
  balance: bigint,
  held: bigint,
): boolean {
  const at = record + RECORD.i64.limits;
  if (!pending && (flags & (AccountFlag.limit0 << 1)) !== 0 && balance > i64[at + 1]) return false;
  return (flags & (AccountFlag.limit0 << 3)) === 0 || BigInt.asIntN(64, balance + held) <= i64[at + 3];
}

/** Stores a whole number below 2^53 as i64. */
function putSafeInteger(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 4294967296), true);
}
