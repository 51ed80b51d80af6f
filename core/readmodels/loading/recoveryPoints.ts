import type pg from 'pg';
import type { RecoveryPoint } from '../../shard/ports.ts';
import * as sql from './statements.ts';

/** Where books, assets and the shard map are. */
const CONTROL_SHARD = 64;

/** What recovery of these shards begins with, in five statements however many they are. Call it in one snapshot. */
export async function recoveryPoints(
  client: pg.ClientBase,
  shards: readonly number[],
): Promise<Map<number, RecoveryPoint>> {
  const points = new Map(shards.map((shard) => [shard, nothing()]));
  const marks = await client.query<MarkRow>(sql.RECOVERY_WATERMARKS, [shards]);
  for (const mark of marks.rows) {
    Object.assign(points.get(mark.shard)!, {
      height: Number(mark.height),
      seq: Number(mark.seq),
      hash: mark.hash,
      blockTimeUs: Number(mark.block_time_us),
      highStampMs: Number(mark.high_stamp_ms),
      lastAccount: Number(mark.last_account),
      controlSeq: Number(mark.control_seq),
    });
  }
  const books = await client.query<BookRow>(sql.ADOPTED_BOOKS, [shards]);
  for (const row of books.rows) points.get(row.adopter)!.books.push(bookOf(row));
  const assets = await client.query<AssetRow>(sql.ADOPTED_ASSETS, [shards]);
  for (const row of assets.rows) points.get(row.adopter)!.assets.push(assetOf(row));
  const control = points.get(CONTROL_SHARD);
  if (control !== undefined) {
    control.books = (await client.query<BookRow>(sql.CONTROL_BOOKS)).rows.map(bookOf);
    control.assets = (await client.query<AssetRow>(sql.CONTROL_ASSETS)).rows.map(assetOf);
  }
  const refusals = await client.query<RefusalsRow>(sql.REFUSALS_OF_DAY, [shards]);
  for (const { shard, book, count } of refusals.rows) points.get(shard)!.refusalsToday.push({ book, count });
  return points;
}

function nothing(): RecoveryPoint {
  return {
    height: 0,
    seq: 0,
    hash: new Uint8Array(32),
    blockTimeUs: 0,
    highStampMs: 0,
    lastAccount: 0,
    controlSeq: 0,
    books: [],
    assets: [],
    refusalsToday: [],
  };
}

function bookOf({ number, name, shard, overridden, description, created_us, seq }: BookRow) {
  return { number, name, shard, overridden, description, createdUs: Number(created_us), seq: Number(seq) };
}

function assetOf({ code, scale, name, seq }: AssetRow) {
  return { code, scale, name, seq: Number(seq) };
}

interface MarkRow {
  shard: number;
  height: string;
  seq: string;
  hash: Buffer;
  block_time_us: string;
  high_stamp_ms: string;
  last_account: string;
  control_seq: string;
}

interface BookRow {
  /** The data shard that has adopted it. */
  adopter: number;
  number: number;
  name: string;
  shard: number;
  overridden: boolean;
  description: string;
  created_us: string;
  seq: string;
}

interface AssetRow {
  adopter: number;
  code: string;
  scale: number;
  name: string;
  seq: string;
}

interface RefusalsRow {
  shard: number;
  book: number;
  count: number;
}
