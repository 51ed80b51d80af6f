import type { CreateTransaction, LedgerCommand, Uuid } from './commands.ts';
import { refusal, spentAt, type Context, type Decision, type Refusal } from './context.ts';
import { decideChange, decideClose, decideOpen } from './decideAccount.ts';
import {
  decideCreate,
  decideExpiry,
  decidePost,
  decideReverse,
  decideVoid,
  type Written,
} from './decideTransaction.ts';
import { Draft } from './draft.ts';
import { byId, byNumber, differingField, type Fact, factsOf, factsOfEvent, factsOfRefused } from './facts.ts';
import { EventType, HEADER, Op, REFUSED } from './layout.ts';
import { ID_AHEAD_MS_MAX, REFUSALS_REMEMBERED_A_DAY_MAX } from './limits.ts';
import { REFUSALS, type Reason, reasonOf } from './refusals.ts';
import { isOwnId, putWords, stampOf, uuidAt, wordsOf } from './uuid.ts';

type Callers = Exclude<LedgerCommand, { op: 'expire' }>;

const OPS: Record<Callers['op'], number> = {
  create: Op.create,
  post: Op.post,
  void: Op.void,
  reverse: Op.reverse,
  openAccount: Op.openAccount,
  changeAccount: Op.changeAccount,
  closeAccount: Op.closeAccount,
};
const utf8 = new TextEncoder();

/** Of an id that may not be used, or not yet. */
const NOT_REMEMBERED: ReadonlySet<Reason> = new Set(['ID_TOO_FAR_AHEAD', 'RESERVED_ID']);

/** Decides one command that stands alone. Writes at most one event into the body; changes nothing else. */
export function decide(context: Context, command: LedgerCommand): Decision {
  if (command.op === 'expire') {
    const target = context.state.progress.get(spentAt(context, command.target));
    const written =
      target === undefined ? null : decideExpiry(context, target, new Draft(context.state.accounts));
    return written === null ? { done: 'nothing' } : { done: 'event', at: written.at };
  }
  const early = admitted(context, command);
  if (early !== null) return early;
  const end = context.body.end,
    events = context.body.events;
  const written = attempt(context, command);
  if ('at' in written) return { done: 'event', at: written.at };
  context.body.truncate(end, events);
  return refuse(context, command, written);
}

function attempt(context: Context, command: Callers): Written {
  switch (command.op) {
    case 'create':
      return decideCreate(context, command, new Draft(context.state.accounts));
    case 'post':
      return decidePost(context, command, new Draft(context.state.accounts));
    case 'void':
      return decideVoid(context, command, new Draft(context.state.accounts));
    case 'reverse':
      return decideReverse(context, command, new Draft(context.state.accounts));
    case 'openAccount':
      return decideOpen(context, command);
    case 'changeAccount':
      return decideChange(context, command);
    case 'closeAccount':
      return decideClose(context, command);
  }
}

/**
 * Decides a linked group: all are booked, or none is. A member whose id is spent answers as it did; the group can
 * then not be booked any more, and its new members are refused.
 */
export function decideGroup(context: Context, group: readonly CreateTransaction[]): Decision[] {
  const early = group.map((command) => admitted(context, command));
  if (early.every((one) => one !== null)) return early;
  // An id that may not be used yet may be used later: nothing of its group is remembered.
  if (early.some((one) => one?.done === 'declined' && NOT_REMEMBERED.has(one.refusal.reason)))
    return early.map((one) => one ?? { done: 'declined', refusal: refusal('GROUP_MALFORMED') });
  const end = context.body.end,
    events = context.body.events;
  const draft = new Draft(context.state.accounts);
  const ids = new Set<string>();
  const decided: Decision[] = [];
  let fault: { member: number; refusal: Refusal } | null = null;
  const spent = early.findIndex((one) => one !== null);
  if (spent >= 0) fault = { member: spent, refusal: refusal('LINKED_FAILED') };
  for (let i = 0; i < group.length && fault === null; i++) {
    const written = ids.has(group[i].id)
      ? refusal('ID_REUSED', { field: 'id' })
      : decideCreate(context, group[i], draft);
    ids.add(group[i].id);
    if ('at' in written) decided.push({ done: 'event', at: written.at });
    else fault = { member: i, refusal: written };
  }
  if (fault === null) return decided;
  context.body.truncate(end, events);
  const reasons = reasonsOf(group, fault);
  // None of them is counted before all are decided, so that they fit into the quota together or none is remembered.
  const toRemember = reasons.filter((why, i) => early[i] === null && why.reason !== 'ID_REUSED').length;
  const fits = toRemember <= refusalsLeft(context);
  return group.map((command, i) => {
    const before = early[i],
      why = reasons[i];
    if (before !== null) return before;
    if (!fits) return { done: 'declined', refusal: refusal('REFUSAL_QUOTA') };
    return why.reason === 'ID_REUSED' ? { done: 'declined', refusal: why } : refuse(context, command, why);
  });
}

