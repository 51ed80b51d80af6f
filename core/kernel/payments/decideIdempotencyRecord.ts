import { Subject, writeChange, type IdempotencyRecordSaved } from './change.ts';
import type { SaveIdempotencyRecord } from './commands.ts';
import { factsOfPayment } from './facts.ts';
import type { Decided, PaymentContext } from './flow.ts';

/** Nothing is looked at: an id that is spent on a record is a replay, and on anything else was refused before. */
export function decideIdempotencyRecord(
  { body, book }: PaymentContext,
  command: SaveIdempotencyRecord,
): Decided {
  const { id, record } = command;
  const change: IdempotencyRecordSaved = {
    name: 'idempotency_record_saved',
    by: 'caller',
    request: factsOfPayment(command),
    record,
  };
  const first = body.events;
  const event = { id, book, subject: Subject.idempotencyRecord, subjectId: id, subjectSeq: 0 };
  return { done: 'events', first, at: writeChange(body, event, change), change };
}
