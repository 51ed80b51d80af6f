import type {
  CreateTransaction,
  PostTransaction,
  PostingAmount,
  ReverseTransaction,
  Uuid,
  VoidTransaction,
} from './commands.ts';
import { refusal, slotOf, spentAt, type Context, type Refusal } from './context.ts';
import type { Draft } from './draft.ts';
import { Flag, Kind, State } from './layout.ts';
import { LATEST_EXPIRY_US } from './limits.ts';
import type { Reason } from './refusals.ts';
import type { Progress } from './state.ts';
import { isOwnId } from './uuid.ts';
import { writeTransaction, type PlannedPosting, type PlannedTransaction } from './transactionEvent.ts';

const NOTHING = new Uint8Array(0);

/** Either the position of the event that was written, or why not. */
export type Written = { at: number } | Refusal;

export function decideCreate(context: Context, command: CreateTransaction, draft: Draft): Written {
  const postings: PlannedPosting[] = [];
  const missing = eachSide(command, (id) => slotOf(context, id) < 0);
  if (missing) return refusal('ACCOUNT_NOT_FOUND', missing);
  const closed = eachSide(command, (id) => context.state.accounts.isClosed(slotOf(context, id)));
  if (closed) return refusal('ACCOUNT_CLOSED', closed);
  for (let i = 0; i < command.postings.length; i++) {
    const { debitAccount, creditAccount, amount } = command.postings[i];
    const debitSlot = slotOf(context, debitAccount),
      creditSlot = slotOf(context, creditAccount);
    if (context.state.accounts.assetOf(debitSlot) !== context.state.accounts.assetOf(creditSlot))
      return refusal('ASSET_MISMATCH', { field: `postings[${i}]`, posting: i });
    postings.push({
      debitSlot,
      creditSlot,
      amount,
      posted: command.pending ? 0n : amount,
      held: command.pending ? amount : 0n,
      index: i,
    });
  }
  const expiresAtUs = context.nowUs + command.expiresAfterSeconds * 1e6;
  const expires = command.expiresAfterSeconds > 0;
  const written = write(context, draft, {
    id: command.id,
    kind: command.pending ? Kind.pending : Kind.direct,
    state: command.pending ? State.pending : State.posted,
    flags:
      (command.linked ? Flag.linked : 0) |
      (expires ? Flag.hasExpiry : 0) |
      (command.effectiveDay === null ? Flag.dateDefaulted : 0),
    day: command.effectiveDay ?? context.day,
    expiry: expires
      ? { afterSeconds: command.expiresAfterSeconds, atUs: Math.min(expiresAtUs, LATEST_EXPIRY_US) }
      : null,
    target: null,
    postings,
    reference: command.reference,
    metadata: command.metadata,
  });
  if ('at' in written && expires && expiresAtUs > LATEST_EXPIRY_US)
    return refusal('EXPIRY_OUT_OF_RANGE', { field: 'expires_after_seconds' });
  const reserved = eachSide(command, (id) => context.state.accounts.isReserved(slotOf(context, id)));
  return 'at' in written && reserved ? refusal('ACCOUNT_RESERVED', reserved) : written;
}

/** The first side of the first posting of which the question is true. */
function eachSide(
  command: CreateTransaction,
  question: (id: Uuid) => boolean,
): Omit<Refusal, 'reason'> | null {
  for (let i = 0; i < command.postings.length; i++) {
    const { debitAccount, creditAccount } = command.postings[i];
    if (question(debitAccount))
      return { field: `postings[${i}].debit_account`, posting: i, account: debitAccount };
    if (question(creditAccount))
      return { field: `postings[${i}].credit_account`, posting: i, account: creditAccount };
  }
  return null;
}

