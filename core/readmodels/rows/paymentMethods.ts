import { PAYMENT } from '../../kernel/ledger/layout.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';
import { type ChangeNamed, columnText, subjectSeqOf } from './paymentChange.ts';
import { profileSeal } from './profileSeal.ts';

export const paymentMethodsColumns =
  'shard, seq, book_no, id, merchant_id, customer_id, created_at, version, last_seq, seal, state, type, token, billing_country, metadata';

const COLUMNS = 15;
const FIXED_BYTES = COLUMNS * 4 + 5 * 8 + 3 * 16 + 4 + 2;

type PaymentMethodChange = ChangeNamed<
  'payment_method_created' | 'payment_method_attached' | 'payment_method_detached'
>;

/** The row of a payment method as it was created. */
export function writePaymentMethod(
  rows: RowBuffer,
  cursor: EventCursor,
  { paymentMethod }: PaymentMethodChange,
  sealer: Sealer,
): void {
  const { merchant, customer, createdUs, version, state, type, token, billingCountry } = paymentMethod;
  const metadata =
    paymentMethod.metadata.length === 0 ? null : JSON.stringify(Object.fromEntries(paymentMethod.metadata));
  rows.row(COLUMNS, FIXED_BYTES + textBytesMax(state, type, token, billingCountry, metadata));
  rows.i16(cursor.shard);
  rows.whole(cursor.seq);
  rows.i32(cursor.i32(PAYMENT.book));
  rows.uuid(cursor.view, cursor.at + PAYMENT.subjectId);
  rows.hexUuid(merchant);
  rows.hexUuidOrNull(customer);
  rows.moment(createdUs);
  rows.whole(version);
  rows.whole(cursor.seq);
  rows.big(profileSeal(cursor, version, sealer));
  rows.string(state);
  rows.string(type);
  rows.string(token);
  rows.stringOrNull(columnText(billingCountry));
  rows.jsonOrNull(metadata);
}

/** The parameters of `updatePaymentMethod`: nothing else of one ever changes. */
export function paymentMethodUpdate(
  cursor: EventCursor,
  { paymentMethod: { version, customer, state } }: PaymentMethodChange,
  sealer: Sealer,
): unknown[] {
  const seal = profileSeal(cursor, version, sealer);
  return [cursor.shard, subjectSeqOf(cursor), version, cursor.seq, seal, customer, state];
}
