import { readFileSync } from 'node:fs';
import { Command } from 'commander';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('florin')
  .description('A ledger and payments core: double entry over gRPC, books in plain Postgres.')
  .version(version);

program
  .command('start')
  .description('start the database and the core, until Ctrl-C')
  .action(async () => {
    // Loaded when asked for: the other commands need neither the core nor Postgres.
    const { start } = await import('./operate/start.ts');
    process.exitCode = await start();
  });

await program.parseAsync();
