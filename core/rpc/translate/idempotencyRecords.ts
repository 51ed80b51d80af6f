import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  IdempotencyRecord,
  IdempotencyRecordResultSchema,
  IdempotencyRecordSchema,
} from '../../../gen/florin/idempotency/v1/records_pb.ts';
import type { IdempotencyRecord as KeptRecord } from '../../kernel/payments/edgeModel.ts';
import type { SaveIdempotencyRecord } from '../../kernel/payments/commands.ts';
import type { Malformed, PaymentOutcome } from '../../shard/service.ts';
import { refusal } from './answers.ts';
import { Check } from './check.ts';
import { RECORD_BODY_BYTES_MAX } from './paymentLimits.ts';

const SHA256_BYTES = 32;

export function saveIdempotencyRecord({
  id,
  fingerprint,
  status,
  body,
}: IdempotencyRecord): SaveIdempotencyRecord | Malformed {
  const check = new Check();
  const command: SaveIdempotencyRecord = {
    op: 'saveIdempotencyRecord',
    id: check.newId(id, 'id'),
    record: { fingerprint: Buffer.from(fingerprint).toString('hex'), status, body },
  };
  if (fingerprint.length !== SHA256_BYTES) check.no('INVALID_VALUE', 'fingerprint');
  if (status < 200 || status > 599) check.no('INVALID_VALUE', 'status');
  if (body.includes('\0')) check.no('INVALID_TEXT', 'body');
  if (Buffer.byteLength(body) > RECORD_BODY_BYTES_MAX) check.no('TOO_LONG', 'body');
  return check.fault ?? command;
}

export function idempotencyRecordResult(
  outcome: PaymentOutcome,
): MessageInitShape<typeof IdempotencyRecordResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  const { seq, replayed, subject, record } = outcome;
  if (record === undefined) throw new Error(`event ${seq} keeps no idempotency record`);
  const kept = { seq: BigInt(seq), replayed, record: idempotencyRecord(record, subject) };
  return { outcome: { case: 'kept', value: kept } };
}

export function idempotencyRecord(
  { fingerprint, status, body }: KeptRecord,
  id: string,
): MessageInitShape<typeof IdempotencyRecordSchema> {
  return { id, fingerprint: Buffer.from(fingerprint, 'hex'), status, body };
}
