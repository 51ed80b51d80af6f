import type { Merchant } from '../../kernel/payments/model.ts';
import { PAYMENT_EVENT, type PaymentEventSql, merchantsOf } from './paymentFold.ts';
import { type AsOf, type BookRef, type Page, type Reader, marked, pageOf, withWatermark } from './reading.ts';

const FROM = 'JOIN florin.payment_events AS e ON e.shard = m.shard AND e.subject_seq = m.seq';

const GET = withWatermark(
  `SELECT ${PAYMENT_EVENT} FROM florin.merchants AS m ${FROM} WHERE m.book_no = $2 AND m.id = $3::uuid ORDER BY e.seq`,
);

export async function getMerchant(reader: Reader, book: BookRef, id: string): Promise<AsOf<Merchant | null>> {
  const found = await reader.query<PaymentEventSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: merchantsOf(rows)[0] ?? null };
}

const LIST = withWatermark(`
  SELECT ${PAYMENT_EVENT}
  FROM (SELECT shard, seq FROM florin.merchants WHERE book_no = $2 AND seq > $3 ORDER BY seq LIMIT $4) AS m ${FROM}
  ORDER BY m.seq, e.seq`);

/** In the order in which they were created, behind the one of that seq (0 for the beginning). */
export async function listMerchants(
  reader: Reader,
  book: BookRef,
  { afterSeq, limit }: { afterSeq: number; limit: number },
): Promise<AsOf<Page<Merchant>>> {
  const found = await reader.query<PaymentEventSql>(LIST, [book.shard, book.book, afterSeq, limit + 1]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(merchantsOf(rows), limit) };
}
