import {
  COUNTERS,
  Flag,
  HEADER,
  Kind,
  LIMIT_ORDER,
  POSTING,
  SIDES,
  State,
  TARGETED,
  TX,
  TX_EXPIRY,
} from '../../../core/kernel/ledger/layout.ts';
import { FIRST_DAY, INT64_MAX, LAST_DAY, POSTINGS_MAX } from '../../../core/kernel/ledger/limits.ts';
import { CREDITS, CREDITS_HELD, DEBITS, DEBITS_HELD, Mark, passedLimit } from './accountColumns.ts';
import { checkLength, isNil, Unreadable, type EventAt } from './events.ts';
import { beginHold, resolveHold } from './holds.ts';
import { recordReversal } from './reversals.ts';
import type { ShardFold } from './shardFold.ts';
import { expectEntry, expectTransaction } from './transactionRows.ts';
import { Parts } from './transactionParts.ts';

const parts = new Parts();

/** Which states a transaction of each kind may say that it leaves. */
const STATES: Readonly<Record<number, readonly number[]>> = {
  [Kind.direct]: [State.posted],
  [Kind.pending]: [State.pending],
  [Kind.post]: [State.posted, State.pending],
  [Kind.void]: [State.voided],
  [Kind.expiry]: [State.expired],
  [Kind.reversal]: [State.posted],
};

/** Moves the money of one transaction, and compares everything that its event says of the outcome. */
export function foldTransaction(fold: ShardFold, event: EventAt): void {
  const { view, at } = event;
  parts.read(event);
  if (parts.count < 1 || parts.count > POSTINGS_MAX)
    throw new Unreadable(`a transaction of ${parts.count} postings`);
  checkLength(event, parts.lengthFrom(at));
  checkFixedPart(fold, event);
  fold.transactions++;
  if (parts.kind !== Kind.expiry) fold.spend(event, view.getUint32(at + TX.book, true), at + TX.id);
  else if (!isNil(view, at + TX.id)) fold.tell('I7', event, 'an expiry bears an id');
  if (parts.kind === Kind.pending) beginHold(fold, event, parts);
  else if (parts.kind === Kind.reversal) recordReversal(fold, event, parts);
  else if (parts.hasTarget) resolveHold(fold, event, parts);
  for (let i = 0, p = parts.postingsAt; i < parts.count; i++, p += parts.stride)
    foldPosting(fold, event, i, p);
  fold.payments.see(event, parts);
  expectTransaction(fold, event, parts);
}

function checkFixedPart(fold: ShardFold, event: EventAt): void {
  const { view, at } = event;
  const { kind, state } = parts;
  if (!STATES[kind]?.includes(state))
    throw new Unreadable(`a transaction of kind ${kind} and state ${state}`);
  const acts = kind !== Kind.direct && kind !== Kind.pending;
  if (parts.hasTarget !== acts || (parts.hasExpiry && kind !== Kind.pending))
    throw new Unreadable(`a transaction of kind ${kind} with parts that it cannot have`);
  const date = view.getInt32(at + TX.date, true);
  const isDefault = (view.getUint16(at + HEADER.flags, true) & Flag.dateDefaulted) !== 0;
  if (isDefault ? date !== event.day : date < FIRST_DAY || date > LAST_DAY)
    fold.tell('I14', event, `takes effect on day ${date} since 1970`);
  if (!fold.books.has(view.getUint32(at + TX.book, true)))
    fold.tell(
      'I14',
      event,
      `is booked in book ${view.getUint32(at + TX.book, true)}, which this shard has not adopted`,
    );
  if (!parts.hasExpiry) return;
  const after = view.getBigInt64(at + TX.bytes + TX_EXPIRY.afterSeconds, true),
    atUs = view.getBigInt64(at + TX.bytes + TX_EXPIRY.atUs, true);
  if (after < 1n || atUs !== BigInt(event.blockTimeUs) + after * 1_000_000n)
    fold.tell('I6', event, `expires ${after} s after its block, and not at ${atUs}`);
}

function foldPosting(fold: ShardFold, event: EventAt, index: number, p: number): void {
  const { view } = event;
  const { accounts } = fold;
  const debit = view.getUint32(p + POSTING.debitAccount, true),
    credit = view.getUint32(p + POSTING.creditAccount, true);
  if (!accounts.has(debit) || !accounts.has(credit))
    throw new Unreadable(
      `a posting on account ${accounts.has(debit) ? credit : debit}, which was never opened`,
    );
  const amount = view.getBigInt64(p + POSTING.amount, true);
  checkPosting(fold, event, index, { debit, credit, amount });
  const { kind } = parts;
  const posted = kind === Kind.pending ? 0n : amount;
  const released = parts.hasTarget ? view.getBigInt64(p + TARGETED.released, true) : 0n;
  const held = kind === Kind.pending ? amount : -released;
  if (kind === Kind.reversal && released !== 0n) fold.tell('I6', event, `a reversal releases ${released}`);
  settle(fold, event, {
    number: debit,
    side: DEBITS,
    posted,
    held,
    versionAt: p + POSTING.debitVersion,
    countersAt: p + POSTING.debitCounters,
  });
  settle(fold, event, {
    number: credit,
    side: CREDITS,
    posted,
    held,
    versionAt: p + POSTING.creditVersion,
    countersAt: p + POSTING.creditCounters,
  });
  expectEntry(fold, event, parts, { index, p, isDebit: true, number: debit });
  expectEntry(fold, event, parts, { index, p, isDebit: false, number: credit });
}

