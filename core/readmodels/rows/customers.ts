import { PAYMENT } from '../../kernel/ledger/layout.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';
import { type ChangeNamed, columnText, subjectSeqOf } from './paymentChange.ts';
import { profileSeal } from './profileSeal.ts';

export const customersColumns =
  'shard, seq, book_no, id, merchant_id, created_at, version, last_seq, seal, name, email, description, reference, metadata';

const COLUMNS = 14;
const FIXED_BYTES = COLUMNS * 4 + 5 * 8 + 2 * 16 + 4 + 2;

type CustomerChange = ChangeNamed<'customer_created' | 'customer_updated'>;

/** The row of a customer as it was created. */
export function writeCustomer(
  rows: RowBuffer,
  cursor: EventCursor,
  change: CustomerChange,
  sealer: Sealer,
): void {
  const { customer } = change;
  const texts = textsOf(change);
  rows.row(COLUMNS, FIXED_BYTES + textBytesMax(...texts));
  rows.i16(cursor.shard);
  rows.whole(cursor.seq);
  rows.i32(cursor.i32(PAYMENT.book));
  rows.uuid(cursor.view, cursor.at + PAYMENT.subjectId);
  rows.hexUuid(customer.merchant);
  rows.moment(customer.createdUs);
  rows.whole(customer.version);
  rows.whole(cursor.seq);
  rows.big(profileSeal(cursor, customer.version, sealer));
  for (const text of texts.slice(0, -1)) rows.stringOrNull(text);
  rows.jsonOrNull(texts[4]);
}

/** The parameters of `updateCustomer`. */
export function customerUpdate(cursor: EventCursor, change: CustomerChange, sealer: Sealer): unknown[] {
  const { version } = change.customer;
  return [
    cursor.shard,
    subjectSeqOf(cursor),
    version,
    cursor.seq,
    profileSeal(cursor, version, sealer),
    ...textsOf(change),
  ];
}

/** The metadata last, as JSON. */
function textsOf({ customer: { name, email, description, reference, metadata } }: CustomerChange) {
  return [
    ...[name, email, description, reference].map(columnText),
    metadata.length === 0 ? null : JSON.stringify(Object.fromEntries(metadata)),
  ];
}
