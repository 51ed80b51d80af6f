import { PAYMENT } from '../../kernel/ledger/layout.ts';
import type { Json } from '../../kernel/payments/changeJson.ts';
import type { WebhookAttemptsLogged, WebhookResendAsked } from '../../kernel/payments/change.ts';
import { isTaken } from '../../kernel/payments/webhookSchedule.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import { columnText } from './paymentChange.ts';

export const webhookAttemptsColumns =
  'shard, book_no, merchant_id, endpoint, log_seq, place, seq, index, try, started_at, took_ms, status, error, excerpt';

const COLUMNS = 14;
const FIXED_BYTES = COLUMNS * 4 + 2 + 4 + 16 + 2 + 8 + 2 + 8 + 2 + 2 + 8 + 4 + 2;

/** A row for each attempt. */
export function writeWebhookAttempts(
  rows: RowBuffer,
  cursor: EventCursor,
  { tries }: Json<WebhookAttemptsLogged>,
): void {
  for (const [place, one] of tries.entries()) {
    const [error, excerpt] = [one.error, one.excerpt].map(columnText);
    rows.row(COLUMNS, FIXED_BYTES + textBytesMax(error, excerpt));
    rows.i16(cursor.shard);
    rows.i32(cursor.i32(PAYMENT.book));
    rows.hexUuid(one.merchant);
    rows.i16(one.endpoint);
    rows.whole(cursor.seq);
    rows.i16(place);
    rows.whole(one.seq);
    rows.i16(one.index);
    rows.i16(one.try);
    rows.moment(one.startedUs);
    rows.i32(one.tookMs);
    rows.i16(one.status);
    rows.stringOrNull(error);
    rows.stringOrNull(excerpt);
  }
}

type Try = Json<WebhookAttemptsLogged>['tries'][number];

/** The parameters of `noteWebhookAttempts`: how far each delivery is after it; of each time that one was asked for once. */
export function deliveriesAfter(cursor: EventCursor, { tries }: Json<WebhookAttemptsLogged>): unknown[] {
  const of = Map.groupBy(tries, ({ merchant, endpoint, seq, index, askedSeq }) =>
    [merchant, endpoint, seq, index, askedSeq].join(' '),
  );
  const deliveries = [...of.values()].map(lastOf);
  return [
    cursor.i32(PAYMENT.book),
    deliveries.map(({ merchant }) => merchant),
    deliveries.map(({ endpoint }) => endpoint),
    deliveries.map(({ seq }) => seq),
    deliveries.map(({ index }) => index),
    deliveries.map((one) => one.try),
    deliveries.map(({ status }) => status),
    deliveries.map(({ nextUs }) => nextUs),
    deliveries.map(({ deliveredUs }) => deliveredUs),
    deliveries.map(({ askedSeq }) => askedSeq ?? null),
  ];
}

/** Of attempts at one delivery the last one counts, except that it was taken when it was taken first. */
function lastOf(tries: readonly Try[]): Try & { deliveredUs: number | null } {
  const taken = tries.find(({ status }) => isTaken(status));
  return {
    ...tries.at(-1)!,
    try: Math.max(...tries.map((one) => one.try)),
    deliveredUs: taken === undefined ? null : taken.startedUs + taken.tookMs * 1_000,
  };
}

/** The parameters of `askWebhookResend`. */
export function resentDeliveries(cursor: EventCursor, { resend }: Json<WebhookResendAsked>): unknown[] {
  return [
    cursor.shard,
    cursor.i32(PAYMENT.book),
    resend.merchant,
    resend.to,
    resend.events.map(([seq]) => seq),
    resend.events.map(([, index]) => index),
    cursor.bookedUs,
    cursor.seq,
  ];
}
