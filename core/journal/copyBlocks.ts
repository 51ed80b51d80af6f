import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Block } from './block.ts';
import { BLOCK_COLUMNS } from './sql.ts';
import { blockAt } from './streamBlocks.ts';

/** The signature of Postgres's binary COPY, its flags and the length of its extension: 19 bytes, then the rows. */
const HEAD_BYTES = 19;

/**
 * Blocks of a shard between two heights, in order, by binary COPY: results of a query carry bytea as hexadecimal text,
 * which costs four times as much to read.
 */
export async function copyBlocks(
  client: pg.ClientBase,
  shard: number,
  heights: { from: number; to: number },
): Promise<Block[]> {
  for (const bound of [shard, heights.from, heights.to])
    if (!Number.isSafeInteger(bound)) throw new RangeError(`${bound} is no height`);
  const select = `SELECT ${BLOCK_COLUMNS} FROM florin.journal WHERE shard = ${shard} AND height BETWEEN ${heights.from} AND ${heights.to} ORDER BY height`;
  const chunks: Buffer[] = [];
  for await (const chunk of client.query(copyTo(`COPY (${select}) TO STDOUT (FORMAT binary)`)))
    chunks.push(chunk as Buffer);
  return parse(Buffer.concat(chunks));
}

function parse(bytes: Buffer): Block[] {
  const blocks: Block[] = [];
  let at = HEAD_BYTES;
  // Each row begins with its count of fields; -1 ends them.
  while (bytes.readInt16BE(at) !== -1) {
    const block = blockAt(bytes, at);
    blocks.push(block);
    at = block.body.byteOffset - bytes.byteOffset + block.body.length;
  }
  return blocks;
}
