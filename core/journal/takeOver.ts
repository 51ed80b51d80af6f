import type pg from 'pg';
import { ZERO_HASH } from './hash.ts';
import type { Tip } from './store.ts';

/** Where the journals of these shards end. */
export async function tips(pool: pg.Pool, shards: readonly number[]): Promise<Map<number, Tip>> {
  const { rows } = await pool.query<TipRow>(TIPS, [shards]);
  const found = new Map(rows.map((row) => [row.shard, tipOf(row)]));
  return new Map(shards.map((shard) => [shard, found.get(shard) ?? NO_TIP]));
}

/** The hashes of single blocks, by shard; absent where there is no such block. */
export async function hashesAt(
  pool: pg.Pool,
  places: ReadonlyMap<number, number>,
): Promise<Map<number, Uint8Array>> {
  const { rows } = await pool.query<{ shard: number; hash: Buffer }>(HASHES_AT, [
    [...places.keys()],
    [...places.values()],
  ]);
  return new Map(rows.map(({ shard, hash }) => [shard, hash]));
}

interface TipRow {
  shard: number;
  height: string;
  epoch: string;
  first_seq: string;
  event_count: number;
  block_time_us: string;
  hash: Buffer;
}

const NO_TIP: Tip = { height: 0, epoch: 0, seq: 0, blockTimeUs: 0, hash: ZERO_HASH };

function tipOf(row: TipRow): Tip {
  return {
    height: Number(row.height),
    epoch: Number(row.epoch),
    seq: Number(row.first_seq) + row.event_count - 1,
    blockTimeUs: Number(row.block_time_us),
    hash: row.hash,
  };
}

const TIPS = `
  SELECT j.*
  FROM unnest($1::smallint[]) AS s(shard)
  CROSS JOIN LATERAL (
    SELECT shard, height, epoch, first_seq, event_count, block_time_us, hash
    FROM florin.journal WHERE shard = s.shard ORDER BY height DESC LIMIT 1
  ) AS j`;

const HASHES_AT = `
  SELECT j.shard, j.hash
  FROM unnest($1::smallint[], $2::bigint[]) AS p(shard, height)
  JOIN florin.journal AS j ON j.shard = p.shard AND j.height = p.height`;
