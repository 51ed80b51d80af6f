import { CustomerService } from '../../../gen/florin/payments/v1/customers_pb.ts';
import { REFERENCE_CHARACTERS_MAX } from '../../kernel/ledger/limits.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { onFrom, Page, metadataBytes } from '../paging/page.ts';
import { position } from '../translate/answers.ts';
import { createCustomer, customer, customerResult, updateCustomer } from '../translate/customers.ts';
import { queriedIds, queriedRange, queriedText, queriedUuid } from '../translate/queries.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';
import { submitPayments } from './paymentBatches.ts';

export function customerService(grounds: Grounds): ServedService {
  const { reads } = grounds;
  return serviceOf(CustomerService, {
    createCustomers: async ({ book, customers }, call) => {
      const batch = { book, items: customers, field: 'customers', translate: createCustomer };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(customerResult) };
    },
    updateCustomers: async ({ book, updates }, call) => {
      const batch = { book, items: updates, field: 'updates', translate: updateCustomer };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(customerResult) };
    },
    getCustomer: async (request, call) => {
      const id = queriedUuid(request.customerId, 'customer_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.customer(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'customer_id' });
      return { customer: customer(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    listCustomers: async (request, call) => {
      const { merchantId } = request;
      const filter = {
        merchant: merchantId === '' ? null : queriedUuid(merchantId, 'merchant_id'),
        reference: queriedText(request.reference, 'reference', REFERENCE_CHARACTERS_MAX),
        ...queriedRange(request),
      };
      const ids = queriedIds(request.customerIds, 'customer_ids');
      const query = [
        'ListCustomers',
        request.book,
        ...Object.values(filter),
        ids?.join(' ') ?? null,
      ] as const;
      const page = new Page(request, query, ['integer']);
      const scope = await freshScope(grounds, request, call);
      const found = await reads.customers(scope, {
        ...filter,
        ...onFrom(page, filter),
        ids,
        limit: page.limit,
      });
      const cut = page.cut(
        found.value,
        ({ seq }) => [seq],
        // Names, address and texts at their longest, in UTF-8.
        ({ metadata }) => 5_500 + metadataBytes(metadata),
      );
      return {
        customers: cut.rows.map((row) => customer(row, request.book)),
        nextPageToken: cut.token,
        asOfSeq: BigInt(found.asOfSeq),
      };
    },
  });
}
