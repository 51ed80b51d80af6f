import { IdempotencyRecordService } from '../../../gen/florin/idempotency/v1/records_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { position } from '../translate/answers.ts';
import {
  idempotencyRecord,
  idempotencyRecordResult,
  saveIdempotencyRecord,
} from '../translate/idempotencyRecords.ts';
import { RECORDS_MAX } from '../translate/paymentLimits.ts';
import { queriedUuid } from '../translate/queries.ts';
import type { Grounds } from './grounds.ts';
import { freshScope } from './freshness.ts';
import { submitPayments } from './paymentBatches.ts';

export function idempotencyRecordService(grounds: Grounds): ServedService {
  return serviceOf(IdempotencyRecordService, {
    saveIdempotencyRecords: async ({ book, records }, call) => {
      if (records.length > RECORDS_MAX) throw new CallRefused('BATCH_SIZE', { field: 'records' });
      const batch = { book, items: records, field: 'records', translate: saveIdempotencyRecord };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(idempotencyRecordResult) };
    },
    getIdempotencyRecord: async (request, call) => {
      const id = queriedUuid(request.recordId, 'record_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await grounds.reads.idempotencyRecord(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'record_id' });
      return { record: idempotencyRecord(value, id), asOfSeq: BigInt(asOfSeq) };
    },
  });
}
