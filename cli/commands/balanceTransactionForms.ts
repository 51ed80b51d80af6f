import type {
  BalanceTransaction,
  MerchantBalance,
} from '../../gen/florin/payments/v1/balance_transactions_pb.ts';
import { isoMoment, jsonInteger, type Json, shortMoment } from '../print/json.ts';
import { formatAmount } from '../print/money.ts';
import { tableLines } from '../print/table.ts';
import type { Terminal } from '../print/terminal.ts';
import { balanceTransactionStatusName, balanceTransactionTypeName } from './names.ts';

type Width = Pick<Terminal, 'width' | 'isColoured'>;
type Scales = ReadonlyMap<string, number>;

export function balanceTransactionLines(
  rows: readonly BalanceTransaction[],
  scales: Scales,
  terminal: Width,
): string[] {
  const sum = (of: (row: BalanceTransaction) => bigint) => (row: BalanceTransaction) =>
    formatAmount(of(row), scales.get(row.currency) ?? 0);
  return tableLines<BalanceTransaction>(
    [
      { title: 'CREATED (UTC)', text: ({ createdAt }) => shortMoment(createdAt) },
      { title: 'TYPE', text: ({ type }) => balanceTransactionTypeName(type) },
      { title: 'AMOUNT', align: 'right', text: sum(({ amount }) => amount) },
      { title: 'FEE', align: 'right', text: sum(({ fee }) => fee) },
      { title: 'TAX', align: 'right', text: sum(({ tax }) => tax) },
      { title: 'NET', align: 'right', text: sum(({ net }) => net) },
      { title: 'ASSET', text: ({ currency }) => currency },
      { title: 'STATUS', text: ({ status }) => balanceTransactionStatusName(status) },
      { title: 'AVAILABLE (UTC)', text: ({ availableAt }) => shortMoment(availableAt) },
      { title: 'PAYMENT', text: ({ paymentIntentId }) => paymentIntentId },
    ],
    rows,
    terminal,
  );
}

export function merchantBalanceLines(
  balances: readonly MerchantBalance[],
  scales: Scales,
  terminal: Width,
): string[] {
  const sum = (of: (row: MerchantBalance) => bigint) => (row: MerchantBalance) =>
    formatAmount(of(row), scales.get(row.currency) ?? 0);
  return tableLines<MerchantBalance>(
    [
      { title: 'ASSET', text: ({ currency }) => currency },
      { title: 'PENDING', align: 'right', text: sum(({ pending }) => pending) },
      { title: 'AVAILABLE', align: 'right', text: sum(({ available }) => available) },
      { title: 'RESERVE', align: 'right', text: sum(({ reserve }) => reserve) },
      { title: 'OWED', align: 'right', text: sum(({ owed }) => owed) },
    ],
    balances,
    terminal,
  );
}

/** A balance transaction as `--json` shows it. */
export function balanceTransactionJson(row: BalanceTransaction): Json {
  return {
    id: row.id,
    merchant_id: row.merchantId,
    type: balanceTransactionTypeName(row.type),
    amount: jsonInteger(row.amount),
    fee: jsonInteger(row.fee),
    tax: jsonInteger(row.tax),
    net: jsonInteger(row.net),
    pending_change: jsonInteger(row.pendingChange),
    available_change: jsonInteger(row.availableChange),
    reserve_change: jsonInteger(row.reserveChange),
    owed_change: jsonInteger(row.owedChange),
    currency: row.currency,
    status: balanceTransactionStatusName(row.status),
    available_at: isoMoment(row.availableAt),
    payment_intent_id: textOrNull(row.paymentIntentId),
    operation_id: textOrNull(row.operationId),
    purpose: textOrNull(row.purpose),
    created_at: isoMoment(row.createdAt),
    seq: jsonInteger(row.seq),
  };
}

export function merchantBalanceJson({ currency, pending, available, reserve, owed }: MerchantBalance): Json {
  return {
    currency,
    pending: jsonInteger(pending),
    available: jsonInteger(available),
    reserve: jsonInteger(reserve),
    owed: jsonInteger(owed),
  };
}

const textOrNull = (text: string): string | null => (text === '' ? null : text);
