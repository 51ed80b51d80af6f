import type { Command } from 'commander';
import { readCliConfig } from '../../config.ts';
import { type CoreOptions, type Session, withCore } from '../../commands/session.ts';
import { type Progress, startProgress } from '../../print/progress.ts';
import { EXIT } from '../../problem.ts';
import { DEFAULT_BOOK, importBerka, readBankFile } from './import.ts';
import { remarksOn, reportJson, summaryOf } from './report.ts';

interface BerkaOptions extends CoreOptions {
  readonly book?: string;
  readonly skipBad?: true;
  readonly json?: true;
}

const HELP = `
Each row becomes one balanced transaction between the customer's account (customers:<account_id>)
and what stands against it: bank:cash, banks:<code>, cards:withdrawals, expense:interest,
income:fees, income:penalty_interest. Run again, it changes nothing and says so.

The whole file is checked first: with a row that cannot be booked nothing is sent, and every
such line is named. With --json the last line is one object: {book, accounts, transactions,
created, replayed, balance_sum, seconds}, and with --skip-bad also {skipped: [{line, column, problem}]}.

Example:
  florin import berka examples/berka/trans.asc`;

export function addBerka(parent: Command): void {
  parent
    .command('berka')
    .description("book a bank's transactions: the trans.asc of the PKDD 1999 financial data set")
    .argument('<file>', "the bank's file; one comes with florin: examples/berka/trans.asc")
    .option('--book <name>', `the book, made if it is missing (default: FLORIN_BOOK, or "${DEFAULT_BOOK}")`)
    .option('--skip-bad', 'book the good rows, and list the others at the end')
    .option('--json', 'print the outcome as JSON; amounts are minor units')
    .option('--target <host:port>', "the core's gRPC address (default: FLORIN_HOST and FLORIN_GRPC_PORT)")
    .addHelpText('after', HELP)
    .action((file: string, options: BerkaOptions) =>
      withCore(options, (session) => runImport(session, { ...options, file })),
    );
}

async function runImport(session: Session, options: BerkaOptions & { file: string }): Promise<void> {
  const { client, terminal } = session;
  const text = readBankFile(options.file);
  const book = options.book ?? readCliConfig().book ?? DEFAULT_BOOK;
  let progress: Progress | undefined;
  try {
    const report = await importBerka({
      client,
      text,
      book,
      onBadRow: options.skipBad === true ? 'skip' : 'stop',
      onProgress: ({ rowsDone, rowCount }) => {
        progress ??= startProgress({ label: 'importing', total: rowCount, stream: process.stderr });
        progress.update(rowsDone);
      },
    });
    progress?.end();
    for (const line of remarksOn(report)) terminal.remark(line);
    if (report.refusedRows.length > 0) process.exitCode = EXIT.refused;
    if (options.json === true) {
      await terminal.print(JSON.stringify(reportJson(report, { isSkipping: options.skipBad === true })));
    } else {
      for (const line of summaryOf(report)) await terminal.print(line);
    }
  } finally {
    progress?.end();
  }
}
