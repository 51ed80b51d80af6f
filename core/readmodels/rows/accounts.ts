import { ACCOUNT_OPENED } from '../../kernel/ledger/layout.ts';
import { metadataBytesMax, writeMetadata } from '../copy/metadata.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';

export const accountsColumns =
  'account_key, seq, id, opened_at, posted_floor, posted_ceiling, available_floor, available_ceiling, seal, book_no, normal_side, asset, code, metadata';

const FIXED_BYTES = 14 * 4 + 10 * 8 + 16;

/** The row of an account as it was opened. */
export function writeAccount(rows: RowBuffer, cursor: EventCursor, sealer: Sealer): void {
  const codeBytes = cursor.u8(ACCOUNT_OPENED.codeBytes);
  const assetBytes = cursor.u8(ACCOUNT_OPENED.assetBytes);
  const metadataBytes = cursor.u16(ACCOUNT_OPENED.metadataBytes);
  const number = cursor.u32(ACCOUNT_OPENED.account);
  const book = cursor.i32(ACCOUNT_OPENED.book);
  const normalSide = cursor.u8(ACCOUNT_OPENED.normalSide);
  const limits = limitsAt(cursor, ACCOUNT_OPENED.limitMask, ACCOUNT_OPENED.limits);
  const seal = sealer.accountSeal({
    accountKey: (BigInt(cursor.shard) << 32n) | BigInt(number),
    book,
    id: cursor.hex(ACCOUNT_OPENED.id),
    code: cursor.text(ACCOUNT_OPENED.bytes, codeBytes),
    asset: cursor.text(ACCOUNT_OPENED.bytes + codeBytes, assetBytes),
    normalSide,
    closed: false,
    limits,
  });
  rows.row(14, FIXED_BYTES + codeBytes + assetBytes + metadataBytesMax(metadataBytes));
  rows.halves(cursor.shard, number);
  rows.whole(cursor.seq);
  rows.uuid(cursor.view, cursor.at + ACCOUNT_OPENED.id);
  rows.moment(cursor.bookedUs);
  for (const limit of limits) rows.bigOrNull(limit);
  rows.big(seal);
  rows.i32(book);
  rows.i16(normalSide);
  const text = cursor.at + ACCOUNT_OPENED.bytes;
  rows.text(cursor.bytes, text + codeBytes, assetBytes);
  rows.text(cursor.bytes, text, codeBytes);
  writeMetadata(rows, cursor.bytes, text + codeBytes + assetBytes, metadataBytes);
}

/** The four limits of an event in the order of LIMIT_ORDER; null where the mask has no bit. */
export function limitsAt(cursor: EventCursor, maskOffset: number, limitsOffset: number): (bigint | null)[] {
  const mask = cursor.u8(maskOffset);
  return [0, 1, 2, 3].map((limit) => ((mask >> limit) & 1 ? cursor.i64(limitsOffset + limit * 8) : null));
}
