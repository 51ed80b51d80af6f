import { PAYMENT } from '../../kernel/ledger/layout.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import { type ChangeNamed, filledText } from './paymentChange.ts';

export const merchantsColumns =
  'book_no, seq, shard, id, created_at, name, country, settlement_days, tax_ppm, tax_jurisdiction, fees_returned, fees, routing';

const FIXED_BYTES = 13 * 4 + 2 * 8 + 16 + 2 * 4 + 2 * 2 + 1;

/** The row of a merchant as it was created. */
export function writeMerchant(
  rows: RowBuffer,
  cursor: EventCursor,
  { merchant }: ChangeNamed<'merchant_created'>,
): void {
  const name = filledText(merchant.name),
    country = filledText(merchant.country),
    jurisdiction = filledText(merchant.taxJurisdiction);
  const fees = JSON.stringify(merchant.fees),
    routing = JSON.stringify(merchant.routing);
  rows.row(13, FIXED_BYTES + textBytesMax(name, country, jurisdiction, fees, routing));
  rows.i32(cursor.i32(PAYMENT.book));
  rows.whole(cursor.seq);
  rows.i16(cursor.shard);
  rows.uuid(cursor.view, cursor.at + PAYMENT.subjectId);
  rows.moment(cursor.bookedUs);
  rows.string(name);
  rows.string(country);
  rows.i16(merchant.settlementDays);
  rows.i32(merchant.taxPpm);
  rows.string(jurisdiction);
  rows.boolean(merchant.feesReturned);
  rows.jsonOrNull(fees);
  rows.jsonOrNull(routing);
}
