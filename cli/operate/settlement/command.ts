import type { Command } from 'commander';
import { readCliConfig } from '../../config.ts';
import { processTerminal } from '../../print/terminal.ts';
import type { CheckOptions } from './runCheck.ts';

const HELP = `
It asks the provider for the movements of money of a day (UTC) and of the two beside it, and compares them with
what the books say that it owes: payment by payment, what moved and what it took for that. A movement around
midnight may be of another day on the other side; what agrees only over the three days is counted apart. Compare
a day that is over: of one that is not, something may be on its way.

It reads the provider's settings as "florin start" does, and the database that FLORIN_DATA_DIR or DATABASE_URL(S)
name; nothing is changed.

Exit codes: 0 all agree; 1 something does not, and it says what; 2 it could not run.

Examples:
  florin settlement check --provider simulator --day 2026-11-27
  florin settlement check --provider simulator --day 2026-11-27 --json`;

export function addSettlement(program: Command): void {
  const settlement = program
    .command('settlement')
    .description('what providers say that they owe, beside the books');
  settlement
    .command('check')
    .description('compare the settlement report of a day with the books, payment by payment')
    .requiredOption('--provider <name>', 'the provider account, as "florin providers list" shows it')
    .requiredOption('--day <date>', 'the day (UTC), like 2026-11-27')
    .option('--json', 'print one JSON object as the last line; amounts are minor units')
    .addHelpText('after', HELP)
    .action(async (options: CheckOptions) => {
      const { runSettlementCheck } = await import('./runCheck.ts');
      process.exitCode = await runSettlementCheck(options, processTerminal(readCliConfig()));
    });
}
