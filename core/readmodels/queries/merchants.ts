import type { Merchant } from '../../kernel/payments/model.ts';
import { PAYMENT_EVENT, type PaymentEventSql, merchantsOf } from './paymentFold.ts';
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

const FROM = 'JOIN florin.payment_events AS e ON e.shard = m.shard AND e.subject_seq = m.seq';

const GET = withWatermark(
  `SELECT ${PAYMENT_EVENT} FROM florin.merchants AS m ${FROM} WHERE m.book_no = $2 AND m.id = $3::uuid ORDER BY e.seq`,
);

export async function getMerchant(reader: Reader, book: BookRef, id: string): Promise<AsOf<Merchant | null>> {
  const found = await reader.query<PaymentEventSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: merchantsOf(rows)[0] ?? null };
}

/** The seqs are those of the events that created merchants. */
export interface MerchantFilter extends SeqRange {
  limit: number;
}

/** In the order that the filter asks for. */
export async function listMerchants(
  reader: Reader,
  book: BookRef,
  { aboveSeq, belowSeq, order, limit }: MerchantFilter,
): Promise<AsOf<Page<Merchant>>> {
  const values: unknown[] = [book.shard, book.book, limit + 1];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['book_no = $2'];
  if (aboveSeq !== null) conditions.push(`seq > ${given(aboveSeq)}::bigint`);
  if (belowSeq !== null) conditions.push(`seq < ${given(belowSeq)}::bigint`);
  const direction = order === 'newest first' ? 'DESC' : 'ASC';
  const list = withWatermark(`
    SELECT ${PAYMENT_EVENT}
    FROM (SELECT shard, seq FROM florin.merchants WHERE ${conditions.join(' AND ')} ORDER BY seq ${direction} LIMIT $3) AS m ${FROM}
    ORDER BY m.seq ${direction}, e.seq`);
  const found = await reader.query<PaymentEventSql>(list, values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(merchantsOf(rows), limit) };
}
