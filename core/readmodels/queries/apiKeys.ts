import type { ApiKey } from '../../kernel/payments/edgeModel.ts';
import { apiKeysOf, PAYMENT_EVENT, type PaymentEventSql } from './paymentFold.ts';
import {
  type AsOf,
  type BookRef,
  type Page,
  type Reader,
  type SeqRange,
  marked,
  pageOf,
  withWatermark,
} from './reading.ts';

/** The last event of a key says all of it. */
const LAST_EVENT =
  'JOIN florin.payment_events AS e ON e.shard = k.shard AND e.subject_seq = k.seq AND e.seq = k.last_seq';

/** Where a key lies: what it says is read from the writer, who sees revocations first. */
export interface ApiKeyPlace {
  shard: number;
  seq: number;
  /** The book's name. */
  book: string;
}

const BY_SECRET = `
  SELECT k.shard, k.seq, book.name AS book
  FROM florin.api_keys AS k JOIN florin.adopted_books AS book ON book.number = k.book_no
  WHERE k.secret_sha256 = $1 LIMIT 2`;

/** The keys with this secret on one server: one, unless two are alike. */
export async function findApiKeys(reader: Reader, secretSha256: string): Promise<ApiKeyPlace[]> {
  const found = await reader.query<{ shard: number; seq: string; book: string }>(BY_SECRET, [secretSha256]);
  return found.rows.map(({ shard, seq, book }) => ({ shard, seq: Number(seq), book }));
}

const GET = withWatermark(
  `SELECT ${PAYMENT_EVENT} FROM florin.api_keys AS k ${LAST_EVENT} WHERE k.book_no = $2 AND k.id = $3::uuid`,
);

export async function getApiKey(reader: Reader, book: BookRef, id: string): Promise<AsOf<ApiKey | null>> {
  const found = await reader.query<PaymentEventSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: apiKeysOf(rows)[0] ?? null };
}

const COUNT_GOOD = `
  SELECT count(*)::integer AS good FROM florin.api_keys
  WHERE book_no = $1 AND merchant_id = $2::uuid AND (revoked_at IS NULL OR revoked_at > now())`;

/** How many keys of a merchant are good, or still good for a while. */
export async function countGoodApiKeys(
  reader: Reader,
  { book }: BookRef,
  merchantId: string,
): Promise<number> {
  const found = await reader.query<{ good: number }>(COUNT_GOOD, [book, merchantId]);
  return found.rows[0].good;
}

/** The seqs are those of the events that created keys. */
export interface ApiKeyFilter extends SeqRange {
  /** null for all. */
  merchantId: string | null;
  /** '' for any. */
  mode: ApiKey['mode'] | '';
  limit: number;
}

/** In the order that the filter asks for. */
export async function listApiKeys(
  reader: Reader,
  book: BookRef,
  { merchantId, mode, aboveSeq, belowSeq, order, limit }: ApiKeyFilter,
): Promise<AsOf<Page<ApiKey>>> {
  const values: unknown[] = [book.shard, book.book, limit + 1];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['book_no = $2'];
  if (merchantId !== null) conditions.push(`merchant_id = ${given(merchantId)}::uuid`);
  if (mode !== '') conditions.push(`mode = ${given(mode)}`);
  if (aboveSeq !== null) conditions.push(`seq > ${given(aboveSeq)}::bigint`);
  if (belowSeq !== null) conditions.push(`seq < ${given(belowSeq)}::bigint`);
  const direction = order === 'newest first' ? 'DESC' : 'ASC';
  const list = withWatermark(`
    SELECT ${PAYMENT_EVENT}
    FROM (SELECT shard, seq, last_seq FROM florin.api_keys WHERE ${conditions.join(' AND ')} ORDER BY seq ${direction} LIMIT $3) AS k
    ${LAST_EVENT}
    ORDER BY k.seq ${direction}`);
  const found = await reader.query<PaymentEventSql>(list, values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(apiKeysOf(rows), limit) };
}
