import type { Command } from 'commander';
import { addProofs } from './proveCommands.ts';
import { addSql } from './sqlCommand.ts';

/** The commands that run or look after a Florin on this machine; each loads what it needs when it is asked for. */
export function addOperate(program: Command): void {
  program
    .command('start')
    .description('start the database and the core, until Ctrl-C')
    .action(async () => {
      const { start } = await import('./start.ts');
      // Everything is down by then; calls that still wait for an answer must not keep the process.
      process.exit(await start());
    });
  addSql(program);
  addProofs(program);
}
