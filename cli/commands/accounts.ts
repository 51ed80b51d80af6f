import type { Command } from 'commander';
import { type Account, AccountState, NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { isoMoment, jsonInteger, type Json } from '../print/json.ts';
import { formatAmount } from '../print/money.ts';
import { tableLines } from '../print/table.ts';
import { accountStateName, ACCOUNT_STATES, normalSideName } from './names.ts';
import { itemsOf } from './pages.ts';
import { type BookOptions, bookOf, FRESH, scaleReader, type Session, withCore } from './session.ts';
import { bookCommand, choice } from './shape.ts';

interface AccountsOptions extends BookOptions {
  readonly prefix?: string;
  readonly asset?: string;
  readonly state?: AccountState;
  readonly json?: true;
}

export function addAccounts(program: Command): void {
  bookCommand(program, 'accounts', {
    description: 'list the accounts of a book with their balances',
    example: 'florin accounts --prefix customers:',
  })
    .option('--prefix <code>', 'only codes that begin with this')
    .option('--asset <code>', 'only accounts of this asset')
    .addOption(choice('--state <state>', 'only open or only closed ones', ACCOUNT_STATES))
    .action((options: AccountsOptions) => withCore(options, (session) => listAccounts(session, options)));
}

async function listAccounts(session: Session, options: AccountsOptions): Promise<void> {
  const { client, terminal } = session;
  const book = await bookOf(session, options);
  const { prefix = '', asset = '', state = AccountState.UNSPECIFIED } = options;
  const accounts: Account[] = [];
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const filter = { book, codePrefix: prefix, asset, state };
    const answer = await client.accounts.listAccounts({ ...filter, ...page, freshness: FRESH });
    return { items: answer.accounts, nextPageToken: answer.nextPageToken };
  };
  for await (const account of itemsOf(fetch)) accounts.push(account);

  if (options.json === true) {
    await terminal.print(JSON.stringify(accounts.map(accountJson)));
    return;
  }
  if (accounts.length === 0) {
    terminal.remark(`Book ${book} has no such account.`);
    return;
  }
  const scaleOf = scaleReader(session);
  const scales = new Map<string, number>();
  for (const { asset: code } of accounts) scales.set(code, await scaleOf(code));
  for (const line of accountLines(accounts, scales, session.terminal)) await terminal.print(line);
  for (const line of totals(accounts, scales)) terminal.remark(line);
}

/** An account as `--json` shows it. */
export function accountJson(account: Account): Json {
  return {
    id: account.id,
    code: account.code,
    asset: account.asset,
    normal_side: normalSideName(account.normalSide),
    state: accountStateName(account.state),
    posted_balance: jsonInteger(account.postedBalance),
    available_balance: jsonInteger(account.availableBalance),
    debits_posted: jsonInteger(account.debitsPosted),
    credits_posted: jsonInteger(account.creditsPosted),
    debits_pending: jsonInteger(account.debitsPending),
    credits_pending: jsonInteger(account.creditsPending),
    version: jsonInteger(account.version),
    opened_at: isoMoment(account.openedAt),
    closed_at: isoMoment(account.closedAt),
    metadata: account.metadata,
  };
}

/** Columns that would say the same on every line are left out. */
function accountLines(
  accounts: readonly Account[],
  scales: ReadonlyMap<string, number>,
  terminal: Session['terminal'],
): string[] {
  const amount = (account: Account, units: bigint): string =>
    formatAmount(units, scales.get(account.asset) ?? 0);
  const hasHolds = accounts.some((one) => one.availableBalance !== one.postedBalance);
  const hasClosed = accounts.some((one) => one.state === AccountState.CLOSED);
  return tableLines<Account>(
    [
      { title: 'CODE', isFlexible: true, text: (one) => one.code },
      { title: 'SIDE', text: (one) => normalSideName(one.normalSide) },
      ...(hasClosed ? [{ title: 'STATE', text: (one: Account) => accountStateName(one.state) }] : []),
      { title: 'ENTRIES', align: 'right', text: (one) => one.version.toLocaleString('en-US') },
      { title: 'BALANCE', align: 'right', text: (one) => amount(one, one.postedBalance) },
      ...(hasHolds
        ? [
            {
              title: 'AVAILABLE',
              align: 'right' as const,
              text: (one: Account) => amount(one, one.availableBalance),
            },
          ]
        : []),
      { title: 'ASSET', text: (one) => one.asset },
    ],
    accounts,
    terminal,
  );
}

/** The sum of each side: over a whole book they are equal, the first thing that an accountant looks for. */
function totals(accounts: readonly Account[], scales: ReadonlyMap<string, number>): string[] {
  const sums = new Map<string, { debit: bigint; credit: bigint }>();
  for (const account of accounts) {
    const sum = sums.get(account.asset) ?? { debit: 0n, credit: 0n };
    sum[account.normalSide === NormalSide.DEBIT ? 'debit' : 'credit'] += account.postedBalance;
    sums.set(account.asset, sum);
  }
  const counted =
    accounts.length === 1 ? '1 account.' : `${accounts.length.toLocaleString('en-US')} accounts.`;
  const lines = [...sums].map(([asset, { debit, credit }]) => {
    const scale = scales.get(asset) ?? 0;
    return `${asset}: debit side ${formatAmount(debit, scale)}, credit side ${formatAmount(credit, scale)}.`;
  });
  return [counted, ...lines];
}
