import type { Customer } from '../../kernel/payments/model.ts';
import { PAYMENT_EVENT, type PaymentEventSql, customersOf } from './paymentFold.ts';
import {
  type AsOf,
  type BookRef,
  type Page,
  type Reader,
  type SeqRange,
  marked,
  namedRows,
  pageOf,
  withWatermark,
} from './reading.ts';

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

/** The seqs are those of the events that created customers. */
export interface CustomerFilter extends SeqRange {
  /** null for all. */
  merchantId: string | null;
  /** Exactly this reference; '' for any. */
  reference: string;
  /** Only those of these ids that are there; null for all. */
  ids: readonly string[] | null;
  limit: number;
}

/** In the order that the filter asks for. */
export async function listCustomers(
  reader: Reader,
  book: BookRef,
  { merchantId, reference, ids, aboveSeq, belowSeq, order, limit }: CustomerFilter,
): Promise<AsOf<Page<Customer>>> {
  const values: unknown[] = [book.shard, book.book, limit + 1];
  const given = (value: unknown): string => `$${values.push(value)}`;
  // Each filter has an index to walk.
  const conditions = ['book_no = $2'];
  const source = ids === null ? 'florin.customers' : `${namedRows('florin.customers', given(ids))} AS named`;
  if (reference !== '') conditions.push(`reference = ${given(reference)}`);
  if (merchantId !== null) conditions.push(`merchant_id = ${given(merchantId)}::uuid`);
  if (aboveSeq !== null) conditions.push(`seq > ${given(aboveSeq)}::bigint`);
  if (belowSeq !== null) conditions.push(`seq < ${given(belowSeq)}::bigint`);
  const direction = order === 'newest first' ? 'DESC' : 'ASC';
  const list = withWatermark(`
    SELECT ${PAYMENT_EVENT}
    FROM (SELECT shard, seq, last_seq FROM ${source} WHERE ${conditions.join(' AND ')} ORDER BY seq ${direction} LIMIT $3) AS c
    ${LAST_EVENT}
    ORDER BY c.seq ${direction}`);
  const found = await reader.query<PaymentEventSql>(list, values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(customersOf(rows), limit) };
}
