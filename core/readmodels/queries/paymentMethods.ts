import type { StoredMethod } from '../../kernel/payments/model.ts';
import { PAYMENT_EVENT, type PaymentEventSql, paymentMethodsOf } from './paymentFold.ts';
import { type AsOf, type BookRef, type Page, type Reader, marked, pageOf, withWatermark } from './reading.ts';

/** The last event of a payment method says all of it. */
const LAST_EVENT =
  'JOIN florin.payment_events AS e ON e.shard = m.shard AND e.subject_seq = m.seq AND e.seq = m.last_seq';

const GET = withWatermark(
  `SELECT ${PAYMENT_EVENT} FROM florin.payment_methods AS m ${LAST_EVENT} WHERE m.book_no = $2 AND m.id = $3::uuid`,
);

export async function getPaymentMethod(
  reader: Reader,
  book: BookRef,
  id: string,
): Promise<AsOf<StoredMethod | null>> {
  const found = await reader.query<PaymentEventSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: paymentMethodsOf(rows)[0] ?? null };
}

export interface PaymentMethodFilter {
  of: { merchantId: string } | { customerId: string };
  /** The page holds smaller seqs only; null for the first page. */
  beforeSeq: number | null;
  limit: number;
}

const list = (whose: string) =>
  withWatermark(`
    SELECT ${PAYMENT_EVENT}
    FROM (
      SELECT shard, seq, last_seq FROM florin.payment_methods
      WHERE book_no = $2 AND ${whose} AND seq < $4::bigint ORDER BY seq DESC LIMIT $5
    ) AS m ${LAST_EVENT}
    ORDER BY m.seq DESC`);

const LIST_OF_MERCHANT = list('merchant_id = $3::uuid');
/** What the partial index says, word by word: one that was detached is the customer's no more. */
const LIST_OF_CUSTOMER = list("customer_id = $3::uuid AND state = 'attached'");

/** Newest first: those of a merchant, whatever became of them, or those that are attached to a customer. */
export async function listPaymentMethods(
  reader: Reader,
  book: BookRef,
  { of, beforeSeq, limit }: PaymentMethodFilter,
): Promise<AsOf<Page<StoredMethod>>> {
  const [sql, id] =
    'merchantId' in of ? [LIST_OF_MERCHANT, of.merchantId] : [LIST_OF_CUSTOMER, of.customerId];
  const before = beforeSeq ?? Number.MAX_SAFE_INTEGER;
  const found = await reader.query<PaymentEventSql>(sql, [book.shard, book.book, id, before, limit + 1]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(paymentMethodsOf(rows), limit) };
}