/** Why each member of a group is not booked, one of which is at fault. */
function reasonsOf(
  group: readonly CreateTransaction[],
  fault: { member: number; refusal: Refusal },
): Refusal[] {
  const refused = new Set<string>();
  return group.map(({ id }, i) => {
    const why = i === fault.member ? fault.refusal : refusal('LINKED_FAILED');
    // Of an id that the group names twice the first is spent; the second has nothing of its own to remember.
    if (refused.has(id) || why.reason === 'ID_REUSED') return refusal('ID_REUSED', { field: 'id' });
    refused.add(id);
    return why;
  });
}

/** How many more refusals the book may have remembered today. */
function refusalsLeft({ state, day, book }: Context): number {
  const used = state.refusalDay === day ? (state.refusalsToday.get(book) ?? 0) : 0;
  return Math.max(0, REFUSALS_REMEMBERED_A_DAY_MAX - used);
}

function admitted(context: Context, command: Callers): Decision | null {
  // What Florin derives is there when it is needed: nobody has spent it.
  if (isOwnId(command.id)) return { done: 'declined', refusal: refusal('RESERVED_ID', { field: 'id' }) };
  return admittedAs(context, command.id, factsOfEvent, (refused) =>
    factsOf(command, refused ? byId : byNumber(context)),
  );
}

/**
 * The answer of a command whose id is spent or inadmissible; null for a new one. `then` reads what was said from the
 * event that spent the id, `now` tells what is said; a remembered refusal names accounts by id, an event by number.
 */
export function admittedAs(
  context: Context,
  id: Uuid,
  then: (view: DataView, at: number) => readonly Fact[] | null,
  now: (refused: boolean) => readonly Fact[],
): Decision | null {
  const [w0, w1] = wordsOf(id);
  if (stampOf(w0, w1) > context.nowUs / 1000 + ID_AHEAD_MS_MAX)
    return { done: 'declined', refusal: refusal('ID_TOO_FAR_AHEAD', { field: 'id' }) };
  const seq = spentAt(context, id);
  if (seq === 0) return null;
  const { view, at } = context.eventOf(seq);
  const refused = view.getUint8(at + HEADER.type) === EventType.refused;
  const original = refused ? factsOfRefused(view, at) : then(view, at);
  if (original === null) throw new Error(`event ${seq} has no id of a caller`);
  const field = differingField(original, now(refused));
  if (field !== null) return { done: 'declined', refusal: refusal('ID_REUSED', { field }) };
  return { done: 'replay', seq, view, at };
}

function refuse(context: Context, command: Callers, why: Refusal): Decision {
  const said = { id: command.id, op: OPS[command.op], facts: factsOf(command, byId) };
  return refuseAs(context, said, why);
}

/** Writes the refusal as an event, within the book's quota for the day. */
export function refuseAs(
  context: Context,
  said: { id: Uuid; op: number; facts: readonly Fact[] },
  why: Refusal,
): Decision {
  if (refusalsLeft(context) === 0) return { done: 'declined', refusal: refusal('REFUSAL_QUOTA') };
  const { body } = context;
  const facts = utf8.encode(JSON.stringify(said.facts));
  const field = utf8.encode(why.field);
  const at = body.begin(EventType.refused, 0, REFUSED.bytes + facts.length + field.length);
  const view = body.view;
  putWords(view, at + REFUSED.id, ...wordsOf(said.id));
  view.setUint32(at + REFUSED.book, context.book, true);
  view.setUint16(at + REFUSED.reason, REFUSALS[why.reason].number, true);
  view.setUint16(at + REFUSED.op, said.op, true);
  view.setInt16(at + REFUSED.posting, why.posting, true);
  view.setUint16(at + REFUSED.fieldBytes, field.length, true);
  view.setUint32(at + REFUSED.bodyBytes, facts.length, true);
  if (why.account !== '') putWords(view, at + REFUSED.account, ...wordsOf(why.account));
  body.putText(at + REFUSED.bytes, facts);
  body.putText(at + REFUSED.bytes + facts.length, field);
  return { done: 'refused', at, refusal: why };
}

/** The refusal that an event remembers. */
export function refusalAt(view: DataView, at: number): Refusal {
  const bodyBytes = view.getUint32(at + REFUSED.bodyBytes, true);
  const field = new Uint8Array(
    view.buffer,
    view.byteOffset + at + REFUSED.bytes + bodyBytes,
    view.getUint16(at + REFUSED.fieldBytes, true),
  );
  return {
    reason: reasonOf(view.getUint16(at + REFUSED.reason, true)),
    field: new TextDecoder().decode(field),
    posting: view.getInt16(at + REFUSED.posting, true),
    account: uuidAt(view, at + REFUSED.account),
  };
}
