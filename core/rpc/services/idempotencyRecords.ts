import { IdempotencyRecordService } from '../../../gen/florin/idempotency/v1/records_pb.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { position } from '../translate/answers.ts';
import { idempotencyRecordResult, saveIdempotencyRecord } from '../translate/idempotencyRecords.ts';
import type { Grounds } from './grounds.ts';
import { submitPayments } from './paymentBatches.ts';

export function idempotencyRecordService(grounds: Grounds): ServedService {
  return serviceOf(IdempotencyRecordService, {
    saveIdempotencyRecords: async ({ book, records }, call) => {
      const batch = { book, items: records, field: 'records', translate: saveIdempotencyRecord };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(idempotencyRecordResult) };
    },
  });
}