export function decidePost(context: Context, command: PostTransaction, draft: Draft): Written {
  const target = openHold(context, command.target);
  if ('reason' in target) return target;
  const wrong = outside(target, command.amounts, heldOf, 'EXCEEDS_HELD');
  if (wrong) return wrong;
  const asked = amountsByPosting(target, command.amounts, heldOf);
  const rest = target.postings.some((posting, i) => heldOf(posting) > asked[i]);
  const closes = !command.keepOpen || !rest;
  const postings: PlannedPosting[] = [];
  for (let i = 0; i < target.postings.length; i++) {
    const released = closes ? heldOf(target.postings[i]) : asked[i];
    if (released > 0n)
      postings.push(
        planned(context, target, i, { amount: asked[i], posted: asked[i], held: -released, swap: false }),
      );
  }
  return write(context, draft, {
    id: command.id,
    kind: Kind.post,
    state: closes ? State.posted : State.pending,
    flags: commonFlags(command) | (command.keepOpen ? Flag.keepOpen : 0),
    day: command.effectiveDay ?? context.day,
    expiry: null,
    target: { id: target.id, seq: target.seq },
    postings,
    reference: command.reference,
    metadata: command.metadata,
  });
}

export function decideVoid(context: Context, command: VoidTransaction, draft: Draft): Written {
  const target = openHold(context, command.target);
  if ('reason' in target) return target;
  return write(context, draft, {
    id: command.id,
    kind: Kind.void,
    state: State.voided,
    flags: Flag.hasTarget | Flag.dateDefaulted,
    day: context.day,
    expiry: null,
    target: { id: target.id, seq: target.seq },
    postings: releases(context, target),
    reference: command.reference,
    metadata: command.metadata,
  });
}

/** null where the hold is not due, or no longer open. */
export function decideExpiry(context: Context, target: Progress, draft: Draft): { at: number } | null {
  if (target.state !== State.pending || context.nowUs < target.expiresAtUs) return null;
  const written = write(context, draft, {
    id: null,
    kind: Kind.expiry,
    state: State.expired,
    flags: Flag.hasTarget | Flag.dateDefaulted,
    day: context.day,
    expiry: null,
    target: { id: target.id, seq: target.seq },
    postings: releases(context, target),
    reference: NOTHING,
    metadata: NOTHING,
  });
  if (!('at' in written)) throw new Error(`a release was refused with ${written.reason}`);
  return written;
}

export function decideReverse(context: Context, command: ReverseTransaction, draft: Draft): Written {
  const seq = spentAt(context, command.target);
  const target = seq === 0 ? undefined : context.state.progress.get(seq);
  if (target === undefined) return refusal('TRANSACTION_NOT_FOUND', { field: 'transaction_id' });
  // What payments have booked is undone by payments alone: their counters go with it.
  if ((target.kind !== Kind.direct && target.kind !== Kind.post) || isOwnId(command.target))
    return refusal('NOT_REVERSIBLE', { field: 'transaction_id' });
  if (target.postings.every((posting) => unreversed(posting) === 0n))
    return refusal('ALREADY_REVERSED', { field: 'transaction_id' });
  const wrong = outside(target, command.amounts, unreversed, 'EXCEEDS_ORIGINAL');
  if (wrong) return wrong;
  const asked = amountsByPosting(target, command.amounts, unreversed);
  const postings: PlannedPosting[] = [];
  for (let i = 0; i < target.postings.length; i++) {
    if (asked[i] > 0n)
      postings.push(
        planned(context, target, i, { amount: asked[i], posted: asked[i], held: 0n, swap: true }),
      );
  }
  const { accounts } = context.state;
  for (const posting of postings) {
    const closed = [posting.debitSlot, posting.creditSlot].find((slot) => accounts.isClosed(slot));
    if (closed !== undefined)
      return refusal('ACCOUNT_CLOSED', { posting: posting.index, account: accounts.idOf(closed) as Uuid });
  }
  return write(context, draft, {
    id: command.id,
    kind: Kind.reversal,
    state: State.posted,
    flags: commonFlags(command),
    day: command.effectiveDay ?? context.day,
    expiry: null,
    target: { id: target.id, seq: target.seq },
    postings,
    reference: command.reference,
    metadata: command.metadata,
  });
}

