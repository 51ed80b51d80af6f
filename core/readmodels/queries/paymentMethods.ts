import type { StoredMethod } from '../../kernel/payments/model.ts';
import { PAYMENT_EVENT, type PaymentEventSql, paymentMethodsOf } from './paymentFold.ts';
import {
  type AsOf,
  type BookRef,
  type Page,
  type Reader,
  marked,
  namedRows,
  pageOf,
  withWatermark,
} from './reading.ts';

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
  /** Only those of these ids that are there; null for all. */
  ids: readonly string[] | null;
  /** The page holds smaller seqs only; null for the first page. */
  beforeSeq: number | null;
  limit: number;
}

const list = (whose: string, source = 'florin.payment_methods') =>
  withWatermark(`
    SELECT ${PAYMENT_EVENT}
    FROM (
      SELECT shard, seq, last_seq FROM ${source}
      WHERE book_no = $2 AND ${whose} AND seq < $4::bigint ORDER BY seq DESC LIMIT $5
    ) AS m ${LAST_EVENT}
    ORDER BY m.seq DESC`);

const OF_MERCHANT = 'merchant_id = $3::uuid';
/** What the partial index says, word by word: one that was detached is the customer's no more. */
const OF_CUSTOMER = "customer_id = $3::uuid AND state = 'attached'";
const NAMED = `${namedRows('florin.payment_methods', '$6')} AS named`;

/** Newest first: those of a merchant, whatever became of them, or those that are attached to a customer. */
export async function listPaymentMethods(
  reader: Reader,
  book: BookRef,
  { of, ids, beforeSeq, limit }: PaymentMethodFilter,
): Promise<AsOf<Page<StoredMethod>>> {
  const [whose, id] = 'merchantId' in of ? [OF_MERCHANT, of.merchantId] : [OF_CUSTOMER, of.customerId];
  const before = beforeSeq ?? Number.MAX_SAFE_INTEGER;
  const values: unknown[] = [book.shard, book.book, id, before, limit + 1];
  const found =
    ids === null
      ? await reader.query<PaymentEventSql>(list(whose), values)
      : await reader.query<PaymentEventSql>(list(whose, NAMED), [...values, ids]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(paymentMethodsOf(rows), limit) };
}
