import { expect, test } from 'vitest';
import type { Block } from '../../journal/block.ts';
import { packBlocks, unpackBlocks } from './packedBlocks.ts';

/** Its bytes are views of a bigger piece of memory, as a journal reads them. */
function block(height: number, bodyBytes: number): Block {
  const memory = Uint8Array.from({ length: 100 + bodyBytes }, (_, i) => (i * 7 + height) & 0xff);
  return {
    shard: 5,
    height,
    epoch: 2,
    firstSeq: height * 10,
    eventCount: bodyBytes === 0 ? 0 : 3,
    blockTimeUs: 1_000 + height,
    prevHash: memory.subarray(1, 33),
    hash: memory.subarray(33, 65),
    body: memory.subarray(65, 65 + bodyBytes),
  };
}

test('blocks come out as they went in, an empty one too', () => {
  const blocks = [block(1, 40), block(2, 0), block(3, 7)];
  const packed = packBlocks(blocks);
  expect(packed.bytes.byteLength).toBe(3 * 64 + 47);
  expect(unpackBlocks(structuredClone(packed))).toEqual(blocks);
});

test('no blocks are no bytes', () => {
  expect(unpackBlocks(packBlocks([]))).toEqual([]);
});
