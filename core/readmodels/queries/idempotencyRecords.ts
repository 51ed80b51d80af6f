import type { IdempotencyRecord } from '../../kernel/payments/edgeModel.ts';
import { changeOf, PAYMENT_EVENT, type PaymentEventSql } from './paymentFold.ts';
import { type AsOf, type BookRef, type Reader, marked, withWatermark } from './reading.ts';

const GET = withWatermark(
  `SELECT ${PAYMENT_EVENT} FROM florin.payment_events AS e WHERE e.book_no = $2 AND e.id = $3::uuid AND e.subject = 5`,
);

/** null where nothing is kept under that id. */
export async function getIdempotencyRecord(
  reader: Reader,
  book: BookRef,
  id: string,
): Promise<AsOf<IdempotencyRecord | null>> {
  const found = await reader.query<PaymentEventSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  const [row] = rows;
  if (row === undefined) return { asOfSeq, value: null };
  const change = changeOf(row);
  if (!('record' in change)) throw new Error(`event ${row.seq} keeps no record: run "florin verify"`);
  return { asOfSeq, value: change.record };
}
