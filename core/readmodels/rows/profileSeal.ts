import { PAYMENT } from '../../kernel/ledger/layout.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';
import { subjectSeqOf } from './paymentChange.ts';

/** Over what tells the writer that all events of a customer, or of a payment method, are there. */
export function profileSeal(cursor: EventCursor, version: number, sealer: Sealer): bigint {
  return sealer.paymentStateSeal({
    shard: cursor.shard,
    seq: subjectSeqOf(cursor),
    book: cursor.i32(PAYMENT.book),
    version,
    lastSeq: cursor.seq,
    dueUs: null,
  });
}
