import { type ListRefundsRequest, RefundService } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { onFrom, Page } from '../paging/page.ts';
import { refund } from '../translate/paymentAnswers.ts';
import { refundIntent, updateRefund } from '../translate/payments.ts';
import { queriedRange, queriedUuid } from '../translate/queries.ts';
import { freshScope } from './freshness.ts';
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
    updateRefunds: ({ book, updates }, call) =>
      changePayments(
        grounds,
        { book, items: updates, field: 'updates', translate: updateRefund, waitMs: 0 },
        call,
      ),
    getRefund: async (request, call) => {
      const id = queriedUuid(request.refundId, 'refund_id');
      const merchant = request.merchantId === '' ? null : queriedUuid(request.merchantId, 'merchant_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await grounds.reads.refund(scope, id);
      if (value === null || (merchant !== null && value.intent.merchant !== merchant))
        throw new CallRefused('NOT_FOUND', { field: 'refund_id' });
      return { refund: refund(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    listRefunds: (request, call) => refundsPage(grounds, request, call),
  });
}

async function refundsPage(grounds: Grounds, request: ListRefundsRequest, call: Call) {
  const { merchantId, paymentIntentId } = request;
  const filter = {
    merchantId: queriedUuid(merchantId, 'merchant_id'),
    paymentIntentId: paymentIntentId === '' ? null : queriedUuid(paymentIntentId, 'payment_intent_id'),
    ...queriedRange(request),
  };
  const page = new Page(request, ['ListRefunds', request.book, ...Object.values(filter)], ['integer']);
  const scope = await freshScope(grounds, request, call);
  const query = { ...filter, ...onFrom(page, filter), limit: page.limit };
  const { asOfSeq, value } = await grounds.reads.refunds(scope, query);
  const cut = page.cut(value, ({ seq }) => [seq]);
  return {
    refunds: cut.rows.map((row) => refund(row, request.book)),
    nextPageToken: cut.token,
    asOfSeq: BigInt(asOfSeq),
  };
}
