import { Subject } from '../../kernel/payments/change.ts';
import { type LoadedDecline, type LoadedPaymentEvent, TamperedRow } from '../../shard/ports.ts';
import type { PaymentStateRow, Sealer } from '../sealing/seals.ts';

/** An event, and the state of its intent or the row of what else it is of; nulls where one of them, or both, was not found. */
export interface PaymentSqlRow {
  watermark: string;
  subject_seq: string | null;
  seq: string | null;
  book_no: number;
  subject: number;
  subject_id: string;
  change: string;
  seal: string;
  state_book: number | null;
  version: string;
  last_seq: string;
  due_us: string | null;
  state_seal: string;
}

/** An event that tells of a decline; nulls where none was found. */
export interface DeclineSqlRow extends Pick<
  PaymentSqlRow,
  'watermark' | 'subject_seq' | 'seq' | 'book_no' | 'subject' | 'subject_id' | 'change' | 'seal'
> {
  booked_us: string;
  merchant_id: string;
}

export interface DuePaymentSqlRow {
  seq: string;
  book_no: number;
  version: string;
  last_seq: string;
  due_us: string;
  seal: string;
}

/** What is known of a subject once its rows have been read. */
interface Seen {
  subject: number;
  events: number;
  lastSeq: number;
  state: PaymentStateRow | null;
}

/**
 * The events as they were sealed, in the order of their seqs; throws `TamperedRow` where one is not, or where the row
 * of the intent or merchant tells that some are missing: its version counts them, and it knows the last one.
 */
export function paymentEventsOf(
  rows: readonly PaymentSqlRow[],
  shard: number,
  sealer: Sealer,
): LoadedPaymentEvent[] {
  const seen = new Map<number, Seen>();
  const events: LoadedPaymentEvent[] = [];
  for (const row of rows) {
    if (row.subject_seq === null) continue;
    const subjectSeq = Number(row.subject_seq);
    let one = seen.get(subjectSeq);
    if (one === undefined) {
      one = { subject: 0, events: 0, lastSeq: 0, state: stateOf(row, subjectSeq, shard, sealer) };
      seen.set(subjectSeq, one);
    }
    if (row.seq === null) continue;
    const event = sealedEventOf(row, Number(row.seq), subjectSeq, shard, sealer);
    one.subject = event.subject;
    one.events++;
    one.lastSeq = event.seq;
    events.push(event);
  }
  for (const [seq, one] of seen) checkWhole(one, seq, shard);
  return events;
}

/** Where the row of a subject stands, if not in payment_states. */
const TABLES: ReadonlyMap<number, string> = new Map([
  [Subject.merchant, 'merchants'],
  [Subject.customer, 'customers'],
  [Subject.paymentMethod, 'payment_methods'],
  [Subject.apiKey, 'api_keys'],
  [Subject.paymentLink, 'payment_links'],
]);

function checkWhole({ subject, events, lastSeq, state }: Seen, seq: number, shard: number): void {
  if (state === null)
    throw new TamperedRow(
      shard,
      `the row of seq ${seq} in florin.${TABLES.get(subject) ?? 'payment_states'} (it is missing)`,
    );
  if (events !== state.version || lastSeq !== state.lastSeq)
    throw new TamperedRow(
      shard,
      `what florin.payment_events has of seq ${seq} (${events} events, where ${state.version} are counted)`,
    );
}

export function declinesOf(rows: readonly DeclineSqlRow[], shard: number, sealer: Sealer): LoadedDecline[] {
  return rows.flatMap((row) => {
    if (row.seq === null || row.subject_seq === null) return [];
    const event = sealedEventOf(row, Number(row.seq), Number(row.subject_seq), shard, sealer);
    const { seq, book, change } = event;
    return [{ seq, book, change, bookedUs: Number(row.booked_us), merchant: row.merchant_id }];
  });
}

function sealedEventOf(
  row: Pick<PaymentSqlRow, 'book_no' | 'subject' | 'subject_id' | 'change' | 'seal'>,
  seq: number,
  subjectSeq: number,
  shard: number,
  sealer: Sealer,
): LoadedPaymentEvent {
  const event = {
    subjectSeq,
    seq,
    book: row.book_no,
    subject: row.subject,
    subjectId: row.subject_id,
    change: Buffer.from(row.change),
  };
  if (sealer.paymentEventSeal({ shard, ...event }) !== BigInt(row.seal))
    throw new TamperedRow(shard, `the row of seq ${seq} in florin.payment_events`);
  return event;
}

function stateOf(row: PaymentSqlRow, seq: number, shard: number, sealer: Sealer): PaymentStateRow | null {
  if (row.state_book === null) return null;
  return sealedStateOf({ ...row, book_no: row.state_book, seal: row.state_seal }, seq, shard, sealer);
}

/** The seq of an intent that is due. */
export function duePaymentOf(row: DuePaymentSqlRow, shard: number, sealer: Sealer): number {
  return sealedStateOf(row, Number(row.seq), shard, sealer).seq;
}

function sealedStateOf(
  row: { book_no: number; version: string; last_seq: string; due_us: string | null; seal: string },
  seq: number,
  shard: number,
  sealer: Sealer,
): PaymentStateRow {
  const state: PaymentStateRow = {
    shard,
    seq,
    book: row.book_no,
    version: Number(row.version),
    lastSeq: Number(row.last_seq),
    dueUs: row.due_us === null ? null : Number(row.due_us),
  };
  if (sealer.paymentStateSeal(state) !== BigInt(row.seal))
    throw new TamperedRow(shard, `the row of seq ${seq} in florin.payment_states`);
  return state;
}
