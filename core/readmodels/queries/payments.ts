import type { Intent, IntentState } from '../../kernel/payments/model.ts';
import { PAYMENT_EVENT, type PaymentEventSql, intentsOf } from './paymentFold.ts';
import {
  type AsOf,
  type BookRef,
  type Page,
  type Reader,
  type SeqRange,
  marked,
  moment,
  pageOf,
  withWatermark,
} from './reading.ts';

const EVENTS_OF = 'JOIN florin.payment_events AS e ON e.shard = i.shard AND e.subject_seq = i.seq';

const GET = withWatermark(
  `SELECT ${PAYMENT_EVENT} FROM florin.payment_intents AS i ${EVENTS_OF} WHERE i.book_no = $2 AND i.id = $3::uuid ORDER BY e.seq`,
);

/** A payment intent with its attempts and operations: the fold of its events. */
export async function getPayment(reader: Reader, book: BookRef, id: string): Promise<AsOf<Intent | null>> {
  const found = await reader.query<PaymentEventSql>(GET, [book.shard, book.book, id]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: intentsOf(rows)[0] ?? null };
}

export interface PaymentFilter extends SeqRange {
  /** One of these; none for any. */
  states: readonly IntentState[];
  /** null for all. */
  merchantId: string | null;
  /** null for all. */
  customerId: string | null;
  /** Exactly this reference; '' for any. */
  reference: string;
  /** '' for any. */
  currency: string;
  /** All of these entries, exactly. */
  metadata: Readonly<Record<string, string>>;
  /** Whether only those are wanted that an operator has to look at. */
  attention: 'any' | 'needed';
  /** Created at or after, microseconds since 1970; null for no bound. */
  createdFromUs: number | null;
  /** Created before. */
  createdUntilUs: number | null;
  limit: number;
}

/** In the order that the filter asks for. */
export async function listPayments(
  reader: Reader,
  book: BookRef,
  filter: PaymentFilter,
): Promise<AsOf<Page<Intent>>> {
  const values: unknown[] = [book.shard, book.book, filter.limit + 1];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const found = await reader.query<PaymentEventSql>(withWatermark(listSql(filter, given)), values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(intentsOf(rows), filter.limit) };
}

/** Each filter has an index to walk: by reference, by metadata, by merchant, by state or attention, or by seq. */
function listSql(filter: PaymentFilter, given: (value: unknown) => string): string {
  const conditions = ['i.book_no = $2'];
  let source = 'florin.payment_intents AS i';
  let seq = 'i.seq';
  if (filter.reference !== '') conditions.push(`i.reference = ${given(filter.reference)}`);
  if (filter.merchantId !== null) conditions.push(`i.merchant_id = ${given(filter.merchantId)}::uuid`);
  if (filter.customerId !== null) conditions.push(`i.customer_id = ${given(filter.customerId)}::uuid`);
  if (filter.currency !== '') conditions.push(`i.currency = ${given(filter.currency)}`);
  if (Object.keys(filter.metadata).length > 0)
    conditions.push(`i.metadata @> ${given(JSON.stringify(filter.metadata))}::jsonb`);
  const { states } = filter;
  if (states.length > 0 || filter.attention === 'needed') {
    source +=
      ' JOIN florin.payment_states AS s ON s.book_no = i.book_no AND s.seq = i.seq AND s.shard = i.shard';
    conditions.push('s.book_no = $2');
    if (states.length === 1) conditions.push(`s.state = ${given(states[0])}`);
    if (states.length > 1) conditions.push(`s.state = ANY (${given(states)}::text[])`);
    // What the partial indexes say, word by word.
    if (states.length > 0 && !states.includes('succeeded')) conditions.push("s.state <> 'succeeded'");
    if (filter.attention === 'needed') conditions.push('s.attention IS NOT NULL');
    if (!states.includes('succeeded') || filter.attention === 'needed') seq = 's.seq';
  }
  if (filter.aboveSeq !== null) conditions.push(`${seq} > ${given(filter.aboveSeq)}::bigint`);
  if (filter.belowSeq !== null) conditions.push(`${seq} < ${given(filter.belowSeq)}::bigint`);
  if (filter.createdFromUs !== null)
    conditions.push(`${seq} > ${lastCreatedBefore(given(filter.createdFromUs))}`);
  if (filter.createdUntilUs !== null)
    conditions.push(`${seq} <= ${lastCreatedBefore(given(filter.createdUntilUs))}`);
  const direction = filter.order === 'newest first' ? 'DESC' : 'ASC';
  return `
    SELECT ${PAYMENT_EVENT}
    FROM (SELECT i.shard, i.seq FROM ${source} WHERE ${conditions.join(' AND ')} ORDER BY ${seq} ${direction} LIMIT $3) AS i
    ${EVENTS_OF}
    ORDER BY i.seq ${direction}, e.seq`;
}

/** Moments never fall along seqs, so that a range of moments is one of seqs; a scalar subquery is evaluated once. */
function lastCreatedBefore(us: string): string {
  return `coalesce((
    SELECT before.seq FROM florin.payment_intents AS before WHERE before.book_no = $2 AND before.created_at < ${moment(us)}
    ORDER BY before.created_at DESC, before.seq DESC LIMIT 1), 0)`;
}

/** A payment that an operator has to look at, whatever its book. */
export interface AttentionRecord {
  shard: number;
  bookNumber: number;
  book: string;
  seq: number;
  id: string;
  attention: string;
  state: string;
  amount: bigint;
  currency: string;
  /** '' before the first attempt. */
  provider: string;
  changedUs: number;
}

const ATTENTION = `
  SELECT q.shard, q.book_no, book.name AS book, q.seq, i.id, q.attention, q.state, i.amount, i.currency,
         coalesce(q.provider, '') AS provider, (extract(epoch FROM e.booked_at) * 1000000)::bigint AS changed_us
  FROM (
    SELECT * FROM florin.payment_states
    WHERE attention IS NOT NULL AND (book_no, seq) > ($1, $2)
    ORDER BY book_no, seq LIMIT $3
  ) AS q
  JOIN florin.payment_intents AS i ON i.book_no = q.book_no AND i.seq = q.seq
  JOIN florin.adopted_books AS book ON book.number = q.book_no
  JOIN florin.payment_events AS e ON e.shard = q.shard AND e.subject_seq = q.seq AND e.seq = q.last_seq
  ORDER BY q.book_no, q.seq`;

/** The operators' queue of one server: book by book, oldest payment first. */
export async function listAttention(
  reader: Reader,
  { after, limit }: { after: { bookNumber: number; seq: number } | null; limit: number },
): Promise<Page<AttentionRecord>> {
  const found = await reader.query<AttentionSql>(ATTENTION, [
    after?.bookNumber ?? 0,
    after?.seq ?? 0,
    limit + 1,
  ]);
  return pageOf(found.rows.map(attentionOf), limit);
}

interface AttentionSql {
  shard: number;
  book_no: number;
  book: string;
  seq: string;
  id: string;
  attention: string;
  state: string;
  amount: string;
  currency: string;
  provider: string;
  changed_us: string;
}

function attentionOf(row: AttentionSql): AttentionRecord {
  const { shard, book, id, attention, state, currency, provider } = row;
  return {
    shard,
    bookNumber: row.book_no,
    book,
    seq: Number(row.seq),
    id,
    attention,
    state,
    amount: BigInt(row.amount),
    currency,
    provider,
    changedUs: Number(row.changed_us),
  };
}
