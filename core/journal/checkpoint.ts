import { createHash, sign, verify, type KeyObject } from 'node:crypto';
import { ZERO_HASH, sameHash } from './hash.ts';
import { publicKeyOf, rawPublicKey } from './checkpointKey.ts';

/** Data shards and the control shard: a checkpoint names each, in order. */
export const CHECKPOINT_SHARDS = 65;

/** How far a shard's journal is committed and proven by the writer's own append. */
export interface CheckpointTip {
  shard: number;
  /** 0 where nothing is proven yet. */
  height: number;
  /** 32 bytes; zeros at height 0. */
  hash: Uint8Array;
}

/** A signed record of all shards' tips. */
export interface Checkpoint {
  /** From 1 without gaps. */
  number: number;
  /** Microseconds since 1970. */
  createdUs: number;
  /** The hash of the checkpoint before, 32 bytes; zeros for the first. */
  prevHash: Uint8Array;
  /** By shard, all of them. */
  tips: CheckpointTip[];
}

/** A checkpoint with what proves it. */
export interface SignedCheckpoint extends Checkpoint {
  /** The canonical bytes: what is hashed and signed. */
  body: Uint8Array;
  /** SHA-256 of the body. */
  hash: Uint8Array;
  /** Ed25519 over the body, 64 bytes. */
  signature: Uint8Array;
  /** 32 bytes. */
  publicKey: Uint8Array;
}

/** Where each field of a checkpoint's canonical bytes lies. Little endian; see docs/journal.md. */
export const CHECKPOINT = {
  magic: 0,
  version: 8,
  tips: 10,
  reserved: 12,
  number: 16,
  createdUs: 24,
  prevHash: 32,
  bytes: 64,
} as const;

/** A tip; there are `tips` of them behind the fixed part. */
export const CHECKPOINT_TIP = { shard: 0, reserved: 2, height: 8, hash: 16, bytes: 48 } as const;

export const CHECKPOINT_MAGIC = 'FLRNCKPT';
export const CHECKPOINT_VERSION = 1;

/** These bytes are no checkpoint, or not the one that they claim to be. */
export class BadCheckpoint extends Error {
  override readonly name = 'BadCheckpoint';
}

/** The canonical bytes. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const body = Buffer.alloc(CHECKPOINT.bytes + checkpoint.tips.length * CHECKPOINT_TIP.bytes);
  body.write(CHECKPOINT_MAGIC, CHECKPOINT.magic, 'latin1');
  body.writeUInt16LE(CHECKPOINT_VERSION, CHECKPOINT.version);
  body.writeUInt16LE(checkpoint.tips.length, CHECKPOINT.tips);
  body.writeBigUInt64LE(BigInt(checkpoint.number), CHECKPOINT.number);
  body.writeBigUInt64LE(BigInt(checkpoint.createdUs), CHECKPOINT.createdUs);
  body.set(checkpoint.prevHash, CHECKPOINT.prevHash);
  for (const [index, tip] of checkpoint.tips.entries()) {
    if (tip.shard !== index) throw new Error(`a checkpoint names shard ${tip.shard} in place ${index}`);
    const at = CHECKPOINT.bytes + index * CHECKPOINT_TIP.bytes;
    body.writeUInt16LE(tip.shard, at + CHECKPOINT_TIP.shard);
    body.writeBigUInt64LE(BigInt(tip.height), at + CHECKPOINT_TIP.height);
    body.set(tip.hash, at + CHECKPOINT_TIP.hash);
  }
  return body;
}

/** What canonical bytes say; throws `BadCheckpoint` where they are not canonical. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (body.length < CHECKPOINT.bytes || body.toString('latin1', 0, 8) !== CHECKPOINT_MAGIC)
    throw new BadCheckpoint('these bytes are no checkpoint of Florin');
  const version = body.readUInt16LE(CHECKPOINT.version);
  if (version !== CHECKPOINT_VERSION)
    throw new BadCheckpoint(
      `the checkpoint has the version ${version}; this release reads ${CHECKPOINT_VERSION}`,
    );
  const count = body.readUInt16LE(CHECKPOINT.tips);
  if (body.length !== CHECKPOINT.bytes + count * CHECKPOINT_TIP.bytes)
    throw new BadCheckpoint(`the checkpoint of ${count} tips has ${body.length} bytes`);
  const checkpoint: Checkpoint = {
    number: safe(body.readBigUInt64LE(CHECKPOINT.number)),
    createdUs: safe(body.readBigUInt64LE(CHECKPOINT.createdUs)),
    prevHash: Uint8Array.from(body.subarray(CHECKPOINT.prevHash, CHECKPOINT.bytes)),
    tips: Array.from({ length: count }, (_, index) => {
      const at = CHECKPOINT.bytes + index * CHECKPOINT_TIP.bytes;
      return {
        shard: index,
        height: safe(body.readBigUInt64LE(at + CHECKPOINT_TIP.height)),
        hash: Uint8Array.from(body.subarray(at + CHECKPOINT_TIP.hash, at + CHECKPOINT_TIP.bytes)),
      };
    }),
  };
  // Encoding again finds whatever stands where it should not: another shard, a reserved byte.
  if (Buffer.compare(encodeCheckpoint(checkpoint), body) !== 0)
    throw new BadCheckpoint('the bytes of the checkpoint are not canonical');
  return checkpoint;
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new BadCheckpoint(`${value} is no number of a checkpoint`);
  return Number(value);
}

export function signCheckpoint(checkpoint: Checkpoint, key: KeyObject): SignedCheckpoint {
  const body = encodeCheckpoint(checkpoint);
  return {
    ...checkpoint,
    body,
    hash: hashOf(body),
    signature: sign(null, body, key),
    publicKey: rawPublicKey(key),
  };
}

/** The checkpoint in these bytes, with its hash and signature checked; whether the key is one to trust is the caller's matter. */
export function openCheckpoint(parts: {
  body: Uint8Array;
  hash: Uint8Array;
  signature: Uint8Array;
  publicKey: Uint8Array;
}): SignedCheckpoint {
  const checkpoint = decodeCheckpoint(parts.body);
  if (!sameHash(hashOf(parts.body), parts.hash))
    throw new BadCheckpoint(`the hash of checkpoint ${checkpoint.number} is not that of its bytes`);
  if (
    parts.publicKey.length !== 32 ||
    !verify(null, parts.body, publicKeyOf(parts.publicKey), parts.signature)
  ) {
    throw new BadCheckpoint(`the signature of checkpoint ${checkpoint.number} is not that of its bytes`);
  }
  return {
    ...checkpoint,
    body: parts.body,
    hash: parts.hash,
    signature: parts.signature,
    publicKey: parts.publicKey,
  };
}

/** What is wrong between a checkpoint and the one before it; null where it follows. */
export function breakBetween(before: SignedCheckpoint | null, next: Checkpoint): string | null {
  const number = (before?.number ?? 0) + 1;
  if (next.number !== number) return `checkpoint ${next.number} stands where ${number} should`;
  if (!sameHash(next.prevHash, before?.hash ?? ZERO_HASH))
    return `checkpoint ${next.number} does not name the hash of the one before`;
  if (before !== null && next.createdUs < before.createdUs)
    return `checkpoint ${next.number} is older than the one before`;
  const fallen = before?.tips.find((tip) => (next.tips[tip.shard]?.height ?? 0) < tip.height);
  return fallen === undefined
    ? null
    : `checkpoint ${next.number} has shard ${fallen.shard} below the height of the one before`;
}

function hashOf(body: Uint8Array): Uint8Array {
  return createHash('sha256').update(body).digest();
}
