import { PAYMENT } from '../../kernel/ledger/layout.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import { type IntentChangeJson, subjectSeqOf } from './paymentChange.ts';

export const providerReferencesColumns = 'id, subject_seq, book_no, shard';

const BYTES = 4 * 4 + 16 + 8 + 4 + 2;

/** A row for each operation that begins: by what a provider calls it, its payment is found. */
export function writeProviderReferences(
  rows: RowBuffer,
  cursor: EventCursor,
  change: IntentChangeJson,
): void {
  for (const { id, state, tries, askedUs, startedUs } of change.operations) {
    if (state !== 'pending' || tries > 0 || askedUs !== startedUs) continue;
    rows.row(4, BYTES);
    rows.hexUuid(id);
    rows.whole(subjectSeqOf(cursor));
    rows.i32(cursor.i32(PAYMENT.book));
    rows.i16(cursor.shard);
  }
}
