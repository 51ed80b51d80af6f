import { ACCOUNT_CHANGED, ACCOUNT_CLOSED, ACCOUNT_OPENED, Flag } from '../../kernel/ledger/layout.ts';
import { metadataBytesMax, metadataText, writeMetadata } from '../copy/metadata.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import { accountKey } from '../sealing/seals.ts';
import { limitsAt } from './accounts.ts';

export const accountChangesColumns =
  'account_key, seq, id, changed_at, posted_floor, posted_ceiling, available_floor, available_ceiling, book_no, sets_limits, sets_metadata, closes, opens, metadata';

const FIXED_BYTES = 14 * 4 + 8 * 8 + 4 + 4 + 16;

/** What all changes of a batch together do to one account's row; absent parts stay as they are. */
export interface AccountAlteration {
  limits?: (bigint | null)[];
  /** JSON text, or null for none. */
  metadata?: string | null;
  closedAtUs?: number;
}

/** The row of an accountChanged event, and its part in the batch's alteration of the account. */
export function writeAccountChange(
  rows: RowBuffer,
  cursor: EventCursor,
  alterations: Map<number, AccountAlteration>,
): void {
  const setsLimits = (cursor.flags & Flag.setLimits) !== 0;
  const setsMetadata = (cursor.flags & Flag.setMetadata) !== 0;
  const metadataBytes = cursor.u16(ACCOUNT_CHANGED.metadataBytes);
  const metadata = cursor.at + ACCOUNT_CHANGED.bytes;
  const limits = setsLimits
    ? limitsAt(cursor, ACCOUNT_CHANGED.limitMask, ACCOUNT_CHANGED.limits)
    : [null, null, null, null];
  const number = cursor.u32(ACCOUNT_CHANGED.account);
  rows.row(14, FIXED_BYTES + metadataBytesMax(metadataBytes));
  rows.halves(cursor.shard, number);
  rows.whole(cursor.seq);
  rows.uuid(cursor.view, cursor.at + ACCOUNT_CHANGED.id);
  rows.moment(cursor.bookedUs);
  for (const limit of limits) rows.bigOrNull(limit);
  rows.i32(cursor.i32(ACCOUNT_CHANGED.book));
  rows.boolean(setsLimits);
  rows.boolean(setsMetadata);
  rows.boolean(false);
  rows.boolean(false);
  writeMetadata(rows, cursor.bytes, metadata, metadataBytes);
  const alteration = alterationOf(alterations, cursor.shard, number);
  if (setsLimits) alteration.limits = limits;
  if (setsMetadata) alteration.metadata = metadataText(cursor.bytes, metadata, metadataBytes);
}

/** The limits that an account is opened with begin its history of limits; most accounts have none. */
export function writeOpeningLimits(rows: RowBuffer, cursor: EventCursor): void {
  if (cursor.u8(ACCOUNT_OPENED.limitMask) === 0) return;
  rows.row(14, FIXED_BYTES);
  rows.halves(cursor.shard, cursor.u32(ACCOUNT_OPENED.account));
  rows.whole(cursor.seq);
  rows.uuid(cursor.view, cursor.at + ACCOUNT_OPENED.id);
  rows.moment(cursor.bookedUs);
  for (const limit of limitsAt(cursor, ACCOUNT_OPENED.limitMask, ACCOUNT_OPENED.limits))
    rows.bigOrNull(limit);
  rows.i32(cursor.i32(ACCOUNT_OPENED.book));
  rows.boolean(true);
  rows.boolean(false);
  rows.boolean(false);
  rows.boolean(true);
  rows.null();
}

/** The row of an accountClosed event, and its part in the batch's alteration of the account. */
export function writeAccountClosure(
  rows: RowBuffer,
  cursor: EventCursor,
  alterations: Map<number, AccountAlteration>,
): void {
  const number = cursor.u32(ACCOUNT_CLOSED.account);
  rows.row(14, FIXED_BYTES);
  rows.halves(cursor.shard, number);
  rows.whole(cursor.seq);
  rows.uuid(cursor.view, cursor.at + ACCOUNT_CLOSED.id);
  rows.moment(cursor.bookedUs);
  for (let limit = 0; limit < 4; limit++) rows.null();
  rows.i32(cursor.i32(ACCOUNT_CLOSED.book));
  rows.boolean(false);
  rows.boolean(false);
  rows.boolean(true);
  rows.boolean(false);
  rows.null();
  alterationOf(alterations, cursor.shard, number).closedAtUs = cursor.bookedUs;
}

function alterationOf(
  alterations: Map<number, AccountAlteration>,
  shard: number,
  number: number,
): AccountAlteration {
  const key = accountKey(shard, number);
  let alteration = alterations.get(key);
  if (alteration === undefined) alterations.set(key, (alteration = {}));
  return alteration;
}
