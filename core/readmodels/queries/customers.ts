import type { Customer } from '../../kernel/payments/model.ts';
import { PAYMENT_EVENT, type PaymentEventSql, customersOf } from './paymentFold.ts';
import { type AsOf, type BookRef, type Page, type Reader, marked, pageOf, withWatermark } from './reading.ts';

/** The last event of a customer says all of it. */
const LAST_EVENT =
  'JOIN florin.payment_events AS e ON e.shard = c.shard AND e.subject_seq = c.seq AND e.seq = c.last_seq';

const GET = withWatermark(
  `SELECT ${PAYMENT_EVENT} FROM florin.customers AS c ${LAST_EVENT} WHERE c.book_no = $2 AND c.id = $3::uuid`,
);

export async function getCustomer(reader: Reader, book: BookRef, id: string): Promise<AsOf<Customer | null>> {
  const found = await reader.query<PaymentEventSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: customersOf(rows)[0] ?? null };
}

export interface CustomerFilter {
  /** null for all. */
  merchantId: string | null;
  /** Exactly this reference; '' for any. */
  reference: string;
  /** The page holds smaller seqs only; null for the first page. */
  beforeSeq: number | null;
  limit: number;
}

/** Newest first. */
export async function listCustomers(
  reader: Reader,
  book: BookRef,
  { merchantId, reference, beforeSeq, limit }: CustomerFilter,
): Promise<AsOf<Page<Customer>>> {
  const values: unknown[] = [book.shard, book.book, limit + 1];
  const given = (value: unknown): string => `$${values.push(value)}`;
  // Each filter has an index to walk.
  const conditions = ['book_no = $2'];
  if (reference !== '') conditions.push(`reference = ${given(reference)}`);
  if (merchantId !== null) conditions.push(`merchant_id = ${given(merchantId)}::uuid`);
  if (beforeSeq !== null) conditions.push(`seq < ${given(beforeSeq)}::bigint`);
  const list = withWatermark(`
    SELECT ${PAYMENT_EVENT}
    FROM (SELECT shard, seq, last_seq FROM florin.customers WHERE ${conditions.join(' AND ')} ORDER BY seq DESC LIMIT $3) AS c
    ${LAST_EVENT}
    ORDER BY c.seq DESC`);
  const found = await reader.query<PaymentEventSql>(list, values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(customersOf(rows), limit) };
}
