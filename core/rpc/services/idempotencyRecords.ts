import { IdempotencyRecordService } from '../../../gen/florin/idempotency/v1/records_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { position } from '../translate/answers.ts';
import { idempotencyRecordResult, saveIdempotencyRecord } from '../translate/idempotencyRecords.ts';
import { RECORDS_MAX } from '../translate/paymentLimits.ts';
import type { Grounds } from './grounds.ts';
import { submitPayments } from './paymentBatches.ts';

export function idempotencyRecordService(grounds: Grounds): ServedService {
  return serviceOf(IdempotencyRecordService, {
    saveIdempotencyRecords: async ({ book, records }, call) => {
      if (records.length > RECORDS_MAX) throw new CallRefused('BATCH_SIZE', { field: 'records' });
      const batch = { book, items: records, field: 'records', translate: saveIdempotencyRecord };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(idempotencyRecordResult) };
    },
  });
}
