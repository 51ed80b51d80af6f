import type { Command } from 'commander';
import { count } from '../commands/shape.ts';
import { readCliConfig } from '../config.ts';
import { processTerminal } from '../print/terminal.ts';

const number = () =>
  count('--number <n>', 'which one, from 1; default the newest', { min: 1, max: 999_999_999 });

const VERIFY_HELP = `
It replays the journal of every shard from its first block, works out all balances by itself, and compares
the read models row by row. It reads one snapshot of the database that FLORIN_DATA_DIR or DATABASE_URL(S)
name, so Florin may go on running; where it is not running, the embedded Postgres is started for the check.

Exit codes: 0 all true; 1 something is broken, and it says what and where; 2 it could not run.

Examples:
  florin checkpoint export --out /safe/checkpoint.json
  florin verify --checkpoint /safe/checkpoint.json
  florin verify --simulator http://127.0.0.1:7430`;

interface VerifyCommandOptions {
  readonly checkpoint?: string[];
  readonly key?: string[];
  /** False with --no-sql. */
  readonly sql: boolean;
  readonly simulator?: string;
  readonly json?: true;
}

/** The commands that prove that history was not rewritten. */
export function addProofs(program: Command): void {
  program
    .command('verify')
    .description('replay the journal; prove that hashes, balances, read models and checkpoints are true')
    .option('--checkpoint <file...>', 'exported checkpoints, kept outside the database')
    .option('--key <file...>', 'public keys (PEM) to trust; default: checkpoint.pub of the data folder')
    .option('--no-sql', 'leave the invariants in SQL out, which take longer than all else')
    .option(
      '--simulator <url>',
      "compare the payment simulator's truth with the books, operation by operation",
    )
    .option('--json', 'print one JSON object as the last line')
    .addHelpText('after', VERIFY_HELP)
    .action(async (options: VerifyCommandOptions) => {
      const { runVerify } = await import('./verify/runVerify.ts');
      process.exitCode = await runVerify({
        checkpointFiles: options.checkpoint ?? [],
        keyFiles: options.key ?? [],
        isJson: options.json === true,
        isSqlLeftOut: !options.sql,
        simulator: options.simulator?.replace(/\/$/, ''),
        terminal: processTerminal(readCliConfig()),
      });
    });
  program
    .command('rebuild')
    .description('build the read models anew from the journal, while Florin runs, and swap them in')
    .option('--new-seal-key', 'make a new key for the seals of rows where it is gone; stop Florin before')
    .option('--json', 'print one JSON object as the last line')
    .action(async (options: { newSealKey?: true; json?: true }) => {
      const { runRebuild } = await import('./rebuild.ts');
      await runRebuild({
        isJson: options.json === true,
        isNewKeyAllowed: options.newSealKey === true,
        terminal: processTerminal(readCliConfig()),
      });
    });
  const checkpoint = program.command('checkpoint').description('signed records of how far the journal is');
  checkpoint
    .command('export')
    .description('write a checkpoint as JSON, to be kept outside the database')
    .addOption(number())
    .option('--out <file>', 'a new file; default stdout')
    .action(async (options: { number?: number; out?: string }) => {
      const { exportCheckpoint } = await import('./checkpoint.ts');
      await exportCheckpoint({
        number: options.number,
        out: options.out,
        terminal: processTerminal(readCliConfig()),
      });
    });
  checkpoint
    .command('show')
    .description('show a checkpoint')
    .addOption(number())
    .option('--json', 'print it as JSON')
    .action(async (options: { number?: number; json?: true }) => {
      const { showCheckpoint } = await import('./checkpoint.ts');
      await showCheckpoint({
        number: options.number,
        isJson: options.json === true,
        terminal: processTerminal(readCliConfig()),
      });
    });
}
