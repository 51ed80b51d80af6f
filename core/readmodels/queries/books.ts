import { type Page, type Reader, pageOf, us } from './reading.ts';

export interface BookRecord {
  number: number;
  name: string;
  shard: number;
  description: string;
  createdUs: number;
}

const BOOK = `number, name, shard, description, ${us('created_at')}::double precision AS "createdUs"`;

/** On the server of the control shard. */
export async function getBook(reader: Reader, name: string): Promise<BookRecord | null> {
  const found = await reader.query<BookRecord>(`SELECT ${BOOK} FROM florin.books WHERE name = $1`, [name]);
  return found.rows[0] ?? null;
}

/** By name, behind `after` ('' for the beginning). On the server of the control shard. */
export async function listBooks(
  reader: Reader,
  { after, limit }: { after: string; limit: number },
): Promise<Page<BookRecord>> {
  const found = await reader.query<BookRecord>(
    `SELECT ${BOOK} FROM florin.books WHERE name > $1 ORDER BY name LIMIT $2`,
    [after, limit + 1],
  );
  return pageOf(found.rows, limit);
}
