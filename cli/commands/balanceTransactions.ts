import type { Command } from 'commander';
import type {
  BalanceTransaction,
  MerchantBalance,
} from '../../gen/florin/payments/v1/balance_transactions_pb.ts';
import { cannotRun } from '../problem.ts';
import { SHOP } from '../sample/story.ts';
import {
  balanceTransactionJson,
  balanceTransactionLines,
  merchantBalanceJson,
  merchantBalanceLines,
} from './balanceTransactionForms.ts';
import { itemsOf } from './pages.ts';
import { limit } from './payments.ts';
import { type BookOptions, bookOf, FRESH, scaleReader, type Session, withCore } from './session.ts';
import { bookCommand, readId } from './shape.ts';

const SHOWN_DEFAULT = 20;

interface ListOptions extends BookOptions {
  readonly merchant?: string;
  readonly payment?: string;
  readonly limit?: number;
  readonly json?: true;
}

interface BalanceOptions extends BookOptions {
  readonly json?: true;
}

export function addBalanceTransactions(program: Command): void {
  bookCommand(program, 'balance-transactions', {
    description: 'list what happened to the balance of a merchant, newest first',
    example: 'florin balance-transactions --payment 0190a000-0000-7000-8000-000000000012 --book shop',
  })
    .option('--merchant <id>', 'of this merchant', readId)
    .option('--payment <id>', 'of this payment', readId)
    .addOption(limit())
    .action((options: ListOptions) => withCore(options, (session) => list(session, options)));
  bookCommand(program, 'merchant-balance', {
    description: 'print what a merchant has and owes, by currency',
    example: 'florin merchant-balance 0190a000-0000-7000-8000-000000000011 --book shop',
  })
    .argument('<id>', "the merchant's id", readId)
    .action((id: string, options: BalanceOptions) =>
      withCore(options, (session) => showBalance(session, id, options)),
    );
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { client, terminal } = session;
  const of = ofWhom(options);
  const most = options.limit ?? SHOWN_DEFAULT;
  const book = await bookOf(session, options, SHOP);
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const request = { book, of, freshness: FRESH, ...page };
    const answer = await client.balanceTransactions.listBalanceTransactions(request);
    return { items: answer.balanceTransactions, nextPageToken: answer.nextPageToken };
  };
  const rows: BalanceTransaction[] = [];
  for await (const row of itemsOf(fetch, most === 0 ? Infinity : most)) rows.push(row);
  if (options.json === true) return terminal.print(JSON.stringify(rows.map(balanceTransactionJson)));
  if (rows.length === 0) return terminal.remark('No balance was moved yet.');
  const scales = await scalesOf(session, rows);
  for (const line of balanceTransactionLines(rows, scales, terminal)) await terminal.print(line);
  if (rows.length === most) terminal.remark(`The newest ${most}; --limit 0 shows all.`);
}

function ofWhom({ merchant, payment }: ListOptions) {
  if (merchant !== undefined && payment === undefined)
    return { case: 'merchantId', value: merchant } as const;
  if (payment !== undefined && merchant === undefined)
    return { case: 'paymentIntentId', value: payment } as const;
  throw cannotRun('whose? Name one of --merchant and --payment.');
}

async function showBalance(session: Session, merchantId: string, options: BalanceOptions): Promise<void> {
  const { client, terminal } = session;
  const book = await bookOf(session, options, SHOP);
  const { balances } = await client.balanceTransactions.getMerchantBalance({
    book,
    merchantId,
    freshness: FRESH,
  });
  if (options.json === true) return terminal.print(JSON.stringify(balances.map(merchantBalanceJson)));
  if (balances.length === 0) return terminal.remark('No money of this merchant was moved yet.');
  const scales = await scalesOf(session, balances);
  for (const line of merchantBalanceLines(balances, scales, terminal)) await terminal.print(line);
}

async function scalesOf(
  session: Session,
  rows: readonly Pick<MerchantBalance, 'currency'>[],
): Promise<ReadonlyMap<string, number>> {
  const scaleOf = scaleReader(session);
  const scales = new Map<string, number>();
  for (const { currency } of rows) scales.set(currency, await scaleOf(currency));
  return scales;
}
