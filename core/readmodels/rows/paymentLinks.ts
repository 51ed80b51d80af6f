import { PAYMENT } from '../../kernel/ledger/layout.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';
import { type ChangeNamed, columnText, subjectSeqOf } from './paymentChange.ts';
import { profileSeal } from './profileSeal.ts';

export const paymentLinksColumns =
  'shard, seq, book_no, id, merchant_id, created_at, version, last_seq, seal, amount, mode, state, currency, description, metadata';

const COLUMNS = 15;
const FIXED_BYTES = COLUMNS * 4 + 6 * 8 + 2 * 16 + 4 + 2;

type PaymentLinkChange = ChangeNamed<'payment_link_created' | 'payment_link_updated'>;

/** The row of a link as it was created. */
export function writePaymentLink(
  rows: RowBuffer,
  cursor: EventCursor,
  change: PaymentLinkChange,
  sealer: Sealer,
): void {
  const { merchant, mode, state, amount, currency, createdUs, version } = change.paymentLink;
  const [description, metadata] = [columnText(change.paymentLink.description), metadataOf(change)];
  rows.row(COLUMNS, FIXED_BYTES + textBytesMax(mode, state, currency, description, metadata));
  rows.i16(cursor.shard);
  rows.whole(cursor.seq);
  rows.i32(cursor.i32(PAYMENT.book));
  rows.uuid(cursor.view, cursor.at + PAYMENT.subjectId);
  rows.hexUuid(merchant);
  rows.moment(createdUs);
  rows.whole(version);
  rows.whole(cursor.seq);
  rows.big(profileSeal(cursor, version, sealer));
  rows.big(BigInt(amount));
  for (const text of [mode, state, currency]) rows.string(text);
  rows.stringOrNull(description);
  rows.jsonOrNull(metadata);
}

/** The parameters of `updatePaymentLink`: nothing else of one ever changes. */
export function paymentLinkUpdate(cursor: EventCursor, change: PaymentLinkChange, sealer: Sealer): unknown[] {
  const { version, state } = change.paymentLink;
  const seal = profileSeal(cursor, version, sealer);
  return [cursor.shard, subjectSeqOf(cursor), version, cursor.seq, seal, state, metadataOf(change)];
}

function metadataOf({ paymentLink: { metadata } }: PaymentLinkChange): string | null {
  return metadata.length === 0 ? null : JSON.stringify(Object.fromEntries(metadata));
}
