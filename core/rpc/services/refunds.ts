import { RefundService } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { refundIntent } from '../translate/payments.ts';
import type { Grounds } from './grounds.ts';
import { changePayments } from './paymentBatches.ts';

export function refundService(grounds: Grounds): ServedService {
  return serviceOf(RefundService, {
    createRefunds: ({ book, refunds, waitMs }, call) =>
      changePayments(
        grounds,
        { book, items: refunds, field: 'refunds', translate: refundIntent, waitMs },
        call,
      ),
  });
}
