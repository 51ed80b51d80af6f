import type { Page, Reader } from './reading.ts';
import { pageOf } from './reading.ts';

export interface AssetRecord {
  code: string;
  scale: number;
  name: string;
  iso4217: boolean;
}

const ASSET = 'code, scale, name, iso_4217 AS "iso4217"';

/** On the server of the control shard. */
export async function getAsset(reader: Reader, code: string): Promise<AssetRecord | null> {
  const found = await reader.query<AssetRecord>(`SELECT ${ASSET} FROM florin.assets WHERE code = $1`, [code]);
  return found.rows[0] ?? null;
}

/** By code, behind `after` ('' for the beginning). On the server of the control shard. */
export async function listAssets(
  reader: Reader,
  { after, limit, customOnly }: { after: string; limit: number; customOnly: boolean },
): Promise<Page<AssetRecord>> {
  const found = await reader.query<AssetRecord>(
    `SELECT ${ASSET} FROM florin.assets WHERE code > $1 AND NOT (iso_4217 AND $2) ORDER BY code LIMIT $3`,
    [after, customOnly, limit + 1],
  );
  return pageOf(found.rows, limit);
}
