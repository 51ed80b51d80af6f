import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import {
  type Transaction,
  TransactionKind,
  TransactionState,
} from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { isoMoment, jsonInteger, type Json, shortMoment } from '../print/json.ts';
import { formatAmount } from '../print/money.ts';
import { tableLines } from '../print/table.ts';
import { readMoment } from './moment.ts';
import { KINDS, STATES, transactionKindName, transactionStateName } from './names.ts';
import { itemsOf } from './pages.ts';
import {
  accountNamed,
  type BookOptions,
  bookOf,
  FRESH,
  scaleReader,
  type Session,
  withCore,
} from './session.ts';
import { bookCommand, choice, count } from './shape.ts';

const SHOWN_DEFAULT = 20;

interface TransactionsOptions extends BookOptions {
  readonly account?: string;
  readonly kind?: TransactionKind;
  readonly state?: TransactionState;
  readonly reference?: string;
  readonly since?: string;
  readonly before?: string;
  readonly limit?: number;
  readonly json?: true;
}

export function addTransactions(program: Command): void {
  bookCommand(program, 'transactions', {
    description: 'list the transactions of a book, newest first',
    example: 'florin transactions --account customers:2378 --limit 5',
  })
    .option('--account <account>', 'only those that touch this account, by code or id')
    .addOption(choice('--kind <kind>', 'only this kind', KINDS))
    .addOption(choice('--state <state>', 'only those that stand like this', STATES))
    .option('--reference <text>', 'only with exactly this reference')
    .option('--since <moment>', 'only booked at or after this date (UTC) or moment (1994-01-31T12:00:00Z)')
    .option('--before <moment>', 'only booked before this date or moment')
    .addOption(
      count('--limit <n>', `how many at most; default ${SHOWN_DEFAULT}, 0 for all`, {
        min: 0,
        max: 999_999_999,
      }),
    )
    .action((options: TransactionsOptions) =>
      withCore(options, (session) => listTransactions(session, options)),
    );
}

async function listTransactions(session: Session, options: TransactionsOptions): Promise<void> {
  const limit = options.limit ?? SHOWN_DEFAULT;
  const filter = {
    kind: options.kind ?? TransactionKind.UNSPECIFIED,
    state: options.state ?? TransactionState.UNSPECIFIED,
    reference: options.reference ?? '',
    ...(options.since === undefined ? {} : { bookedFrom: beginOf(options.since, '--since') }),
    ...(options.before === undefined ? {} : { bookedUntil: beginOf(options.before, '--before') }),
  };
  const book = await bookOf(session, options);
  const accountId = options.account === undefined ? '' : await accountIdOf(session, book, options.account);
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const request = { ...filter, ...page, book, accountId, freshness: FRESH };
    const answer = await session.client.transactions.listTransactions(request);
    return { items: answer.transactions, nextPageToken: answer.nextPageToken };
  };
  const transactions: Transaction[] = [];
  for await (const one of itemsOf(fetch, limit === 0 ? Infinity : limit)) transactions.push(one);

  if (options.json === true) {
    await session.terminal.print(JSON.stringify(transactions.map(transactionJson)));
    return;
  }
  if (transactions.length === 0) {
    session.terminal.remark(`Book ${book} has no such transaction.`);
    return;
  }
  await printTransactions(session, book, transactions);
  if (transactions.length === limit) {
    session.terminal.remark(`The newest ${limit}; --limit 0 shows all.`);
  }
}

function beginOf(text: string, option: string): Timestamp {
  return readMoment(text, { option, dateMeans: 'its begin' });
}

async function accountIdOf({ client }: Session, book: string, name: string): Promise<string> {
  const account = accountNamed(name);
  if (account.case === 'accountId') return account.value;
  const answer = await client.accounts.getAccount({ book, account, freshness: FRESH });
  return answer.account?.id ?? '';
}

/** A line a posting; what belongs to the transaction stands on its first line only. */
interface Line {
  readonly transaction: Transaction | undefined;
  readonly debit: string;
  readonly credit: string;
  readonly amount: string;
}

/** As a table, a line a posting. */
export async function printTransactions(
  session: Session,
  book: string,
  transactions: readonly Transaction[],
): Promise<void> {
  const codeOf = codeReader(session, book);
  const scaleOf = scaleReader(session);
  const lines: Line[] = [];
  for (const transaction of transactions) {
    for (const [index, posting] of transaction.postings.entries()) {
      lines.push({
        transaction: index === 0 ? transaction : undefined,
        debit: await codeOf(posting.debitAccount),
        credit: await codeOf(posting.creditAccount),
        amount: `${formatAmount(posting.amount, await scaleOf(posting.asset))} ${posting.asset}`,
      });
    }
    if (transaction.postings.length === 0) lines.push({ transaction, debit: '', credit: '', amount: '' });
  }
  const isAllPosted = transactions.every(
    ({ kind, state }) => kind === TransactionKind.DIRECT && state === TransactionState.POSTED,
  );
  const what = ({ kind, state }: Transaction): string =>
    `${transactionKindName(kind)}, ${transactionStateName(state)}`;
  const table = tableLines<Line>(
    [
      { title: 'BOOKED (UTC)', text: ({ transaction }) => shortMoment(transaction?.bookedAt) },
      { title: 'EFFECTIVE', text: ({ transaction }) => transaction?.effectiveDate ?? '' },
      ...(isAllPosted
        ? []
        : [
            {
              title: 'KIND',
              text: ({ transaction }: Line) => (transaction === undefined ? '' : what(transaction)),
            },
          ]),
      { title: 'REFERENCE', isFlexible: true, text: ({ transaction }) => transaction?.reference ?? '' },
      { title: 'DEBIT', isFlexible: true, text: ({ debit }) => debit },
      { title: 'CREDIT', isFlexible: true, text: ({ credit }) => credit },
      { title: 'AMOUNT', align: 'right', text: ({ amount }) => amount },
    ],
    lines,
    session.terminal,
  );
  for (const line of table) await session.terminal.print(line);
}

/** Transactions name accounts by id; people know them by code. Asked once an account. */
function codeReader({ client }: Session, book: string): (id: string) => Promise<string> {
  const codes = new Map<string, Promise<string>>();
  return (id) => {
    const known = codes.get(id);
    if (known !== undefined) return known;
    const asked = client.accounts
      .getAccount({ book, account: { case: 'accountId', value: id } })
      .then(({ account }) => account?.code ?? id);
    codes.set(id, asked);
    return asked;
  };
}

/** A transaction as `--json` shows it. */
export function transactionJson(transaction: Transaction): Json {
  return {
    id: transaction.id,
    kind: transactionKindName(transaction.kind),
    state: transactionStateName(transaction.state),
    target_id: transaction.targetId === '' ? null : transaction.targetId,
    effective_date: transaction.effectiveDate,
    booked_at: isoMoment(transaction.bookedAt),
    expires_at: isoMoment(transaction.expiresAt),
    reference: transaction.reference,
    metadata: transaction.metadata,
    seq: jsonInteger(transaction.seq),
    postings: transaction.postings.map((posting) => ({
      debit_account: posting.debitAccount,
      credit_account: posting.creditAccount,
      asset: posting.asset,
      amount: jsonInteger(posting.amount),
      posted_amount: jsonInteger(posting.postedAmount),
      reversed_amount: jsonInteger(posting.reversedAmount),
    })),
  };
}
