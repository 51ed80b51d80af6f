import type { Command } from 'commander';
import type { Balance } from '../../gen/florin/ledger/v1/balances_pb.ts';
import { jsonInteger, type Json } from '../print/json.ts';
import { formatAmount } from '../print/money.ts';
import { tableLines } from '../print/table.ts';
import { cannotRun } from '../problem.ts';
import { readDate, readMoment } from './moment.ts';
import {
  accountNamed,
  type BookOptions,
  bookOf,
  FRESH,
  scaleReader,
  type Session,
  withCore,
} from './session.ts';
import { bookCommand } from './shape.ts';

interface BalanceOptions extends BookOptions {
  readonly at?: string;
  readonly effective?: string;
  readonly json?: true;
}

export function addBalance(program: Command): void {
  bookCommand(program, 'balance', {
    description: "show an account's balance, now or as it stood",
    example: 'florin balance customers:2378 --effective 1993-12-31',
  })
    .argument('<account>', "the account's code or id")
    .option('--at <moment>', 'as booked up to this date (whole day, UTC) or moment (1994-01-31T12:00:00Z)')
    .option('--effective <date>', 'by what takes effect up to this date, whenever it was booked')
    .action((account: string, options: BalanceOptions) =>
      withCore(options, (session) => showBalance(session, { ...options, account })),
    );
}

async function showBalance(session: Session, options: BalanceOptions & { account: string }): Promise<void> {
  const { client, terminal } = session;
  const at = momentIn(options);
  const book = await bookOf(session, options);
  const answer = await client.balances.getBalance({
    book,
    account: accountNamed(options.account),
    at,
    freshness: FRESH,
  });
  const { balance } = answer;
  if (balance === undefined) throw new Error('an answer without a balance');
  if (options.json === true) {
    await terminal.print(JSON.stringify(balanceJson(balance, options)));
    return;
  }
  const scale = await scaleReader(session)(balance.asset);
  const amount = (units: bigint): string => `${formatAmount(units, scale)} ${balance.asset}`;
  const rows: [string, string][] = [['posted balance', amount(balance.postedBalance)]];
  if (balance.availableBalance !== balance.postedBalance) {
    rows.push(['available', amount(balance.availableBalance)]);
  }
  rows.push(['debits', amount(balance.debitsPosted)], ['credits', amount(balance.creditsPosted)]);
  if (balance.debitsPending !== 0n) rows.push(['debits held', amount(balance.debitsPending)]);
  if (balance.creditsPending !== 0n) rows.push(['credits held', amount(balance.creditsPending)]);
  const lines = tableLines<[string, string]>(
    [
      { title: balance.code, text: ([name]) => name },
      { title: titleOf(options), align: 'right', text: ([, value]) => value },
    ],
    rows,
    terminal,
  );
  for (const line of lines) await terminal.print(line);
}

function momentIn(options: BalanceOptions) {
  if (options.at !== undefined && options.effective !== undefined) {
    throw cannotRun('--at and --effective are two different questions: ask one of them.');
  }
  if (options.at !== undefined) {
    return {
      case: 'bookedAt',
      value: readMoment(options.at, { option: '--at', dateMeans: 'its end' }),
    } as const;
  }
  if (options.effective !== undefined) {
    return { case: 'effectiveDate', value: readDate(options.effective, '--effective') } as const;
  }
  return { case: undefined } as const;
}

function titleOf({ at, effective }: BalanceOptions): string {
  if (at !== undefined) return `booked to ${at}`;
  return effective === undefined ? 'now' : `effective to ${effective}`;
}

/** A balance as `--json` shows it. */
export function balanceJson(balance: Balance, { at, effective }: BalanceOptions): Json {
  return {
    account_id: balance.accountId,
    code: balance.code,
    asset: balance.asset,
    booked_at: at ?? null,
    effective_date: effective ?? null,
    posted_balance: jsonInteger(balance.postedBalance),
    available_balance: jsonInteger(balance.availableBalance),
    debits_posted: jsonInteger(balance.debitsPosted),
    credits_posted: jsonInteger(balance.creditsPosted),
    debits_pending: jsonInteger(balance.debitsPending),
    credits_pending: jsonInteger(balance.creditsPending),
    version: jsonInteger(balance.version),
  };
}
