import type { Command } from 'commander';
import { StatementAxis } from '../../gen/florin/ledger/v1/statements_pb.ts';
import { cannotRun } from '../problem.ts';
import { readDate } from './moment.ts';
import { AXES } from './names.ts';
import {
  accountNamed,
  type BookOptions,
  bookOf,
  FRESH,
  scaleReader,
  type Session,
  withCore,
} from './session.ts';
import { bookCommand, choice } from './shape.ts';
import { printCsv, printJson, printTable, type StatementShown } from './statementForms.ts';

interface StatementOptions extends BookOptions {
  readonly from?: string;
  readonly to?: string;
  readonly axis?: StatementAxis;
  readonly csv?: true;
  readonly json?: true;
}

export function addStatement(program: Command): void {
  bookCommand(program, 'statement', {
    description: "print an account's statement: opening balance, lines, closing balance",
    example: 'florin statement customers:2378 --from 1993-12-01 --to 1993-12-31',
  })
    .argument('<account>', "the account's code or id")
    .option('--from <date>', 'the first date, inclusive (default: from the beginning)')
    .option('--to <date>', 'the last date, inclusive (default: to the end)')
    .addOption(choice('--axis <axis>', 'by which date to cut and order; default effective', AXES))
    .option('--csv', 'print CSV instead of a table; amounts are decimals')
    .action((account: string, options: StatementOptions) =>
      withCore(options, (session) => showStatement(session, { ...options, account })),
    );
}

async function showStatement(
  session: Session,
  options: StatementOptions & { account: string },
): Promise<void> {
  if (options.csv === true && options.json === true) {
    throw cannotRun('--csv and --json are two forms of one answer: choose one of them.');
  }
  const fromDate = options.from === undefined ? '' : readDate(options.from, '--from');
  const toDate = options.to === undefined ? '' : readDate(options.to, '--to');
  if (fromDate !== '' && toDate !== '' && fromDate > toDate) {
    throw cannotRun(`--from ${fromDate} is after --to ${toDate}.`);
  }
  const axis = options.axis ?? StatementAxis.EFFECTIVE;
  const book = await bookOf(session, options);
  const chunks = session.client.statements.streamStatement({
    book,
    account: accountNamed(options.account),
    axis,
    fromDate,
    toDate,
    freshness: FRESH,
  });
  const shown: StatementShown = {
    chunks,
    book,
    axis,
    scaleOf: scaleReader(session),
    terminal: session.terminal,
  };
  if (options.json === true) await printJson(shown);
  else if (options.csv === true) await printCsv(shown);
  else await printTable(shown);
}
