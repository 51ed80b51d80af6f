import type { Body } from './body.ts';
import type { ChangeAccount, CloseAccount, LimitValues, OpenAccount, Uuid } from './commands.ts';
import { refusal, slotOf, type Context } from './context.ts';
import type { Written } from './decideTransaction.ts';
import { OWN_CODE_PREFIX } from './reserved.ts';
import { availableBalance, postedBalance, reachableBalance } from './draft.ts';
import { ACCOUNT_CHANGED, ACCOUNT_CLOSED, ACCOUNT_OPENED, EventType, Flag } from './layout.ts';
import { isOwnId, putWords, wordsOf } from './uuid.ts';

const utf8 = new TextEncoder();
const NOTHING = new Uint8Array(0);

export function decideOpen(context: Context, command: OpenAccount): Written {
  const { state, body } = context;
  if (state.assets.numberOf(command.asset) < 0) return refusal('ASSET_NOT_FOUND', { field: 'asset' });
  if (context.takenCodes.has(command.code) || state.recentCodes.has(`${context.book}:${command.code}`))
    return refusal('CODE_TAKEN', { field: 'code' });
  const wrong = violated(command.limits, { posted: 0n, available: 0n, reachable: 0n });
  if (wrong !== null) return refusal('LIMIT_VIOLATED', { field: wrong });
  if (command.code.startsWith(OWN_CODE_PREFIX) && !isOwnId(command.id))
    return refusal('RESERVED_CODE', { field: 'code' });
  const code = utf8.encode(command.code),
    asset = utf8.encode(command.asset);
  const at = body.begin(
    EventType.accountOpened,
    0,
    ACCOUNT_OPENED.bytes + code.length + asset.length + command.metadata.length,
  );
  const view = body.view;
  putWords(view, at + ACCOUNT_OPENED.id, ...wordsOf(command.id));
  view.setUint32(at + ACCOUNT_OPENED.book, context.book, true);
  view.setUint32(at + ACCOUNT_OPENED.account, state.lastAccount + 1, true);
  view.setUint8(at + ACCOUNT_OPENED.normalSide, command.normalSide);
  view.setUint8(at + ACCOUNT_OPENED.codeBytes, code.length);
  view.setUint8(at + ACCOUNT_OPENED.assetBytes, asset.length);
  view.setUint16(at + ACCOUNT_OPENED.metadataBytes, command.metadata.length, true);
  view.setUint8(at + ACCOUNT_OPENED.limitMask, putLimits(body, at + ACCOUNT_OPENED.limits, command.limits));
  body.putText(at + ACCOUNT_OPENED.bytes, code);
  body.putText(at + ACCOUNT_OPENED.bytes + code.length, asset);
  body.putText(at + ACCOUNT_OPENED.bytes + code.length + asset.length, command.metadata);
  return { at };
}

export function decideChange(context: Context, command: ChangeAccount): Written {
  const slot = openSlot(context, command.account);
  if (typeof slot !== 'number') return slot;
  const { accounts } = context.state;
  if (command.limits !== null) {
    const creditNormal = accounts.isCreditNormal(slot);
    const counters = accounts.countersOf(slot);
    const wrong = violated(command.limits, {
      posted: postedBalance(counters, creditNormal),
      available: availableBalance(counters, creditNormal),
      reachable: reachableBalance(counters, creditNormal),
    });
    if (wrong !== null) return refusal('LIMIT_VIOLATED', { field: wrong, account: command.account });
  }
  const metadata = command.metadata ?? NOTHING;
  const flags =
    (command.limits === null ? 0 : Flag.setLimits) | (command.metadata === null ? 0 : Flag.setMetadata);
  const { body } = context;
  const at = body.begin(EventType.accountChanged, flags, ACCOUNT_CHANGED.bytes + metadata.length);
  putWords(body.view, at + ACCOUNT_CHANGED.id, ...wordsOf(command.id));
  body.view.setUint32(at + ACCOUNT_CHANGED.book, context.book, true);
  body.view.setUint32(at + ACCOUNT_CHANGED.account, accounts.numberOf(slot), true);
  body.view.setUint16(at + ACCOUNT_CHANGED.metadataBytes, metadata.length, true);
  if (command.limits !== null)
    body.view.setUint8(
      at + ACCOUNT_CHANGED.limitMask,
      putLimits(body, at + ACCOUNT_CHANGED.limits, command.limits),
    );
  body.putText(at + ACCOUNT_CHANGED.bytes, metadata);
  return { at };
}

export function decideClose(context: Context, command: CloseAccount): Written {
  const slot = openSlot(context, command.account);
  if (typeof slot !== 'number') return slot;
  const counters = context.state.accounts.countersOf(slot);
  if (counters.debitsPosted !== counters.creditsPosted)
    return refusal('ACCOUNT_NOT_ZERO', { field: 'account_id', account: command.account });
  if (counters.debitsPending !== 0n || counters.creditsPending !== 0n)
    return refusal('ACCOUNT_HAS_HOLDS', { field: 'account_id', account: command.account });
  const { body } = context;
  const at = body.begin(EventType.accountClosed, 0, ACCOUNT_CLOSED.bytes);
  putWords(body.view, at + ACCOUNT_CLOSED.id, ...wordsOf(command.id));
  body.view.setUint32(at + ACCOUNT_CLOSED.book, context.book, true);
  body.view.setUint32(at + ACCOUNT_CLOSED.account, context.state.accounts.numberOf(slot), true);
  return { at };
}

function openSlot(context: Context, id: Uuid) {
  // Accounts of the chart take facts, which no limit of anybody's may refuse.
  if (isOwnId(id)) return refusal('RESERVED_ID', { field: 'account_id', account: id });
  const slot = slotOf(context, id);
  if (slot < 0) return refusal('ACCOUNT_NOT_FOUND', { field: 'account_id', account: id });
  if (context.state.accounts.isClosed(slot))
    return refusal('ACCOUNT_CLOSED', { field: 'account_id', account: id });
  return slot;
}

/** The field of the first limit that the balances violate, or null. */
function violated(
  limits: LimitValues,
  balance: { posted: bigint; available: bigint; reachable: bigint },
): string | null {
  const [postedFloor, postedCeiling, availableFloor, availableCeiling] = limits;
  if (postedFloor !== null && balance.posted < postedFloor) return 'limits.posted_floor';
  if (postedCeiling !== null && balance.posted > postedCeiling) return 'limits.posted_ceiling';
  if (availableFloor !== null && balance.available < availableFloor) return 'limits.available_floor';
  if (availableCeiling !== null && balance.reachable > availableCeiling) return 'limits.available_ceiling';
  return null;
}

/** Writes the four limits; returns the mask of those that are set. */
function putLimits(body: Body, at: number, limits: LimitValues): number {
  let mask = 0;
  limits.forEach((limit, i) => {
    if (limit === null) return;
    mask |= 1 << i;
    body.view.setBigInt64(at + i * 8, limit, true);
  });
  return mask;
}
