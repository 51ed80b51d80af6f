import { OperatorService } from '../../../gen/florin/payments/v1/operators_pb.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { settleOperation } from '../translate/operators.ts';
import { queriedUuid } from '../translate/queries.ts';
import type { Grounds } from './grounds.ts';
import { changePayments } from './paymentBatches.ts';
import { intentsPage } from './paymentIntents.ts';

export function operatorService(grounds: Grounds): ServedService {
  return serviceOf(OperatorService, {
    listOperatorQueue: (request, call) => {
      const { merchantId, book } = request;
      const merchant = merchantId === '' ? null : queriedUuid(merchantId, 'merchant_id');
      const filter = { ...ANY, merchant, onlyAttention: true };
      return intentsPage(grounds, { request, filter, query: ['ListOperatorQueue', book, merchant] }, call);
    },
    settleOperations: ({ book, settlements, waitMs }, call) => {
      const batch = { book, items: settlements, field: 'settlements', translate: settleOperation };
      return changePayments(grounds, { ...batch, waitMs }, call);
    },
  });
}

const ANY = {
  customer: null,
  states: [],
  reference: null,
  currency: null,
  metadata: {},
  createdFromUs: null,
  createdUntilUs: null,
  aboveSeq: null,
  belowSeq: null,
  order: 'newest first',
} as const;
