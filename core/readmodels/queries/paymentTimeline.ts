import type { IntentChange } from '../../kernel/payments/change.ts';
import { PAYMENT_EVENT, type PaymentEventSql, changeOf, isOfIntent } from './paymentFold.ts';
import {
  type AsOf,
  type BookRef,
  type Page,
  type Reader,
  marked,
  pageOf,
  us,
  withWatermark,
} from './reading.ts';
import { type TransactionRecord, listTransactionsBySeq } from './transactions.ts';

/** An event of a payment, with what caused it (`change.by` and the command) and what it booked. */
export interface TimelineRecord {
  seq: number;
  bookedUs: number;
  /** null where it came along with another event. */
  commandId: string | null;
  change: IntentChange;
  /** The ledger's transactions of this event, in their order. */
  transactions: TransactionRecord[];
}

const TIMELINE = withWatermark(`
  SELECT ${PAYMENT_EVENT}, e.id AS command_id, ${us('e.booked_at')} AS booked_us, e.transaction_count
  FROM florin.payment_intents AS i
  JOIN florin.payment_events AS e ON e.shard = i.shard AND e.subject_seq = i.seq
  WHERE i.book_no = $2 AND i.id = $3::uuid AND e.seq > $4
  ORDER BY e.seq LIMIT $5`);

interface TimelineSql extends PaymentEventSql {
  command_id: string | null;
  booked_us: string;
  transaction_count: number;
}

/**
 * The events of a payment in order, behind the one of that seq (0 for the beginning). No rows where there is no such
 * payment: each has at least one event. Transactions are read behind the events, which is no race: they were there first.
 */
export async function listTimeline(
  reader: Reader,
  book: BookRef,
  { id, afterSeq, limit }: { id: string; afterSeq: number; limit: number },
): Promise<AsOf<Page<TimelineRecord>>> {
  const found = await reader.query<TimelineSql>(TIMELINE, [book.shard, book.book, id, afterSeq, limit + 1]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  const page = pageOf(rows, limit);
  const seqs = page.rows.flatMap((row) =>
    Array.from(
      { length: row.transaction_count },
      (_, index) => Number(row.seq) - row.transaction_count + index,
    ),
  );
  const transactions = await listTransactionsBySeq(reader, book, seqs);
  return {
    asOfSeq,
    value: { rows: page.rows.map((row) => timelineOf(row, transactions)), hasMore: page.hasMore },
  };
}

function timelineOf(row: TimelineSql, transactions: readonly TransactionRecord[]): TimelineRecord {
  const change = changeOf(row);
  if (!isOfIntent(change)) throw new Error(`event ${row.seq} is not of a payment: run "florin verify"`);
  const seq = Number(row.seq);
  return {
    seq,
    bookedUs: Number(row.booked_us),
    commandId: row.command_id,
    change,
    transactions: transactions.filter((one) => one.seq >= seq - row.transaction_count && one.seq < seq),
  };
}
