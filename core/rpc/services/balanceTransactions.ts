import {
  BalanceTransactionService,
  type ListBalanceTransactionsRequest,
} from '../../../gen/florin/payments/v1/balance_transactions_pb.ts';
import type { BalanceCursor } from '../../readmodels/queries/balanceTransactions.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { Page } from '../paging/page.ts';
import type { BalanceTransactionsQuery } from '../reads.ts';
import { balanceTransaction } from '../translate/balanceTransactions.ts';
import { queriedAsset, queriedNumber, queriedUuid } from '../translate/queries.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';

export function balanceTransactionService(grounds: Grounds): ServedService {
  const { reads } = grounds;
  return serviceOf(BalanceTransactionService, {
    listBalanceTransactions: async (request, call) => {
      const of = queriedOf(request.of);
      const { changesOnly } = request;
      const behind = queriedPlace(request.behind);
      const order = request.oldestFirst ? 'oldest first' : 'newest first';
      const place = behind === null ? null : `${behind.seq} ${behind.currency}`;
      const query = [
        'ListBalanceTransactions',
        request.book,
        ...Object.entries(of)[0],
        order,
        place,
        // Tokens of earlier releases stay good.
        ...(changesOnly ? [changesOnly] : []),
      ] as const;
      const page = new Page(request, query, ['integer', 'text']);
      const scope = await freshScope(grounds, request, call);
      const [seq, currency] = page.cursor ?? [];
      const after = page.cursor === null ? behind : { seq: Number(seq), currency: String(currency) };
      const filter = { of, after, order, limit: page.limit, changesOnly } as const;
      const { asOfSeq, value } = await reads.balanceTransactions(scope, filter);
      const cut = page.cut(value, (row) => [row.seq, row.currency]);
      return {
        balanceTransactions: cut.rows.map((row) => balanceTransaction(row, request.book)),
        nextPageToken: cut.token,
        asOfSeq: BigInt(asOfSeq),
      };
    },
    getBalanceTransaction: async (request, call) => {
      const merchantId = queriedUuid(request.merchantId, 'merchant_id');
      const id = queriedUuid(request.balanceTransactionId, 'balance_transaction_id');
      const currency = queriedAsset(request.currency, 'currency') ?? '';
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.balanceTransaction(scope, { id, merchantId, currency });
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'balance_transaction_id' });
      return { balanceTransaction: balanceTransaction(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    getMerchantBalance: async (request, call) => {
      const id = queriedUuid(request.merchantId, 'merchant_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.merchantBalance(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'merchant_id' });
      return { balances: value, asOfSeq: BigInt(asOfSeq) };
    },
  });
}

function queriedPlace(place: ListBalanceTransactionsRequest['behind']): BalanceCursor | null {
  if (place === undefined) return null;
  const currency = queriedAsset(place.currency, 'behind.currency');
  if (currency === null) throw new BadField('behind.currency', 'MISSING_FIELD');
  return { seq: queriedNumber(place.seq, 'behind.seq'), currency };
}

function queriedOf(of: ListBalanceTransactionsRequest['of']): BalanceTransactionsQuery['of'] {
  switch (of.case) {
    case 'merchantId':
      return { merchantId: queriedUuid(of.value, 'merchant_id') };
    case 'paymentIntentId':
      return { paymentIntentId: queriedUuid(of.value, 'payment_intent_id') };
    case undefined:
      throw new BadField('of', 'MISSING_FIELD');
  }
}
