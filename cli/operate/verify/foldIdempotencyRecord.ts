import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import { Unreadable, uuidText, type EventAt } from './events.ts';
import type { Change } from './paymentChange.ts';
import type { ShardFold } from './shardFold.ts';

/** A record has one event, which is its own beginning and bears its id: whoever asks for it asks for that. */
export function foldIdempotencyRecord(fold: ShardFold, event: EventAt, { record }: Change): void {
  if (record === undefined) throw new Unreadable('an idempotency record that is not told');
  const { bytes, view, at } = event;
  const id = uuidText(bytes, at + PAYMENT.subjectId);
  if (view.getBigInt64(at + PAYMENT.subjectSeq, true) !== 0n)
    fold.tell('I14', event, `goes on with idempotency record ${id}, which has one event`);
  if (uuidText(bytes, at + PAYMENT.id) !== id)
    fold.tell('I14', event, `is of idempotency record ${id}, and spends another id`);
  if (!/^[0-9a-f]{64}$/.test(record.fingerprint))
    fold.tell('I14', event, `idempotency record ${id} has the fingerprint "${record.fingerprint}"`);
}
