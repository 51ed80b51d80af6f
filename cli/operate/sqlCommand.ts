import type { Command } from 'commander';
import { count } from '../commands/shape.ts';
import { readCliConfig } from '../config.ts';
import { processTerminal } from '../print/terminal.ts';
import { cannotRun } from '../problem.ts';

const TIMEOUT_S_DEFAULT = 60;
const TIMEOUT_S_MAX = 3_600;

interface SqlCommandOptions {
  readonly csv?: true;
  readonly json?: true;
  readonly timeout?: number;
  readonly server?: number;
}

const HELP = `
Without a query it reads statements from the prompt (or a pipe), each ended by ";".
At the prompt: \\d lists the views, \\d NAME the columns of one, \\q leaves.
It connects to the Postgres of FLORIN_DATA_DIR at FLORIN_PG_PORT as the read-only role florin_reader,
or to DATABASE_URL (DATABASE_URLS) where that is set. Views of the schema "books" need no prefix.

Examples:
  florin sql "select code, posted_balance from accounts order by posted_balance desc limit 5"
  florin sql --csv "select * from entries" > entries.csv`;

export function addSql(program: Command): void {
  program
    .command('sql')
    .description('ask the books in SQL, read only: one query, or a prompt')
    .argument('[query]', 'one SQL statement')
    .option('--csv', 'print CSV instead of a table')
    .option('--json', 'print a JSON array of objects instead of a table')
    .addOption(
      count('--timeout <seconds>', `how long a statement may take; default ${TIMEOUT_S_DEFAULT}`, {
        min: 1,
        max: TIMEOUT_S_MAX,
      }),
    )
    .addOption(
      count('--server <n>', 'which of DATABASE_URLS to ask, from 1; default the first', {
        min: 1,
        max: 1_000,
      }),
    )
    .addHelpText('after', HELP)
    .action(async (query: string | undefined, options: SqlCommandOptions) => {
      if (options.csv === true && options.json === true) {
        throw cannotRun('--csv and --json are two forms of one answer: choose one of them.');
      }
      const { runSql } = await import('./sql.ts');
      await runSql({
        query,
        form: options.csv === true ? 'csv' : options.json === true ? 'json' : 'table',
        timeoutMs: (options.timeout ?? TIMEOUT_S_DEFAULT) * 1_000,
        server: options.server ?? 1,
        terminal: processTerminal(readCliConfig()),
      });
    });
}
