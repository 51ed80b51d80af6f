import type { Block } from './block.ts';

export const BLOCK_COLUMNS =
  'shard, height, epoch, first_seq, event_count, block_time_us, prev_hash, hash, body';

/** A row of florin.journal as pg hands it over: int8 as text. */
export interface BlockRow {
  shard: number;
  height: string;
  epoch: string;
  first_seq: string;
  event_count: number;
  block_time_us: string;
  prev_hash: Buffer;
  hash: Buffer;
  body: Buffer;
}

export function blockOfRow(row: BlockRow): Block {
  return {
    shard: row.shard,
    height: Number(row.height),
    epoch: Number(row.epoch),
    firstSeq: Number(row.first_seq),
    eventCount: row.event_count,
    blockTimeUs: Number(row.block_time_us),
    prevHash: row.prev_hash,
    hash: row.hash,
    body: row.body,
  };
}

const PARAMETERS = 9;
const statements = new Map<number, string>();

/**
 * One statement for the blocks of several shards. The fence is a CTE that locks the epoch rows it names, in the order
 * of shards; the insert joins it, since a locking CTE that nobody refers to is never executed. A shard whose epoch was
 * raised is not in the fence, so it is not inserted and not returned.
 */
export function appendStatement(count: number): { name: string; text: string } {
  let text = statements.get(count);
  if (text === undefined) {
    const rows = Array.from({ length: count }, (_, i) => {
      const p = (k: number) => `$${i * PARAMETERS + k}`;
      return `(${p(1)}::smallint, ${p(2)}::bigint, ${p(3)}::bigint, ${p(4)}::bigint, ${p(5)}::integer, ${p(6)}::bigint, ${p(7)}::bytea, ${p(8)}::bytea, ${p(9)}::bytea)`;
    });
    text = `WITH block (${BLOCK_COLUMNS}) AS (VALUES ${rows.join(', ')}),
fence AS MATERIALIZED (SELECT e.shard FROM florin.epochs e JOIN block b ON e.shard = b.shard AND e.epoch = b.epoch ORDER BY e.shard FOR SHARE OF e)
INSERT INTO florin.journal (${BLOCK_COLUMNS})
SELECT ${BLOCK_COLUMNS.split(', ')
      .map((column) => `block.${column}`)
      .join(', ')} FROM block JOIN fence ON fence.shard = block.shard
RETURNING shard, height`;
    statements.set(count, text);
  }
  return { name: `append ${count}`, text };
}
