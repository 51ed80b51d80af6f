import type { CallOptions, Florin } from '../client/index.ts';
import type { FindApiKeyRequestSchema, FindApiKeyResponse } from '../gen/florin/access/v1/api_keys_pb.ts';
import type {
  IdempotencyRecordResult,
  IdempotencyRecordSchema,
} from '../gen/florin/idempotency/v1/records_pb.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { SingleCall } from '../client/florin.ts';

/** What the edge needs of the core: a Florin client has it, and tests can stand in for it. */
export interface Core extends Pick<
  Florin,
  | 'paymentIntents'
  | 'refunds'
  | 'customers'
  | 'paymentMethods'
  | 'balanceTransactions'
  | 'merchants'
  | 'timelines'
> {
  readonly apiKeys: {
    findApiKey(
      request: MessageInitShape<typeof FindApiKeyRequestSchema>,
      options?: CallOptions,
    ): Promise<FindApiKeyResponse>;
  };
  readonly idempotencyRecords: {
    saveIdempotencyRecord: SingleCall<
      MessageInitShape<typeof IdempotencyRecordSchema>,
      IdempotencyRecordResult
    >;
  };
}
