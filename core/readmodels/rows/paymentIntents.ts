import { PAYMENT } from '../../kernel/ledger/layout.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import { type ChangeNamed, columnText } from './paymentChange.ts';

export const paymentIntentsColumns =
  'book_no, seq, shard, id, merchant_id, created_at, expires_at, amount, currency, capture, reference, description, statement_descriptor, return_url, metadata';

const FIXED_BYTES = 15 * 4 + 4 * 8 + 2 * 16 + 4 + 2;

/** The row of a payment intent as it was created: nothing of it changes later. */
export function writePaymentIntent(
  rows: RowBuffer,
  cursor: EventCursor,
  { intent }: ChangeNamed<'intent_created'>,
): void {
  const texts = [intent.reference, intent.description, intent.statementDescriptor, intent.returnUrl].map(
    columnText,
  );
  const metadata = intent.metadata.length === 0 ? null : JSON.stringify(Object.fromEntries(intent.metadata));
  rows.row(
    15,
    FIXED_BYTES + textBytesMax(...texts, metadata, intent.currency, intent.capture, intent.merchant),
  );
  rows.i32(cursor.i32(PAYMENT.book));
  rows.whole(cursor.seq);
  rows.i16(cursor.shard);
  rows.uuid(cursor.view, cursor.at + PAYMENT.subjectId);
  rows.hexUuid(intent.merchant);
  rows.moment(intent.createdUs);
  rows.momentOrNull(intent.expiresAtUs);
  rows.big(BigInt(intent.amount));
  rows.string(intent.currency);
  rows.string(intent.capture);
  for (const text of texts) rows.stringOrNull(text);
  rows.jsonOrNull(metadata);
}
