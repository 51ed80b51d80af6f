import type { Intent, Operation } from '../../kernel/payments/model.ts';
import { PAYMENT_EVENT, type PaymentEventSql, intentsOf } from './paymentFold.ts';
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

/** A refund that somebody asked for: an operation of its payment. */
export interface Refund {
  intent: Intent;
  operation: Operation;
  /** Of the event that asked for it. */
  seq: number;
}

/** What asked for refunds, with all events of their payments: a refund is what these made of it. */
const withPayment = (asked: string, direction: 'ASC' | 'DESC') =>
  withWatermark(`
    SELECT asked.seq AS asked_seq, request.id AS request_id, ${PAYMENT_EVENT}
    FROM (${asked}) AS asked
    JOIN florin.payment_events AS request
      ON request.shard = asked.shard AND request.subject_seq = asked.subject_seq AND request.seq = asked.seq
    JOIN florin.payment_events AS e ON e.shard = asked.shard AND e.subject_seq = asked.subject_seq
    ORDER BY asked.seq ${direction}, e.seq`);

const GET = withPayment(
  'SELECT shard, subject_seq, seq FROM florin.payment_events WHERE book_no = $2 AND id = $3::uuid AND subject = 2',
  'ASC',
);

/** By the id of the command that asked for it; null where that asked for anything else. */
export async function getRefund(reader: Reader, book: BookRef, id: string): Promise<AsOf<Refund | null>> {
  const found = await reader.query<RefundSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: refundsOf(rows)[0] ?? null };
}

/** The seqs are those of the events that asked for refunds. */
export interface RefundFilter extends SeqRange {
  merchantId: string;
  /** null for those of all payments. */
  paymentIntentId: string | null;
  limit: number;
}

/** In the order that the filter asks for. */
export async function listRefunds(
  reader: Reader,
  book: BookRef,
  { merchantId, paymentIntentId, aboveSeq, belowSeq, order, limit }: RefundFilter,
): Promise<AsOf<Page<Refund>>> {
  const values: unknown[] = [book.shard, book.book, merchantId, limit + 1];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['t.book_no = $2', 't.merchant_id = $3::uuid', "t.type = 'refund.created'"];
  let source = 'florin.told_events AS t';
  if (paymentIntentId !== null) {
    // The events of one payment are few, and each leads to the one row that tells of it.
    source = `florin.payment_intents AS i
      JOIN florin.payment_events AS r ON r.shard = i.shard AND r.subject_seq = i.seq AND r.id IS NOT NULL
      JOIN ${source} ON t.seq = r.seq`;
    conditions.push('i.book_no = $2', `i.id = ${given(paymentIntentId)}::uuid`);
  }
  if (aboveSeq !== null) conditions.push(`t.seq > ${given(aboveSeq)}::bigint`);
  if (belowSeq !== null) conditions.push(`t.seq < ${given(belowSeq)}::bigint`);
  const direction = order === 'newest first' ? 'DESC' : 'ASC';
  const asked = `
    SELECT t.shard, t.subject_seq, t.seq FROM ${source} WHERE ${conditions.join(' AND ')}
    ORDER BY t.seq ${direction} LIMIT $4`;
  const found = await reader.query<RefundSql>(withPayment(asked, direction), values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(refundsOf(rows), limit) };
}

interface RefundSql extends PaymentEventSql {
  asked_seq: string;
  request_id: string;
}

/** In the order in which they first come; the rows of each are the events of its payment. */
function refundsOf(rows: readonly RefundSql[]): Refund[] {
  const asked = Map.groupBy(rows, (row) => row.asked_seq);
  return [...asked].flatMap(([seq, events]) => {
    const [intent] = intentsOf(events);
    const operation = intent.operations.find(
      ({ kind, request }) => kind === 'refund' && request === events[0].request_id,
    );
    return operation === undefined ? [] : [{ intent, operation, seq: Number(seq) }];
  });
}
