import {
  ASSET_ADOPTED,
  ASSET_CREATED,
  BOOK_ADOPTED,
  BOOK_CREATED,
} from '../../../core/kernel/ledger/layout.ts';
import { assetWords, bookWords } from './adoptions.ts';
import { checkLength, type EventAt } from './events.ts';
import type { ShardFold } from './shardFold.ts';

const textOf = ({ bytes }: EventAt, at: number, length: number): string =>
  bytes.toString('utf8', at, at + length);

export function foldBookCreated(fold: ShardFold, event: EventAt): void {
  const { view, at, bytes } = event;
  const nameBytes = view.getUint8(at + BOOK_CREATED.nameBytes),
    descriptionBytes = view.getUint16(at + BOOK_CREATED.descriptionBytes, true);
  const tail = at + BOOK_CREATED.bytes;
  checkLength(event, BOOK_CREATED.bytes + nameBytes + descriptionBytes);
  const number = view.getUint32(at + BOOK_CREATED.book, true),
    name = textOf(event, tail, nameBytes);
  if (number !== fold.books.size + 1)
    fold.tell('I7', event, `book ${number} is created where ${fold.books.size + 1} is next`);
  if (fold.bookNames.has(name)) fold.tell('I7', event, `the book "${name}" is created twice`);
  fold.books.add(number);
  fold.bookNames.add(name);
  const shard = view.getUint16(at + BOOK_CREATED.shard, true);
  fold.adoptions.created(event, { words: bookWords(number, name, shard), shard });
  const { tuple } = fold;
  tuple.begin(7, nameBytes + descriptionBytes);
  tuple.i32(number);
  tuple.copy(bytes, tail, nameBytes);
  tuple.i16(shard);
  tuple.boolean(view.getUint8(at + BOOK_CREATED.overridden) === 1);
  tuple.copy(bytes, tail + nameBytes, descriptionBytes);
  tuple.moment(event.blockTimeUs);
  tuple.whole(event.seq);
  fold.expected.row('books', tuple);
}

export function foldAssetCreated(fold: ShardFold, event: EventAt): void {
  const { view, at, bytes } = event;
  const codeBytes = view.getUint8(at + ASSET_CREATED.codeBytes),
    nameBytes = view.getUint16(at + ASSET_CREATED.nameBytes, true);
  const tail = at + ASSET_CREATED.bytes;
  checkLength(event, ASSET_CREATED.bytes + codeBytes + nameBytes);
  const code = textOf(event, tail, codeBytes);
  if (fold.customAssets.has(code)) fold.tell('I7', event, `the asset "${code}" is created twice`);
  fold.customAssets.add(code);
  const scale = view.getUint8(at + ASSET_CREATED.scale);
  const words = assetWords(code, scale, textOf(event, tail + codeBytes, nameBytes));
  fold.adoptions.created(event, { words, shard: null });
  const { tuple } = fold;
  tuple.begin(4, codeBytes + nameBytes);
  tuple.copy(bytes, tail, codeBytes);
  tuple.i16(scale);
  tuple.copy(bytes, tail + codeBytes, nameBytes);
  tuple.whole(event.seq);
  fold.expected.row('assets', tuple);
}

export function foldBookAdopted(fold: ShardFold, event: EventAt): void {
  const { view, at, bytes } = event;
  const nameBytes = view.getUint32(at + BOOK_ADOPTED.nameBytes, true);
  checkLength(event, BOOK_ADOPTED.bytes + nameBytes);
  const number = view.getUint32(at + BOOK_ADOPTED.book, true);
  if (fold.books.has(number)) fold.tell('I7', event, `book ${number} is adopted twice`);
  fold.books.add(number);
  const name = textOf(event, at + BOOK_ADOPTED.bytes, nameBytes);
  const controlSeq = adopted(
    fold,
    event,
    view.getBigInt64(at + BOOK_ADOPTED.controlSeq, true),
    bookWords(number, name, fold.shard),
  );
  const { tuple } = fold;
  tuple.begin(6, nameBytes);
  tuple.i32(number);
  tuple.i16(fold.shard);
  tuple.copy(bytes, at + BOOK_ADOPTED.bytes, nameBytes);
  tuple.moment(event.blockTimeUs);
  tuple.whole(event.seq);
  tuple.whole(controlSeq);
  fold.expected.row('adoptedBooks', tuple);
}

export function foldAssetAdopted(fold: ShardFold, event: EventAt): void {
  const { view, at, bytes } = event;
  const codeBytes = view.getUint8(at + ASSET_ADOPTED.codeBytes),
    nameBytes = view.getUint16(at + ASSET_ADOPTED.nameBytes, true);
  const tail = at + ASSET_ADOPTED.bytes;
  checkLength(event, ASSET_ADOPTED.bytes + codeBytes + nameBytes);
  const code = textOf(event, tail, codeBytes);
  if (fold.customAssets.has(code)) fold.tell('I7', event, `the asset "${code}" is adopted twice`);
  fold.customAssets.add(code);
  const scale = view.getUint8(at + ASSET_ADOPTED.scale);
  const controlSeq = adopted(
    fold,
    event,
    view.getBigInt64(at + ASSET_ADOPTED.controlSeq, true),
    assetWords(code, scale, textOf(event, tail + codeBytes, nameBytes)),
  );
  const { tuple } = fold;
  tuple.begin(6, codeBytes + nameBytes);
  tuple.i16(fold.shard);
  tuple.copy(bytes, tail, codeBytes);
  tuple.i16(scale);
  tuple.copy(bytes, tail + codeBytes, nameBytes);
  tuple.whole(event.seq);
  tuple.whole(controlSeq);
  fold.expected.row('adoptedAssets', tuple);
}

function adopted(fold: ShardFold, event: EventAt, controlSeq: bigint, words: string): number {
  const seq = Number(controlSeq);
  fold.adoptions.adopted(event, { server: fold.server, shard: fold.shard, controlSeq: seq, words });
  if (seq <= fold.controlSeq)
    fold.tell('I8', event, `event ${seq} of the control shard is adopted after ${fold.controlSeq}`);
  fold.controlSeq = seq;
  return seq;
}
