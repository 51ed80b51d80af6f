import type { PaymentLink } from '../../kernel/payments/edgeModel.ts';
import { PAYMENT_EVENT, type PaymentEventSql, paymentLinksOf } from './paymentFold.ts';
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

/** The last event of a link says all of it. */
const LAST_EVENT =
  'JOIN florin.payment_events AS e ON e.shard = l.shard AND e.subject_seq = l.seq AND e.seq = l.last_seq';

const GET = withWatermark(
  `SELECT ${PAYMENT_EVENT} FROM florin.payment_links AS l ${LAST_EVENT} WHERE l.book_no = $2 AND l.id = $3::uuid`,
);

export async function getPaymentLink(
  reader: Reader,
  book: BookRef,
  id: string,
): Promise<AsOf<PaymentLink | null>> {
  const found = await reader.query<PaymentEventSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: paymentLinksOf(rows)[0] ?? null };
}

/** The seqs are those of the events that created links. */
export interface PaymentLinkFilter extends SeqRange {
  /** null in each: any. */
  merchantId: string | null;
  mode: PaymentLink['mode'] | null;
  state: PaymentLink['state'] | null;
  limit: number;
}

/** In the order that the filter asks for. */
export async function listPaymentLinks(
  reader: Reader,
  book: BookRef,
  { merchantId, mode, state, aboveSeq, belowSeq, order, limit }: PaymentLinkFilter,
): Promise<AsOf<Page<PaymentLink>>> {
  const values: unknown[] = [book.shard, book.book, limit + 1];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['book_no = $2'];
  if (merchantId !== null) conditions.push(`merchant_id = ${given(merchantId)}::uuid`);
  if (mode !== null) conditions.push(`mode = ${given(mode)}`);
  if (state !== null) conditions.push(`state = ${given(state)}`);
  if (aboveSeq !== null) conditions.push(`seq > ${given(aboveSeq)}::bigint`);
  if (belowSeq !== null) conditions.push(`seq < ${given(belowSeq)}::bigint`);
  const direction = order === 'newest first' ? 'DESC' : 'ASC';
  const list = withWatermark(`
    SELECT ${PAYMENT_EVENT}
    FROM (SELECT shard, seq, last_seq FROM florin.payment_links WHERE ${conditions.join(' AND ')} ORDER BY seq ${direction} LIMIT $3) AS l
    ${LAST_EVENT}
    ORDER BY l.seq ${direction}`);
  const found = await reader.query<PaymentEventSql>(list, values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(paymentLinksOf(rows), limit) };
}
