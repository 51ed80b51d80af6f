import { AccountFlag } from './accounts.ts';
import type { Body } from './body.ts';
import type { Uuid } from './commands.ts';
import { firstOf, type Draft, type DraftAccount, type Movement } from './draft.ts';
import { EventType, Flag, POSTING, SIDES, TARGETED, TX, TX_EXPIRY, TX_TARGET } from './layout.ts';
import { REFUSALS, type Reason } from './refusals.ts';
import { putWords, wordsOf } from './uuid.ts';

/** A transaction whose accounts are found and whose amounts are known: what is left is whether limits allow it. */
export interface PlannedTransaction {
  /** null: an expiry, which has no id. */
  id: Uuid | null;
  book: number;
  day: number;
  kind: number;
  state: number;
  flags: number;
  expiry: { afterSeconds: number; atUs: number } | null;
  target: { id: Uuid; seq: number } | null;
  postings: PlannedPosting[];
  reference: Uint8Array;
  metadata: Uint8Array;
}

export interface PlannedPosting {
  debitSlot: number;
  creditSlot: number;
  /** Moved or held, as POSTING in layout.ts says. */
  amount: bigint;
  posted: bigint;
  held: bigint;
  /** Of a targeted posting: the index of the target's posting. */
  index: number;
}

/** Which posting and side is refused, and why. */
export interface Fault {
  reason: Reason;
  posting: number;
  side: 'debit' | 'credit';
}

/** Writes the event, moving the draft posting by posting; on a refusal nothing is written, and the draft is spoilt. */
export function writeTransaction(body: Body, draft: Draft, plan: PlannedTransaction): { at: number } | Fault {
  const targeted = plan.target !== null;
  const stride = targeted ? TARGETED.bytes : POSTING.bytes;
  const fixed = TX.bytes + (plan.expiry ? TX_EXPIRY.bytes : 0) + (targeted ? TX_TARGET.bytes : 0);
  const sides = plan.postings.length > 1 ? plan.postings.length : 0;
  const end = { at: body.end, events: body.events };
  const length = fixed + plan.postings.length * stride + plan.reference.length + plan.metadata.length + sides;
  const at = body.begin(EventType.transaction, 0, length);
  let flags = plan.flags;
  const sidesAt = at + length - sides;
  for (let i = 0; i < plan.postings.length; i++) {
    const posting = plan.postings[i];
    const debit = draft.account(posting.debitSlot),
      credit = draft.account(posting.creditSlot);
    const fault = moveBoth(draft, debit, credit, posting);
    if (fault !== null) {
      body.truncate(end.at, end.events);
      return { ...fault, posting: i };
    }
    putPosting(body, at + fixed + i * stride, posting, debit, credit, targeted);
    const bits = sideBits(debit, credit);
    if (i === 0) flags |= bits * Flag.debitAccountCreditNormal;
    if (sides > 0) body.view.setUint8(sidesAt + i, bits);
  }
  putFixed(body, at, plan, flags);
  body.putText(at + fixed + plan.postings.length * stride, plan.reference);
  body.putText(at + fixed + plan.postings.length * stride + plan.reference.length, plan.metadata);
  return { at };
}

function moveBoth(
  draft: Draft,
  debit: DraftAccount,
  credit: DraftAccount,
  posting: PlannedPosting,
): Omit<Fault, 'posting'> | null {
  const movement = (side: Movement['side']): Movement => ({
    side,
    posted: posting.posted,
    held: posting.held,
  });
  const debitReason = draft.move(debit, movement('debit'));
  const creditReason = draft.move(credit, movement('credit'));
  const side = firstOf(debitReason && REFUSALS[debitReason], creditReason && REFUSALS[creditReason]);
  if (side === null) return null;
  return { reason: (side === 'debit' ? debitReason : creditReason)!, side };
}

function sideBits(debit: DraftAccount, credit: DraftAccount): number {
  return (
    ((debit.flags & AccountFlag.creditNormal) !== 0 ? SIDES.debitCreditNormal : 0) |
    ((credit.flags & AccountFlag.creditNormal) !== 0 ? SIDES.creditCreditNormal : 0)
  );
}

function putFixed(body: Body, at: number, plan: PlannedTransaction, flags: number): void {
  const view = body.view;
  body.header(at, EventType.transaction, flags, view.getUint32(at, true));
  if (plan.id !== null) putWords(view, at + TX.id, ...wordsOf(plan.id));
  view.setUint32(at + TX.book, plan.book, true);
  view.setInt32(at + TX.date, plan.day, true);
  view.setUint8(at + TX.kind, plan.kind);
  view.setUint8(at + TX.state, plan.state);
  view.setUint16(at + TX.postings, plan.postings.length, true);
  view.setUint16(at + TX.referenceBytes, plan.reference.length, true);
  view.setUint16(at + TX.metadataBytes, plan.metadata.length, true);
  let next = at + TX.bytes;
  if (plan.expiry !== null) {
    view.setBigInt64(next + TX_EXPIRY.afterSeconds, BigInt(plan.expiry.afterSeconds), true);
    view.setBigInt64(next + TX_EXPIRY.atUs, BigInt(plan.expiry.atUs), true);
    next += TX_EXPIRY.bytes;
  }
  if (plan.target !== null) {
    putWords(view, next + TX_TARGET.id, ...wordsOf(plan.target.id));
    view.setBigInt64(next + TX_TARGET.seq, BigInt(plan.target.seq), true);
  }
}

function putPosting(
  body: Body,
  at: number,
  posting: PlannedPosting,
  debit: DraftAccount,
  credit: DraftAccount,
  targeted: boolean,
): void {
  const view = body.view;
  view.setUint32(at + POSTING.debitAccount, debit.number, true);
  view.setUint32(at + POSTING.creditAccount, credit.number, true);
  view.setBigInt64(at + POSTING.amount, posting.amount, true);
  view.setBigInt64(at + POSTING.debitVersion, BigInt(debit.version), true);
  view.setBigInt64(at + POSTING.creditVersion, BigInt(credit.version), true);
  body.putCounters(at + POSTING.debitCounters, debit);
  body.putCounters(at + POSTING.creditCounters, credit);
  if (!targeted) return;
  view.setBigInt64(at + TARGETED.released, posting.held < 0n ? -posting.held : 0n, true);
  view.setUint16(at + TARGETED.index, posting.index, true);
}