function checkPosting(
  fold: ShardFold,
  event: EventAt,
  index: number,
  posting: { debit: number; credit: number; amount: bigint },
): void {
  const { debit, credit, amount } = posting;
  const { accounts } = fold;
  const { kind } = parts;
  const isRelease = kind === Kind.void || kind === Kind.expiry;
  if (isRelease ? amount !== 0n : amount < (kind === Kind.post ? 0n : 1n))
    fold.tell('I13', event, `posting ${index} has the amount ${amount}`);
  if (debit === credit) fold.tell('I2', event, `posting ${index} debits and credits account ${debit}`);
  if (accounts.asset[debit] !== accounts.asset[credit])
    fold.tell(
      'I2',
      event,
      `posting ${index} moves ${fold.assetCode(accounts.asset[debit])} to an account of ${fold.assetCode(accounts.asset[credit])}`,
    );
  if (((accounts.marks[debit] | accounts.marks[credit]) & Mark.closed) !== 0)
    fold.tell('I5', event, `posting ${index} moves a closed account`);
  const sides =
    ((accounts.marks[debit] & Mark.creditNormal) !== 0 ? SIDES.debitCreditNormal : 0) |
    ((accounts.marks[credit] & Mark.creditNormal) !== 0 ? SIDES.creditCreditNormal : 0);
  const flags = event.view.getUint16(event.at + HEADER.flags, true);
  const first =
    ((flags & Flag.debitAccountCreditNormal) !== 0 ? SIDES.debitCreditNormal : 0) |
    ((flags & Flag.creditAccountCreditNormal) !== 0 ? SIDES.creditCreditNormal : 0);
  const said =
    parts.count === 1
      ? first
      : event.bytes[parts.tailAt + parts.referenceBytes + parts.metadataBytes + index];
  if (said !== sides || (index === 0 && first !== sides))
    fold.tell('I14', event, `posting ${index} says that its accounts have other normal sides than they have`);
}

interface Settlement {
  number: number;
  side: typeof DEBITS | typeof CREDITS;
  posted: bigint;
  held: bigint;
  versionAt: number;
  countersAt: number;
}

/** Adds to the counters, and compares them with those that the event says; where they differ it goes on with the event's. */
function settle(
  fold: ShardFold,
  event: EventAt,
  { number, side, posted, held, versionAt, countersAt }: Settlement,
): void {
  const { accounts } = fold;
  const { counters } = accounts;
  const { view } = event;
  const slot = number * 4;
  const total = counters[slot + side] + posted,
    pending = counters[slot + side + DEBITS_HELD] + held;
  counters[slot + side] = total;
  counters[slot + side + DEBITS_HELD] = pending;
  if (total + pending > INT64_MAX || pending < 0n)
    fold.tell(
      'I13',
      event,
      `a counter of account ${number} leaves its range: ${total} posted, ${pending} pending`,
    );
  const version = ++accounts.version[number];
  const said = view.getUint32(versionAt, true) + view.getUint32(versionAt + 4, true) * 4_294_967_296;
  if (said !== version) {
    fold.tell('I4', event, `account ${number} is at version ${said}, where ${version} is next`);
    accounts.version[number] = said;
  }
  const debits = view.getBigInt64(countersAt + COUNTERS.debitsPosted, true),
    credits = view.getBigInt64(countersAt + COUNTERS.creditsPosted, true);
  const debitsHeld = view.getBigInt64(countersAt + COUNTERS.debitsPending, true),
    creditsHeld = view.getBigInt64(countersAt + COUNTERS.creditsPending, true);
  if (
    debits !== counters[slot + DEBITS] ||
    credits !== counters[slot + CREDITS] ||
    debitsHeld !== counters[slot + DEBITS_HELD] ||
    creditsHeld !== counters[slot + CREDITS_HELD]
  ) {
    fold.tell(
      'I3',
      event,
      `account ${number}: the event says ${debits}/${credits}/${debitsHeld}/${creditsHeld}, its entries add up to ${counters.subarray(slot, slot + 4).join('/')}`,
    );
    counters[slot + DEBITS] = debits;
    counters[slot + CREDITS] = credits;
    counters[slot + DEBITS_HELD] = debitsHeld;
    counters[slot + CREDITS_HELD] = creditsHeld;
  }
  accounts.lastSeq[number] = event.seq;
  if (accounts.limitMask[number] === 0) return;
  const passed = passedLimit(accounts, number);
  if (passed !== null)
    fold.tell(
      'I5',
      event,
      `account ${number} at version ${version}: its ${LIMIT_ORDER[passed.limit]} is passed by a balance of ${passed.balance}`,
    );
}
