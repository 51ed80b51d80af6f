import {
  type ListPaymentMethodsRequest,
  PaymentMethodService,
} from '../../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { Page, metadataBytes } from '../paging/page.ts';
import type { PaymentMethodsQuery } from '../reads.ts';
import { position } from '../translate/answers.ts';
import { queriedIds, queriedUuid } from '../translate/queries.ts';
import {
  attachPaymentMethod,
  createPaymentMethod,
  detachPaymentMethod,
  paymentMethodResult,
  storedPaymentMethod,
} from '../translate/storedPaymentMethods.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';
import { submitPayments } from './paymentBatches.ts';

export function paymentMethodService(grounds: Grounds): ServedService {
  const { reads } = grounds;
  const change = async <Item>(batch: Parameters<typeof submitPayments<Item>>[1], call: Call) => {
    const answer = await submitPayments(grounds, batch, call);
    return { position: position(answer.position), results: answer.outcomes.map(paymentMethodResult) };
  };
  return serviceOf(PaymentMethodService, {
    createPaymentMethods: ({ book, paymentMethods: items }, call) =>
      change({ book, items, field: 'payment_methods', translate: createPaymentMethod }, call),
    attachPaymentMethods: ({ book, attachments: items }, call) =>
      change({ book, items, field: 'attachments', translate: attachPaymentMethod }, call),
    detachPaymentMethods: ({ book, detachments: items }, call) =>
      change({ book, items, field: 'detachments', translate: detachPaymentMethod }, call),
    getPaymentMethod: async (request, call) => {
      const id = queriedUuid(request.paymentMethodId, 'payment_method_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.paymentMethod(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'payment_method_id' });
      return { paymentMethod: storedPaymentMethod(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    listPaymentMethods: async (request, call) => {
      const of = queriedOf(request.of);
      const ids = queriedIds(request.paymentMethodIds, 'payment_method_ids');
      const whose = Object.entries(of)[0];
      const query = ['ListPaymentMethods', request.book, ...whose, ids?.join(' ') ?? null] as const;
      const page = new Page(request, query, ['integer']);
      const scope = await freshScope(grounds, request, call);
      const after = page.cursor === null ? null : Number(page.cursor[0]);
      const found = await reads.paymentMethods(scope, { of, ids, after, limit: page.limit });
      const cut = page.cut(
        found.value,
        ({ seq }) => [seq],
        ({ metadata }) => 600 + metadataBytes(metadata),
      );
      return {
        paymentMethods: cut.rows.map((row) => storedPaymentMethod(row, request.book)),
        nextPageToken: cut.token,
        asOfSeq: BigInt(found.asOfSeq),
      };
    },
  });
}

function queriedOf(of: ListPaymentMethodsRequest['of']): PaymentMethodsQuery['of'] {
  switch (of.case) {
    case 'merchantId':
      return { merchantId: queriedUuid(of.value, 'merchant_id') };
    case 'customerId':
      return { customerId: queriedUuid(of.value, 'customer_id') };
    case undefined:
      throw new BadField('of', 'MISSING_FIELD');
  }
}
