import { PAYMENT } from '../../kernel/ledger/layout.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';
import { type ChangeNamed, type MerchantChangeJson, filledText, subjectSeqOf } from './paymentChange.ts';

export const merchantsColumns =
  'book_no, seq, shard, id, created_at, version, last_seq, seal, name, country, terms_number, settlement_days, tax_ppm, tax_jurisdiction, fees_returned, reserve_ppm, reserve_days, fees, routing, mode';

const COLUMNS = 20;
const FIXED_BYTES = COLUMNS * 4 + 5 * 8 + 16 + 3 * 4 + 4 * 2 + 1;

/** The row of a merchant as it was created. */
export function writeMerchant(
  rows: RowBuffer,
  cursor: EventCursor,
  change: ChangeNamed<'merchant_created'>,
  sealer: Sealer,
): void {
  const { name, country, terms, termsNumber, jurisdiction, fees, routing } = columnsOf(change);
  const { version, mode = 'test' } = change.merchant;
  rows.row(COLUMNS, FIXED_BYTES + textBytesMax(name, country, jurisdiction, fees, routing, mode));
  rows.i32(cursor.i32(PAYMENT.book));
  rows.whole(cursor.seq);
  rows.i16(cursor.shard);
  rows.uuid(cursor.view, cursor.at + PAYMENT.subjectId);
  rows.moment(cursor.bookedUs);
  rows.whole(version);
  rows.whole(cursor.seq);
  rows.big(sealOf(cursor, version, sealer));
  rows.string(name);
  rows.string(country);
  rows.i16(termsNumber);
  rows.i16(terms.settlementDays);
  rows.i32(terms.taxPpm);
  rows.string(jurisdiction);
  rows.boolean(terms.feesReturned);
  rows.i32(terms.reserve.ppm);
  rows.i16(terms.reserve.days);
  rows.jsonOrNull(fees);
  rows.jsonOrNull(routing);
  rows.string(mode);
}

/** The parameters of the statement that changes a merchant's row. */
export function merchantUpdate(
  cursor: EventCursor,
  change: ChangeNamed<'merchant_updated'>,
  sealer: Sealer,
): unknown[] {
  const { name, country, terms, termsNumber, jurisdiction, fees, routing } = columnsOf(change);
  const { version } = change.merchant;
  return [
    cursor.i32(PAYMENT.book),
    subjectSeqOf(cursor),
    version,
    cursor.seq,
    sealOf(cursor, version, sealer),
    name,
    country,
    termsNumber,
    terms.settlementDays,
    terms.taxPpm,
    jurisdiction,
    terms.feesReturned,
    terms.reserve.ppm,
    terms.reserve.days,
    fees,
    routing,
  ];
}

function columnsOf({ merchant }: MerchantChangeJson) {
  const { terms, termsNumber } = merchant;
  return {
    terms,
    termsNumber,
    name: filledText(merchant.name),
    country: filledText(merchant.country),
    jurisdiction: filledText(terms.taxJurisdiction),
    fees: JSON.stringify(terms.fees),
    routing: JSON.stringify(merchant.routing),
  };
}

/** Over what tells the writer that all events of the merchant are there: of them, only its last terms could be missed. */
function sealOf(cursor: EventCursor, version: number, sealer: Sealer): bigint {
  return sealer.paymentStateSeal({
    shard: cursor.shard,
    seq: subjectSeqOf(cursor),
    book: cursor.i32(PAYMENT.book),
    version,
    lastSeq: cursor.seq,
    dueUs: null,
  });
}
