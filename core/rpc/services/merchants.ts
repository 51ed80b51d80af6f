import { MerchantService } from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { onFrom, Page } from '../paging/page.ts';
import { position } from '../translate/answers.ts';
import { createMerchant, merchant, merchantBytes, updateMerchant } from '../translate/merchants.ts';
import { merchantResult } from '../translate/paymentAnswers.ts';
import { queriedRange, queriedUuid } from '../translate/queries.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';
import { submitPayments } from './paymentBatches.ts';

export function merchantService(grounds: Grounds): ServedService {
  return serviceOf(MerchantService, {
    createMerchants: async ({ book, merchants }, call) => {
      const batch = { book, items: merchants, field: 'merchants', translate: createMerchant };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(merchantResult) };
    },
    updateMerchants: async ({ book, updates }, call) => {
      const batch = { book, items: updates, field: 'updates', translate: updateMerchant };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(merchantResult) };
    },
    getMerchant: async (request, call) => {
      const id = queriedUuid(request.merchantId, 'merchant_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await grounds.reads.merchant(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'merchant_id' });
      return { merchant: merchant(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    listMerchants: async (request, call) => {
      const range = queriedRange(request);
      const page = new Page(request, ['ListMerchants', request.book, ...Object.values(range)], ['integer']);
      const scope = await freshScope(grounds, request, call);
      const query = { ...range, ...onFrom(page, range), limit: page.limit };
      const found = await grounds.reads.merchants(scope, query);
      const cut = page.cut(found.value, ({ seq }) => [seq], merchantBytes);
      return {
        merchants: cut.rows.map((row) => ({ ...merchant(row, request.book), pastTerms: [] })),
        nextPageToken: cut.token,
        asOfSeq: BigInt(found.asOfSeq),
      };
    },
  });
}
