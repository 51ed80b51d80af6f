import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  BalanceTransactionType,
  type BalanceTransaction,
  type GetBalanceTransactionRequestSchema,
  type ListBalanceTransactionsRequestSchema,
} from '../../gen/florin/payments/v1/balance_transactions_pb.ts';
import { notFound } from './standInTold.ts';
import type { SeqPage } from '../http/lists.ts';

export interface ListAsked extends SeqPage {
  readonly merchantId: string;
}

/** A page of a merchant's rows, which lie newest first, as the core cuts it. */
export function listed<Row extends { merchantId: string; seq: bigint }>(
  rows: readonly Row[],
  { merchantId, pageSize, aboveSeq = 0n, belowSeq = 0n, oldestFirst = false }: ListAsked,
): { rows: Row[]; nextPageToken: string } {
  const own = rows.filter(
    (row) => row.merchantId === merchantId && row.seq > aboveSeq && (belowSeq === 0n || row.seq < belowSeq),
  );
  const ordered = oldestFirst ? own.toReversed() : own;
  return { rows: ordered.slice(0, pageSize), nextPageToken: ordered.length > pageSize ? 'more' : '' };
}

/** The part of a core in memory that tells of balances: it has the rows that a test puts there, newest first. */
export function balancesOf(all: readonly BalanceTransaction[]) {
  return {
    getMerchantBalance: async () => ({ balances: [] }),
    getBalanceTransaction: async (
      asked: Exclude<MessageInitShape<typeof GetBalanceTransactionRequestSchema>, { $typeName: string }>,
    ) => {
      const { balanceTransactionId, merchantId, currency } = asked;
      const balanceTransaction = all.find(
        (row) =>
          row.id === balanceTransactionId && row.merchantId === merchantId && row.currency === currency,
      );
      if (balanceTransaction === undefined) throw notFound();
      return { balanceTransaction };
    },
    listBalanceTransactions: async (
      asked: Exclude<MessageInitShape<typeof ListBalanceTransactionsRequestSchema>, { $typeName: string }>,
    ) => {
      const { of, behind, oldestFirst = false, pageSize = 100, changesOnly = false } = asked;
      const own = all
        .filter((row) =>
          of?.case === 'merchantId' ? row.merchantId === of.value : row.paymentIntentId === of?.value,
        )
        .filter(({ type }) => !changesOnly || type !== BalanceTransactionType.AVAILABLE);
      const ordered = oldestFirst ? own.toReversed() : own;
      const at = ordered.findIndex(
        ({ seq, currency }) => seq === behind?.seq && currency === behind.currency,
      );
      const rows = ordered.slice(at + 1);
      return {
        balanceTransactions: rows.slice(0, pageSize),
        nextPageToken: rows.length > pageSize ? 'more' : '',
      };
    },
  };
}
