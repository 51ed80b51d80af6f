import { ASSET_ADOPTED, ASSET_CREATED, BOOK_ADOPTED, BOOK_CREATED } from '../../kernel/ledger/layout.ts';
import type { EventCursor } from '../projection/cursor.ts';

export interface BookRow {
  number: number;
  name: string;
  shard: number;
  overridden: boolean;
  description: string;
  createdUs: number;
  seq: number;
}

export interface AdoptedBookRow {
  number: number;
  shard: number;
  name: string;
  adoptedUs: number;
  seq: number;
  controlSeq: number;
}

export interface AssetRow {
  code: string;
  scale: number;
  name: string;
  seq: number;
}

export interface AdoptedAssetRow extends AssetRow {
  shard: number;
  controlSeq: number;
}

export function bookCreated(cursor: EventCursor): BookRow {
  const nameBytes = cursor.u8(BOOK_CREATED.nameBytes);
  return {
    number: cursor.i32(BOOK_CREATED.book),
    name: cursor.text(BOOK_CREATED.bytes, nameBytes),
    shard: cursor.u16(BOOK_CREATED.shard),
    overridden: cursor.u8(BOOK_CREATED.overridden) === 1,
    description: cursor.text(BOOK_CREATED.bytes + nameBytes, cursor.u16(BOOK_CREATED.descriptionBytes)),
    createdUs: cursor.bookedUs,
    seq: cursor.seq,
  };
}

export function bookAdopted(cursor: EventCursor): AdoptedBookRow {
  return {
    number: cursor.i32(BOOK_ADOPTED.book),
    shard: cursor.shard,
    name: cursor.text(BOOK_ADOPTED.bytes, cursor.u32(BOOK_ADOPTED.nameBytes)),
    adoptedUs: cursor.bookedUs,
    seq: cursor.seq,
    controlSeq: cursor.whole(BOOK_ADOPTED.controlSeq),
  };
}

export function assetCreated(cursor: EventCursor): AssetRow {
  const codeBytes = cursor.u8(ASSET_CREATED.codeBytes);
  return {
    code: cursor.text(ASSET_CREATED.bytes, codeBytes),
    scale: cursor.u8(ASSET_CREATED.scale),
    name: cursor.text(ASSET_CREATED.bytes + codeBytes, nameBytesAt(cursor, ASSET_CREATED.nameBytes)),
    seq: cursor.seq,
  };
}

export function assetAdopted(cursor: EventCursor): AdoptedAssetRow {
  const codeBytes = cursor.u8(ASSET_ADOPTED.codeBytes);
  return {
    code: cursor.text(ASSET_ADOPTED.bytes, codeBytes),
    scale: cursor.u8(ASSET_ADOPTED.scale),
    name: cursor.text(ASSET_ADOPTED.bytes + codeBytes, nameBytesAt(cursor, ASSET_ADOPTED.nameBytes)),
    seq: cursor.seq,
    shard: cursor.shard,
    controlSeq: cursor.whole(ASSET_ADOPTED.controlSeq),
  };
}

/** u16: a name has up to 100 characters of up to four bytes. */
function nameBytesAt(cursor: EventCursor, offset: number): number {
  return cursor.u16(offset);
}
