import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type BalanceTransactionSchema,
  BalanceTransactionStatus,
  BalanceTransactionType,
} from '../../../gen/florin/payments/v1/balance_transactions_pb.ts';
import type {
  BalanceTransaction,
  BalanceTransactionType as Type,
} from '../../readmodels/queries/balanceTransactions.ts';
import { timestamp } from './rows.ts';

const TYPES: Readonly<Record<Type, BalanceTransactionType>> = {
  charge: BalanceTransactionType.CHARGE,
  charge_failure: BalanceTransactionType.CHARGE_FAILURE,
  dispute: BalanceTransactionType.DISPUTE,
  dispute_reversal: BalanceTransactionType.DISPUTE_REVERSAL,
  refund: BalanceTransactionType.REFUND,
  refund_failure: BalanceTransactionType.REFUND_FAILURE,
  fee: BalanceTransactionType.FEE,
  available: BalanceTransactionType.AVAILABLE,
  adjustment: BalanceTransactionType.ADJUSTMENT,
};

const STATUSES: Readonly<Record<BalanceTransaction['status'], BalanceTransactionStatus>> = {
  pending: BalanceTransactionStatus.PENDING,
  available: BalanceTransactionStatus.AVAILABLE,
};

export function balanceTransaction(
  row: BalanceTransaction,
  book: string,
): MessageInitShape<typeof BalanceTransactionSchema> {
  const { id, merchantId, currency, amount, fee, tax, net, availableUs, createdUs, seq } = row;
  const { pendingChange, availableChange, reserveChange, owedChange } = row;
  return {
    id,
    book,
    merchantId,
    type: TYPES[row.type],
    amount,
    fee,
    tax,
    net,
    pendingChange,
    availableChange,
    reserveChange,
    owedChange,
    currency,
    status: STATUSES[row.status],
    ...(availableUs === null ? {} : { availableAt: timestamp(availableUs) }),
    paymentIntentId: row.paymentIntentId ?? '',
    operationId: row.operationId ?? '',
    purpose: row.purpose ?? '',
    createdAt: timestamp(createdUs),
    seq: BigInt(seq),
  };
}
