import type { Block } from '../../core/journal/block.ts';

interface GoldenBlock {
  shard: number;
  height: number;
  epoch: number;
  first_seq: number;
  event_count: number;
  block_time_us: number;
  prev_hash: string;
  hash: string;
  body: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** JSON lines: a block each, bytes in hexadecimal. */
export function fileOfBlocks(blocks: readonly Block[]): string {
  const lines = blocks.map((block) => {
    const golden: GoldenBlock = {
      shard: block.shard,
      height: block.height,
      epoch: block.epoch,
      first_seq: block.firstSeq,
      event_count: block.eventCount,
      block_time_us: block.blockTimeUs,
      prev_hash: hex(block.prevHash),
      hash: hex(block.hash),
      body: hex(block.body),
    };
    return JSON.stringify(golden);
  });
  return `${lines.join('\n')}\n`;
}

export function blocksOfFile(text: string): Block[] {
  const lines = text.trimEnd().split('\n');
  return lines.map((line) => blockOf(JSON.parse(line) as GoldenBlock));
}

function blockOf(golden: GoldenBlock): Block {
  return {
    shard: golden.shard,
    height: golden.height,
    epoch: golden.epoch,
    firstSeq: golden.first_seq,
    eventCount: golden.event_count,
    blockTimeUs: golden.block_time_us,
    prevHash: Buffer.from(golden.prev_hash, 'hex'),
    hash: Buffer.from(golden.hash, 'hex'),
    body: Buffer.from(golden.body, 'hex'),
  };
}
