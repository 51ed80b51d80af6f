import { createHash } from 'node:crypto';
import type { Block } from './block.ts';

/** The version of the header that is hashed; see docs/journal.md. */
export const HEADER_VERSION = 1;

/** Bytes of the header as it is hashed: u16 version, u16 shard, u32 event count, u64 height, epoch, first seq, block time. */
const HEADER_BYTES = 40;

export const ZERO_HASH = new Uint8Array(32);

const header = Buffer.alloc(HEADER_BYTES);

/** SHA-256 over the previous hash, the header and the body: what links a block to all before it. */
export function hashBlock(block: Omit<Block, 'hash'>): Uint8Array {
  header.writeUInt16LE(HEADER_VERSION, 0);
  header.writeUInt16LE(block.shard, 2);
  header.writeUInt32LE(block.eventCount, 4);
  header.writeBigUInt64LE(BigInt(block.height), 8);
  header.writeBigUInt64LE(BigInt(block.epoch), 16);
  header.writeBigUInt64LE(BigInt(block.firstSeq), 24);
  header.writeBigUInt64LE(BigInt(block.blockTimeUs), 32);
  return createHash('sha256').update(block.prevHash).update(header).update(block.body).digest();
}

export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