function commonFlags(command: PostTransaction | ReverseTransaction): number {
  return (
    Flag.hasTarget |
    (command.amounts === null ? Flag.amountsDefaulted : 0) |
    (command.effectiveDay === null ? Flag.dateDefaulted : 0)
  );
}

/** The hold that a post or void acts on, or why it cannot. */
function openHold(context: Context, id: Uuid): Progress | Refusal {
  const seq = spentAt(context, id);
  const target = seq === 0 ? undefined : context.state.progress.get(seq);
  const no = (reason: Reason) => refusal(reason, { field: 'transaction_id' });
  if (target === undefined) return no('TRANSACTION_NOT_FOUND');
  if (target.kind !== Kind.pending) return no('NOT_PENDING');
  if (target.state === State.posted) return no('ALREADY_POSTED');
  if (target.state === State.voided) return no('ALREADY_VOIDED');
  if (target.state === State.expired || context.nowUs >= target.expiresAtUs) return no('ALREADY_EXPIRED');
  return target;
}

const heldOf = (posting: Progress['postings'][number]) => posting.amount - posting.posted;
const unreversed = (posting: Progress['postings'][number]) => posting.amount - posting.reversed;

/** The first named amount that names no posting, or is more than what is open on it. */
function outside(
  target: Progress,
  amounts: PostingAmount[] | null,
  open: typeof heldOf,
  reason: Reason,
): Refusal | null {
  const missing = amounts?.findIndex((one) => one.posting >= target.postings.length) ?? -1;
  if (missing >= 0)
    return refusal('POSTING_NOT_FOUND', {
      field: `amounts[${missing}].posting`,
      posting: amounts![missing].posting,
    });
  const above = amounts?.findIndex((one) => one.amount > open(target.postings[one.posting])) ?? -1;
  if (above >= 0)
    return refusal(reason, { field: `amounts[${above}].amount`, posting: amounts![above].posting });
  return null;
}

function amountsByPosting(target: Progress, amounts: PostingAmount[] | null, open: typeof heldOf): bigint[] {
  if (amounts === null) return target.postings.map(open);
  const asked = target.postings.map(() => 0n);
  for (const one of amounts) asked[one.posting] = one.amount;
  return asked;
}

function releases(context: Context, target: Progress): PlannedPosting[] {
  const postings: PlannedPosting[] = [];
  target.postings.forEach((posting, i) => {
    const held = heldOf(posting);
    if (held > 0n)
      postings.push(planned(context, target, i, { amount: 0n, posted: 0n, held: -held, swap: false }));
  });
  return postings;
}

function planned(
  context: Context,
  target: Progress,
  index: number,
  move: { amount: bigint; posted: bigint; held: bigint; swap: boolean },
): PlannedPosting {
  const posting = target.postings[index];
  const slot = (number: number) => {
    const found = context.state.accounts.slotOf(number);
    if (found < 0)
      throw new Error(`account ${number} of transaction ${target.seq} was not loaded before the turn`);
    return found;
  };
  const debit = slot(posting.debit),
    credit = slot(posting.credit);
  return {
    debitSlot: move.swap ? credit : debit,
    creditSlot: move.swap ? debit : credit,
    amount: move.amount,
    posted: move.posted,
    held: move.held,
    index,
  };
}

function write(context: Context, draft: Draft, plan: Omit<PlannedTransaction, 'book'>): Written {
  const written = writeTransaction(context.body, draft, { ...plan, book: context.book });
  if ('at' in written) return written;
  const posting = plan.postings[written.posting];
  const slot = written.side === 'debit' ? posting.debitSlot : posting.creditSlot;
  return refusal(written.reason, {
    field: plan.target === null ? `postings[${written.posting}].amount` : 'transaction_id',
    posting: posting.index,
    account: context.state.accounts.idOf(slot) as Uuid,
  });
}
