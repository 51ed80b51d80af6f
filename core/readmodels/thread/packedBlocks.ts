import type { Block } from '../../journal/block.ts';

const HASH_BYTES = 32;

/** Blocks on their way to another thread: what is bytes lies in one piece of memory, which changes hands. */
export interface PackedBlocks {
  readonly heads: readonly (Omit<Block, 'prevHash' | 'hash' | 'body'> & { readonly bodyBytes: number })[];
  readonly bytes: ArrayBuffer;
}

export function packBlocks(blocks: readonly Block[]): PackedBlocks {
  const size = blocks.reduce((sum, { body }) => sum + 2 * HASH_BYTES + body.length, 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  const heads = blocks.map(({ prevHash, hash, body, ...head }) => {
    for (const part of [prevHash, hash, body]) {
      bytes.set(part, at);
      at += part.length;
    }
    return { ...head, bodyBytes: body.length };
  });
  return { heads, bytes: bytes.buffer };
}

export function unpackBlocks({ heads, bytes }: PackedBlocks): Block[] {
  let at = 0;
  const next = (length: number): Uint8Array => new Uint8Array(bytes, (at += length) - length, length);
  return heads.map(({ bodyBytes, ...head }) => ({
    ...head,
    prevHash: next(HASH_BYTES),
    hash: next(HASH_BYTES),
    body: next(bodyBytes),
  }));
}
