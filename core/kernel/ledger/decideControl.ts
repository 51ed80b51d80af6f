import { ASSET_ADOPTED, ASSET_CREATED, BOOK_ADOPTED, BOOK_CREATED, EventType } from './layout.ts';
import type { Body } from './body.ts';
import type { CreateAsset, CreateBook } from './commands.ts';
import type { LedgerState } from './state.ts';

const utf8 = new TextEncoder();

/** What comes of a command on the control shard: names are the ids, so nothing about a refusal is remembered. */
export type ControlDecision =
  | { done: 'event'; at: number }
  | { done: 'replay'; seq: number }
  | { done: 'exists'; field: string };

/** Creates a custom asset, or finds it. */
export function decideAsset(state: LedgerState, body: Body, command: CreateAsset): ControlDecision {
  const known = state.assets.get(command.code);
  if (known !== undefined) {
    if (known.iso) return { done: 'exists', field: 'code' };
    const field = known.scale !== command.scale ? 'scale' : known.name !== command.name ? 'name' : null;
    return field === null ? { done: 'replay', seq: known.seq } : { done: 'exists', field };
  }
  const code = utf8.encode(command.code),
    name = utf8.encode(command.name);
  const at = body.begin(EventType.assetCreated, 0, ASSET_CREATED.bytes + code.length + name.length);
  body.view.setUint8(at + ASSET_CREATED.scale, command.scale);
  body.view.setUint8(at + ASSET_CREATED.codeBytes, code.length);
  body.view.setUint16(at + ASSET_CREATED.nameBytes, name.length, true);
  body.putText(at + ASSET_CREATED.bytes, code);
  body.putText(at + ASSET_CREATED.bytes + code.length, name);
  return { done: 'event', at };
}

/** Creates a book on the shard that its name hashes to, or on the one that was asked for; or finds it. */
export function decideBook(
  state: LedgerState,
  body: Body,
  command: CreateBook,
  shards: number,
): ControlDecision {
  const known = state.booksByName.get(command.name);
  if (known !== undefined) {
    const overridden = command.shard !== null;
    const shardDiffers = overridden !== known.overridden || (overridden && command.shard !== known.shard);
    const field = known.description !== command.description ? 'description' : shardDiffers ? 'shard' : null;
    return field === null ? { done: 'replay', seq: known.seq } : { done: 'exists', field };
  }
  const name = utf8.encode(command.name),
    description = utf8.encode(command.description);
  const at = body.begin(EventType.bookCreated, 0, BOOK_CREATED.bytes + name.length + description.length);
  body.view.setUint32(at + BOOK_CREATED.book, state.lastBook + 1, true);
  body.view.setUint16(at + BOOK_CREATED.shard, command.shard ?? shardOfName(name, shards), true);
  body.view.setUint8(at + BOOK_CREATED.overridden, command.shard === null ? 0 : 1);
  body.view.setUint8(at + BOOK_CREATED.nameBytes, name.length);
  body.view.setUint16(at + BOOK_CREATED.descriptionBytes, description.length, true);
  body.putText(at + BOOK_CREATED.bytes, name);
  body.putText(at + BOOK_CREATED.bytes + name.length, description);
  return { done: 'event', at };
}

/** FNV-1a over the name. The event keeps the outcome, so a later release may hash otherwise. */
export function shardOfName(name: Uint8Array, shards: number): number {
  let hash = 0x811c9dc5;
  for (const byte of name) hash = Math.imul(hash ^ byte, 0x01000193);
  hash ^= hash >>> 16;
  return (Math.imul(hash, 0x85ebca6b) >>> 8) % shards;
}

/** An event of the control shard that data shards copy. */
export type ControlEvent =
  | { type: 'book'; seq: number; number: number; name: string; shard: number }
  | { type: 'asset'; seq: number; code: string; scale: number; name: string };

/** Copies an event of the control shard; null where it, or a later one, was copied already. */
export function decideAdoption(state: LedgerState, body: Body, event: ControlEvent): { at: number } | null {
  if (event.seq <= state.controlSeq) return null;
  const name = utf8.encode(event.name);
  if (event.type === 'book') {
    const at = body.begin(EventType.bookAdopted, 0, BOOK_ADOPTED.bytes + name.length);
    body.view.setBigInt64(at + BOOK_ADOPTED.controlSeq, BigInt(event.seq), true);
    body.view.setUint32(at + BOOK_ADOPTED.book, event.number, true);
    body.view.setUint32(at + BOOK_ADOPTED.nameBytes, name.length, true);
    body.putText(at + BOOK_ADOPTED.bytes, name);
    return { at };
  }
  const code = utf8.encode(event.code);
  const at = body.begin(EventType.assetAdopted, 0, ASSET_ADOPTED.bytes + code.length + name.length);
  body.view.setBigInt64(at + ASSET_ADOPTED.controlSeq, BigInt(event.seq), true);
  body.view.setUint8(at + ASSET_ADOPTED.scale, event.scale);
  body.view.setUint8(at + ASSET_ADOPTED.codeBytes, code.length);
  body.view.setUint16(at + ASSET_ADOPTED.nameBytes, name.length, true);
  body.putText(at + ASSET_ADOPTED.bytes, code);
  body.putText(at + ASSET_ADOPTED.bytes + code.length, name);
  return { at };
}
